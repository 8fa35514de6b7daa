//! A time as a calendar on the wall shows it: no zone, no offset.

use std::{borrow::Cow, fmt, str::FromStr};

use chrono::{NaiveDate, NaiveDateTime};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The text is neither `2026-11-29` nor `2026-11-29T18:00:00`.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is neither a local time (2026-11-29T18:00:00) nor a date (2026-11-29)")]
pub struct NominalError {
    text: String,
}

/// A local time or a whole day: an occurrence as its rule names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Nominal {
    /// A whole day, `2026-11-29`.
    Day(NaiveDate),
    /// A local time to the second, `2026-11-29T18:00:00`.
    Time(NaiveDateTime),
}

impl Nominal {
    const TIME_FORMAT: &'static str = "%Y-%m-%dT%H:%M:%S";
    const DAY_FORMAT: &'static str = "%Y-%m-%d";

    /// The day that the time lies on.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Time(time) => time.date(),
        }
    }
}

impl FromStr for Nominal {
    type Err = NominalError;

    fn from_str(text: &str) -> Result<Self, NominalError> {
        let invalid = || NominalError { text: text.to_owned() };
        // chrono takes years of any length, and blanks and signs in place of digits; ours is the
        // one form that is written.
        match text.len() {
            10 => NaiveDate::parse_from_str(text, Self::DAY_FORMAT).map(Self::Day),
            19 => NaiveDateTime::parse_from_str(text, Self::TIME_FORMAT).map(Self::Time),
            _ => return Err(invalid()),
        }
        .ok()
        .filter(|nominal| nominal.to_string() == text)
        .ok_or_else(invalid)
    }
}

impl TryFrom<String> for Nominal {
    type Error = NominalError;

    fn try_from(text: String) -> Result<Self, NominalError> {
        text.parse()
    }
}

impl From<Nominal> for String {
    fn from(nominal: Nominal) -> Self {
        nominal.to_string()
    }
}

impl fmt::Display for Nominal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.format(Self::DAY_FORMAT).fmt(f),
            Self::Time(time) => time.format(Self::TIME_FORMAT).fmt(f),
        }
    }
}

impl JsonSchema for Nominal {
    fn schema_name() -> Cow<'static, str> {
        "Nominal".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2})?$",
            "description": "A local time, or a date for a whole day; no zone.",
            "examples": ["2026-11-29T18:00:00", "2026-11-29"]
        })
    }
}
