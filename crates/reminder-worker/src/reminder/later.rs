//! The later occurrences of a recurring task: what they still owe.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use events::{Nominal, Offset, RecurrenceRule, ReminderId, TaskState};

use super::{
    Existing, Planned,
    change::has_fired,
    derive::{is_settled_otherwise, plan_of},
};

/// How far before its instant a later occurrence is looked for, in days: more than any zone, any change of
/// its offset, and any time of day that a whole day reminds at.
const MARGIN_DAYS: i64 = 3;

/// What the occurrences after the current one owe by one offset, in their order, each later than the one
/// before: from when the schedule last changed, and from after what has been handled by this schedule.
///
/// Where two occurrences fall on one instant, as in the hour that a change of clocks leaves out, the first
/// of them stands for both.
pub(crate) fn later<'a>(
    task: &'a TaskState,
    rule: &'a RecurrenceRule,
    current: Nominal,
    offset: Offset,
    existing: &[Existing],
) -> impl Iterator<Item = Planned> + use<'a> {
    let since = task.schedule_since;
    let handled: HashMap<ReminderId, Existing> = existing
        .iter()
        .filter(|reminder| reminder.offset == Some(offset))
        .map(|reminder| (reminder.reminder_id, reminder.clone()))
        .collect();
    let mut through = handled
        .values()
        .filter(|reminder| reminder.occurrence > Some(current) && reminder.fired_since == since)
        .filter_map(|reminder| reminder.fired_through)
        .max();
    let start = since.max(through).and_then(|instant| local_before(task, rule, instant, offset));
    let start = start.map_or(current, |start| start.max(current));
    rule.occurrences(Some(start))
        .filter(move |occurrence| *occurrence > current)
        .filter_map(move |occurrence| plan_of(task, rule, occurrence, offset))
        .filter(move |plan| {
            let before = handled.get(&plan.reminder_id);
            let owed = since.is_none_or(|since| plan.fire_at >= since)
                && through.is_none_or(|through| plan.fire_at > through)
                && !is_settled_otherwise(task, plan.reminder_id)
                && !before.is_some_and(|before| has_fired(before, plan, since));
            if owed {
                through = Some(plan.fire_at);
            }
            owed
        })
}

/// A nominal time that lies well before those whose reminder comes at an instant or later.
fn local_before(
    task: &TaskState,
    rule: &RecurrenceRule,
    instant: DateTime<Utc>,
    offset: Offset,
) -> Option<Nominal> {
    let due = instant.checked_sub_signed(TimeDelta::seconds(offset.seconds()))?;
    let due = due.checked_sub_signed(TimeDelta::days(MARGIN_DAYS))?;
    let local: NaiveDateTime = task.time_zone.local(due);
    let whole_seconds = local.date().and_time(chrono::NaiveTime::MIN);
    Some(match rule.dtstart() {
        Nominal::Day(_) => Nominal::Day(local.date()),
        Nominal::Time(_) => Nominal::Time(whole_seconds),
    })
}
