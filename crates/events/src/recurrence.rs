//! How a task repeats: an RFC 5545 rule in the local time of a zone.

use chrono::NaiveDateTime;
use rrule::{Frequency, RRule, Tz, Unvalidated};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Nominal, TimeZone};

/// The longest rule text, in characters.
pub const MAX_RRULE_CHARS: usize = 500;
/// The most skipped occurrences that one rule carries.
pub const MAX_EXDATES: usize = 1000;
/// Nothing recurs more often than every so many minutes.
pub const MIN_INTERVAL_MINUTES: u16 = 5;

const MINUTES_PER_HOUR: u16 = 60;

/// Why a recurrence rule is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceError {
    /// The text is no RFC 5545 recurrence rule, or one that can't begin at `dtstart`.
    #[error("the rule is not valid: {0}")]
    Rule(String),
    /// More than [`MAX_RRULE_CHARS`].
    #[error("a rule has at most {MAX_RRULE_CHARS} characters")]
    TooLong,
    /// More often than every [`MIN_INTERVAL_MINUTES`].
    #[error("nothing recurs more often than every {MIN_INTERVAL_MINUTES} minutes")]
    TooOften,
    /// More than [`MAX_EXDATES`].
    #[error("a rule skips at most {MAX_EXDATES} occurrences")]
    TooManyExdates,
    /// `dtstart` is a day and an exdate is a time, or the other way round.
    #[error("dtstart and exdates are all days or all local times")]
    MixedKinds,
}

/// Where the next occurrence counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Basis {
    /// From the due date, whenever the task is done.
    #[default]
    DueDate,
    /// From the completion: every three days *after I did it*.
    Completion,
}

/// A validated recurrence rule: expanded in local time, localised in `time_zone`.
///
/// `dtstart` is where the rule began and stays there when the due date rolls on, so that COUNT,
/// INTERVAL and BYSETPOS do not restart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Wire", into = "Wire")]
#[schemars(with = "Wire", rename = "RecurrenceRule")]
pub struct RecurrenceRule {
    rrule: String,
    dtstart: Nominal,
    time_zone: TimeZone,
    exdates: Vec<Nominal>,
    basis: Basis,
}

impl RecurrenceRule {
    /// Checks a rule.
    ///
    /// # Errors
    /// Says which limit or which part of RFC 5545 is broken.
    pub fn new(
        rrule: &str,
        dtstart: Nominal,
        time_zone: TimeZone,
        exdates: Vec<Nominal>,
        basis: Basis,
    ) -> Result<Self, RecurrenceError> {
        let rrule = rrule.strip_prefix("RRULE:").unwrap_or(rrule);
        if rrule.chars().count() > MAX_RRULE_CHARS {
            return Err(RecurrenceError::TooLong);
        }
        if exdates.len() > MAX_EXDATES {
            return Err(RecurrenceError::TooManyExdates);
        }
        let is_day = |nominal: &Nominal| matches!(nominal, Nominal::Day(_));
        if exdates.iter().any(|exdate| is_day(exdate) != is_day(&dtstart)) {
            return Err(RecurrenceError::MixedKinds);
        }
        let rule: RRule<Unvalidated> = rrule.parse().map_err(invalid)?;
        if rule.get_interval() == 0 {
            return Err(RecurrenceError::Rule("INTERVAL is at least 1".to_owned()));
        }
        if too_often(&rule) {
            return Err(RecurrenceError::TooOften);
        }
        rule.validate(floating(dtstart)).map_err(invalid)?;
        Ok(Self { rrule: rrule.to_owned(), dtstart, time_zone, exdates, basis })
    }

    /// The rule's text, `FREQ=WEEKLY;INTERVAL=2;BYDAY=SU` for one.
    #[must_use]
    pub fn rrule(&self) -> &str {
        &self.rrule
    }

    /// The first occurrence, in local time.
    #[must_use]
    pub const fn dtstart(&self) -> Nominal {
        self.dtstart
    }

    /// The zone whose clocks the occurrences follow.
    #[must_use]
    pub const fn time_zone(&self) -> TimeZone {
        self.time_zone
    }

    /// Occurrences that are passed over, in local time.
    #[must_use]
    pub fn exdates(&self) -> &[Nominal] {
        &self.exdates
    }

    /// Where the next occurrence counts from.
    #[must_use]
    pub const fn basis(&self) -> Basis {
        self.basis
    }
}

/// Local time stands as if it were UTC: expansion knows no zone.
fn floating(nominal: Nominal) -> chrono::DateTime<Tz> {
    let local = match nominal {
        Nominal::Time(time) => time,
        Nominal::Day(day) => NaiveDateTime::from(day),
    };
    local.and_utc().with_timezone(&Tz::UTC)
}

fn too_often(rule: &RRule<Unvalidated>) -> bool {
    let frequency = match rule.get_freq() {
        Frequency::Secondly => true,
        Frequency::Minutely => rule.get_interval() < MIN_INTERVAL_MINUTES,
        _ => false,
    };
    frequency || rule.get_by_second().len() > 1 || minutes_too_close(rule.get_by_minute())
}

/// Whether two of these minutes of an hour lie too close, also across its end.
fn minutes_too_close(minutes: &[u8]) -> bool {
    let mut minutes: Vec<u16> = minutes.iter().map(|minute| u16::from(*minute)).collect();
    minutes.sort_unstable();
    minutes.dedup();
    let Some(first) = minutes.first().copied() else { return false };
    minutes.push(first + MINUTES_PER_HOUR);
    minutes.windows(2).any(|pair| pair[1] - pair[0] < MIN_INTERVAL_MINUTES)
}

fn invalid(error: impl std::fmt::Display) -> RecurrenceError {
    RecurrenceError::Rule(error.to_string())
}

/// How a task repeats: an RFC 5545 rule in the local time of a zone.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Wire {
    /// RFC 5545 RRULE; nothing more often than every 5 minutes.
    #[schemars(length(min = 1, max = MAX_RRULE_CHARS))]
    rrule: String,
    /// The first occurrence, in local time; stays when the due date rolls.
    dtstart: Nominal,
    time_zone: TimeZone,
    /// Occurrences that are passed over.
    #[serde(default)]
    #[schemars(length(max = MAX_EXDATES))]
    exdates: Vec<Nominal>,
    /// Where the next occurrence counts from.
    #[serde(default)]
    basis: Basis,
}

impl TryFrom<Wire> for RecurrenceRule {
    type Error = RecurrenceError;

    fn try_from(wire: Wire) -> Result<Self, RecurrenceError> {
        Self::new(&wire.rrule, wire.dtstart, wire.time_zone, wire.exdates, wire.basis)
    }
}

impl From<RecurrenceRule> for Wire {
    fn from(rule: RecurrenceRule) -> Self {
        Self {
            rrule: rule.rrule,
            dtstart: rule.dtstart,
            time_zone: rule.time_zone,
            exdates: rule.exdates,
            basis: rule.basis,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(rrule: &str) -> Result<RecurrenceRule, RecurrenceError> {
        let dtstart = "2026-11-29T18:00:00".parse().expect("a local time");
        let berlin = "Europe/Berlin".parse().expect("a zone");
        RecurrenceRule::new(rrule, dtstart, berlin, vec![], Basis::DueDate)
    }

    #[test]
    fn rules_of_rfc_5545_are_taken() {
        for text in [
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
            "RRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=10",
            "FREQ=YEARLY;UNTIL=20301231T000000Z",
            "FREQ=MINUTELY;INTERVAL=5",
            "FREQ=DAILY;BYHOUR=9,18;BYMINUTE=0,30",
        ] {
            assert!(rule(text).is_ok(), "{text}: {:?}", rule(text));
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in [
            "",
            "every day",
            "FREQ=SOMETIMES",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;FREQ=DAILY",
            "INTERVAL=2",
        ] {
            assert!(
                matches!(rule(text), Err(RecurrenceError::Rule(_))),
                "{text}: {:?}",
                rule(text)
            );
        }
    }

    #[test]
    fn nothing_recurs_more_often_than_every_five_minutes() {
        for text in [
            "FREQ=SECONDLY",
            "FREQ=MINUTELY;INTERVAL=4",
            "FREQ=HOURLY;BYMINUTE=0,4",
            "FREQ=HOURLY;BYMINUTE=2,58",
            "FREQ=HOURLY;BYMINUTE=0;BYSECOND=0,30",
        ] {
            assert_eq!(rule(text), Err(RecurrenceError::TooOften), "{text}");
        }
        assert!(rule("FREQ=HOURLY;BYMINUTE=5,10,58").is_ok());
    }

    #[test]
    fn days_and_times_do_not_mix() {
        let day = "2026-11-29".parse().expect("a day");
        let time = "2026-12-06T18:00:00".parse().expect("a local time");
        let mixed =
            RecurrenceRule::new("FREQ=DAILY", day, TimeZone::UTC, vec![time], Basis::DueDate);
        assert_eq!(mixed, Err(RecurrenceError::MixedKinds));
    }
}
