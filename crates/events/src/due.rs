//! When a task is due: an instant, or a whole day.

use std::{borrow::Cow, fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::wire::parse_instant;

/// The text is neither an RFC 3339 time nor a date.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is neither an RFC 3339 time (2026-11-24T17:00:00Z) nor a date (2026-11-24)")]
pub struct DueError {
    text: String,
}

/// A task's due date. Of a recurring task: of its oldest occurrence not yet done.
///
/// Read with any RFC 3339 offset, written in UTC; a date is a whole day in the task's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Due {
    /// An instant.
    At(DateTime<Utc>),
    /// A whole day, wherever its instants lie.
    On(NaiveDate),
}

impl FromStr for Due {
    type Err = DueError;

    fn from_str(text: &str) -> Result<Self, DueError> {
        let invalid = || DueError { text: text.to_owned() };
        if text.len() != 10 {
            return parse_instant(text).map(Self::At).ok_or_else(invalid);
        }
        // chrono also takes blanks and signs in place of digits.
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(Self::On)
            .ok()
            .filter(|day| day.to_string() == text)
            .ok_or_else(invalid)
    }
}

impl TryFrom<String> for Due {
    type Error = DueError;

    fn try_from(text: String) -> Result<Self, DueError> {
        text.parse()
    }
}

impl From<Due> for String {
    fn from(due: Due) -> Self {
        due.to_string()
    }
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            Self::On(day) => day.format("%Y-%m-%d").fmt(f),
        }
    }
}

impl JsonSchema for Due {
    fn schema_name() -> Cow<'static, str> {
        "Due".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "anyOf": [{ "format": "date-time" }, { "format": "date" }],
            "description": "An instant, or a date for a whole day in the task's zone.",
            "examples": ["2026-11-24T17:00:00Z", "2026-11-24"]
        })
    }
}
