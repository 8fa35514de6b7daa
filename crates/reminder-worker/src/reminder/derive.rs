//! A task's state → when it reminds.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    CancelReason, Due, Nominal, Offset, RecurrenceRule, ReminderId, ReminderSpec, Status, TaskState,
};

use super::{Existing, later::later};

/// A reminder that follows from a task's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The reminder.
    pub reminder_id: ReminderId,
    /// When it comes.
    pub fire_at: DateTime<Utc>,
    /// Whether a person put it off to then.
    pub snoozed: bool,
    /// Of a recurring task's offset: the occurrence that it is of.
    pub occurrence: Option<Nominal>,
    /// How far from the due time it was to come; none of an instant.
    pub offset: Option<Offset>,
    /// When its occurrence is due; none where the task has no due date.
    pub due_date: Option<Due>,
}

/// Every reminder that stands, past or future: those of the current occurrence, later ones that were put
/// off, and of each offset the first of a later occurrence that has not been handled.
///
/// With a rule that counts from the completion there is no later occurrence.
#[must_use]
pub fn derive(task: &TaskState, existing: &[Existing]) -> Vec<Planned> {
    let mut plans = current(task);
    plans.extend(put_off(task));
    if let Some((rule, current)) = series(task) {
        let first = |offset| later(task, rule, current, offset, existing).next();
        plans.extend(offsets(task).filter_map(first));
    }
    each_once(plans)
}

/// What may still be sent: of each reminder that stands or fired, the time that the state has for it.
#[must_use]
pub fn standing(task: &TaskState, existing: &[Existing]) -> Vec<Planned> {
    let mut plans = current(task);
    plans.extend(put_off(task));
    if let Some((rule, current)) = series(task) {
        let offsets: HashSet<Offset> = offsets(task).collect();
        plans.extend(existing.iter().filter_map(|reminder| {
            let (occurrence, offset) = (reminder.occurrence?, reminder.offset?);
            let stands = occurrence > current
                && offsets.contains(&offset)
                && !is_settled_otherwise(task, reminder.reminder_id)
                && rule.is_occurrence(occurrence);
            if stands { plan_of(task, rule, occurrence, offset) } else { None }
        }));
    }
    each_once(plans)
}

/// A live recurring task's rule and current occurrence, where later ones remind as well.
pub(crate) fn series(task: &TaskState) -> Option<(&RecurrenceRule, Nominal)> {
    task.series().filter(|_| task.status != Status::Done)
}

fn offsets(task: &TaskState) -> impl Iterator<Item = Offset> {
    task.reminders.iter().filter_map(|spec| match spec {
        ReminderSpec::Offset(offset) => Some(*offset),
        ReminderSpec::At(_) => None,
    })
}

/// The reminders of the current occurrence, which count from the due date.
fn current(task: &TaskState) -> Vec<Planned> {
    if task.status == Status::Done {
        return Vec::new();
    }
    let due = task.due_date.map(|due| due_instant(due, task));
    let named = task.recurrence.as_ref().and(task.occurrence);
    task.reminders
        .iter()
        .filter_map(|spec| {
            let (offset, occurrence) = match spec {
                ReminderSpec::Offset(offset) => (Some(*offset), named),
                ReminderSpec::At(_) => (None, None),
            };
            let reminder_id = ReminderId::derive(task.task_id, spec, occurrence);
            let fire_at = fire_at(spec, due)?;
            let snooze = task.snoozes.iter().find(|snooze| snooze.reminder_id == reminder_id);
            (!task.dismissed.contains(&reminder_id)).then_some(Planned {
                reminder_id,
                fire_at: snooze.map_or(fire_at, |snooze| snooze.until),
                snoozed: snooze.is_some(),
                occurrence,
                offset,
                due_date: task.due_date,
            })
        })
        .collect()
}

/// The reminders of later occurrences that were put off.
fn put_off(task: &TaskState) -> impl Iterator<Item = Planned> {
    task.snoozes.iter().filter_map(|snooze| {
        let (rule, current) = series(task)?;
        let occurrence = snooze.occurrence.filter(|occurrence| *occurrence > current)?;
        let is_meant = |offset: &Offset| {
            let spec = ReminderSpec::Offset(*offset);
            ReminderId::derive(task.task_id, &spec, Some(occurrence)) == snooze.reminder_id
        };
        let offset = offsets(task).find(is_meant)?;
        (!task.dismissed.contains(&snooze.reminder_id)).then_some(Planned {
            reminder_id: snooze.reminder_id,
            fire_at: snooze.until,
            snoozed: true,
            occurrence: Some(occurrence),
            offset: Some(offset),
            due_date: Some(rule.due(occurrence)),
        })
    })
}

/// The reminder of a later occurrence at its own time; none beyond the end of time.
pub(super) fn plan_of(
    task: &TaskState,
    rule: &RecurrenceRule,
    occurrence: Nominal,
    offset: Offset,
) -> Option<Planned> {
    let spec = ReminderSpec::Offset(offset);
    let due_date = rule.due(occurrence);
    Some(Planned {
        reminder_id: ReminderId::derive(task.task_id, &spec, Some(occurrence)),
        fire_at: fire_at(&spec, Some(due_instant(due_date, task)))?,
        snoozed: false,
        occurrence: Some(occurrence),
        offset: Some(offset),
        due_date: Some(due_date),
    })
}

/// Whether a reminder of a later occurrence does not come at its own time: dismissed, or put off.
pub(super) fn is_settled_otherwise(task: &TaskState, reminder: ReminderId) -> bool {
    task.dismissed.contains(&reminder)
        || task.snoozes.iter().any(|snooze| snooze.reminder_id == reminder)
}

fn each_once(mut plans: Vec<Planned>) -> Vec<Planned> {
    let mut seen = HashSet::new();
    plans.retain(|plan| seen.insert(plan.reminder_id));
    plans
}

/// Why a reminder that stood no longer follows from the state.
#[must_use]
pub fn cancel_reason(
    task: &TaskState,
    reminder: ReminderId,
    occurrence: Option<Nominal>,
) -> CancelReason {
    let is_passed = |(rule, (occurrence, current)): (&RecurrenceRule, (Nominal, Nominal))| {
        occurrence < current && !rule.exdates().contains(&occurrence)
    };
    let passed =
        task.recurrence.as_ref().zip(occurrence.zip(task.occurrence)).is_some_and(is_passed);
    if task.status == Status::Done {
        CancelReason::Completed
    } else if task.dismissed.contains(&reminder) {
        CancelReason::Dismissed
    } else if passed {
        CancelReason::Completed
    } else {
        CancelReason::Changed
    }
}

fn due_instant(due: Due, task: &TaskState) -> DateTime<Utc> {
    match due {
        Due::At(instant) => instant,
        Due::On(day) => task.time_zone.instant(day.and_time(task.day_time)),
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

#[cfg(test)]
mod tests {
    use events::{Basis, TaskId, TimeZone, UserId};

    use super::*;
    use crate::reminder::change;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    /// Every day at nine since the first of June, none of it done.
    fn every_day() -> TaskState {
        let dtstart = "2027-06-01T09:00:00".parse().expect("a local time");
        let rule =
            RecurrenceRule::new("FREQ=DAILY", dtstart, TimeZone::UTC, vec![], Basis::DueDate);
        let made = at("2027-05-31T12:00:00Z");
        TaskState {
            task_id: TaskId::random(),
            title: "Water the plants".to_owned(),
            description: None,
            priority: events::Priority::Medium,
            status: Status::Todo,
            due_date: Some(Due::At(at("2027-06-01T09:00:00Z"))),
            recurrence: Some(rule.expect("a rule")),
            tags: vec![],
            user_id: UserId::random(),
            created_at: made,
            version: 1.into(),
            time_zone: TimeZone::UTC,
            reminders: vec![ReminderSpec::AT_DUE],
            snoozes: vec![],
            dismissed: vec![],
            occurrence: Some(dtstart),
            day_time: events::DEFAULT_DAY_TIME,
            schedule_since: Some(made),
            list_id: None,
            position: None,
            subtasks: vec![],
        }
    }

    fn id(task: &TaskState, occurrence: Nominal) -> ReminderId {
        ReminderId::derive(task.task_id, &ReminderSpec::AT_DUE, Some(occurrence))
    }

    fn fired(task: &TaskState, day: u32) -> Existing {
        let time = at(&format!("2027-06-{day:02}T09:00:00Z"));
        let occurrence = Nominal::Time(time.naive_utc());
        Existing {
            reminder_id: id(task, occurrence),
            fire_at: time,
            pending: false,
            fired_through: Some(time),
            fired_since: task.schedule_since,
            fired_snoozes: vec![],
            occurrence: Some(occurrence),
            offset: Some(Offset::ZERO),
        }
    }

    fn days(plans: &[Planned]) -> Vec<String> {
        plans.iter().map(|plan| plan.fire_at.format("%d").to_string()).collect()
    }

    #[test]
    fn given_nothing_handled_then_the_current_occurrence_stands_and_the_one_after_it() {
        assert_eq!(days(&derive(&every_day(), &[])), ["01", "02"]);
    }

    #[test]
    fn given_what_fired_then_the_first_after_it_stands() {
        let task = every_day();
        let existing = [fired(&task, 1), fired(&task, 2), fired(&task, 3)];
        assert_eq!(days(&derive(&task, &existing)), ["01", "04"]);
    }

    #[test]
    fn what_fired_for_later_occurrences_is_still_to_be_sent_while_they_are_not_done() {
        let task = every_day();
        let existing = [fired(&task, 1), fired(&task, 2), fired(&task, 3)];
        assert_eq!(days(&standing(&task, &existing)), ["01", "02", "03"]);
    }

    /// Done on the first of June after its reminder, at noon, and taken back an hour later.
    #[test]
    fn an_occurrence_that_is_current_again_reminds_of_nothing_that_was_before_and_of_what_is_to_come()
     {
        let task = every_day();
        let taken_back = TaskState {
            version: 3.into(),
            schedule_since: Some(at("2027-06-01T13:00:00Z")),
            ..task.clone()
        };
        // The first has come; the second stood, as the current one, when it was taken back.
        let stands =
            Existing { pending: true, fired_through: None, fired_since: None, ..fired(&task, 2) };
        let existing = [fired(&task, 1), stands];
        let planned = derive(&taken_back, &existing);
        let said = change(&existing, &planned, taken_back.schedule_since);
        assert_eq!(days(&said.scheduled), Vec::<String>::new(), "the first is not said again");
        assert_eq!(days(&said.kept), ["02"]);
        assert!(said.cancelled.is_empty());
        // Taken back before it came at all, it comes at its time.
        let early = TaskState { schedule_since: Some(at("2027-05-31T13:00:00Z")), ..taken_back };
        let cancelled = Existing {
            fire_at: at("2027-06-01T09:00:00Z"),
            fired_through: None,
            fired_since: None,
            ..fired(&task, 1)
        };
        let existing = [cancelled, existing[1].clone()];
        let said = change(&existing, &derive(&early, &existing), early.schedule_since);
        assert_eq!(
            (days(&said.scheduled), days(&said.kept)),
            (vec!["01".to_owned()], vec!["02".to_owned()])
        );
    }

    #[test]
    fn what_fired_for_what_is_done_dismissed_skipped_or_put_off_is_sent_no_more() {
        let task = every_day();
        let existing = [fired(&task, 2), fired(&task, 3)];
        let second = existing[0].occurrence.expect("an occurrence");
        let standing_of = |task: &TaskState| days(&standing(task, &existing));

        let third = at("2027-06-03T09:00:00Z");
        let done = TaskState {
            occurrence: Some(Nominal::Time(third.naive_utc())),
            due_date: Some(Due::At(third)),
            ..task.clone()
        };
        assert_eq!(standing_of(&done), ["03"]);
        let dismissed = TaskState { dismissed: vec![id(&task, second)], ..task.clone() };
        assert_eq!(standing_of(&dismissed), ["01", "03"]);
        let rule = task.recurrence.clone().expect("a rule").with_exdate(second);
        let skipped = TaskState { recurrence: rule.ok(), ..task.clone() };
        assert_eq!(standing_of(&skipped), ["01", "03"]);
        let snooze = events::Snooze {
            reminder_id: id(&task, second),
            until: at("2027-06-05T10:00:00Z"),
            occurrence: Some(second),
        };
        let put_off = TaskState { snoozes: vec![snooze], ..task.clone() };
        assert_eq!(standing_of(&put_off), ["01", "05", "03"]);
        let other = ReminderSpec::Offset(Offset::from_seconds(-60).expect("an offset"));
        let without = TaskState { reminders: vec![other], ..task.clone() };
        assert_eq!(standing_of(&without), ["01"], "its own minute before");
        let over = TaskState { status: Status::Done, ..task };
        assert_eq!(standing_of(&over), Vec::<String>::new());
    }
}
