//! Times, spans and values as they are said.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use events::{Due, Nominal, ReminderSpec, TimeZone};

const DAY: &str = "%a %-d %b %Y";
const DAY_AND_TIME: &str = "%a %-d %b %Y %H:%M";

const MINUTE_SECS: i64 = 60;
const HOUR_SECS: i64 = 60 * MINUTE_SECS;
const DAY_SECS: i64 = 24 * HOUR_SECS;

/// A text with a capital at its beginning.
pub(super) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

pub(super) fn day(day: NaiveDate) -> String {
    day.format(DAY).to_string()
}

pub(super) fn day_time(at: DateTime<Utc>, zone: TimeZone) -> String {
    zone.local(at).format(DAY_AND_TIME).to_string()
}

pub(super) fn due(due: Due, zone: TimeZone) -> String {
    match due {
        Due::At(at) => day_time(at, zone),
        Due::On(date) => day(date),
    }
}

pub(super) fn nominal(nominal: Nominal) -> String {
    match nominal {
        Nominal::Day(date) => day(date),
        Nominal::Time(local) => local.format(DAY_AND_TIME).to_string(),
    }
}

/// How long something lasts, to the two units that matter.
pub(super) fn lasting(span: TimeDelta) -> String {
    let secs = span.num_milliseconds().abs().saturating_add(500) / 1000;
    if secs < MINUTE_SECS {
        return count(secs.max(1), "second");
    }
    // To the minute: 2:59.9 before is 3 minutes before.
    let minutes = (secs + MINUTE_SECS / 2) / MINUTE_SECS;
    let secs = minutes * MINUTE_SECS;
    let (units, rest) = match secs {
        _ if secs >= DAY_SECS => {
            (count(secs / DAY_SECS, "day"), (secs % DAY_SECS / HOUR_SECS, "hour"))
        }
        _ if secs >= HOUR_SECS => {
            (count(secs / HOUR_SECS, "hour"), (secs % HOUR_SECS / MINUTE_SECS, "minute"))
        }
        _ => return count(minutes, "minute"),
    };
    match rest {
        (0, _) => units,
        (number, unit) => format!("{units} {}", count(number, unit)),
    }
}

fn count(number: i64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// How something lies to the time at which a reminder was to come; positive is before it.
pub(super) fn before(ahead: TimeDelta) -> String {
    if ahead < TimeDelta::zero() {
        return format!("{} after that, before it came", lasting(ahead));
    }
    format!("{} before", lasting(ahead))
}

/// How a time lies to another: `30 minutes before`, `1 hour after`.
pub(super) fn distance(from: TimeDelta) -> String {
    let side = if from < TimeDelta::zero() { "before" } else { "after" };
    format!("{} {side}", lasting(from))
}

pub(super) fn reminder(spec: &ReminderSpec, zone: TimeZone) -> String {
    match spec {
        ReminderSpec::Offset(offset) if offset.seconds() == 0 => "at the due time".to_owned(),
        ReminderSpec::Offset(offset) => {
            format!("{} it", distance(TimeDelta::seconds(offset.seconds())))
        }
        ReminderSpec::At(at) => day_time(*at, zone),
    }
}
