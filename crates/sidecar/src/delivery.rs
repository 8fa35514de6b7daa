//! What the sidecar POSTs to the application, and what it may be answered.
//!
//! Owns: getting back to the Kafka record's own bytes and place, whichever way the sidecar wraps
//! them. Promises: [`Delivery::parse`] never fails and never panics, so that the route never
//! answers bad input with an error status (retried for ever) or a 404 (lost). Never: knows an
//! event, keeps one or answers for one.

use std::str::FromStr;

use bytes::Bytes;
use serde::Serialize;

use crate::record::{Attributes, RecordContent, is_traceparent};

/// What a route has to take, in bytes. daprd wraps a record of up to 1,000,000 bytes in base64 and
/// an envelope; the rest is room for a broker that allows more.
pub const MAX_DELIVERY_BYTES: usize = 8 * 1024 * 1024;

/// The `type` that daprd gives the CloudEvent around a raw record.
const RAW_EVENT_TYPE: &str = "com.dapr.event.sent";

/// Record metadata that daprd passes on as HTTP headers. Kafka headers of the record arrive beside
/// them, and a record may have one of the same name.
const PARTITION_HEADER: &str = "__partition";
const OFFSET_HEADER: &str = "__offset";
const TOPIC_HEADER: &str = "__topic";
const PUBSUB_HEADER: &str = "pubsubName";
const TRACEPARENT_HEADER: &str = "traceparent";

/// One record, delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The pub/sub component it came through, where the sidecar says so.
    pub pubsub: Option<String>,
    /// Its topic, where the sidecar says so.
    pub topic: Option<String>,
    /// Its partition; none where there is no such header or several that differ.
    pub partition: Option<i32>,
    /// Its offset in the partition; none where there is no such header or several that differ.
    /// Whoever can write to the broker can forge it (a Kafka header `__offset` overrides the
    /// real one), so it tells deliveries apart but proves nothing.
    pub offset: Option<i64>,
    /// The record's own bytes.
    pub record: Bytes,
    /// The trace context of the sidecar's call, where it sends one. With `rawPayload` it does not
    /// know the producer's, which is then in [`RecordContent`]: prefer that one.
    pub traceparent: Option<String>,
}

/// The answer to a delivery, `{"status": …}` with HTTP 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "status", rename_all = "UPPERCASE")]
pub enum DeliveryStatus {
    /// Taken care of; the sidecar moves on.
    Success,
    /// Cannot be taken now; the sidecar sends it again and holds its partition until then.
    Retry,
    /// Thrown away, or moved to Dapr's dead-letter topic if the subscription names one.
    Drop,
}

impl Delivery {
    /// Understands a delivery, in any of its three forms: a raw record (`rawPayload: "true"`: a
    /// CloudEvent whose `data_base64` is the record), a CloudEvent that is the record, or anything
    /// else, which then is the record as it is.
    #[must_use]
    pub fn parse<'h>(body: Bytes, headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Self {
        let headers = Headers::collect(headers);
        let outer = Attributes::of(&body);
        let raw_record = outer
            .as_ref()
            .filter(|outer| outer.event_type().as_deref() == Some(RAW_EVENT_TYPE))
            .and_then(Attributes::binary_data);
        let pubsub = outer.as_ref().and_then(Attributes::pubsub);
        let topic = outer.as_ref().and_then(Attributes::topic);
        Self {
            pubsub: pubsub.or_else(|| headers.pubsub.value()),
            topic: topic.or_else(|| headers.topic.value()),
            partition: headers.partition.value().filter(|partition| *partition >= 0),
            offset: headers.offset.value().filter(|offset| *offset >= 0),
            traceparent: headers.traceparent.value().filter(|text: &String| is_traceparent(text)),
            record: raw_record.unwrap_or(body),
        }
    }

    /// Looks into the record.
    #[must_use]
    pub fn content(&self) -> RecordContent {
        RecordContent::of(&self.record)
    }
}

impl DeliveryStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Retry => "RETRY",
            Self::Drop => "DROP",
        }
    }
}

/// The headers that matter, each of them seen never, once, or with values that differ.
#[derive(Default)]
struct Headers<'h> {
    pubsub: Header<'h>,
    topic: Header<'h>,
    partition: Header<'h>,
    offset: Header<'h>,
    traceparent: Header<'h>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Header<'h> {
    #[default]
    Absent,
    Given(&'h str),
    Ambiguous,
}

impl<'h> Headers<'h> {
    fn collect(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            let place = match name {
                _ if name.eq_ignore_ascii_case(PUBSUB_HEADER) => &mut found.pubsub,
                _ if name.eq_ignore_ascii_case(TOPIC_HEADER) => &mut found.topic,
                _ if name.eq_ignore_ascii_case(PARTITION_HEADER) => &mut found.partition,
                _ if name.eq_ignore_ascii_case(OFFSET_HEADER) => &mut found.offset,
                _ if name.eq_ignore_ascii_case(TRACEPARENT_HEADER) => &mut found.traceparent,
                _ => continue,
            };
            *place = match *place {
                Header::Absent => Header::Given(value),
                given if given == Header::Given(value) => given,
                _ => Header::Ambiguous,
            };
        }
        found
    }
}

impl Header<'_> {
    fn value<T: FromStr>(self) -> Option<T> {
        match self {
            Self::Given(value) => value.parse().ok(),
            Self::Absent | Self::Ambiguous => None,
        }
    }
}

#[cfg(test)]
mod tests;
