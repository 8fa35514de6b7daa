//! Said over HTTP, scheduled, fired, delivered: with one correlation id, valid on every topic.

use std::{collections::BTreeSet, path::Path};

use e2e::{BusRecord, Options, Person, Sink, Stack, in_seconds, records};
use events::Topic;
use reqwest::Method;
use serde_json::{Value, json};
use testing::eventually;

use crate::story::{Acknowledged, all_notified, all_settled, assert_promise};

/// What is said of a task from the request to the notification.
const WHOLE_WAY: [&str; 4] =
    ["task-created", "reminder-scheduled", "reminder-triggered", "notification-delivered"];

#[tokio::test(flavor = "multi_thread")]
async fn a_task_said_over_http_becomes_a_reminder_that_fires() {
    let stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;

    let created = person.create_task("Water the plants", &in_seconds(3)).await;
    let task = Acknowledged::of(&created);
    let scheduled = eventually("the reminder to be scheduled", || async {
        person.reminders("scheduled").await.into_iter().find(|r| r["task_id"] == task.id.as_str())
    })
    .await;
    assert_eq!(scheduled["reminder_time"], created.body["due_date"]);

    // One is completed and one deleted before their time.
    let done = person.create_task("Done before", &in_seconds(600)).await;
    let gone = person.create_task("Deleted before", &in_seconds(600)).await;
    let path = |answer: &e2e::Answer| format!("/tasks/{}", answer.body["id"].as_str().unwrap());
    person.must(Method::PATCH, &path(&created), Some(json!({ "title": "Water them all" }))).await;
    person.must(Method::POST, &format!("{}/complete", path(&done)), Some(json!({}))).await;
    person.must(Method::DELETE, &path(&gone), None).await;
    let cancelled = eventually("two reminders to be cancelled", || async {
        let cancelled = person.reminders("cancelled").await;
        (cancelled.len() == 2).then_some(cancelled)
    })
    .await;
    let reasons: BTreeSet<_> = cancelled.iter().map(|r| r["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, BTreeSet::from(["completed", "deleted"]));

    all_notified(&sink, std::slice::from_ref(&task)).await;
    assert_promise(&sink, std::slice::from_ref(&task));
    let notification = &sink.got()[0].body;
    assert_eq!(notification["correlation_id"], created.correlation_id.to_string());
    eventually("the firing to be told", || async {
        (person.reminders("triggered").await.len() == 1).then_some(())
    })
    .await;

    all_settled(&stack).await;
    let records = every_record(&stack).await;
    assert_architectures_seven(&records);
    assert_valid(&records);
    let correlation_id = created.correlation_id.to_string();
    assert_one_correlation_id(&records, &task.id, &correlation_id);
    let timeline = person.must(Method::GET, &format!("{}/timeline", path(&created)), None).await;
    let entries = timeline.body["items"].as_array().unwrap();
    let told = entries.iter().filter(|entry| entry["correlation_id"] == correlation_id.as_str());
    assert_eq!(
        told.map(|entry| entry["event_type"].as_str().unwrap()).collect::<BTreeSet<_>>(),
        WHOLE_WAY.into()
    );
    sink.stop().await;
    stack.stop().await;
}

async fn every_record(stack: &Stack) -> Vec<BusRecord> {
    let mut all = Vec::new();
    for topic in Topic::ALL {
        all.extend(records(&stack.bus, topic.name()).await);
    }
    all
}

fn assert_architectures_seven(records: &[BusRecord]) {
    let on = |topic: &str| -> BTreeSet<&str> {
        records
            .iter()
            .filter(|record| record.topic == topic)
            .map(|record| record.envelope()["event_type"].as_str().unwrap())
            .collect()
    };
    let tasks = BTreeSet::from(["task-created", "task-updated", "task-completed", "task-deleted"]);
    assert_eq!(on("task-events"), tasks);
    assert_eq!(on("task-updates"), BTreeSet::from(["task-updated", "task-completed"]));
    let reminders =
        BTreeSet::from(["reminder-scheduled", "reminder-triggered", "reminder-cancelled"]);
    assert_eq!(on("reminders"), reminders);
}

/// Every record is a CloudEvent around an envelope that its committed schema accepts, and lies by
/// its key.
pub(crate) fn assert_valid(records: &[BusRecord]) {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/schemas/v1");
    for record in records {
        let envelope = record.envelope();
        let event_type = envelope["event_type"].as_str().unwrap();
        let schema = std::fs::read_to_string(schemas.join(format!("{event_type}.json"))).unwrap();
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(envelope).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}: {envelope}");
        let event = &record.cloud_event;
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["id"], envelope["event_id"]);
        assert_eq!(event["type"], envelope["event_type"]);
        assert_eq!(event["source"], envelope["producer"]);
        assert_eq!(event["traceid"].is_string(), event["traceparent"].is_string());
        if let Some(task) = envelope["payload"]["task_id"].as_str() {
            assert_eq!(record.key.as_deref(), Some(task));
            assert_eq!(event["subject"], task);
        }
    }
}

fn assert_one_correlation_id(records: &[BusRecord], task: &str, correlation_id: &str) {
    let types: BTreeSet<_> = records
        .iter()
        .map(BusRecord::envelope)
        .filter(|e| e["payload"]["task_id"] == task && e["correlation_id"] == correlation_id)
        .map(|e| e["event_type"].as_str().unwrap())
        .collect();
    assert_eq!(types, WHOLE_WAY.into());
}
