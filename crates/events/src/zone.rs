//! An IANA time zone by name.

use std::{borrow::Cow, fmt, str::FromStr};

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The clocks change by multiples of a quarter of an hour, at most by a day and a bit: a look back
/// in steps finds a local time before any gap.
const GAP_STEP: TimeDelta = TimeDelta::minutes(15);
const MAX_GAP_STEPS: i32 = 26 * 4;

/// The name is not in the time-zone database that this build carries.
#[derive(Debug, thiserror::Error)]
#[error("{name:?} is no IANA time zone")]
pub struct UnknownZone {
    name: String,
}

/// An IANA time zone, `Europe/Berlin` for one; written as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(Tz);

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone with its rules, for arithmetic.
    #[must_use]
    pub const fn tz(self) -> Tz {
        self.0
    }

    /// The instant of a local time, by RFC 5545's rules: a time that the clocks skip takes the
    /// offset from before the gap; of one that comes twice it is the first.
    #[must_use]
    pub fn instant(self, local: NaiveDateTime) -> DateTime<Utc> {
        if let Some(first) = self.0.from_local_datetime(&local).earliest() {
            return first.to_utc();
        }
        let before_gap = (1..=MAX_GAP_STEPS)
            .find_map(|step| self.0.from_local_datetime(&(local - GAP_STEP * step)).latest());
        let offset = before_gap.map_or(0, |time| time.offset().fix().local_minus_utc());
        (local - TimeDelta::seconds(i64::from(offset))).and_utc()
    }

    /// What the clocks of the zone show at an instant.
    #[must_use]
    pub fn local(self, instant: DateTime<Utc>) -> NaiveDateTime {
        instant.with_timezone(&self.0).naive_local()
    }

    /// The zone's name in the time-zone database.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self::UTC
    }
}

impl FromStr for TimeZone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        name.parse().map(Self).map_err(|_| UnknownZone { name: name.to_owned() })
    }
}

impl TryFrom<String> for TimeZone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        name.parse()
    }
}

impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> Self {
        zone.name().to_owned()
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl JsonSchema for TimeZone {
    fn schema_name() -> Cow<'static, str> {
        "TimeZone".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "description": "An IANA time zone by name.",
            "examples": ["Europe/Berlin"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(zone: &str, local: &str) -> String {
        let zone: TimeZone = zone.parse().expect("a zone");
        zone.instant(local.parse().expect("a local time")).to_rfc3339()
    }

    #[test]
    fn an_ordinary_local_time_is_its_instant() {
        assert_eq!(instant("Europe/Berlin", "2026-07-01T09:00:00"), "2026-07-01T07:00:00+00:00");
        assert_eq!(instant("Asia/Kathmandu", "2026-07-01T09:00:00"), "2026-07-01T03:15:00+00:00");
    }

    #[test]
    fn a_time_in_the_gap_takes_the_offset_before_it() {
        // 02:00 to 03:00 is skipped; 02:30 at +01:00 is 03:30 at +02:00.
        assert_eq!(instant("Europe/Berlin", "2026-03-29T02:30:00"), "2026-03-29T01:30:00+00:00");
        assert_eq!(instant("America/New_York", "2026-03-08T02:30:00"), "2026-03-08T07:30:00+00:00");
        // Half an hour is skipped from 02:00.
        assert_eq!(
            instant("Australia/Lord_Howe", "2026-10-04T02:15:00"),
            "2026-10-03T15:45:00+00:00"
        );
        // A whole day was skipped.
        assert_eq!(instant("Pacific/Apia", "2011-12-30T12:00:00"), "2011-12-30T22:00:00+00:00");
    }

    #[test]
    fn a_time_that_comes_twice_is_the_first() {
        assert_eq!(instant("Europe/Berlin", "2026-10-25T02:30:00"), "2026-10-25T00:30:00+00:00");
        assert_eq!(instant("America/New_York", "2026-11-01T01:30:00"), "2026-11-01T05:30:00+00:00");
    }
}
