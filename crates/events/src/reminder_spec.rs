//! When a task reminds, and the identity of each reminder that follows from it.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Nominal, Offset, ReminderId, TaskId, wire::OptionalInstant};

/// A reminder names either an offset or an instant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reminder has either \"offset\" or \"at\"")]
pub struct ReminderSpecError;

/// A reminder as a person sets it: `{"offset": "-PT30M"}` or `{"at": "2026-11-24T17:00:00Z"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub enum ReminderSpec {
    /// So long after the due time; negative is before it.
    Offset(Offset),
    /// At an instant of its own.
    At(DateTime<Utc>),
}

impl ReminderSpec {
    /// At the due time: what a task has whose reminders are left out.
    pub const AT_DUE: Self = Self::Offset(Offset::ZERO);

    /// The text that identifies the reminder: `offset:-1800`, `at:2026-11-24T17:00:00.000000Z`.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self {
            Self::Offset(offset) => format!("offset:{}", offset.seconds()),
            Self::At(time) => format!("at:{}", time.to_rfc3339_opts(SecondsFormat::Micros, true)),
        }
    }
}

impl ReminderId {
    /// The id of a task's reminder: UUID v5 in the namespace of the task's id over
    /// `{canonical reminder}|{nominal occurrence}`.
    ///
    /// A recurring task's offsets name the occurrence. A task that does not recur names none, so
    /// its reminder stays the same one when its due date moves; nor does an instant, which belongs
    /// to no occurrence. Both services derive ids; changing this is a breaking change of contract.
    #[must_use]
    pub fn derive(task: TaskId, spec: &ReminderSpec, occurrence: Option<Nominal>) -> Self {
        let occurrence = match (spec, occurrence) {
            (ReminderSpec::Offset(_), Some(nominal)) => nominal.to_string(),
            _ => String::new(),
        };
        let name = format!("{}|{occurrence}", spec.canonical());
        Self::from(Uuid::new_v5(&task.uuid(), name.as_bytes()))
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<Offset>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "OptionalInstant")]
    at: Option<DateTime<Utc>>,
}

impl TryFrom<Wire> for ReminderSpec {
    type Error = ReminderSpecError;

    fn try_from(wire: Wire) -> Result<Self, ReminderSpecError> {
        match (wire.offset, wire.at) {
            (Some(offset), None) => Ok(Self::Offset(offset)),
            (None, Some(at)) => Ok(Self::At(at)),
            _ => Err(ReminderSpecError),
        }
    }
}

impl From<ReminderSpec> for Wire {
    fn from(spec: ReminderSpec) -> Self {
        match spec {
            ReminderSpec::Offset(offset) => Self { offset: Some(offset), at: None },
            ReminderSpec::At(at) => Self { offset: None, at: Some(at) },
        }
    }
}

impl JsonSchema for ReminderSpec {
    fn schema_name() -> Cow<'static, str> {
        "ReminderSpec".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let offset = generator.subschema_for::<Offset>();
        json_schema!({
            "description": "When to remind: so long from the due time, or at an instant.",
            "type": "object",
            "oneOf": [
                { "properties": { "offset": offset }, "required": ["offset"] },
                {
                    "properties": { "at": { "type": "string", "format": "date-time" } },
                    "required": ["at"]
                }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> TaskId {
        "6f1c0f6e-8a57-4a0a-9a53-3f2a8a3c1b10".parse().expect("a UUID")
    }

    #[test]
    fn a_reminders_id_never_changes() {
        let half_an_hour_before =
            ReminderSpec::Offset(Offset::from_seconds(-1800).expect("within the limit"));
        let occurrence = "2026-11-29T18:00:00".parse().expect("a local time");
        let at = ReminderSpec::At("2026-11-24T17:00:00Z".parse().expect("an instant"));
        let ids = [
            ReminderId::derive(task(), &half_an_hour_before, Some(occurrence)),
            ReminderId::derive(task(), &half_an_hour_before, None),
            ReminderId::derive(task(), &at, None),
        ];
        assert_eq!(
            ids.map(|id| id.to_string()),
            [
                "6c38f438-0160-5943-ab2b-9a6a2d8893f3",
                "318f8d37-1a86-5196-92c0-14432b9a5a2a",
                "2f5bf122-9d26-5516-babb-0a7780b00ada",
            ]
        );
    }

    #[test]
    fn an_instant_belongs_to_no_occurrence() {
        let at = ReminderSpec::At("2026-11-24T17:00:00Z".parse().expect("an instant"));
        let occurrence = "2026-11-29".parse().expect("a day");
        assert_eq!(
            ReminderId::derive(task(), &at, Some(occurrence)),
            ReminderId::derive(task(), &at, None)
        );
    }

    #[test]
    fn a_reminder_with_both_or_neither_is_refused() {
        for json in [r#"{}"#, r#"{"offset":"PT0S","at":"2026-11-24T17:00:00Z"}"#] {
            assert!(serde_json::from_str::<ReminderSpec>(json).is_err(), "{json}");
        }
    }
}
