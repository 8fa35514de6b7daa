//! What a recurring task does with its occurrences: it passes on to the next one.

use chrono::{DateTime, NaiveDateTime, NaiveTime, Timelike, Utc};
use events::{Basis, DEFAULT_DAY_TIME, Nominal, RecurrenceRule, Status, TaskState};

use super::{Refusal, reminding};

/// How an occurrence that somebody names lies to the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It is over already.
    Before,
    /// It is the current one.
    Current,
    /// It is a later one.
    Later,
}

/// Compares a named occurrence with the current one.
pub(super) fn compare(state: &TaskState, named: Nominal) -> Result<Named, Refusal> {
    let refused = || Refusal::field("occurrence", "is no occurrence of this task");
    let (rule, current) = state.recurrence.as_ref().zip(state.occurrence).ok_or_else(refused)?;
    let is_day = |nominal: Nominal| matches!(nominal, Nominal::Day(_));
    if is_day(named) != is_day(current) {
        return Err(refused());
    }
    match named.cmp(&current) {
        std::cmp::Ordering::Less => Ok(Named::Before),
        std::cmp::Ordering::Equal => Ok(Named::Current),
        // With a rule that counts from the completion, nobody knows yet what comes later.
        std::cmp::Ordering::Greater
            if rule.basis() == Basis::DueDate && rule.is_occurrence(named) =>
        {
            Ok(Named::Later)
        }
        std::cmp::Ordering::Greater => Err(refused()),
    }
}

/// Passes over all occurrences up to `through`, and those that have passed, on to the next. `false`, and
/// the task is done, where there is none.
///
/// What was said of the reminders of occurrences that are over is forgotten, and the steps are to be done
/// again.
pub(super) fn pass_on(state: &mut TaskState, through: Nominal, now: DateTime<Utc>) -> bool {
    let Some(rule) = state.recurrence.take() else { return false };
    let next = match rule.basis() {
        Basis::DueDate => next_after(&rule, through, now).map(|next| (rule.clone(), next)),
        Basis::Completion => from_completion(&rule, through, now),
    };
    let Some((rule, next)) = next else {
        state.recurrence = Some(rule);
        state.status = Status::Done;
        return false;
    };
    state.due_date = Some(rule.due(next));
    state.occurrence = Some(next);
    state.recurrence = Some(rule.without_exdates_before(next));
    state.status = Status::Todo;
    for subtask in &mut state.subtasks {
        subtask.done = false;
    }
    reminding::forget_what_is_over(state, now);
    true
}

/// The first occurrence after one that has not passed. A day passes when it ends.
pub(super) fn next_after(
    rule: &RecurrenceRule,
    through: Nominal,
    now: DateTime<Utc>,
) -> Option<Nominal> {
    let next = next_from(rule, now)?;
    if next > through { Some(next) } else { rule.next_after(through) }
}

/// The first occurrence that has not passed.
pub(super) fn next_from(rule: &RecurrenceRule, now: DateTime<Utc>) -> Option<Nominal> {
    match rule.dtstart() {
        Nominal::Day(_) => {
            let today = Nominal::Day(rule.time_zone().local(now).date());
            rule.occurrences(Some(today)).next()
        }
        Nominal::Time(_) => rule.first_after_instant(now, DEFAULT_DAY_TIME),
    }
}

/// Whether an occurrence lies in the past; a day passes when it ends.
pub(super) fn has_passed(rule: &RecurrenceRule, occurrence: Nominal, now: DateTime<Utc>) -> bool {
    match occurrence {
        Nominal::Day(day) => day < rule.time_zone().local(now).date(),
        Nominal::Time(time) => rule.time_zone().instant(time) <= now,
    }
}

/// The rule as it counts from a completion now, and its next occurrence.
fn from_completion(
    rule: &RecurrenceRule,
    done: Nominal,
    now: DateTime<Utc>,
) -> Option<(RecurrenceRule, Nominal)> {
    let local = rule.time_zone().local(now);
    let anchor = match rule.dtstart() {
        Nominal::Day(_) => Nominal::Day(local.date()),
        Nominal::Time(start) if rule.is_finer_than_a_day() => {
            Nominal::Time(local.with_second(0).map_or(local, whole_second).max(start))
        }
        Nominal::Time(start) => Nominal::Time(local.date().and_time(start.time())),
    };
    let used = rule.occurrences(None).take_while(|occurrence| *occurrence <= done).count();
    let used = u32::try_from(used).unwrap_or(u32::MAX);
    let anchored = rule.anchored_at(anchor, 0).ok().flatten()?;
    // The completion itself stands at the head of the rule, though nothing is due then.
    let counted = used.saturating_sub(u32::from(anchored.is_occurrence(anchor)));
    let anchored = rule.anchored_at(anchor, counted).ok().flatten()?;
    let next = anchored.next_after(anchor)?;
    Some((anchored, next))
}

fn whole_second(local: NaiveDateTime) -> NaiveDateTime {
    local.with_nanosecond(0).unwrap_or(local)
}

/// Follows its owner to another zone and time of day: whole days and what repeats keep their local times.
pub(crate) fn follow_clock(
    state: &mut TaskState,
    zones: (events::TimeZone, events::TimeZone),
    day_time: NaiveTime,
) {
    let (from, to) = zones;
    state.day_time = day_time;
    if from == to {
        return;
    }
    if state.time_zone == from {
        state.time_zone = to;
    }
    let Some(rule) = state.recurrence.take() else { return };
    if rule.time_zone() != from {
        state.recurrence = Some(rule);
        return;
    }
    let is_where_it_belongs =
        state.occurrence.is_some_and(|occurrence| state.due_date == Some(rule.due(occurrence)));
    let Ok(moved) = rule.in_zone(to) else {
        state.recurrence = Some(rule);
        return;
    };
    let rule = moved;
    if is_where_it_belongs {
        state.due_date = state.occurrence.map(|occurrence| rule.due(occurrence));
    }
    state.recurrence = Some(rule);
}
