//! The envelope that every event travels in: the architecture's `BaseEvent`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer, de};
use serde_json::value::RawValue;

use crate::{CorrelationId, EventId, EventType, Payload, Service, wire::Instant};

/// The one version of the contracts so far.
pub const EVENT_VERSION: &str = "v1";

/// An event: a fact, in the past tense, in its envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The event's identity; the same however often it is sent.
    pub event_id: EventId,
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    /// The request that it follows from.
    pub correlation_id: CorrelationId,
    /// Who says so.
    pub producer: Service,
    /// What it says.
    pub payload: Payload,
}

/// What a record turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// An event of ours.
    Event(Box<Event>),
    /// A type or a version that this release does not know: to be acknowledged and counted.
    Unknown {
        /// The type that it names.
        event_type: String,
        /// The version that it names.
        event_version: String,
    },
}

/// Why a record is no event.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, or JSON that is no envelope.
    #[error("the record is no envelope")]
    Envelope(#[source] serde_json::Error),
    /// An envelope whose payload is not what its type promises.
    #[error("the payload is no {event_type}")]
    Payload {
        /// The type that the envelope names.
        event_type: EventType,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Event {
    /// A new event with an id of its own.
    #[must_use]
    pub fn new(
        producer: Service,
        correlation_id: CorrelationId,
        timestamp: DateTime<Utc>,
        payload: impl Into<Payload>,
    ) -> Self {
        let payload = payload.into();
        Self { event_id: EventId::random(), timestamp, correlation_id, producer, payload }
    }

    /// The event's type.
    #[must_use]
    pub const fn event_type(&self) -> EventType {
        self.payload.event_type()
    }

    /// Reads an envelope from its JSON.
    ///
    /// Unknown fields are ignored; an unknown type or version is [`Decoded::Unknown`].
    ///
    /// # Errors
    /// [`DecodeError`] for what is no event: poison, which no repetition heals.
    pub fn decode(json: &[u8]) -> Result<Decoded, DecodeError> {
        expect_object(json).map_err(DecodeError::Envelope)?;
        let kind: Kind = serde_json::from_slice(json).map_err(DecodeError::Envelope)?;
        let known = match kind.event_type.parse() {
            Ok(event_type) if kind.event_version == EVENT_VERSION => event_type,
            _ => {
                let Kind { event_type, event_version } = kind;
                return Ok(Decoded::Unknown { event_type, event_version });
            }
        };
        let envelope: Envelope<'_> = serde_json::from_slice(json).map_err(DecodeError::Envelope)?;
        let payload = expect_object(envelope.payload.get().as_bytes())
            .and_then(|()| Payload::parse(known, envelope.payload))
            .map_err(|source| DecodeError::Payload { event_type: known, source })?;
        Ok(Decoded::Event(Box::new(Self {
            event_id: envelope.event_id,
            timestamp: envelope.timestamp,
            correlation_id: envelope.correlation_id,
            producer: envelope.producer,
            payload,
        })))
    }
}

/// serde would also take an array for a struct, field by field.
fn expect_object(json: &[u8]) -> serde_json::Result<()> {
    match json.trim_ascii_start().first() {
        Some(b'[') => Err(de::Error::invalid_type(de::Unexpected::Seq, &"an object")),
        _ => Ok(()),
    }
}

/// As much of an envelope as tells whether this release knows it.
#[derive(Deserialize)]
struct Kind {
    event_type: String,
    event_version: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    event_id: EventId,
    #[serde(with = "Instant")]
    timestamp: DateTime<Utc>,
    correlation_id: CorrelationId,
    producer: Service,
    #[serde(borrow)]
    payload: &'a RawValue,
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'a> {
            event_id: EventId,
            event_type: EventType,
            event_version: &'static str,
            #[serde(serialize_with = "Instant::serialize")]
            timestamp: DateTime<Utc>,
            correlation_id: CorrelationId,
            producer: Service,
            payload: &'a Payload,
        }
        Written {
            event_id: self.event_id,
            event_type: self.event_type(),
            event_version: EVENT_VERSION,
            timestamp: self.timestamp,
            correlation_id: self.correlation_id,
            producer: self.producer,
            payload: &self.payload,
        }
        .serialize(serializer)
    }
}
