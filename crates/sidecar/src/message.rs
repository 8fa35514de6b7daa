//! What is published: one CloudEvent and where it belongs.
//!
//! Owns: the checks that keep one message from harming others. Promises: what passes them crashes
//! no sidecar and blocks no partition. Never: looks into `data`.

use std::borrow::Cow;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::PublishError;

/// A CloudEvent to publish.
///
/// In a bulk, daprd 1.14 reads every number of the event as a 64-bit float: keep whole numbers
/// below 2^53.
#[derive(Clone, Debug)]
pub struct Message {
    /// The CloudEvent as a JSON object, with `traceid` and `traceparent` as text or not at all.
    pub body: Bytes,
    /// The Kafka key: what shares it keeps its order. Visible ASCII, not empty, as it also becomes
    /// a Kafka header and an HTTP header at the consumer; a line end there blocks a partition.
    pub partition_key: String,
    /// The W3C trace context that [`publish`](crate::Sidecar::publish) sends as a header; a bulk
    /// has only what the event itself carries.
    pub traceparent: Option<String>,
}

/// The attributes that daprd casts to text without looking: anything else panics the consumer's
/// sidecar, again and again, as the record stays where it is.
#[derive(Deserialize)]
struct TraceAttributes<'a> {
    #[serde(borrow, rename = "traceid")]
    _traceid: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "traceparent")]
    _traceparent: Option<Cow<'a, str>>,
}

impl Message {
    /// The event as it stands in the body, once it is known to be safe to send.
    pub(crate) fn event(&self) -> Result<&RawValue, PublishError> {
        if self.partition_key.is_empty()
            || !self.partition_key.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(invalid("the partition key is not visible ASCII"));
        }
        let event: &RawValue = serde_json::from_slice(&self.body)
            .map_err(|error| invalid(&format!("the body is not JSON: {error}")))?;
        if !event.get().starts_with('{') {
            return Err(invalid("the body is not a JSON object"));
        }
        serde_json::from_str::<TraceAttributes<'_>>(event.get())
            .map_err(|error| invalid(&format!("traceid or traceparent is not text: {error}")))?;
        Ok(event)
    }

    /// The trace context as a header; none where it does not fit into one, as a trace is never
    /// worth an event.
    pub(crate) fn trace_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(self.traceparent.as_deref()?).ok()
    }
}

fn invalid(message: &str) -> PublishError {
    PublishError::InvalidEvent { message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Scope;

    fn message(body: &'static [u8]) -> Message {
        Message {
            body: Bytes::from_static(body),
            partition_key: "a1".to_owned(),
            traceparent: None,
        }
    }

    #[test]
    fn what_would_harm_others_is_refused_as_this_message_alone() {
        for body in [
            &b""[..],
            b"null",
            b"[1]",
            b"\"{}\"",
            b"{\"id\":1",
            b"{} {}",
            b"\xff{}",
            b"{\"data\":\"\xff\"}",
            br#"{"traceid":7}"#,
            br#"{"id":"a","traceparent":{"x":1}}"#,
            br#"{"traceid":"a","traceid":7}"#,
        ] {
            let error = message(body).event().unwrap_err();
            assert!(matches!(error, PublishError::InvalidEvent { .. }), "{body:?}: {error}");
            assert_eq!(error.scope(), Scope::Message);
        }
    }

    #[test]
    fn an_event_is_taken_as_it_stands() {
        for body in [
            &br#"{}"#[..],
            br#"{ "id": "1", "traceid": "t", "traceparent": null }"#,
            br#"{"traceid":"\u0041","data":{"traceid":7,"n":12345678901234567890}}"#,
        ] {
            assert_eq!(message(body).event().unwrap().get().as_bytes(), body);
        }
    }

    #[test]
    fn a_partition_key_that_cannot_be_a_header_is_refused() {
        for key in ["", "a b", "a\nb", "a\rb", "\0", "schlüssel"] {
            let mut message = message(b"{}");
            message.partition_key = key.to_owned();
            assert!(message.event().is_err(), "{key:?}");
        }
    }

    #[test]
    fn a_trace_context_that_is_no_header_is_left_out() {
        let mut message = message(b"{}");
        message.traceparent = Some("00-a\nb".to_owned());
        assert_eq!(message.trace_header(), None);
        message.traceparent = Some("00-ab-cd-01".to_owned());
        assert_eq!(message.trace_header().unwrap(), "00-ab-cd-01");
    }
}
