//! When a task is due, repeats and reminds, within the years that this system knows.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use events::{Due, Nominal, RecurrenceRule, ReminderSpec, TimeZone};

use super::Refused;

/// The most reminders of one task.
pub(crate) const MAX_REMINDERS: usize = 20;
/// The years that a date may lie in.
const YEARS: RangeInclusive<i32> = 1970..=2200;

/// A due date within the years, to the microsecond (as the database keeps it).
pub(crate) fn check_due(due: Due) -> Result<Due, Refused> {
    match due {
        Due::At(time) => check_instant(time).map(Due::At),
        Due::On(day) => check_day(day).map(Due::On),
    }
}

/// A rule whose every date lies within the years.
pub(crate) fn check_recurrence(rule: RecurrenceRule) -> Result<RecurrenceRule, Refused> {
    check_day(rule.dtstart().date())?;
    for exdate in rule.exdates() {
        check_day(exdate.date())?;
    }
    Ok(rule)
}

/// Reminders within the limits, each once.
pub(crate) fn check_reminders(given: Vec<ReminderSpec>) -> Result<Vec<ReminderSpec>, Refused> {
    if given.len() > MAX_REMINDERS {
        return Err(Refused::new(format!("a task has at most {MAX_REMINDERS} reminders")));
    }
    let mut reminders = Vec::with_capacity(given.len());
    for spec in given {
        let spec = match spec {
            ReminderSpec::At(time) => ReminderSpec::At(check_instant(time)?),
            offset @ ReminderSpec::Offset(_) => offset,
        };
        if !reminders.contains(&spec) {
            reminders.push(spec);
        }
    }
    Ok(reminders)
}

/// An instant within the years, to the microsecond.
pub(crate) fn check_instant(time: DateTime<Utc>) -> Result<DateTime<Utc>, Refused> {
    check_day(time.date_naive())?;
    DateTime::from_timestamp_micros(time.timestamp_micros()).ok_or_else(out_of_range)
}

fn check_day(day: NaiveDate) -> Result<NaiveDate, Refused> {
    if YEARS.contains(&day.year()) { Ok(day) } else { Err(out_of_range()) }
}

fn out_of_range() -> Refused {
    Refused::new(format!("lies outside of the years {} to {}", YEARS.start(), YEARS.end()))
}

/// The occurrence that a due date means: its nominal local time in the rule's zone, or its date.
pub(crate) fn occurrence_of(rule: &RecurrenceRule, due: Due) -> Nominal {
    match due {
        Due::On(day) => Nominal::Day(day),
        Due::At(time) => {
            let local = time.with_timezone(&rule.time_zone().tz()).naive_local();
            // A nominal time is written to the second.
            Nominal::Time(local.with_nanosecond(0).unwrap_or(local))
        }
    }
}

/// Whether a due date and a rule are both of days or both of times.
pub(crate) fn is_same_kind(rule: &RecurrenceRule, due: Due) -> bool {
    matches!((rule.dtstart(), due), (Nominal::Day(_), Due::On(_)) | (Nominal::Time(_), Due::At(_)))
}

/// The next instant at which a task matters to its owner, as far as it can be told cheaply: the
/// earliest of its reminders that is still to come, else its due time.
pub(crate) fn urgent_at(
    due: Option<Due>,
    (zone, day_time): (TimeZone, NaiveTime),
    reminders: &[ReminderSpec],
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let due = due.map(|due| match due {
        Due::At(time) => time,
        Due::On(day) => zone.instant(day.and_time(day_time)),
    });
    reminders
        .iter()
        .filter_map(|spec| match spec {
            ReminderSpec::At(time) => Some(*time),
            ReminderSpec::Offset(offset) => Some(due? + TimeDelta::seconds(offset.seconds())),
        })
        .filter(|time| *time > now)
        .min()
        .or(due)
}

#[cfg(test)]
mod tests {
    use events::{Basis, DEFAULT_DAY_TIME};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn rule(dtstart: &str) -> RecurrenceRule {
        let berlin = "Europe/Berlin".parse().expect("a zone");
        let dtstart = dtstart.parse().expect("a local time");
        RecurrenceRule::new("FREQ=DAILY", dtstart, berlin, vec![], Basis::DueDate).expect("a rule")
    }

    #[test]
    fn dates_outside_of_the_years_are_refused() {
        for text in ["1969-12-31", "2201-01-01", "1969-12-31T23:59:59Z", "2201-01-01T00:00:00Z"] {
            assert!(check_due(text.parse().expect("a due date")).is_err(), "{text}");
        }
        for text in ["1970-01-01", "2200-12-31", "2200-12-31T23:59:59Z"] {
            assert!(check_due(text.parse().expect("a due date")).is_ok(), "{text}");
        }
        assert!(check_recurrence(rule("1960-01-01T00:00:00")).is_err());
    }

    #[test]
    fn an_instant_is_kept_to_the_microsecond() {
        let checked = check_instant(at("2026-11-24T17:00:00.123456789Z")).expect("in range");
        assert_eq!(checked, at("2026-11-24T17:00:00.123456Z"));
    }

    #[test]
    fn an_occurrence_is_the_local_time_of_the_due_date() {
        let rule = rule("2026-11-29T18:00:00");
        let occurrence = occurrence_of(&rule, Due::At(at("2026-12-06T17:00:00.5Z")));
        assert_eq!(occurrence.to_string(), "2026-12-06T18:00:00");
    }

    #[test]
    fn reminders_are_kept_once_and_at_most_twenty() {
        let twice = vec![ReminderSpec::AT_DUE, ReminderSpec::AT_DUE];
        assert_eq!(check_reminders(twice), Ok(vec![ReminderSpec::AT_DUE]));
        assert!(check_reminders(vec![ReminderSpec::AT_DUE; MAX_REMINDERS + 1]).is_err());
        assert!(check_reminders(vec![ReminderSpec::At(at("1900-01-01T00:00:00Z"))]).is_err());
    }

    #[test]
    fn the_next_reminder_to_come_is_what_is_urgent() {
        let offset = |text: &str| ReminderSpec::Offset(text.parse().expect("an offset"));
        let reminders = [offset("-PT2H"), offset("-PT30M"), offset("PT0S")];
        let due = Some(Due::At(at("2026-11-24T17:00:00Z")));
        let urgent = |now| urgent_at(due, (TimeZone::UTC, DEFAULT_DAY_TIME), &reminders, at(now));
        assert_eq!(urgent("2026-11-24T12:00:00Z"), Some(at("2026-11-24T15:00:00Z")));
        assert_eq!(urgent("2026-11-24T16:00:00Z"), Some(at("2026-11-24T16:30:00Z")));
        assert_eq!(urgent("2026-11-25T00:00:00Z"), Some(at("2026-11-24T17:00:00Z")));
        assert_eq!(
            urgent_at(
                None,
                (TimeZone::UTC, DEFAULT_DAY_TIME),
                &reminders,
                at("2026-11-24T12:00:00Z")
            ),
            None
        );
    }
}
