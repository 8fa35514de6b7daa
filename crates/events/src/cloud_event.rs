//! The CloudEvent that an envelope travels in.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

/// A CloudEvent 1.0 in the structured JSON form, written by us and not by the sidecar.
///
/// `traceid` and `traceparent` are both there, or both missing, and both strings: daprd overwrites
/// one that stands alone, and a number crashes the consumer's sidecar.
#[derive(Clone, Debug, Serialize)]
pub struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    time: DateTime<Utc>,
    datacontenttype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    releasedat: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    moreheld: bool,
    data: &'a RawValue,
}

impl<'a> CloudEvent<'a> {
    /// A CloudEvent around an envelope's JSON; `id` is the event's id, `source` its producer.
    #[must_use]
    pub fn new(
        id: &'a str,
        source: &'a str,
        event_type: &'a str,
        time: DateTime<Utc>,
        envelope: &'a RawValue,
    ) -> Self {
        Self {
            specversion: "1.0",
            id,
            source,
            event_type,
            subject: None,
            time,
            datacontenttype: "application/json",
            traceid: None,
            traceparent: None,
            releasedat: None,
            moreheld: false,
            data: envelope,
        }
    }

    /// Names the task, or the person, that the event is about.
    #[must_use]
    pub fn subject(mut self, subject: Option<&'a str>) -> Self {
        self.subject = subject;
        self
    }

    /// Carries the W3C trace context of the request.
    #[must_use]
    pub fn traceparent(mut self, traceparent: Option<&'a str>) -> Self {
        self.traceid = traceparent;
        self.traceparent = traceparent;
        self
    }

    /// Says when an event was published that had been held back (`EVENT_BUS=hold`), so that a
    /// reminder which came due in between still counts as missed only from then.
    #[must_use]
    pub fn released_at(mut self, released_at: Option<DateTime<Utc>>) -> Self {
        self.releasedat = released_at;
        self
    }

    /// Says that a later event with the same key had been held back too and follows at once: nothing
    /// is to be done for what is overdue by a state that is known to be old.
    #[must_use]
    pub fn more_held(mut self, more_held: bool) -> Self {
        self.moreheld = more_held;
        self
    }
}
