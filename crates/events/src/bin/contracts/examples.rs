//! One realistic example of every event, with ids and times that never change.
//!
//! Owns the values that the goldens were first written from and are still read back to. The story:
//! a person waters the plants every other Sunday at six in Berlin and is reminded half an hour
//! before.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use events::{
    Basis, CancelReason, ChannelId, ChannelKind, ChannelSettings, ChannelTestRequested,
    CorrelationId, DEFAULT_DAY_TIME, DailyDigest, DeadLetterDiscardRequested, DeadLetterId,
    DeadLetterRedriveRequested, DeliveryId, DeliveryOutcome, Event, EventDeadLettered, EventId,
    EventsReceived, FieldChange, Folded, NotificationDelivered, NotificationSettingsUpdated,
    Payload, Priority, QuietHours, Receipt, ReceiptOutcome, RecurrenceRule, ReminderCancelled,
    ReminderId, ReminderScheduled, ReminderSpec, ReminderTriggered, Revision, SealedText, Service,
    SettingsVersion, Snooze, Status, TaskCompleted, TaskDeleted, TaskId, TaskState, TaskUpdated,
    TaskVersion, UserDeleted, UserId,
};
use serde_json::json;

/// An example, or what is wrong with a value in it.
type Example<T> = Result<T, Box<dyn std::error::Error>>;

/// The first version of the task, in microseconds since 1970.
const VERSION: i64 = 1_795_449_600_000_000;

/// An example of every event, in the order of `EventType::ALL`.
pub(crate) fn events() -> Example<Vec<Event>> {
    let mut events = Vec::new();
    for (position, (producer, at, payload)) in (1..).zip(payloads()?) {
        events.push(Event {
            event_id: format!("0a4d1e52-6b1f-4c3a-8f27-5d0c9be1{position:04}")
                .parse::<EventId>()?,
            timestamp: at.parse()?,
            correlation_id: "c9b7a1f4-2d3e-4f60-8a15-7e6d5c4b3a21".parse::<CorrelationId>()?,
            producer,
            payload,
        });
    }
    Ok(events)
}

fn payloads() -> Example<Vec<(Service, &'static str, Payload)>> {
    use Service::{ChatApi, ReminderWorker};
    Ok(vec![
        (ChatApi, "2026-11-23T16:00:00Z", task()?.into()),
        (ChatApi, "2026-11-23T16:05:00.25Z", task_updated()?.into()),
        (ChatApi, "2026-11-29T17:10:00Z", task_completed()?.into()),
        (ChatApi, "2026-12-01T08:00:00Z", task_deleted()?.into()),
        (ReminderWorker, "2026-11-23T16:00:01.5Z", reminder_scheduled()?.into()),
        (ReminderWorker, "2026-11-29T16:30:00.012345Z", reminder_triggered()?.into()),
        (ReminderWorker, "2026-12-01T08:00:01Z", reminder_cancelled()?.into()),
        (ReminderWorker, "2026-11-29T16:30:01Z", notification_delivered()?.into()),
        (ChatApi, "2026-11-23T15:59:00Z", settings()?.into()),
        (ChatApi, "2026-11-23T15:59:30Z", channel_test()?.into()),
        (ChatApi, "2026-12-31T23:00:00Z", user_deleted()?.into()),
        (ReminderWorker, "2026-11-23T16:00:02Z", receipts()?.into()),
        (ReminderWorker, "2026-11-23T16:00:03Z", dead_letter()?.into()),
        (ChatApi, "2026-11-23T17:00:00Z", DeadLetterRedriveRequested { id: letter()? }.into()),
        (ChatApi, "2026-11-23T17:30:00Z", DeadLetterDiscardRequested { id: letter()? }.into()),
    ])
}

fn task_id() -> Example<TaskId> {
    Ok("6f1c0f6e-8a57-4a0a-9a53-3f2a8a3c1b10".parse()?)
}

fn user_id() -> Example<UserId> {
    Ok("b2a6c1de-0f43-4b8e-9d75-1c2f3a4b5d6e".parse()?)
}

/// The reminder half an hour before the occurrence of 29 November.
fn reminder_id() -> Example<ReminderId> {
    Ok("6c38f438-0160-5943-ab2b-9a6a2d8893f3".parse()?)
}

fn channel_id() -> Example<ChannelId> {
    Ok("3e8d7c6b-5a49-4382-9716-05f4e3d2c1b0".parse()?)
}

fn letter() -> Example<DeadLetterId> {
    Ok("77f3c2a9-4e1d-4b6a-8c05-9d8e7f6a5b4c".parse()?)
}

fn at(text: &str) -> Example<DateTime<Utc>> {
    Ok(text.parse()?)
}

fn every_other_sunday() -> Example<RecurrenceRule> {
    Ok(RecurrenceRule::new(
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
        "2026-11-29T18:00:00".parse()?,
        "Europe/Berlin".parse()?,
        vec!["2026-12-27T18:00:00".parse()?],
        Basis::DueDate,
    )?)
}

fn task() -> Example<TaskState> {
    Ok(TaskState {
        task_id: task_id()?,
        title: "Water the plants".to_owned(),
        description: Some("The *ficus* too".to_owned()),
        priority: Priority::High,
        status: Status::Todo,
        due_date: Some("2026-11-29T17:00:00Z".parse()?),
        recurrence: Some(every_other_sunday()?),
        tags: vec!["home".to_owned()],
        user_id: user_id()?,
        created_at: at("2026-11-23T16:00:00Z")?,
        version: VERSION.into(),
        time_zone: "Europe/Berlin".parse()?,
        reminders: vec![
            ReminderSpec::Offset("-PT30M".parse()?),
            ReminderSpec::At(at("2026-11-24T17:00:00Z")?),
        ],
        snoozes: vec![Snooze {
            reminder_id: reminder_id()?,
            until: at("2026-11-29T16:45:00Z")?,
            occurrence: None,
        }],
        dismissed: vec!["2f5bf122-9d26-5516-babb-0a7780b00ada".parse()?],
        occurrence: Some("2026-11-29T18:00:00".parse()?),
        day_time: DEFAULT_DAY_TIME,
        schedule_since: Some(at("2026-11-23T16:00:00Z")?),
        list_id: None,
        position: None,
        subtasks: vec![],
    })
}

fn task_updated() -> Example<TaskUpdated> {
    let change = |old: &str, new: &str| FieldChange { old: json!(old), new: json!(new) };
    let version = TaskVersion::from(VERSION + 300_250_000);
    let mut task = task()?;
    task.title = "Water all the plants".to_owned();
    task.priority = Priority::Medium;
    task.version = version;
    Ok(TaskUpdated {
        task_id: task_id()?,
        changed_fields: vec!["title".to_owned(), "priority".to_owned()],
        changes: BTreeMap::from([
            ("title".to_owned(), change("Water the plants", "Water all the plants")),
            ("priority".to_owned(), change("HIGH", "MEDIUM")),
        ]),
        updated_at: at("2026-11-23T16:05:00.25Z")?,
        version,
        user_id: Some(user_id()?),
        task: Some(Box::new(task)),
    })
}

fn task_completed() -> Example<TaskCompleted> {
    let version = TaskVersion::from(VERSION + 522_600_000_000);
    let next = "2026-12-13T17:00:00Z".parse()?;
    let mut task = task()?;
    task.due_date = Some(next);
    task.occurrence = Some("2026-12-13T18:00:00".parse()?);
    task.snoozes.clear();
    task.version = version;
    Ok(TaskCompleted {
        task_id: task_id()?,
        user_id: user_id()?,
        completed_at: at("2026-11-29T17:10:00Z")?,
        next_due_date: Some(next),
        version,
        occurrence: Some("2026-11-29T18:00:00".parse()?),
        task: Some(Box::new(task)),
    })
}

fn task_deleted() -> Example<TaskDeleted> {
    Ok(TaskDeleted {
        task_id: task_id()?,
        user_id: user_id()?,
        deleted_at: at("2026-12-01T08:00:00Z")?,
        version: TaskVersion::from(VERSION + 662_400_000_000),
    })
}

fn reminder_scheduled() -> Example<ReminderScheduled> {
    Ok(ReminderScheduled {
        task_id: task_id()?,
        reminder_id: reminder_id()?,
        due_date: "2026-11-29T17:00:00Z".parse()?,
        reminder_time: at("2026-11-29T16:30:00Z")?,
        recurrence: Some(every_other_sunday()?),
        user_id: Some(user_id()?),
        task_version: VERSION.into(),
        revision: Revision::from(VERSION + 1_500_000),
    })
}

fn reminder_triggered() -> Example<ReminderTriggered> {
    Ok(ReminderTriggered {
        task_id: task_id()?,
        reminder_id: reminder_id()?,
        user_id: user_id()?,
        title: "Water the plants".to_owned(),
        due_date: "2026-11-29".parse()?,
        reminder_time: at("2026-11-29T16:30:00Z")?,
        triggered_at: at("2026-11-29T16:30:00.012345Z")?,
        recurrence: Some(every_other_sunday()?),
        task_version: VERSION.into(),
        revision: Revision::from(VERSION + 520_200_012_345),
        late: true,
        folded: vec![Folded {
            reminder_id: "318f8d37-1a86-5196-92c0-14432b9a5a2a".parse()?,
            reminder_time: at("2026-11-15T16:30:00Z")?,
        }],
        folded_count: 0,
    })
}

fn reminder_cancelled() -> Example<ReminderCancelled> {
    Ok(ReminderCancelled {
        task_id: task_id()?,
        reminder_id: reminder_id()?,
        user_id: user_id()?,
        reason: CancelReason::Deleted,
        cancelled_at: at("2026-12-01T08:00:01Z")?,
        task_version: TaskVersion::from(VERSION + 662_400_000_000),
        revision: Revision::from(VERSION + 662_401_000_000),
    })
}

fn notification_delivered() -> Example<NotificationDelivered> {
    Ok(NotificationDelivered {
        delivery_id: "d41e8a70-93b5-4c62-a1f8-6b7c8d9e0f12".parse::<DeliveryId>()?,
        reminder_id: Some(reminder_id()?),
        task_id: Some(task_id()?),
        user_id: user_id()?,
        channel: ChannelKind::Webhook,
        channel_id: Some(channel_id()?),
        outcome: DeliveryOutcome::Failed,
        attempts: 8,
        error: Some("the target answered 503".to_owned()),
        held_until: None,
        digest_day: None,
        at: at("2026-11-29T16:30:01Z")?,
    })
}

fn settings() -> Example<NotificationSettingsUpdated> {
    let sealed = |ciphertext: &str| SealedText {
        key_id: "2026-11".to_owned(),
        ciphertext: ciphertext.to_owned(),
    };
    Ok(NotificationSettingsUpdated {
        user_id: user_id()?,
        version: SettingsVersion::from(VERSION - 60_000_000),
        time_zone: "Europe/Berlin".parse()?,
        quiet_hours: Some(QuietHours { from: "22:00:00".parse()?, to: "06:30:00".parse()? }),
        digest: Some(DailyDigest { at: "07:30:00".parse()? }),
        channels: vec![ChannelSettings {
            channel_id: channel_id()?,
            kind: ChannelKind::Webhook,
            address: sealed("bm90IHJlYWxseSBhIGNpcGhlcnRleHQgYXQgYWxs"),
            secret: Some(sealed("bm9yIGlzIHRoaXMgb25l")),
        }],
    })
}

fn channel_test() -> Example<ChannelTestRequested> {
    Ok(ChannelTestRequested {
        user_id: user_id()?,
        channel_id: channel_id()?,
        requested_at: at("2026-11-23T15:59:30Z")?,
    })
}

fn user_deleted() -> Example<UserDeleted> {
    Ok(UserDeleted {
        user_id: user_id()?,
        deleted_at: at("2026-12-31T23:00:00Z")?,
        version: SettingsVersion::from(VERSION + 3_308_400_000_000),
    })
}

fn receipts() -> Example<EventsReceived> {
    let receipt = |id: &str, outcome| -> Example<Receipt> {
        Ok(Receipt { event_id: id.parse()?, topic: "task-events".to_owned(), outcome })
    };
    Ok(EventsReceived {
        consumer: Service::ReminderWorker,
        receipts: vec![
            receipt("0a4d1e52-6b1f-4c3a-8f27-5d0c9be10001", ReceiptOutcome::Applied)?,
            receipt(
                "0a4d1e52-6b1f-4c3a-8f27-5d0c9be10002",
                ReceiptOutcome::Stale { version: VERSION },
            )?,
            receipt(
                "0a4d1e52-6b1f-4c3a-8f27-5d0c9be10003",
                ReceiptOutcome::Rejected { reason: "the payload is no task-completed".to_owned() },
            )?,
        ],
    })
}

fn dead_letter() -> Example<EventDeadLettered> {
    Ok(EventDeadLettered {
        id: letter()?,
        topic: "task-events".to_owned(),
        partition: Some(2),
        offset: Some(4711),
        consumer: Service::ReminderWorker,
        reason: "the record is no envelope".to_owned(),
        sha256: "c0535e4be2b79ffd93291305436bf889314e4a3faec05ecffcbb7df31ad9e51a".to_owned(),
        size: 12,
        head_base64: "SGVsbG8gd29ybGQh".to_owned(),
    })
}
