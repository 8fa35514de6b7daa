//! Which of the missed occurrences of one reminder comes, and what becomes of the others.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::Planned;

/// What becomes of the occurrences that were missed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CatchUp {
    /// Missed for too long: not sent.
    pub(crate) expired: Vec<Planned>,
    /// Missed, and told of by the one that fires.
    pub(crate) folded: Vec<Planned>,
    /// The latest.
    pub(crate) fired: Option<Planned>,
    /// What stands then. One that lies in the past too is left for the next tick.
    pub(crate) next: Option<Planned>,
}

/// Decides on what is due by `now` of one task's reminder.
///
/// `due` is what stands and is due, `later` all that later occurrences owe, in their order; one of `due`
/// may be its first. The latest of those that came due at `oldest` or after fires, and the others of them
/// are folded into it. Of those before, at most `max_expired` expire at once.
pub(crate) fn catch_up(
    due: Vec<Planned>,
    later: impl Iterator<Item = Planned>,
    now: DateTime<Utc>,
    oldest: DateTime<Utc>,
    max_expired: usize,
) -> CatchUp {
    let mut outcome = CatchUp::default();
    let known: HashSet<_> = due.iter().map(|plan| plan.reminder_id).collect();
    let unknown = later.filter(|plan| !known.contains(&plan.reminder_id));
    let mut recent = Vec::new();
    for plan in due.into_iter().chain(unknown) {
        if plan.fire_at > now {
            outcome.next = Some(plan);
            break;
        }
        if plan.fire_at >= oldest {
            recent.push(plan);
        } else if outcome.expired.len() < max_expired {
            outcome.expired.push(plan);
        } else {
            outcome.next = Some(plan);
            return outcome;
        }
    }
    recent.sort_by_key(|plan| (plan.fire_at, plan.occurrence));
    outcome.fired = recent.pop();
    outcome.folded = recent;
    outcome
}

#[cfg(test)]
mod tests {
    use events::ReminderId;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + 60 * minute, 0).expect("an instant")
    }

    fn plan(minute: i64) -> Planned {
        let number = u128::try_from(minute).expect("a positive minute");
        Planned {
            reminder_id: ReminderId::from(uuid::Uuid::from_u128(number)),
            fire_at: at(minute),
            snoozed: false,
            occurrence: None,
            offset: None,
            due_date: None,
        }
    }

    fn every_ten_minutes(from: i64) -> impl Iterator<Item = Planned> {
        (0..).map(move |step| plan(from + 10 * step))
    }

    #[test]
    fn given_one_that_is_due_then_it_fires_and_the_next_stands() {
        let outcome = catch_up(vec![plan(10)], every_ten_minutes(10), at(11), at(0), 5);
        assert_eq!(outcome.fired, Some(plan(10)));
        assert_eq!(outcome.next, Some(plan(20)));
        assert_eq!((outcome.expired.len(), outcome.folded.len()), (0, 0));
    }

    #[test]
    fn given_several_missed_then_the_latest_fires_and_the_others_are_folded_into_it() {
        let outcome = catch_up(vec![plan(10)], every_ten_minutes(10), at(45), at(0), 5);
        assert_eq!(outcome.fired, Some(plan(40)));
        assert_eq!(outcome.folded, [plan(10), plan(20), plan(30)]);
        assert_eq!(outcome.next, Some(plan(50)));
    }

    #[test]
    fn given_some_missed_for_too_long_then_those_expire() {
        let outcome = catch_up(vec![plan(10)], every_ten_minutes(10), at(45), at(25), 5);
        assert_eq!(outcome.expired, [plan(10), plan(20)]);
        assert_eq!(outcome.folded, [plan(30)]);
        assert_eq!(outcome.fired, Some(plan(40)));
    }

    #[test]
    fn given_more_to_expire_than_one_tick_may_then_the_rest_is_left_and_nothing_fires_yet() {
        let outcome = catch_up(vec![plan(10)], every_ten_minutes(10), at(1000), at(990), 3);
        assert_eq!(outcome.expired, [plan(10), plan(20), plan(30)]);
        assert_eq!((outcome.fired, outcome.next), (None, Some(plan(40))));
    }

    #[test]
    fn given_a_current_occurrence_that_was_moved_beyond_later_ones_then_the_order_is_that_of_the_times()
     {
        let outcome = catch_up(vec![plan(38), plan(10)], every_ten_minutes(10), at(39), at(0), 5);
        assert_eq!(outcome.fired, Some(plan(38)));
        assert_eq!(outcome.folded, [plan(10), plan(20), plan(30)]);
        assert_eq!(outcome.next, Some(plan(40)));
    }

    #[test]
    fn given_the_last_occurrence_then_nothing_stands_after_it() {
        let outcome = catch_up(vec![plan(10)], std::iter::empty(), at(11), at(0), 5);
        assert_eq!((outcome.fired, outcome.next), (Some(plan(10)), None));
    }
}
