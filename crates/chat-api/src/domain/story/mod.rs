//! What happened to a task, in words for its owner: why did this come, why did nothing come?
//!
//! Owns the words. Promises: pure, and a text for whatever stands in a timeline, also for what a later
//! release wrote there. Never: an error, an address, or more of a person's texts than a title and tags.

mod change;
#[cfg(test)]
mod tests;
mod words;

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    CancelReason, ChannelKind, DeliveryOutcome, Due, EventType, NotificationDelivered,
    ReminderCancelled, ReminderId, ReminderScheduled, ReminderTriggered, Status, TaskCompleted,
    TaskState, TaskUpdated, TimeZone,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::words::{capitalised, day_time, due, lasting, nominal};

/// An event as a timeline has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    pub(crate) event_type: &'a str,
    /// Its payload, without the task's whole state.
    pub(crate) details: &'a Value,
}

/// What an event's reason refers to and does not say itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// When the reminder was to come.
    pub(crate) reminder_time: Option<DateTime<Utc>>,
    /// When it was settled that the reminder stands.
    pub(crate) scheduled_at: Option<DateTime<Utc>>,
    /// When its owner did what the reminder was cancelled for.
    pub(crate) caused_at: Option<DateTime<Utc>>,
}

/// What an event needs to know of what was told before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asks {
    pub(crate) reminder_id: ReminderId,
    /// The version of the task that it follows from.
    pub(crate) task_version: i64,
}

/// What is to be looked up before an event is told; most need nothing.
pub(crate) fn asks(told: Told<'_>) -> Option<Asks> {
    match told.event_type.parse().ok()? {
        EventType::ReminderCancelled => {
            let cancelled: ReminderCancelled = read(told.details)?;
            let task_version = cancelled.task_version.get();
            Some(Asks { reminder_id: cancelled.reminder_id, task_version })
        }
        EventType::ReminderTriggered => {
            let triggered: ReminderTriggered = read(told.details)?;
            let task_version = triggered.task_version.get();
            triggered.late.then_some(Asks { reminder_id: triggered.reminder_id, task_version })
        }
        _ => None,
    }
}

/// An event in plain English, in a zone.
pub(crate) fn tell(told: Told<'_>, known: Known, zone: TimeZone) -> String {
    let text = told.event_type.parse().ok().and_then(|event_type| match event_type {
        EventType::TaskCreated => read(told.details).map(|task| created(&task, zone)),
        EventType::TaskUpdated => {
            read(told.details).map(|updated: TaskUpdated| change::told(&updated.changes, zone))
        }
        EventType::TaskCompleted => read(told.details).map(|done| completed(&done, zone)),
        EventType::TaskDeleted => Some("put into the trash".to_owned()),
        EventType::ReminderScheduled => read(told.details).map(|stands| scheduled(&stands, zone)),
        EventType::ReminderTriggered => {
            read(told.details).map(|came| triggered(&came, known, zone))
        }
        EventType::ReminderCancelled => {
            read(told.details).map(|cancelled| not_sent(&cancelled, known, zone))
        }
        EventType::NotificationDelivered => read(told.details).map(|ended| notified(&ended, zone)),
        _ => None,
    });
    capitalised(&text.unwrap_or_else(|| format!("something else happened ({})", told.event_type)))
}

fn read<T: DeserializeOwned>(details: &Value) -> Option<T> {
    T::deserialize(details).ok()
}

fn created(task: &TaskState, zone: TimeZone) -> String {
    let mut text = match (task.due_date, &task.recurrence) {
        (Some(date), Some(_)) => format!("made, due {} and then again and again", due(date, zone)),
        (Some(date), None) => format!("made, due {}", due(date, zone)),
        (None, _) => "made, without a due date".to_owned(),
    };
    if task.status == Status::Done {
        text.push_str("; it was done already");
    } else if task.reminders.is_empty() {
        text.push_str("; it has no reminder");
    }
    text
}

fn completed(done: &TaskCompleted, zone: TimeZone) -> String {
    let Some(occurrence) = done.occurrence else { return "done".to_owned() };
    match done.next_due_date {
        Some(next) => {
            format!("done for {}; passed on to {}", nominal(occurrence), due(next, zone))
        }
        None => format!("done for {}, the last time", nominal(occurrence)),
    }
}

fn scheduled(stands: &ReminderScheduled, zone: TimeZone) -> String {
    let at = day_time(stands.reminder_time, zone);
    match stands.due_date {
        Due::At(date) if date == stands.reminder_time => format!("a reminder stands for {at}"),
        Due::At(date) => {
            let distance = words::distance(stands.reminder_time - date);
            format!("a reminder stands for {at}, {distance} the due time")
        }
        Due::On(day) => {
            format!("a reminder stands for {at}, of what is due {}", words::day(day))
        }
    }
}

fn triggered(came: &ReminderTriggered, known: Known, zone: TimeZone) -> String {
    let mut text = format!("the reminder came {}", day_time(came.triggered_at, zone));
    if came.late {
        let late = lasting(came.triggered_at - came.reminder_time);
        let why = match known.scheduled_at {
            Some(scheduled_at) if scheduled_at < came.reminder_time => {
                "the reminder service was down at its time"
            }
            Some(_) => "the reminder service learned of it late",
            None => "the reminder service was down at its time, or learned of it late",
        };
        text.push_str(&format!(", {late} late because {why}"));
    }
    let listed = u32::try_from(came.folded.len()).unwrap_or(u32::MAX);
    match came.folded_count.max(listed) {
        0 => {}
        1 => text.push_str("; it stands for an earlier one that was missed, too"),
        count => {
            text.push_str(&format!("; it stands for {count} earlier ones that were missed, too"));
        }
    }
    text
}

fn not_sent(cancelled: &ReminderCancelled, known: Known, zone: TimeZone) -> String {
    let which = known.reminder_time.map_or_else(
        || "a reminder".to_owned(),
        |time| format!("the reminder for {}", day_time(time, zone)),
    );
    let what = match cancelled.reason {
        CancelReason::Completed => "done",
        CancelReason::Deleted => "deleted",
        CancelReason::Changed => "the task was changed",
        CancelReason::Snoozed => "put off",
        CancelReason::Dismissed => "dismissed",
        CancelReason::Expired => {
            let missed = known.reminder_time.map(|time| cancelled.cancelled_at - time);
            return format!("{which} was not sent: {}", expired(missed));
        }
        CancelReason::UserDeleted => {
            return format!("{which} was not sent: the account was deleted");
        }
    };
    let when = known.reminder_time.map_or_else(String::new, |time| {
        let settled_at = known.caused_at.unwrap_or(cancelled.cancelled_at);
        format!(" {}", words::before(time - settled_at))
    });
    format!("{which} was not sent: {what}{when}")
}

/// How long something was missed that is not caught up with any more.
fn expired(missed: Option<TimeDelta>) -> String {
    const A_DAY: TimeDelta = TimeDelta::days(1);
    match missed {
        Some(missed) if missed >= A_DAY => "missed for longer than a day".to_owned(),
        Some(missed) => format!("missed for {}, which is too long here", lasting(missed)),
        None => "missed for too long".to_owned(),
    }
}

fn notified(ended: &NotificationDelivered, zone: TimeZone) -> String {
    let channel = match ended.channel {
        ChannelKind::Webhook => "webhook",
        ChannelKind::Email => "e-mail",
        ChannelKind::Ntfy => "ntfy",
        ChannelKind::WebPush => "web push",
        ChannelKind::Unknown => "a channel of another kind",
    };
    let why = ended.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    let attempts = match ended.attempts {
        0 | 1 => String::new(),
        attempts => format!(" (after {attempts} attempts)"),
    };
    let held = ended.held_until.map_or_else(String::new, |until| {
        format!("; it waited for the end of the quiet hours, {}", day_time(until, zone))
    });
    match ended.outcome {
        DeliveryOutcome::Delivered => format!("delivered by {channel}{attempts}{held}"),
        DeliveryOutcome::Failed => format!("not delivered by {channel}{why}{attempts}"),
        DeliveryOutcome::Dropped => format!("given up by {channel}{why}{attempts}"),
    }
}
