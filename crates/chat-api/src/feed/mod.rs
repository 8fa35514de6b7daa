//! The live feed: what is new for a person, numbered without a gap.
//!
//! An entry is written in the transaction of what it tells. Whoever follows has a position and is told
//! what comes after it, from what the [`hub`] has read for all or else from the table, so that a lost
//! wake costs a moment and never an entry.

pub(crate) mod access;
pub(crate) mod hub;
pub(crate) mod stream;
mod tail;

use chrono::{DateTime, Utc};
use events::{CorrelationId, Event, EventId, ListId};
use serde_json::{Value, json};

use crate::store::{feed::NewEntry, lists::List};

/// What became of a list: told to its owner only, and on no topic.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ListFact<'a> {
    Created(&'a List),
    Updated(&'a List),
    Deleted(ListId),
}

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

/// What became of a list, as the feed shows it.
pub(crate) fn list_entry(
    fact: &ListFact<'_>,
    correlation_id: CorrelationId,
    now: DateTime<Utc>,
) -> NewEntry {
    let (event_type, list_id, list) = match *fact {
        ListFact::Created(list) => ("list-created", list.list_id, Some(list)),
        ListFact::Updated(list) => ("list-updated", list.list_id, Some(list)),
        ListFact::Deleted(list_id) => ("list-deleted", list_id.uuid(), None),
    };
    let event_id = EventId::random();
    let payload = json!({
        "list_id": list_id,
        "name": list.map(|list| &list.name),
        "position": list.map(|list| &list.position),
        "event_id": event_id,
        "event_type": event_type,
        "correlation_id": correlation_id,
        "timestamp": now,
    });
    NewEntry { event_id: event_id.uuid(), event_type, payload }
}
