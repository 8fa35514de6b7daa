//! What a Kafka record holds.
//!
//! Owns: finding the document that a producer meant, inside a CloudEvent, inside two of them, or
//! bare. Promises: every record has a content, whatever its bytes; no recursion, so no depth of
//! nesting harms; attributes of a wrong type are absent. Never: knows an event.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// How many CloudEvents around one document are taken off. A CloudEvent that was published as
/// `application/json` is wrapped in a second one by the sidecar; nothing sensible makes a third.
pub const MAX_CLOUD_EVENT_LEVELS: usize = 2;

/// The length of a version 00 W3C trace context, in bytes; a later version may be longer.
const MIN_TRACEPARENT_BYTES: usize = 55;
/// Where its dashes are.
const TRACEPARENT_DASHES: [usize; 3] = [2, 35, 52];

/// A record's bytes, understood as far as the transport goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordContent {
    /// A CloudEvent and the JSON document in it.
    CloudEvent(CloudEventRecord),
    /// Another JSON document: the record as it is.
    Bare(Bytes),
    /// No JSON in UTF-8, or a CloudEvent whose data is none.
    NotJson,
}

/// A CloudEvent's document and the attributes that a subscriber may need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudEventRecord {
    /// The `data` as it stood there, valid JSON; `null` where the event has none.
    pub data: Bytes,
    /// The `id`, where it is text.
    pub id: Option<String>,
    /// The `type`, where it is text.
    pub event_type: Option<String>,
    /// The producer's W3C trace context, from `traceparent`, else from `traceid` (where Dapr puts
    /// it as well), of the innermost event that has a well-formed one.
    pub traceparent: Option<String>,
}

/// A CloudEvent with its attributes unread, so that none of them can spoil the others.
#[derive(Deserialize)]
pub(crate) struct Attributes<'a> {
    #[serde(borrow)]
    specversion: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    event_type: Option<&'a RawValue>,
    #[serde(borrow)]
    traceparent: Option<&'a RawValue>,
    #[serde(borrow)]
    traceid: Option<&'a RawValue>,
    #[serde(borrow)]
    pubsubname: Option<&'a RawValue>,
    #[serde(borrow)]
    topic: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    data_base64: Option<&'a RawValue>,
}

impl RecordContent {
    /// Looks into a record.
    #[must_use]
    pub fn of(record: &Bytes) -> Self {
        if !is_json(record) {
            return Self::NotJson;
        }
        let mut content = Self::Bare(record.clone());
        let mut document = record.clone();
        for _ in 0..MAX_CLOUD_EVENT_LEVELS {
            let Some(attributes) = Attributes::of(&document) else {
                break;
            };
            let Some(data) = attributes.document(&document) else {
                return Self::NotJson;
            };
            content = Self::CloudEvent(CloudEventRecord {
                data: data.clone(),
                id: text(attributes.id),
                event_type: attributes.event_type(),
                traceparent: attributes.traceparent().or_else(|| content.take_traceparent()),
            });
            document = data;
        }
        content
    }

    fn take_traceparent(&mut self) -> Option<String> {
        match self {
            Self::CloudEvent(event) => event.traceparent.take(),
            Self::Bare(_) | Self::NotJson => None,
        }
    }
}

impl<'a> Attributes<'a> {
    /// The attributes of a CloudEvent: a JSON object whose `specversion` is text. None for
    /// anything else, also for one that names an attribute twice, as readers disagree on which
    /// counts.
    pub(crate) fn of(document: &'a [u8]) -> Option<Self> {
        let attributes: Self = serde_json::from_slice(document).ok()?;
        text(attributes.specversion).map(|_| attributes)
    }

    pub(crate) fn event_type(&self) -> Option<String> {
        text(self.event_type)
    }

    pub(crate) fn pubsub(&self) -> Option<String> {
        text(self.pubsubname)
    }

    pub(crate) fn topic(&self) -> Option<String> {
        text(self.topic)
    }

    /// The bytes in `data_base64`, unless there is `data` too.
    pub(crate) fn binary_data(&self) -> Option<Bytes> {
        let encoded = match self.data {
            None => text(self.data_base64)?,
            Some(_) => return None,
        };
        STANDARD.decode(encoded).ok().map(Bytes::from)
    }

    /// The JSON document in `data` or `data_base64`; `document` is what `self` borrows from.
    fn document(&self, document: &Bytes) -> Option<Bytes> {
        match (self.data, self.data_base64) {
            (Some(data), _) => Some(document.slice_ref(data.get().as_bytes())),
            (None, None) => Some(Bytes::from_static(b"null")),
            (None, Some(_)) => self.binary_data().filter(|data| is_json(data)),
        }
    }

    fn traceparent(&self) -> Option<String> {
        let candidates = [text(self.traceparent), text(self.traceid)];
        candidates.into_iter().flatten().find(|text| is_traceparent(text))
    }
}

/// The text of a JSON string; none for any other value.
fn text(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

/// Whether the bytes are one JSON document in UTF-8. Its depth does not matter: what is ignored is
/// not recursed into.
fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// Whether the text has the shape of a W3C trace context. Dapr writes an empty one where tracing
/// is off.
pub(crate) fn is_traceparent(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= MIN_TRACEPARENT_BYTES
        && bytes.iter().enumerate().take(MIN_TRACEPARENT_BYTES).all(|(index, byte)| {
            match TRACEPARENT_DASHES.contains(&index) {
                true => *byte == b'-',
                false => byte.is_ascii_hexdigit(),
            }
        })
        && text.is_ascii()
}

#[cfg(test)]
mod tests;
