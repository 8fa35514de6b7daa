//! The text of a rule: what RFC 5545 asks of it beyond what the `rrule` crate does.
//!
//! The crate parses; it also takes what is no rule (`BYDAY=everyMO`), reads UNTIL in the zone of the
//! machine, and allows fewer ordinals and positions than RFC 5545 does. These are looked at here.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use rrule::{Frequency, NWeekday, RRule, Tz, Unvalidated};

use super::RecurrenceError;

const MAX_POSITION: i32 = 366;
const MAX_ORDINAL_IN_MONTH: i16 = 5;
const MAX_ORDINAL_IN_YEAR: i16 = 53;
const UNTIL: &str = "UNTIL";
const COUNT: &str = "COUNT";

/// UNTIL as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// `20261231`: the whole day.
    Day(NaiveDate),
    /// `20261231T180000`: in the rule's zone.
    Local(NaiveDateTime),
    /// `20261231T180000Z`.
    Utc(NaiveDateTime),
}

/// A rule's parts, and its UNTIL, in the bounds of RFC 5545.
pub(super) fn parse(
    text: &str,
    start: DateTime<Tz>,
) -> Result<(RRule<Unvalidated>, Option<Until>), RecurrenceError> {
    let strange = |c: char| !c.is_ascii_alphanumeric() && !"=;,+-".contains(c);
    if text.contains(strange) {
        return Err(refused("only letters, digits and =;,+- make a rule"));
    }
    let mut until = None;
    let mut others = Vec::new();
    for part in text.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(|| refused("a part is NAME=VALUE"))?;
        match name.to_ascii_uppercase().as_str() {
            UNTIL if until.is_some() => return Err(refused("UNTIL comes twice")),
            UNTIL => until = Some(parse_until(value)?),
            "BYDAY" | "BYWEEKDAY" if !value.split(',').all(is_weekday) => {
                return Err(refused("BYDAY lists weekdays as MO, 2MO or -1MO"));
            }
            _ if value.split(',').any(str::is_empty) => return Err(refused("a value is missing")),
            _ => others.push(part),
        }
    }
    // What it says of these weighs nothing.
    let rule: RRule<Unvalidated> = others.join(";").parse().map_err(invalid)?;
    if rule.get_count().is_some() && until.is_some() {
        return Err(refused("COUNT and UNTIL exclude each other"));
    }
    if rule.get_count() == Some(0) || rule.get_interval() == 0 {
        return Err(refused("COUNT and INTERVAL are at least 1"));
    }
    check_ordinals(&rule)?;
    check_positions(&rule)?;
    let rest = rule.clone().by_weekday(vec![]).by_set_pos(vec![]);
    rest.validate(start).map_err(invalid)?;
    Ok((rule, until))
}

/// The same rule for so many occurrences.
pub(super) fn with_count(text: &str, count: u32) -> String {
    let is_count =
        |part: &str| part.split_once('=').is_some_and(|(name, _)| name.eq_ignore_ascii_case(COUNT));
    let parts = text
        .split(';')
        .map(|part| if is_count(part) { format!("{COUNT}={count}") } else { part.to_owned() });
    parts.collect::<Vec<_>>().join(";")
}

fn parse_until(value: &str) -> Result<Until, RecurrenceError> {
    let value = value.to_ascii_uppercase();
    let digits = |text: &str, len: usize| {
        text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let time = |text: &str| NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok();
    let until = match value.split_once('T') {
        None if digits(&value, 8) => {
            NaiveDate::parse_from_str(&value, "%Y%m%d").ok().map(Until::Day)
        }
        Some((day, clock)) if digits(day, 8) => match clock.strip_suffix('Z') {
            Some(clock) if digits(clock, 6) => time(&format!("{day}T{clock}")).map(Until::Utc),
            None if digits(clock, 6) => time(&value).map(Until::Local),
            _ => None,
        },
        _ => None,
    };
    until.ok_or_else(|| refused("UNTIL is 20261231, 20261231T180000 or 20261231T180000Z"))
}

fn is_weekday(text: &str) -> bool {
    let Some((ordinal, weekday)) = text.len().checked_sub(2).map(|at| text.split_at(at)) else {
        return false;
    };
    let ordinal = ordinal
        .strip_prefix(['+', '-'])
        .map_or_else(|| ordinal.is_empty() || is_ordinal(ordinal), is_ordinal);
    let weekday = weekday.to_ascii_uppercase();
    ordinal && ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].contains(&weekday.as_str())
}

fn is_ordinal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u8>().is_ok_and(|n| n > 0)
}

fn check_ordinals(rule: &RRule<Unvalidated>) -> Result<(), RecurrenceError> {
    let ordinals = rule.get_by_weekday().iter().filter_map(|day| match day {
        NWeekday::Nth(ordinal, _) => Some(ordinal.abs()),
        NWeekday::Every(_) => None,
    });
    let Some(largest) = ordinals.max() else { return Ok(()) };
    let most = match rule.get_freq() {
        Frequency::Yearly if !rule.get_by_week_no().is_empty() => {
            return Err(refused("BYDAY with BYWEEKNO has no ordinals"));
        }
        Frequency::Yearly if rule.get_by_month().is_empty() => MAX_ORDINAL_IN_YEAR,
        Frequency::Yearly | Frequency::Monthly => MAX_ORDINAL_IN_MONTH,
        _ => return Err(refused("BYDAY has ordinals in a month or a year only")),
    };
    if largest > most {
        return Err(refused("a weekday comes at most 5 times in a month and 53 times in a year"));
    }
    Ok(())
}

fn check_positions(rule: &RRule<Unvalidated>) -> Result<(), RecurrenceError> {
    let positions = rule.get_by_set_pos();
    if positions.iter().any(|position| *position == 0 || position.abs() > MAX_POSITION) {
        return Err(refused("BYSETPOS is 1 to 366 or -366 to -1"));
    }
    let chooses = rule.get_by_month().is_empty()
        && rule.get_by_week_no().is_empty()
        && rule.get_by_year_day().is_empty()
        && rule.get_by_month_day().is_empty()
        && rule.get_by_weekday().is_empty()
        && rule.get_by_hour().is_empty()
        && rule.get_by_minute().is_empty()
        && rule.get_by_second().is_empty();
    if !positions.is_empty() && chooses {
        return Err(refused("BYSETPOS chooses from what another BYxxx part names"));
    }
    Ok(())
}

fn refused(why: &str) -> RecurrenceError {
    RecurrenceError::Rule(why.to_owned())
}

fn invalid(error: impl std::fmt::Display) -> RecurrenceError {
    RecurrenceError::Rule(error.to_string())
}
