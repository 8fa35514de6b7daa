//! What the reminder worker would say.

use chrono::{DateTime, Utc};
use events::{
    CancelReason, ChannelKind, CorrelationId, DeadLetterId, DeliveryId, DeliveryOutcome, Due,
    Event, EventDeadLettered, EventsReceived, NotificationDelivered, Payload, Receipt,
    ReceiptOutcome, ReminderCancelled, ReminderId, ReminderScheduled, ReminderTriggered, Revision,
    Service, TaskId, TaskVersion, UserId,
};
use serde_json::Value;

use crate::stack::Row;

/// A reminder of a task, as of a version of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reminding {
    pub(crate) task_id: TaskId,
    pub(crate) user_id: UserId,
    pub(crate) reminder_id: ReminderId,
    pub(crate) task_version: i64,
    pub(crate) revision: i64,
}

impl Reminding {
    /// The first reminder of a task that the API answered with.
    pub(crate) fn of(task: &Value, user_id: UserId) -> Self {
        Self {
            task_id: task["id"].as_str().expect("an id").parse().expect("a UUID"),
            user_id,
            reminder_id: ReminderId::random(),
            task_version: task["version"].as_i64().expect("a version"),
            revision: 1,
        }
    }

    pub(crate) fn at_version(self, task_version: i64) -> Self {
        Self { task_version, ..self }
    }

    pub(crate) fn at_revision(self, revision: i64) -> Self {
        Self { revision, ..self }
    }

    pub(crate) fn scheduled(self) -> Event {
        event(ReminderScheduled {
            task_id: self.task_id,
            reminder_id: self.reminder_id,
            due_date: Due::At(time()),
            reminder_time: time(),
            recurrence: None,
            user_id: Some(self.user_id),
            task_version: TaskVersion::from(self.task_version),
            revision: Revision::from(self.revision),
        })
    }

    pub(crate) fn triggered(self) -> Event {
        event(ReminderTriggered {
            task_id: self.task_id,
            reminder_id: self.reminder_id,
            user_id: self.user_id,
            title: "water the plants".to_owned(),
            due_date: Due::At(time()),
            reminder_time: time(),
            triggered_at: time(),
            recurrence: None,
            task_version: TaskVersion::from(self.task_version),
            revision: Revision::from(self.revision),
            late: false,
            folded: vec![],
            folded_count: 0,
        })
    }

    pub(crate) fn cancelled(self, reason: CancelReason) -> Event {
        event(ReminderCancelled {
            task_id: self.task_id,
            reminder_id: self.reminder_id,
            user_id: self.user_id,
            reason,
            cancelled_at: time(),
            task_version: TaskVersion::from(self.task_version),
            revision: Revision::from(self.revision),
        })
    }
}

/// An event of the worker's.
pub(crate) fn event(payload: impl Into<Payload>) -> Event {
    Event::new(Service::ReminderWorker, CorrelationId::random(), time(), payload)
}

/// The receipt for rows of chat-api's outbox.
pub(crate) fn receipts(rows: &[Row], outcome: &ReceiptOutcome) -> Event {
    let receipts = rows
        .iter()
        .map(|row| Receipt {
            event_id: row.event.event_id,
            topic: row.topic.clone(),
            outcome: outcome.clone(),
        })
        .collect();
    event(EventsReceived { consumer: Service::ReminderWorker, receipts })
}

pub(crate) fn time() -> DateTime<Utc> {
    "2026-11-24T17:00:00Z".parse().expect("an instant")
}

/// A notification that could not be delivered: of a task's reminder, or of a channel's test.
pub(crate) fn failed(user_id: UserId, task_id: Option<TaskId>) -> NotificationDelivered {
    NotificationDelivered {
        delivery_id: DeliveryId::random(),
        reminder_id: None,
        task_id,
        user_id,
        channel: ChannelKind::Webhook,
        channel_id: None,
        outcome: DeliveryOutcome::Failed,
        attempts: 8,
        error: Some("the webhook answered 500".to_owned()),
        held_until: None,
        digest_day: None,
        at: time(),
    }
}

/// A record that the worker could not take, as it announces it.
pub(crate) fn dead_letter() -> EventDeadLettered {
    EventDeadLettered {
        id: DeadLetterId::random(),
        topic: "task-events".to_owned(),
        partition: Some(1),
        offset: Some(7),
        consumer: Service::ReminderWorker,
        reason: "the record is not JSON".to_owned(),
        sha256: "00".repeat(32),
        size: 3,
        head_base64: "YWJj".to_owned(),
    }
}
