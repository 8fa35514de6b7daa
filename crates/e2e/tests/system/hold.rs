//! `EVENT_BUS=hold`: chat-api before there is a bus.

use e2e::{Options, Person, Sink, Stack, records};
use reqwest::Method;
use serde_json::json;
use testing::eventually;

use crate::story::{all_notified, all_settled, assert_promise, insist_on_task};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_back_is_published_when_a_sidecar_comes() {
    let mut stack = Stack::start(Options { hold: true, ..Options::default() }).await;
    let sink = Sink::start();
    let person = Person::register(stack.base()).await;
    person.create_webhook(&format!("http://{}/hook", sink.address())).await;
    let task = insist_on_task(&person, "Held back", 1).await;
    // Made and done meanwhile, and due since.
    let done = insist_on_task(&person, "Done while held back", 1).await;
    let complete = format!("/tasks/{}/complete", done.id);
    person.must(Method::POST, &complete, Some(json!({}))).await;
    let waiting: i64 = sqlx::query_scalar(
        "select count(*) from messaging.outbox where held and published_at is null",
    )
    .fetch_one(&stack.chat)
    .await
    .unwrap();
    assert!(waiting >= 2, "settings and task wait: {waiting}");
    assert_eq!(records(&stack.bus, "task-events").await.len(), 0);

    stack.chat_apis[0].service.set("EVENT_BUS", "dapr");
    stack.chat_apis[0].service.restart();
    all_notified(&sink, std::slice::from_ref(&task)).await;
    assert_promise(&sink, std::slice::from_ref(&task));
    let published = records(&stack.bus, "task-events").await;
    assert!(published[0].cloud_event["releasedat"].is_string(), "{published:?}");
    let of_done = published.iter().filter(|it| it.cloud_event["subject"] == done.id.as_str());
    let more_held: Vec<bool> =
        of_done.map(|it| it.cloud_event["moreheld"].as_bool().unwrap_or_default()).collect();
    assert_eq!(more_held, [true, false], "made, and done");
    eventually("chat-api to be back", || async {
        (person.reminders("triggered").await.len() == 1).then_some(())
    })
    .await;
    all_settled(&stack).await;
    assert_eq!(sink.got().len(), 1, "what was done does not remind");
    sink.stop().await;
    stack.stop().await;
}
