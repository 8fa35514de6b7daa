//! A time as a property has it: a day, an instant, or what the clocks of a zone show.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use events::{Due, Nominal, TimeZone};

/// A time as a property has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    Day(NaiveDate),
    Utc(DateTime<Utc>),
    Local(NaiveDateTime, TimeZone),
}

impl Time {
    pub(super) fn date(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Utc(time) => time.date_naive(),
            Self::Local(local, _) => local.date(),
        }
    }

    pub(super) fn due(self) -> Due {
        match self {
            Self::Day(day) => Due::On(day),
            other => Due::At(other.instant()),
        }
    }

    pub(super) fn instant(self) -> DateTime<Utc> {
        match self {
            Self::Day(day) => day.and_time(NaiveTime::MIN).and_utc(),
            Self::Utc(time) => time,
            Self::Local(local, zone) => zone.instant(local),
        }
    }

    pub(super) fn plus(self, delta: TimeDelta) -> Self {
        match self {
            Self::Day(day) => Self::Day(day.checked_add_signed(delta).unwrap_or(day)),
            Self::Utc(time) => Self::Utc(time + delta),
            Self::Local(local, zone) => Self::Utc(zone.instant(local) + delta),
        }
    }

    /// As an occurrence, and the zone whose clocks it goes by.
    pub(super) fn nominal(self, own_zone: TimeZone) -> (Nominal, TimeZone) {
        let zone = match self {
            Self::Day(_) => own_zone,
            Self::Utc(_) => TimeZone::UTC,
            Self::Local(_, zone) => zone,
        };
        (self.nominal_in(zone), zone)
    }

    pub(super) fn nominal_in(self, zone: TimeZone) -> Nominal {
        match self {
            Self::Day(day) => Nominal::Day(day),
            Self::Local(local, own) if own == zone => Nominal::Time(local),
            other => Nominal::Time(zone.local(other.instant())),
        }
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Utc(time) => time.format("%Y-%m-%d %H:%M UTC").fmt(f),
            Self::Local(local, zone) => write!(f, "{} {zone}", local.format("%Y-%m-%d %H:%M")),
        }
    }
}

/// `20261224`, `20261224T170000` or `20261224T170000Z`.
pub(super) fn parse_time(text: &str, zone: TimeZone) -> Option<Time> {
    // chrono takes blanks and signs in place of digits.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'T' | b'Z'));
    if !is_plain {
        return None;
    }
    if text.len() == 8 {
        return NaiveDate::parse_from_str(text, "%Y%m%d").ok().map(Time::Day);
    }
    let (local, is_utc) = text.strip_suffix('Z').map_or((text, false), |local| (local, true));
    let local =
        NaiveDateTime::parse_from_str(local, "%Y%m%dT%H%M%S").ok().filter(|_| local.len() == 15)?;
    let local = local.with_nanosecond(0)?;
    Some(if is_utc { Time::Utc(local.and_utc()) } else { Time::Local(local, zone) })
}

/// A zone by its name, also where somebody put their own before it, as `/example.org/Europe/Berlin`.
pub(super) fn zone_of(name: &str) -> Option<TimeZone> {
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
    let ending = |count: usize| parts.len().checked_sub(count).map(|from| parts[from..].join("/"));
    name.parse()
        .ok()
        .or_else(|| (2..=3).rev().filter_map(ending).find_map(|name| name.parse().ok()))
}
