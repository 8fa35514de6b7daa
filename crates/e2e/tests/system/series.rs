//! A recurring task over the whole system: told over HTTP, fired, done by the link in its notification.

use e2e::{Options, Person, Sink, Stack};
use reqwest::{Method, StatusCode};
use serde_json::json;
use testing::eventually;

use crate::story::all_settled;

#[tokio::test(flavor = "multi_thread")]
async fn an_occurrence_is_done_by_the_link_in_its_notification_and_the_next_one_stands() {
    let mut stack = Stack::start(Options::default()).await;
    let public_url = stack.base().to_owned();
    let worker = &mut stack.workers[0].service;
    worker.set("PUBLIC_URL", &public_url);
    worker.restart();
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    // The rule's own times come later; the due date that is given with it is the current occurrence.
    let start: String = sqlx::query_scalar(
        "select to_char(date_trunc('minute', now() at time zone 'UTC') + interval '2 minutes',
             'YYYY-MM-DD\"T\"HH24:MI:SS')",
    )
    .fetch_one(&stack.chat)
    .await
    .unwrap();
    let recurrence =
        json!({"rrule": "FREQ=MINUTELY;INTERVAL=5", "dtstart": start, "time_zone": "UTC"});
    let in_two_seconds = e2e::in_seconds(2);
    let body = json!({"title": "Stretch", "recurrence": recurrence, "due_date": in_two_seconds});
    let task = person.must(Method::POST, "/tasks", Some(body)).await.body;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());

    let notification = eventually("the notification", || async { sink.got().pop() }).await;
    let link = |label: &str| {
        let actions = notification.body["actions"].as_array().unwrap().iter();
        let action = actions.clone().find(|action| action["label"] == label).unwrap();
        action["url"].as_str().unwrap().to_owned()
    };
    let done = link("Done");
    assert!(done.starts_with(&format!("{public_url}/act/")), "{done}");
    let browser = reqwest::Client::new();
    let page = browser.get(&done).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains("Stretch"));
    assert_eq!(person.must(Method::GET, &path, None).await.body["occurrence"], task["occurrence"]);

    assert_eq!(browser.post(&done).send().await.unwrap().status(), StatusCode::OK);
    let after = person.must(Method::GET, &path, None).await.body;
    assert_eq!(after["status"], "TODO");
    assert_ne!(after["occurrence"], task["occurrence"]);
    assert_eq!(browser.post(&done).send().await.unwrap().status(), StatusCode::CONFLICT);
    eventually("the next occurrence to stand", || async {
        let standing = person.reminders("scheduled").await;
        standing.iter().any(|one| one["due_date"] == after["due_date"]).then_some(())
    })
    .await;
    all_settled(&stack).await;
    sink.stop().await;
    stack.stop().await;
}
