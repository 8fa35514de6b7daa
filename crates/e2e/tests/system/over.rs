//! Never after you said that it is over: seen from every side that a person has.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use e2e::{BusRecord, Options, Person, Sink, Stack, in_seconds, records};
use reqwest::Method;
use serde_json::{Value, json};
use testing::eventually;

use crate::story::{Acknowledged, all_notified, all_settled, notified};

/// Due so many seconds from now: longer than what is done before it may take.
const DUE_SECS: i64 = 600;
/// The time that then passes, in seconds.
const PASSING_SECS: i64 = 900;
/// Later than that.
const MOVED_SECS: i64 = 90_000;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_of_what_was_completed_deleted_or_moved_before_its_time() {
    let stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let completed = make(&person, "Completed", DUE_SECS).await;
    let deleted = make(&person, "Deleted", DUE_SECS).await;
    let moved = make(&person, "Moved", DUE_SECS).await;
    // The last to come due: when it has come, anything else would have.
    let stands = make(&person, "Stands", DUE_SECS + 1).await;
    eventually("all to be scheduled", || async {
        (person.reminders("scheduled").await.len() == 4).then_some(())
    })
    .await;

    let path = |task: &Acknowledged| format!("/tasks/{}", task.id);
    person.must(Method::POST, &format!("{}/complete", path(&completed)), Some(json!({}))).await;
    person.must(Method::DELETE, &path(&deleted), None).await;
    let later = json!({ "due_date": in_seconds(MOVED_SECS) });
    person.must(Method::PATCH, &path(&moved), Some(later)).await;
    all_settled(&stack).await;

    stack.worker_database.set_clock_offset_secs(PASSING_SECS).await;
    all_notified(&sink, std::slice::from_ref(&stands)).await;
    eventually("every notification to have ended", || async {
        let pending = "select exists (select from delivery where state = 'pending')";
        let pending: bool = sqlx::query_scalar(pending).fetch_one(&stack.worker).await.ok()?;
        (!pending).then_some(())
    })
    .await;
    all_settled(&stack).await;

    let only = HashSet::from([stands.id.as_str()]);
    let by_webhook = notified(&sink);
    assert_eq!(by_webhook.keys().map(String::as_str).collect::<HashSet<_>>(), only);
    assert_eq!(sink.got().len(), 1);
    let on_the_bus = records(&stack.bus, "reminders").await;
    let fired: HashSet<&str> = on_the_bus
        .iter()
        .map(BusRecord::envelope)
        .filter(|envelope| envelope["event_type"] == "reminder-triggered")
        .map(|envelope| envelope["payload"]["task_id"].as_str().unwrap())
        .collect();
    assert_eq!(fired, only);
    assert_eq!(tasks_of(&person.reminders("triggered").await), only);
    assert_eq!(tasks_of(&person.reminders("scheduled").await), HashSet::from([moved.id.as_str()]));
    let cancelled = person.reminders("cancelled").await;
    let reasons: BTreeMap<&str, &str> = cancelled
        .iter()
        .map(|item| (item["task_id"].as_str().unwrap(), item["reason"].as_str().unwrap()))
        .collect();
    let expected =
        BTreeMap::from([(completed.id.as_str(), "completed"), (deleted.id.as_str(), "deleted")]);
    assert_eq!(reasons, expected);
    for task in [&completed, &deleted, &moved] {
        let timeline = person.must(Method::GET, &format!("{}/timeline", path(task)), None).await;
        let types: BTreeSet<&str> = timeline.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["event_type"].as_str().unwrap())
            .collect();
        assert!(types.contains("reminder-scheduled"), "{types:?}");
        assert!(!types.contains("reminder-triggered"), "{types:?}");
        assert!(!types.contains("notification-delivered"), "{types:?}");
    }
    sink.stop().await;
    stack.stop().await;
}

async fn make(person: &Person, title: &str, due: i64) -> Acknowledged {
    Acknowledged::of(&person.create_task(title, &in_seconds(due)).await)
}

fn tasks_of(reminders: &[Value]) -> HashSet<&str> {
    reminders.iter().map(|item| item["task_id"].as_str().unwrap()).collect()
}
