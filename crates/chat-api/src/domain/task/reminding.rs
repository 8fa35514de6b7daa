//! Putting a reminder off, or doing without it.

use chrono::{DateTime, TimeDelta, Utc};
use events::{ReminderId, Snooze};

use super::{Decided, Moment, Refusal, Task, change::told};

/// The furthest that a reminder is put off, in days.
const MAX_SNOOZE_DAYS: i64 = 366;

/// Lets a reminder of the current occurrence come at another time instead, this once.
pub(crate) fn snooze(
    task: &Task,
    reminder_id: ReminderId,
    until: DateTime<Utc>,
    moment: Moment,
) -> Result<Decided, Refusal> {
    check_reminder(task, reminder_id)?;
    if until <= moment.now {
        return Err(Refusal::field("until", "has passed"));
    }
    if until - moment.now > TimeDelta::days(MAX_SNOOZE_DAYS) {
        return Err(Refusal::field("until", "lies more than 366 days ahead"));
    }
    let mut after = cleared(task, reminder_id);
    after.state.snoozes.push(Snooze { reminder_id, until });
    Ok(told(task, after, moment))
}

/// Lets a reminder of the current occurrence not come, put off or not.
pub(crate) fn dismiss(
    task: &Task,
    reminder_id: ReminderId,
    moment: Moment,
) -> Result<Decided, Refusal> {
    check_reminder(task, reminder_id)?;
    let mut after = cleared(task, reminder_id);
    after.state.dismissed.push(reminder_id);
    Ok(told(task, after, moment))
}

/// Whether a reminder follows from the task as it is now.
fn check_reminder(task: &Task, reminder_id: ReminderId) -> Result<(), Refusal> {
    if task.is_deleted() || task.is_done() || !present(task).any(|id| id == reminder_id) {
        return Err(Refusal::ReminderGone);
    }
    Ok(())
}

fn present(task: &Task) -> impl Iterator<Item = ReminderId> {
    let state = &task.state;
    let occurrence = state.recurrence.as_ref().and(state.occurrence);
    state.reminders.iter().map(move |spec| ReminderId::derive(state.task_id, spec, occurrence))
}

/// The task with nothing said of this reminder, nor of those that no longer follow from it.
fn cleared(task: &Task, reminder_id: ReminderId) -> Task {
    let mut after = task.clone();
    let stays = |id: &ReminderId| *id != reminder_id && present(task).any(|present| present == *id);
    after.state.snoozes.retain(|snooze| stays(&snooze.reminder_id));
    after.state.dismissed.retain(stays);
    after
}
