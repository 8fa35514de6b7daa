//! What stands in `data.json`, as far as it is read.

use std::{collections::BTreeMap, ops::RangeInclusive};

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

const YEARS: RangeInclusive<i32> = NO_YEAR..=9999;
/// The year of a time that is none.
const NO_YEAR: i32 = 1;

#[derive(Deserialize)]
pub(super) struct Project<'a> {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) created: String,
    #[serde(default)]
    pub(super) is_archived: bool,
    #[serde(borrow, default, deserialize_with = "null_is_default")]
    pub(super) tasks: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Task {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) description: String,
    #[serde(default)]
    pub(super) done: bool,
    #[serde(default)]
    pub(super) done_at: Moment,
    #[serde(default)]
    pub(super) due_date: Moment,
    #[serde(default)]
    pub(super) start_date: Moment,
    #[serde(default)]
    pub(super) end_date: Moment,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) reminders: Vec<Reminder>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) repeat_after: i64,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) repeat_mode: i64,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) priority: i64,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) percent_done: f64,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) labels: Vec<Titled>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) comments: Vec<Comment>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) attachments: Vec<serde::de::IgnoredAny>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) assignees: Vec<User>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) related_tasks: BTreeMap<String, Option<Vec<Related>>>,
    #[serde(default)]
    pub(super) created: Moment,
    #[serde(default)]
    pub(super) updated: Moment,
}

#[derive(Deserialize)]
pub(super) struct Reminder {
    #[serde(default)]
    pub(super) reminder: Moment,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) relative_period: i64,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) relative_to: String,
}

#[derive(Deserialize)]
pub(super) struct Titled {
    #[serde(default)]
    pub(super) title: String,
}

#[derive(Deserialize)]
pub(super) struct Comment {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) comment: String,
    #[serde(default)]
    pub(super) author: Option<User>,
}

#[derive(Deserialize)]
pub(super) struct User {
    #[serde(default)]
    pub(super) username: String,
}

#[derive(Deserialize)]
pub(super) struct Related {
    pub(super) id: i64,
}

/// A time; the year 1 is none.
#[derive(Clone, Copy, Default)]
pub(super) struct Moment(pub(super) Option<DateTime<Utc>>);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let time = Option::<DateTime<Utc>>::deserialize(deserializer)?;
        // Local times are reckoned from it, which at the ends of the calendar can't be.
        if time.is_some_and(|time| !YEARS.contains(&time.year())) {
            return Err(serde::de::Error::custom("a time lies outside of the years 1 to 9999"));
        }
        Ok(Self(time.filter(|time| time.year() > NO_YEAR)))
    }
}

/// Go writes an empty slice as null.
fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
