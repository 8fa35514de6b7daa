//! The topics, who writes and reads them, and what travels on each: the design's table.

use events::{
    EventType, Service,
    Service::{ChatApi, ReminderWorker},
    Topic,
};
use serde_json::Value;

use crate::support::{event, goldens, json};

/// Name, days kept, producers, consumers, events.
type Row = (&'static str, u16, &'static [Service], &'static [Service], &'static [&'static str]);

const TABLE: [Row; 7] = [
    (
        "task-events",
        7,
        &[ChatApi],
        &[ReminderWorker],
        &["task-created", "task-updated", "task-completed", "task-deleted"],
    ),
    ("task-updates", 7, &[ChatApi], &[], &["task-updated", "task-completed"]),
    (
        "reminders",
        7,
        &[ReminderWorker],
        &[ChatApi],
        &["reminder-scheduled", "reminder-triggered", "reminder-cancelled"],
    ),
    ("notifications", 7, &[ReminderWorker], &[ChatApi], &["notification-delivered"]),
    (
        "user-events",
        7,
        &[ChatApi],
        &[ReminderWorker],
        &["notification-settings-updated", "channel-test-requested", "user-deleted"],
    ),
    ("receipts", 7, &[ChatApi, ReminderWorker], &[ChatApi, ReminderWorker], &["events-received"]),
    (
        "dead-letter",
        30,
        &[ChatApi, ReminderWorker],
        &[ChatApi, ReminderWorker],
        &["event-dead-lettered", "dead-letter-redrive-requested", "dead-letter-discard-requested"],
    ),
];

#[test]
fn the_topics_are_those_of_the_design() {
    assert_eq!(Topic::PARTITIONS, 3);
    assert_eq!(Topic::CLOUD_REPLICATION, 3);
    for (topic, (name, days, producers, consumers, events)) in Topic::ALL.into_iter().zip(TABLE) {
        assert_eq!(topic.name(), name);
        assert_eq!(name.parse(), Ok(topic));
        assert_eq!(topic.retention_days(), days, "{name}");
        assert_eq!(topic.producers(), producers, "{name}");
        assert_eq!(topic.consumers(), consumers, "{name}");
        let on_it = EventType::ALL.iter().filter(|event| event.topics().contains(&topic));
        assert_eq!(on_it.map(|event| event.name()).collect::<Vec<_>>(), events, "{name}");
    }
}

#[test]
fn the_asyncapi_document_has_the_topics_of_the_design() {
    const MS_PER_DAY: u64 = 86_400_000;
    let document = json("docs/contracts/asyncapi.json");
    assert_eq!(document["channels"].as_object().map(|it| it.len()), Some(TABLE.len()));
    for (name, days, producers, consumers, events) in TABLE {
        let channel = &document["channels"][name];
        let kafka = &channel["bindings"]["kafka"];
        let retention = &kafka["topicConfiguration"]["retention.ms"];
        assert_eq!(channel["address"], name);
        assert_eq!(kafka["partitions"], 3, "{name}");
        assert_eq!(retention, &Value::from(u64::from(days) * MS_PER_DAY), "{name}");
        let mut messages: Vec<&String> =
            channel["messages"].as_object().expect("messages").keys().collect();
        let mut events = events.to_vec();
        messages.sort();
        events.sort_unstable();
        assert_eq!(messages, events, "{name}");
        for (action, services) in [("send", producers), ("receive", consumers)] {
            let operations = document["operations"].as_object().expect("operations");
            let found: Vec<&String> =
                operations.keys().filter(|id| id.ends_with(&format!("-{action}-{name}"))).collect();
            let expected: Vec<String> =
                services.iter().map(|service| format!("{service}-{action}-{name}")).collect();
            assert_eq!(found, expected.iter().collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_closed_union_of_seven_stays_alone_on_the_architectures_topics() {
    let architecture = [Topic::TaskEvents, Topic::TaskUpdates, Topic::Reminders];
    for (position, event_type) in EventType::ALL.iter().enumerate() {
        let on_its_topics = event_type.topics().iter().any(|topic| architecture.contains(topic));
        assert_eq!(on_its_topics, position < 7, "{event_type}");
        assert!(!event_type.topics().is_empty(), "{event_type}");
    }
}

#[test]
fn an_event_of_a_task_keeps_its_order_with_the_task() {
    for (name, golden) in goldens() {
        let event = event(&golden);
        let payload = &golden["payload"];
        let key = match event.event_type().topics()[0] {
            Topic::UserEvents => &payload["user_id"],
            Topic::DeadLetter => &payload["id"],
            Topic::Receipts => &Value::Null,
            // A digest, and a test of a channel.
            Topic::Notifications if payload["task_id"].is_null() => &payload["user_id"],
            _ => &payload["task_id"],
        };
        let ordering_key = event.payload.ordering_key().map(|key| key.to_string());
        assert_eq!(ordering_key.as_deref(), key.as_str(), "{name}");
    }
}
