//! How fields are read that serde's own rules would read too kindly.
//!
//! Owns the types that stand in `#[serde(with = "…")]`; each is also the field's schema, so that
//! parser and schema refuse the same. None of them is ever a value.

use std::{borrow::Cow, marker::PhantomData};

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// The years that RFC 3339 can write; chrono by itself reads and writes others too.
const YEARS: std::ops::RangeInclusive<i32> = 0..=9999;

/// An RFC 3339 time, brought to UTC; `None` where the text is none or its UTC year has not four
/// digits.
pub(crate) fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    YEARS.contains(&time.year()).then_some(time)
}

/// A `DateTime<Utc>` in RFC 3339, both ways.
pub(crate) struct Instant;

impl Instant {
    pub(crate) fn serialize<S: Serializer>(
        time: &DateTime<Utc>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if !YEARS.contains(&time.year()) {
            return Err(ser::Error::custom("RFC 3339 has no such year"));
        }
        serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        parse_instant(&text).ok_or_else(|| {
            de::Error::invalid_value(de::Unexpected::Str(&text), &"an RFC 3339 time")
        })
    }
}

impl JsonSchema for Instant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        DateTime::<Utc>::json_schema(generator)
    }
}

/// An `Option<DateTime<Utc>>` in RFC 3339, both ways; used with `default`.
pub(crate) struct OptionalInstant;

impl OptionalInstant {
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => Instant::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        #[derive(Deserialize)]
        struct Written(#[serde(with = "Instant")] DateTime<Utc>);
        Ok(Option::<Written>::deserialize(deserializer)?.map(|Written(time)| time))
    }
}

impl JsonSchema for OptionalInstant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "OptionalInstant".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<Instant>::json_schema(generator)
    }
}

/// An `Option<T>` that must be there: `null` says none, and leaving it out is an error. By itself
/// serde takes a missing `Option` for none.
pub(crate) struct Nullable<T>(PhantomData<T>);

impl<T> Nullable<T> {
    pub(crate) fn serialize<S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error>
    where
        T: Serialize,
    {
        value.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error>
    where
        T: Deserialize<'de>,
    {
        Option::deserialize(deserializer)
    }
}

impl<T: JsonSchema> JsonSchema for Nullable<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Nullable_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
}
