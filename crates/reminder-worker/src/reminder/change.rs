//! What stands and what is planned → what is to be said.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use events::{Nominal, Offset, ReminderId};

use super::Planned;

/// A reminder as the table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// The reminder.
    pub reminder_id: ReminderId,
    /// When it comes, or came.
    pub fire_at: DateTime<Utc>,
    /// Whether it is still to come.
    pub pending: bool,
    /// Up to when it has fired; not by snoozes.
    pub fired_through: Option<DateTime<Utc>>,
    /// Since when the schedule stood by which it fired last.
    pub fired_since: Option<DateTime<Utc>>,
    /// The snoozes that have fired.
    pub fired_snoozes: Vec<DateTime<Utc>>,
    /// Of a recurring task's offset: the occurrence that it is of.
    pub occurrence: Option<Nominal>,
    /// How far from the due time it was to come; none of an instant.
    pub offset: Option<Offset>,
}

/// What a new state changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// New, or at another time than before.
    pub scheduled: Vec<Planned>,
    /// Pending at the same time as before.
    pub kept: Vec<Planned>,
    /// Pending before, and no longer planned; with the occurrence that it is of.
    pub cancelled: Vec<(ReminderId, Option<Nominal>)>,
}

/// Compares what stands with what is planned.
///
/// A reminder is not planned again for a time up to which it has fired by this schedule (so an edit of
/// the title fires nothing twice), nor for a time before `since`, when the schedule last changed (so a
/// task made at noon does not remind of its eleven o'clock). What fired by an earlier schedule, as one
/// that came too late to be heeded, counts for its very time only. Snoozes are exempt from all of it
/// and count once each.
#[must_use]
pub fn change(existing: &[Existing], planned: &[Planned], since: Option<DateTime<Utc>>) -> Change {
    let by_id: HashMap<ReminderId, &Existing> =
        existing.iter().map(|reminder| (reminder.reminder_id, reminder)).collect();
    let mut change = Change::default();
    for plan in planned {
        match by_id.get(&plan.reminder_id) {
            Some(before) if has_fired(before, plan, since) => {}
            _ if !plan.snoozed && since.is_some_and(|since| plan.fire_at < since) => {}
            Some(before) if before.pending && before.fire_at == plan.fire_at => {
                change.kept.push(*plan);
            }
            _ => change.scheduled.push(*plan),
        }
    }
    let standing: HashSet<ReminderId> =
        change.scheduled.iter().chain(&change.kept).map(|plan| plan.reminder_id).collect();
    change.cancelled = existing
        .iter()
        .filter(|reminder| reminder.pending && !standing.contains(&reminder.reminder_id))
        .map(|reminder| (reminder.reminder_id, reminder.occurrence))
        .collect();
    change
}

/// Whether a reminder has been handled for its planned time.
pub(super) fn has_fired(before: &Existing, plan: &Planned, since: Option<DateTime<Utc>>) -> bool {
    if plan.snoozed {
        return before.fired_snoozes.contains(&plan.fire_at);
    }
    let by_this_schedule = before.fired_since == since;
    before.fired_through.is_some_and(|through| {
        if by_this_schedule { plan.fire_at <= through } else { plan.fire_at == through }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u32) -> DateTime<Utc> {
        format!("2026-11-24T12:{minute:02}:00Z").parse().expect("an instant")
    }

    fn id(number: u128) -> ReminderId {
        ReminderId::from(uuid::Uuid::from_u128(number))
    }

    fn plan(number: u128, minute: u32) -> Planned {
        Planned {
            reminder_id: id(number),
            fire_at: at(minute),
            snoozed: false,
            occurrence: None,
            offset: None,
            due_date: None,
        }
    }

    fn pending(number: u128, minute: u32) -> Existing {
        Existing {
            reminder_id: id(number),
            fire_at: at(minute),
            pending: true,
            fired_through: None,
            fired_since: None,
            fired_snoozes: vec![],
            occurrence: None,
            offset: None,
        }
    }

    /// By the schedule that has stood since the beginning.
    fn fired(number: u128, minute: u32) -> Existing {
        let (fired_through, fired_since) = (Some(at(minute)), Some(at(0)));
        Existing { pending: false, fired_through, fired_since, ..pending(number, minute) }
    }

    #[test]
    fn given_nothing_when_planned_then_it_is_scheduled() {
        let change = change(&[], &[plan(1, 30)], Some(at(0)));
        assert_eq!(change.scheduled, [plan(1, 30)]);
        assert!(change.cancelled.is_empty());
    }

    #[test]
    fn given_a_time_before_the_schedule_changed_then_it_is_not_scheduled() {
        assert_eq!(change(&[], &[plan(1, 29)], Some(at(30))), Change::default());
        assert_eq!(change(&[], &[plan(1, 30)], Some(at(30))).scheduled, [plan(1, 30)]);
    }

    #[test]
    fn given_a_pending_one_when_it_moves_then_it_is_scheduled_again_and_not_cancelled() {
        let change = change(&[pending(1, 30)], &[plan(1, 40)], Some(at(0)));
        assert_eq!(change, Change { scheduled: vec![plan(1, 40)], ..Change::default() });
    }

    #[test]
    fn given_a_pending_one_when_nothing_moves_then_it_is_kept() {
        let change = change(&[pending(1, 30)], &[plan(1, 30)], Some(at(0)));
        assert_eq!(change, Change { kept: vec![plan(1, 30)], ..Change::default() });
    }

    #[test]
    fn given_a_pending_one_when_it_is_no_longer_planned_then_it_is_cancelled() {
        let change = change(&[pending(1, 30), fired(2, 10)], &[], None);
        assert_eq!(change, Change { cancelled: vec![(id(1), None)], ..Change::default() });
    }

    #[test]
    fn given_a_pending_one_when_it_moves_before_the_change_then_it_is_cancelled() {
        let change = change(&[pending(1, 30)], &[plan(1, 10)], Some(at(20)));
        assert_eq!(change, Change { cancelled: vec![(id(1), None)], ..Change::default() });
    }

    #[test]
    fn given_a_fired_one_when_only_the_title_changed_then_it_does_not_fire_again() {
        assert_eq!(change(&[fired(1, 30)], &[plan(1, 30)], Some(at(0))), Change::default());
        let earlier = change(&[fired(1, 30)], &[plan(1, 20)], Some(at(0)));
        assert_eq!(earlier, Change::default());
    }

    #[test]
    fn given_one_that_fired_by_an_earlier_schedule_then_an_earlier_time_is_still_to_come() {
        // Moved at minute 10 from 30 to 20, which was learned of at 31.
        let change_at = Some(at(10));
        let moved = change(&[fired(1, 30)], &[plan(1, 20)], change_at);
        assert_eq!(moved.scheduled, [plan(1, 20)]);
        let pending = Existing { pending: true, fire_at: at(20), ..fired(1, 30) };
        let edited = change(&[pending], &[plan(1, 20)], change_at);
        assert_eq!(edited.kept, [plan(1, 20)], "an edit before it fires");
        let back = change(&[fired(1, 30)], &[plan(1, 30)], change_at);
        assert_eq!(back, Change::default(), "its very time is over");
    }

    #[test]
    fn given_a_fired_one_when_the_due_time_moves_on_then_it_fires_again() {
        let change = change(&[fired(1, 30)], &[plan(1, 31)], Some(at(0)));
        assert_eq!(change.scheduled, [plan(1, 31)]);
    }

    #[test]
    fn given_a_snooze_then_it_is_exempt_from_what_fired_and_counts_once() {
        let snooze = Planned { snoozed: true, ..plan(1, 5) };
        let before = fired(1, 30);
        assert_eq!(
            change(std::slice::from_ref(&before), &[snooze], Some(at(20))).scheduled,
            [snooze]
        );
        let after = Existing { fired_snoozes: vec![at(5)], ..before };
        assert_eq!(change(&[after], &[snooze], Some(at(20))), Change::default());
    }
}
