//! What the tests tell in common: people who make tasks, and a look at how it ended.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use e2e::{Answer, Person, Sink, Stack, in_seconds, records};
use reqwest::Method;
use serde_json::{Value, json};
use testing::eventually;

/// A task that the API has acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) id: String,
    pub(crate) due: DateTime<Utc>,
    made: DateTime<Utc>,
}

impl Acknowledged {
    pub(crate) fn of(answer: &Answer) -> Self {
        let text = |field: &str| answer.body[field].as_str().expect("a text").to_owned();
        let instant = |field: &str| text(field).parse().expect("an instant");
        Self { id: text("id"), due: instant("due_date"), made: instant("created_at") }
    }
}

/// Asks for a task due in so many seconds until it is acknowledged, and was made before it is due: one
/// that is made later, as the database was away for so long, does not remind. An answer that was lost
/// may have left a task behind that nobody was told of.
pub(crate) async fn insist_on_task(person: &Person, title: &str, seconds: i64) -> Acknowledged {
    eventually("a task to be acknowledged", || async {
        let body = json!({ "title": title, "due_date": in_seconds(seconds) });
        let answer = person.ask(Method::POST, "/tasks", Some(body)).await?;
        answer
            .status
            .is_success()
            .then(|| Acknowledged::of(&answer))
            .filter(|task| task.made < task.due)
    })
    .await
}

/// Waits until the sink has a notification for each of these tasks.
pub(crate) async fn all_notified(sink: &Sink, tasks: &[Acknowledged]) {
    eventually(&format!("{} tasks to be notified of", tasks.len()), || async {
        let notified = notified(sink);
        tasks.iter().all(|task| notified.contains_key(&task.id)).then_some(())
    })
    .await;
}

/// The notifications of each task, as a receiver that honours the key has them.
pub(crate) fn notified(sink: &Sink) -> HashMap<String, Vec<Value>> {
    let mut by_task: HashMap<String, Vec<Value>> = HashMap::new();
    for notification in sink.distinct().into_values() {
        let task = notification.body["data"]["task_id"].as_str().unwrap_or_default().to_owned();
        by_task.entry(task).or_default().push(notification.body);
    }
    by_task
}

/// The promise, for tasks with one reminder each that nobody cancelled: each is notified of, once
/// for a receiver that honours the key, and never before its time.
pub(crate) fn assert_promise(sink: &Sink, tasks: &[Acknowledged]) {
    let by_task = notified(sink);
    for task in tasks {
        let notifications = by_task.get(&task.id).map_or(&[][..], Vec::as_slice);
        assert_eq!(notifications.len(), 1, "{task:?}: {notifications:?}");
        let time = notifications[0]["data"]["reminder_time"].as_str().expect("a time");
        assert_eq!(time.parse::<DateTime<Utc>>().expect("an instant"), task.due);
    }
    for notification in sink.got() {
        let time = notification.body["data"]["reminder_time"].as_str().expect("a time").to_owned();
        let time: DateTime<Utc> = time.parse().expect("an instant");
        assert!(notification.at >= time, "early: {notification:?}");
    }
}

/// On a topic, the versions of each task at their first appearances, in the order of the partition.
pub(crate) async fn versions_by_task(stack: &Stack, topic: &str) -> BTreeMap<String, Vec<i64>> {
    let mut seen = HashSet::new();
    let mut versions: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for record in records(&stack.bus, topic).await {
        let envelope = record.envelope();
        let payload = &envelope["payload"];
        if seen.insert(envelope["event_id"].as_str().expect("an id").to_owned()) {
            let task = payload["task_id"].as_str().expect("a task").to_owned();
            versions.entry(task).or_default().push(payload["version"].as_i64().expect("a version"));
        }
    }
    versions
}

/// The distinct firings on the bus, each by task, reminder and time; and how many records say them.
pub(crate) async fn firings(stack: &Stack) -> (HashSet<(String, String, String)>, HashSet<String>) {
    let mut firings = HashSet::new();
    let mut events = HashSet::new();
    for record in records(&stack.bus, "reminders").await {
        let envelope = record.envelope();
        if envelope["event_type"] == "reminder-triggered" {
            let text =
                |field: &str| envelope["payload"][field].as_str().unwrap_or_default().to_owned();
            firings.insert((text("task_id"), text("reminder_id"), text("reminder_time")));
            events.insert(envelope["event_id"].as_str().unwrap_or_default().to_owned());
        }
    }
    (firings, events)
}

/// Waits until nothing is on its way any more: both outboxes are empty.
pub(crate) async fn all_settled(stack: &Stack) {
    eventually("both outboxes to be empty", || async {
        let mut left = 0;
        for pool in [&stack.chat, &stack.worker] {
            let rows: i64 = sqlx::query_scalar(
                "select (select count(*) from messaging.outbox) + (select count(*) from messaging.receipt_owed)",
            )
            .fetch_one(pool)
            .await
            .ok()?;
            left += rows;
        }
        (left == 0).then_some(())
    })
    .await;
}
