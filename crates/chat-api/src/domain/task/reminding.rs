//! Putting a reminder off, or doing without it.

use std::collections::HashMap;

use chrono::{DateTime, Days, TimeDelta, Utc};
use events::{Nominal, Offset, ReminderId, ReminderSpec, Snooze, TaskState};

use super::{Decided, Moment, Refusal, Task, change::told, series::has_passed};

/// The furthest that a reminder is put off, in days.
const MAX_SNOOZE_DAYS: i64 = 366;
/// The most occurrences after the current one among which a reminder is looked for.
const MAX_LATER_OCCURRENCES: usize = 5_000;

/// Until when a reminder is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Until then.
    Until(DateTime<Utc>),
    /// For so long.
    For(TimeDelta),
    /// Until tomorrow in the task's zone, at the time at which a whole day reminds.
    TomorrowMorning,
}

/// Lets a reminder come at another time instead, this once: of the current occurrence, or of a later one
/// that has come already or comes next.
pub(crate) fn snooze(
    task: &Task,
    reminder_id: ReminderId,
    wait: Wait,
    moment: Moment,
) -> Result<Decided, Refusal> {
    let occurrence = find(task, reminder_id, moment.now)?;
    let state = &task.state;
    let until = match wait {
        Wait::Until(until) => until,
        Wait::For(wait) => moment.now + wait,
        Wait::TomorrowMorning => {
            let today = state.time_zone.local(moment.now).date();
            let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
            state.time_zone.instant(tomorrow.and_time(state.day_time))
        }
    };
    if until <= moment.now {
        return Err(Refusal::field("until", "has passed"));
    }
    if until - moment.now > TimeDelta::days(MAX_SNOOZE_DAYS) {
        return Err(Refusal::field("until", "lies more than 366 days ahead"));
    }
    let mut after = without(task, reminder_id, moment.now);
    after.state.snoozes.push(Snooze { reminder_id, until, occurrence });
    Ok(told(task, after, moment))
}

/// Lets a reminder not come, put off or not.
pub(crate) fn dismiss(
    task: &Task,
    reminder_id: ReminderId,
    moment: Moment,
) -> Result<Decided, Refusal> {
    find(task, reminder_id, moment.now)?;
    let mut after = without(task, reminder_id, moment.now);
    after.state.dismissed.push(reminder_id);
    Ok(told(task, after, moment))
}

/// Of a recurring task, the occurrence that a reminder is of, if the reminder follows from the task as it
/// is now.
fn find(
    task: &Task,
    reminder_id: ReminderId,
    now: DateTime<Utc>,
) -> Result<Option<Nominal>, Refusal> {
    if task.is_deleted() || task.is_done() {
        return Err(Refusal::ReminderGone);
    }
    present(&task.state, now)
        .find_map(|(present, occurrence)| (present == reminder_id).then_some(occurrence))
        .ok_or(Refusal::ReminderGone)
}

/// The reminders of the current occurrence, of those after it that have passed, and of the next.
fn present(
    state: &TaskState,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (ReminderId, Option<Nominal>)> {
    let of = move |occurrence: Option<Nominal>| {
        state.reminders.iter().map(move |spec| {
            let occurrence = occurrence.filter(|_| matches!(spec, ReminderSpec::Offset(_)));
            (ReminderId::derive(state.task_id, spec, occurrence), occurrence)
        })
    };
    let named = state.recurrence.as_ref().and(state.occurrence);
    of(named).chain(later(state, now).flat_map(move |occurrence| of(Some(occurrence))))
}

/// The occurrences after the current one of which a reminder has come or comes next.
fn later(state: &TaskState, now: DateTime<Utc>) -> impl Iterator<Item = Nominal> {
    let earliest = state.reminders.iter().filter_map(|spec| match spec {
        ReminderSpec::Offset(offset) => Some(offset.seconds()),
        ReminderSpec::At(_) => None,
    });
    // One that reminds a day before has come for what is due tomorrow.
    let ahead = TimeDelta::seconds(earliest.min().unwrap_or(Offset::ZERO.seconds()).min(0).abs());
    state.series().into_iter().flat_map(move |(rule, current)| {
        let mut is_last = false;
        rule.occurrences(Some(current))
            .filter(move |occurrence| *occurrence > current)
            .take(MAX_LATER_OCCURRENCES)
            .take_while(move |occurrence| {
                let is_within = !is_last;
                is_last = !has_passed(rule, *occurrence, now + ahead);
                is_within
            })
    })
}

/// The task with nothing said of this reminder, nor of those that no longer follow from it.
fn without(task: &Task, reminder_id: ReminderId, now: DateTime<Utc>) -> Task {
    let mut after = task.clone();
    after.state.snoozes.retain(|snooze| snooze.reminder_id != reminder_id);
    after.state.dismissed.retain(|dismissed| *dismissed != reminder_id);
    forget_what_is_over(&mut after.state, now);
    after
}

/// Forgets what was said of reminders that no longer follow from the task.
pub(super) fn forget_what_is_over(state: &mut TaskState, now: DateTime<Utc>) {
    if state.snoozes.is_empty() && state.dismissed.is_empty() {
        return;
    }
    let present: HashMap<ReminderId, Option<Nominal>> = present(state, now).collect();
    state.snoozes.retain(|snooze| present.contains_key(&snooze.reminder_id));
    state.dismissed.retain(|dismissed| present.contains_key(dismissed));
}
