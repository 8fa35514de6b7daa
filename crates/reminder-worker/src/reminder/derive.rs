//! A task's state → when it reminds.

use std::collections::HashSet;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use events::{CancelReason, Due, ReminderId, ReminderSpec, Status, TaskState};

/// The local time from which the reminders of a whole day count: 09:00.
pub const WHOLE_DAY_TIME: NaiveTime = match NaiveTime::from_hms_opt(9, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// A reminder that follows from a task's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The reminder.
    pub reminder_id: ReminderId,
    /// When it comes.
    pub fire_at: DateTime<Utc>,
    /// Whether a person put it off to then.
    pub snoozed: bool,
}

/// Every reminder of the current occurrence, past or future, as the task's state has it.
///
/// Recurrence rules are carried and not expanded yet: later occurrences have none.
#[must_use]
pub fn derive(task: &TaskState) -> Vec<Planned> {
    if task.status == Status::Done {
        return Vec::new();
    }
    let due = task.due_date.map(|due| due_instant(due, task));
    let occurrence = task.recurrence.as_ref().and(task.occurrence);
    let mut seen = HashSet::new();
    task.reminders
        .iter()
        .filter_map(|spec| {
            let reminder_id = ReminderId::derive(task.task_id, spec, occurrence);
            let fire_at = fire_at(spec, due)?;
            let wanted = !task.dismissed.contains(&reminder_id) && seen.insert(reminder_id);
            let snooze = task.snoozes.iter().find(|snooze| snooze.reminder_id == reminder_id);
            wanted.then_some(Planned {
                reminder_id,
                fire_at: snooze.map_or(fire_at, |snooze| snooze.until),
                snoozed: snooze.is_some(),
            })
        })
        .collect()
}

/// Why a reminder that stood no longer follows from the state.
#[must_use]
pub fn cancel_reason(task: &TaskState, reminder: ReminderId) -> CancelReason {
    if task.status == Status::Done {
        CancelReason::Completed
    } else if task.dismissed.contains(&reminder) {
        CancelReason::Dismissed
    } else {
        CancelReason::Changed
    }
}

fn due_instant(due: Due, task: &TaskState) -> DateTime<Utc> {
    match due {
        Due::At(instant) => instant,
        Due::On(day) => task.time_zone.instant(day.and_time(WHOLE_DAY_TIME)),
    }
}

/// `None` for an offset from nothing, or beyond the end of time.
fn fire_at(spec: &ReminderSpec, due: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    match spec {
        ReminderSpec::Offset(offset) => {
            due?.checked_add_signed(TimeDelta::seconds(offset.seconds()))
        }
        ReminderSpec::At(instant) => Some(*instant),
    }
}
