//! How a task repeats: an RFC 5545 rule in the local time of a zone.
//!
//! [`RecurrenceRule::new`] checks a rule once; `text` and `parts` hold what it says, `expansion` finds its
//! occurrences in local time, `series` turns them into instants. docs/recurrence.md says what is
//! supported, and where others understand a rule otherwise.

mod day;
mod expansion;
mod parts;
mod period;
mod series;
mod spacing;
#[cfg(test)]
mod tests;
mod text;

use chrono::NaiveDateTime;
use rrule::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::expansion::{LAST_YEAR, MAX_EMPTY_DAYS};
use self::{
    expansion::Occurrences,
    parts::{Freq, Parts},
    text::Until,
};
use crate::{Nominal, TimeZone};

/// The longest rule text, in characters.
pub const MAX_RRULE_CHARS: usize = 500;
/// The most skipped occurrences that one rule carries.
pub const MAX_EXDATES: usize = 1000;
/// The largest COUNT. Counting begins at `dtstart` whenever a rule is asked something.
pub const MAX_COUNT: u32 = 10_000;
/// Nothing recurs more often than every so many minutes.
pub const MIN_INTERVAL_MINUTES: u16 = 5;

/// Why a recurrence rule is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceError {
    /// The text is no RFC 5545 recurrence rule.
    #[error("the rule is not valid: {0}")]
    Rule(String),
    /// More than [`MAX_RRULE_CHARS`].
    #[error("a rule has at most {MAX_RRULE_CHARS} characters")]
    TooLong,
    /// More often than every [`MIN_INTERVAL_MINUTES`].
    #[error("nothing recurs more often than every {MIN_INTERVAL_MINUTES} minutes")]
    TooOften,
    /// More than [`MAX_COUNT`].
    #[error("COUNT is at most {MAX_COUNT}")]
    TooManyOccurrences,
    /// More than [`MAX_EXDATES`].
    #[error("a rule skips at most {MAX_EXDATES} occurrences")]
    TooManyExdates,
    /// `dtstart` is a day and an exdate is a time, or the other way round.
    #[error("dtstart and exdates are all days or all local times")]
    MixedKinds,
    /// `dtstart` is a day, and the rule names hours or minutes.
    #[error("a rule of whole days has no BYHOUR, BYMINUTE or BYSECOND, and repeats at most daily")]
    PartOfDay,
    /// UNTIL is over when the rule begins.
    #[error("UNTIL is not before dtstart")]
    UntilBeforeStart,
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
    /// What the text says, with what it leaves open.
    parts: Box<Parts>,
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
        check_exdates(&exdates, dtstart)?;
        let parts = Box::new(parse(rrule, dtstart, time_zone)?);
        Ok(Self { rrule: rrule.to_owned(), dtstart, time_zone, exdates, basis, parts })
    }

    /// The rule's text, `FREQ=WEEKLY;INTERVAL=2;BYDAY=SU` for one.
    #[must_use]
    pub fn rrule(&self) -> &str {
        &self.rrule
    }

    /// Where the rule began, in local time: the first occurrence, if the rule names it.
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

fn parse(rrule: &str, dtstart: Nominal, zone: TimeZone) -> Result<Parts, RecurrenceError> {
    let start = floating(dtstart);
    let (rule, until) = text::parse(rrule, start.and_utc().with_timezone(&Tz::UTC))?;
    if rule.get_count() > Some(MAX_COUNT) {
        return Err(RecurrenceError::TooManyOccurrences);
    }
    let freq = Freq::new(rule.get_freq()).ok_or(RecurrenceError::TooOften)?;
    let names_times = freq > Freq::Daily
        || !rule.get_by_hour().is_empty()
        || !rule.get_by_minute().is_empty()
        || !rule.get_by_second().is_empty();
    if is_day(dtstart) && names_times {
        return Err(RecurrenceError::PartOfDay);
    }
    let until = until.map(|until| last_local(until, dtstart, zone));
    if until.is_some_and(|until| until < start) {
        return Err(RecurrenceError::UntilBeforeStart);
    }
    let parts = Parts::new(&rule, freq, start, until);
    if rule.get_by_second().len() > 1 || spacing::too_often(&parts) {
        return Err(RecurrenceError::TooOften);
    }
    Ok(parts)
}

/// The last local time that UNTIL allows.
fn last_local(until: Until, dtstart: Nominal, zone: TimeZone) -> NaiveDateTime {
    let last = match until {
        Until::Day(day) => return day.and_hms_opt(23, 59, 59).unwrap_or_else(|| day.into()),
        Until::Local(local) => local,
        Until::Utc(utc) => zone.local(utc.and_utc()),
    };
    // Of whole days, the one that it lies in is the last.
    if is_day(dtstart) { last.date().into() } else { last }
}

fn check_exdates(exdates: &[Nominal], dtstart: Nominal) -> Result<(), RecurrenceError> {
    if exdates.len() > MAX_EXDATES {
        return Err(RecurrenceError::TooManyExdates);
    }
    if exdates.iter().any(|exdate| is_day(*exdate) != is_day(dtstart)) {
        return Err(RecurrenceError::MixedKinds);
    }
    Ok(())
}

const fn is_day(nominal: Nominal) -> bool {
    matches!(nominal, Nominal::Day(_))
}

/// A local time; of a day its midnight.
fn floating(nominal: Nominal) -> NaiveDateTime {
    match nominal {
        Nominal::Time(time) => time,
        Nominal::Day(day) => day.into(),
    }
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
