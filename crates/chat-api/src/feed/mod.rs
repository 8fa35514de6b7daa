//! The live feed: what is new for a person, numbered without a gap.
//!
//! An entry is written in the transaction of what it tells. Whoever follows reads the table from a
//! position on; the [`hub`] only says when to look, so that a lost wake costs a moment and never an
//! entry.

pub(crate) mod hub;
pub(crate) mod stream;

use events::Event;
use serde_json::{Value, json};

use crate::store::feed::NewEntry;

/// An event as the feed shows it: its payload with its id, type, correlation id and time.
pub(crate) fn entry(event: &Event) -> serde_json::Result<NewEntry> {
    let mut payload = serde_json::to_value(&event.payload)?;
    if let Value::Object(fields) = &mut payload {
        fields.insert("event_id".to_owned(), json!(event.event_id));
        fields.insert("event_type".to_owned(), json!(event.event_type()));
        fields.insert("correlation_id".to_owned(), json!(event.correlation_id));
        fields.insert("timestamp".to_owned(), json!(event.timestamp));
    }
    Ok(NewEntry { event_id: event.event_id.uuid(), event_type: event.event_type().name(), payload })
}
