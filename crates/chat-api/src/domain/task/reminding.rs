//! Putting a reminder off, or doing without it.

use std::collections::HashSet;

use chrono::{DateTime, Days, TimeDelta, Utc};
use events::{Due, Nominal, Offset, ReminderId, ReminderSpec, Snooze, TaskState};

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

/// Lets the reminder come later that somebody means who names only the task: the last one that has come,
/// else the next.
pub(crate) fn put_off(task: &Task, wait: Wait, moment: Moment) -> Result<Decided, Refusal> {
    let meant = meant(&task.state, moment.now).ok_or(Refusal::ReminderGone)?;
    snooze(task, meant, wait, moment)
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

/// The last reminder that has come, else the next.
fn meant(state: &TaskState, now: DateTime<Utc>) -> Option<ReminderId> {
    let times: Vec<(DateTime<Utc>, ReminderId)> = present(state, now)
        .filter(|(id, ..)| !state.dismissed.contains(id))
        .filter_map(|(id, occurrence, spec)| Some((comes_at(state, id, occurrence, spec)?, id)))
        .collect();
    let has_come = times.iter().filter(|(time, _)| *time <= now).max();
    has_come.or_else(|| times.iter().min()).map(|(_, id)| *id)
}

/// When a reminder that is present comes; `None` for an offset from nothing.
fn comes_at(
    state: &TaskState,
    id: ReminderId,
    occurrence: Option<Nominal>,
    spec: &ReminderSpec,
) -> Option<DateTime<Utc>> {
    if let Some(snooze) = state.snoozes.iter().find(|snooze| snooze.reminder_id == id) {
        return Some(snooze.until);
    }
    let offset = match spec {
        ReminderSpec::At(at) => return Some(*at),
        ReminderSpec::Offset(offset) => TimeDelta::seconds(offset.seconds()),
    };
    let due = match (&state.recurrence, occurrence) {
        // The current one may have been moved.
        (Some(rule), Some(nominal)) if occurrence != state.occurrence => rule.due(nominal),
        _ => state.due_date?,
    };
    let due = match due {
        Due::At(at) => at,
        Due::On(day) => state.time_zone.instant(day.and_time(state.day_time)),
    };
    due.checked_add_signed(offset)
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
        .find_map(|(present, occurrence, _)| (present == reminder_id).then_some(occurrence))
        .ok_or(Refusal::ReminderGone)
}

/// The reminders of the current occurrence, of those after it that have passed, and of the next.
fn present(
    state: &TaskState,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (ReminderId, Option<Nominal>, &ReminderSpec)> {
    let of = move |occurrence: Option<Nominal>| {
        state.reminders.iter().map(move |spec| {
            let occurrence = occurrence.filter(|_| matches!(spec, ReminderSpec::Offset(_)));
            (ReminderId::derive(state.task_id, spec, occurrence), occurrence, spec)
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
    let present: HashSet<ReminderId> = present(state, now).map(|(id, ..)| id).collect();
    state.snoozes.retain(|snooze| present.contains(&snooze.reminder_id));
    state.dismissed.retain(|dismissed| present.contains(dismissed));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::series_tests::{every_day_at_nine, moment};

    /// Every day at nine in Berlin from 26 March 2027 on; which occurrence's reminder is put off.
    fn put_off_at(task: &Task, now: &str) -> String {
        let decided = put_off(task, Wait::For(TimeDelta::hours(1)), moment(now)).expect("put off");
        let [snooze] = decided.task.state.snoozes.as_slice() else { panic!("one snooze") };
        snooze.occurrence.expect("an occurrence").to_string()
    }

    #[test]
    fn what_came_last_is_put_off_and_before_any_came_the_next() {
        let task = every_day_at_nine();
        assert_eq!(put_off_at(&task, "2027-03-25T08:00:00Z"), "2027-03-26T09:00:00");
        assert_eq!(put_off_at(&task, "2027-03-26T08:00:00Z"), "2027-03-26T09:00:00");
        assert_eq!(put_off_at(&task, "2027-03-28T06:59:59Z"), "2027-03-27T09:00:00");
        assert_eq!(put_off_at(&task, "2027-03-28T07:00:00Z"), "2027-03-28T09:00:00");
    }

    #[test]
    fn of_several_reminders_the_last_that_has_come_is_put_off() {
        let mut task = every_day_at_nine();
        let before = ReminderSpec::Offset(Offset::from_seconds(-3600).expect("an offset"));
        task.state.reminders = vec![ReminderSpec::AT_DUE, before];
        let id = |spec| ReminderId::derive(task.state.task_id, spec, task.state.occurrence);
        let put_off = |now: &str| {
            let wait = Wait::For(TimeDelta::hours(2));
            let decided = put_off(&task, wait, moment(now)).expect("put off");
            decided.task.state.snoozes[0].reminder_id
        };
        assert_eq!(put_off("2027-03-26T07:30:00Z"), id(&before));
        assert_eq!(put_off("2027-03-26T08:30:00Z"), id(&ReminderSpec::AT_DUE));
    }

    #[test]
    fn without_a_reminder_there_is_nothing_to_put_off() {
        let mut task = every_day_at_nine();
        task.state.reminders = vec![];
        let wait = Wait::For(TimeDelta::hours(1));
        let refused = put_off(&task, wait, moment("2027-03-26T08:00:00Z"));
        assert_eq!(refused, Err(Refusal::ReminderGone));
    }
}
