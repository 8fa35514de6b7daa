//! How long before or after the due time a reminder comes.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The farthest that a reminder may lie from its due time, in seconds: 366 days.
pub const MAX_OFFSET_SECS: i64 = 366 * DAY_SECS;

const WEEK_SECS: i64 = 7 * DAY_SECS;
const DAY_SECS: i64 = 24 * HOUR_SECS;
const HOUR_SECS: i64 = 60 * MINUTE_SECS;
const MINUTE_SECS: i64 = 60;

/// Why a text is no offset.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OffsetError {
    /// Not an ISO 8601 duration of weeks, days, hours, minutes and seconds.
    #[error("{0:?} is no ISO 8601 duration such as -PT30M")]
    Syntax(String),
    /// More than [`MAX_OFFSET_SECS`].
    #[error("an offset is at most 366 days")]
    TooFar,
}

/// A signed duration to the second; negative is before. Written as ISO 8601, `-PT30M`.
///
/// A day is 24 hours here, whatever the clocks do: the sum in seconds is the reminder's identity.
///
/// ```
/// let offset: events::Offset = "-P1DT2H".parse()?;
/// assert_eq!(offset.seconds(), -26 * 3600);
/// assert_eq!(offset.to_string(), "-PT26H");
/// # Ok::<(), events::OffsetError>(())
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Offset(i64);

impl Offset {
    /// At the due time itself.
    pub const ZERO: Self = Self(0);

    /// An offset of that many seconds.
    ///
    /// # Errors
    /// [`OffsetError::TooFar`] beyond [`MAX_OFFSET_SECS`] either way.
    pub fn from_seconds(seconds: i64) -> Result<Self, OffsetError> {
        if (-MAX_OFFSET_SECS..=MAX_OFFSET_SECS).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(OffsetError::TooFar)
        }
    }

    /// Seconds after the due time; negative before it.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl FromStr for Offset {
    type Err = OffsetError;

    fn from_str(text: &str) -> Result<Self, OffsetError> {
        let (sign, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (-1, &text[1..]),
            Some(b'+') => (1, &text[1..]),
            _ => (1, text),
        };
        let seconds = unsigned
            .strip_prefix('P')
            .and_then(magnitude)
            .ok_or_else(|| OffsetError::Syntax(text.chars().take(40).collect()))?;
        Self::from_seconds(seconds.saturating_mul(sign))
    }
}

/// The seconds in what follows the `P`; `None` where the syntax is wrong.
fn magnitude(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let date = sum(date, &[('W', WEEK_SECS), ('D', DAY_SECS)])?;
    let time = sum(time, &[('H', HOUR_SECS), ('M', MINUTE_SECS), ('S', 1)])?;
    date.checked_add(time)
}

/// Adds up `12H30M`; each unit at most once, in the order given.
fn sum(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut total: i64 = 0;
    for (unit, seconds) in units {
        let Some((number, rest)) = text.split_once(*unit) else { continue };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*seconds)?)?;
        text = rest;
    }
    text.is_empty().then_some(total)
}

impl TryFrom<String> for Offset {
    type Error = OffsetError;

    fn try_from(text: String) -> Result<Self, OffsetError> {
        text.parse()
    }
}

impl From<Offset> for String {
    fn from(offset: Offset) -> Self {
        offset.to_string()
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let seconds = self.0.abs();
        match seconds {
            0 => f.write_str("PT0S"),
            _ if seconds % DAY_SECS == 0 => write!(f, "{sign}P{}D", seconds / DAY_SECS),
            _ if seconds % HOUR_SECS == 0 => write!(f, "{sign}PT{}H", seconds / HOUR_SECS),
            _ if seconds % MINUTE_SECS == 0 => write!(f, "{sign}PT{}M", seconds / MINUTE_SECS),
            _ => write!(f, "{sign}PT{seconds}S"),
        }
    }
}

impl JsonSchema for Offset {
    fn schema_name() -> Cow<'static, str> {
        "Offset".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^[+-]?P(?!$)(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$",
            "description": "An ISO 8601 duration from the due time; negative is before it; at most 366 days.",
            "examples": ["-PT30M", "PT0S", "-P1D"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_as_the_same_offset() {
        for seconds in [0, 1, -1, 59, -60, 3600, -5400, 86_400, -90_061, MAX_OFFSET_SECS] {
            let offset = Offset::from_seconds(seconds).expect("within the limit");
            assert_eq!(offset.to_string().parse(), Ok(offset), "{offset}");
        }
    }

    #[test]
    fn a_malformed_duration_is_refused() {
        for text in [
            "", "P", "PT", "30M", "-PT", "P1H", "PT1D", "PT1M2H", "PT1.5H", "P1DT", "--P1D",
            "PT-5M", "P1M", "P1Y",
        ] {
            assert!(matches!(text.parse::<Offset>(), Err(OffsetError::Syntax(_))), "{text}");
        }
    }

    #[test]
    fn an_offset_beyond_366_days_is_refused() {
        for text in ["P367D", "-P53W", "PT99999999999999999999S"] {
            assert!(text.parse::<Offset>().is_err(), "{text}");
        }
    }
}
