//! The events that say what became of reminders.

use chrono::{DateTime, Utc};
use events::{
    CancelReason, ChannelKind, CorrelationId, DeliveryOutcome, Due, Event, NotificationDelivered,
    ReminderCancelled, ReminderId, ReminderScheduled, ReminderTriggered, Revision, Service, TaskId,
    TaskState, TaskVersion, UserId,
};

use super::Planned;
use crate::store::deliveries::Dropped;

impl Planned {
    /// The due date that the reminder's events name.
    pub(crate) fn told_due_date(&self) -> Due {
        self.due_date.unwrap_or(Due::At(self.fire_at))
    }
}

pub(crate) fn announce_scheduled(
    task: &TaskState,
    plan: &Planned,
    revision: Revision,
    correlation_id: CorrelationId,
    now: DateTime<Utc>,
) -> Event {
    let payload = ReminderScheduled {
        task_id: task.task_id,
        reminder_id: plan.reminder_id,
        due_date: plan.told_due_date(),
        reminder_time: plan.fire_at,
        recurrence: task.recurrence.clone(),
        user_id: Some(task.user_id),
        task_version: task.version,
        revision,
    };
    Event::new(Service::ReminderWorker, correlation_id, now, payload)
}

pub(crate) fn announce_triggered(
    payload: ReminderTriggered,
    correlation_id: CorrelationId,
) -> Event {
    let now = payload.triggered_at;
    Event::new(Service::ReminderWorker, correlation_id, now, payload)
}

/// Whose reminders are cancelled, and by what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cancelling {
    pub(crate) task_id: TaskId,
    pub(crate) user_id: UserId,
    pub(crate) task_version: TaskVersion,
    pub(crate) revision: Revision,
    pub(crate) correlation_id: CorrelationId,
    pub(crate) now: DateTime<Utc>,
}

pub(crate) fn announce_cancelled(
    cancelling: &Cancelling,
    reminder_id: ReminderId,
    reason: CancelReason,
) -> Event {
    let payload = ReminderCancelled {
        task_id: cancelling.task_id,
        reminder_id,
        user_id: cancelling.user_id,
        reason,
        cancelled_at: cancelling.now,
        task_version: cancelling.task_version,
        revision: cancelling.revision,
    };
    Event::new(Service::ReminderWorker, cancelling.correlation_id, cancelling.now, payload)
}

/// Says that a notification was given up before it was sent, and why.
pub(crate) fn announce_dropped(delivery: &Dropped, reason: &str, now: DateTime<Utc>) -> Event {
    let payload = NotificationDelivered {
        delivery_id: delivery.delivery_id.into(),
        reminder_id: Some(delivery.reminder_id.into()),
        task_id: Some(delivery.task_id.into()),
        user_id: delivery.user_id.into(),
        channel: ChannelKind::named(&delivery.kind),
        channel_id: Some(delivery.channel_id.into()),
        outcome: DeliveryOutcome::Dropped,
        attempts: u32::try_from(delivery.attempts).unwrap_or(0),
        error: Some(reason.to_owned()),
        held_until: None,
        digest_day: None,
        at: now,
    };
    Event::new(Service::ReminderWorker, delivery.correlation_id.into(), now, payload)
}
