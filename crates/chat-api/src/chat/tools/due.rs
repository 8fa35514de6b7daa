//! When a task is due that is moved: what it keeps of its time, and so much later. Pure.

use chrono::{DateTime, Days, Months, NaiveDateTime, TimeDelta, Utc};
use events::{Due, TimeZone};

use super::{
    arguments::{Keep, When},
    outcome::Reason,
};
use crate::domain::{
    schedule::{check_due, is_same_kind},
    task::Task,
};

/// When a task is due that is moved, by the clocks of a zone; none where it is due no more.
pub(super) fn moved(
    task: &Task,
    when: &When,
    zone: TimeZone,
    now: DateTime<Utc>,
) -> Result<Option<Due>, Reason> {
    let due = match when {
        When::Never {} => None,
        When::To { due_date, keep } => Some(to(task, *due_date, *keep, zone, now)),
        When::By { months, days, seconds } => {
            let by = (*months, *days, *seconds);
            Some(by_so_much(task, by, zone, now).ok_or_else(too_far)?)
        }
    };
    let due = due.map(check_due).transpose();
    let due = due.map_err(|refused| Reason::Refused(format!("the due date {refused}")))?;
    match (&task.state.recurrence, due) {
        (Some(_), None) => Err(Reason::AlwaysDue),
        (Some(rule), Some(due)) if !is_same_kind(rule, due) => Err(Reason::OtherKind),
        _ => Ok(due),
    }
}

fn to(task: &Task, due: Due, keep: Option<Keep>, zone: TimeZone, now: DateTime<Utc>) -> Due {
    match (keep, task.state.due_date, due) {
        (Some(Keep::Time), Some(Due::At(before)), _) => {
            let day = match due {
                Due::On(day) => day,
                Due::At(at) => zone.local(at).date(),
            };
            Due::At(zone.instant(day.and_time(zone.local(before).time())))
        }
        (Some(Keep::Time), _, Due::At(at)) => Due::On(zone.local(at).date()),
        (Some(Keep::Day), Some(before), Due::At(at)) => {
            let day = match before {
                Due::On(day) => day,
                Due::At(before) => zone.local(before).date(),
            };
            let kept = zone.instant(day.and_time(zone.local(at).time()));
            // Of what is overdue, the day is over as well.
            Due::At(if kept <= now { at } else { kept })
        }
        _ => due,
    }
}

/// From the due time that it has; from today where it has none.
fn by_so_much(
    task: &Task,
    (months, days, seconds): (i32, i64, i64),
    zone: TimeZone,
    now: DateTime<Utc>,
) -> Option<Due> {
    let shift = |local: NaiveDateTime| {
        let size = Months::new(months.unsigned_abs());
        let local = if months < 0 {
            local.checked_sub_months(size)?
        } else {
            local.checked_add_months(size)?
        };
        let size = Days::new(days.unsigned_abs());
        if days < 0 { local.checked_sub_days(size) } else { local.checked_add_days(size) }
    };
    let later = TimeDelta::try_seconds(seconds)?;
    let at =
        |local: NaiveDateTime| zone.instant(shift(local)?).checked_add_signed(later).map(Due::At);
    match task.state.due_date {
        Some(Due::At(due)) => at(zone.local(due)),
        Some(Due::On(day)) if seconds == 0 => Some(Due::On(shift(day.into())?.date())),
        Some(Due::On(day)) => at(day.and_time(task.state.day_time)),
        None if seconds == 0 => Some(Due::On(shift(zone.local(now))?.date())),
        None => at(zone.local(now)),
    }
}

fn too_far() -> Reason {
    Reason::Refused("that is too far away".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::series_tests::{every_day_at_nine, given, rule};

    const NOW: &str = "2027-03-24T11:00:00Z";

    /// In Berlin, an hour ahead of UTC until 28 March 2027 and two from then on.
    fn moved_to(due: &str, when: When) -> Result<Option<String>, Reason> {
        let mut task = every_day_at_nine();
        task.state.recurrence = None;
        task.state.occurrence = None;
        task.state.due_date = (!due.is_empty()).then(|| due.parse().expect("a due date"));
        let zone = "Europe/Berlin".parse().expect("a zone");
        let due = moved(&task, &when, zone, NOW.parse().expect("an instant"))?;
        Ok(due.map(|due| due.to_string()))
    }

    fn to(due: &str, keep: Option<Keep>) -> When {
        When::To { due_date: due.parse().expect("a due date"), keep }
    }

    fn is(due: &str) -> Result<Option<String>, Reason> {
        Ok(Some(due.to_owned()))
    }

    #[test]
    fn another_day_keeps_the_local_time_on_both_sides_of_a_change_of_clocks() {
        let monday = || to("2027-03-29", Some(Keep::Time));
        assert_eq!(moved_to("2027-03-25T08:00:00Z", monday()), is("2027-03-29T07:00:00Z"));
        assert_eq!(moved_to("2027-03-25", monday()), is("2027-03-29"));
        assert_eq!(moved_to("", monday()), is("2027-03-29"));
    }

    #[test]
    fn another_time_keeps_the_day_unless_that_is_over() {
        let five = || to("2027-03-24T16:00:00Z", Some(Keep::Day));
        assert_eq!(moved_to("2027-03-29T07:00:00Z", five()), is("2027-03-29T15:00:00Z"));
        assert_eq!(moved_to("2027-03-29", five()), is("2027-03-29T15:00:00Z"));
        assert_eq!(moved_to("2027-03-20T07:00:00Z", five()), is("2027-03-24T16:00:00Z"));
        assert_eq!(moved_to("", five()), is("2027-03-24T16:00:00Z"));
    }

    #[test]
    fn so_much_later_counts_from_the_due_time_by_the_calendar_and_then_by_the_clock() {
        let by = |months, days, seconds| When::By { months, days, seconds };
        assert_eq!(moved_to("2027-03-27T08:00:00Z", by(0, 2, 0)), is("2027-03-29T07:00:00Z"));
        assert_eq!(moved_to("2027-03-27T08:00:00Z", by(0, 0, 5400)), is("2027-03-27T09:30:00Z"));
        assert_eq!(moved_to("2027-03-31", by(-1, 0, 0)), is("2027-02-28"));
        assert_eq!(moved_to("2027-03-26", by(0, 0, 3600)), is("2027-03-26T09:00:00Z"));
        assert_eq!(moved_to("", by(0, 7, 0)), is("2027-03-31"));
        assert!(moved_to("2027-03-26", by(i32::MAX, 0, 0)).is_err());
        assert!(moved_to("2027-03-26", by(0, 0, i64::MAX)).is_err());
    }

    #[test]
    fn what_repeats_stays_due_and_of_its_kind() {
        let zone = "Europe/Berlin".parse().expect("a zone");
        let now = NOW.parse().expect("an instant");
        let days = given(rule("FREQ=DAILY", "2027-03-26", "due_date"));
        let times = every_day_at_nine();
        assert_eq!(moved(&days, &When::Never {}, zone, now), Err(Reason::AlwaysDue));
        let five = to("2027-03-24T16:00:00Z", Some(Keep::Day));
        assert_eq!(moved(&days, &five, zone, now), Err(Reason::OtherKind));
        let day = to("2027-03-29", None);
        assert_eq!(moved(&times, &day, zone, now), Err(Reason::OtherKind));
        assert!(moved(&times, &to("2027-03-29", Some(Keep::Time)), zone, now).is_ok());
    }
}
