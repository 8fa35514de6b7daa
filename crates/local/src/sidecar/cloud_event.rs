//! What daprd makes of a payload: the CloudEvent that is published, and the one that a raw
//! subscription gets.
//!
//! Attributes pass through as the bytes that they came in: no number loses a digit on the way.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::metadata::{self, Metadata};

const CLOUD_EVENT: &str = "application/cloudevents+json";
const CLOUD_EVENT_PROTOBUF: &str = "application/cloudevents+protobuf";
const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";
const DEFAULT_SOURCE: &str = "Dapr";
const DEFAULT_TYPE: &str = "com.dapr.event.sent";
const DEFAULT_CONTENT_TYPE: &str = "text/plain";
const SPEC_VERSION: &str = "1.0";

/// A CloudEvent's attributes, each as JSON.
type Attributes = BTreeMap<String, Box<RawValue>>;

/// The payload says it is a CloudEvent in JSON, and is not.
#[derive(Debug, thiserror::Error)]
#[error("no CloudEvent in JSON")]
pub(crate) struct InvalidCloudEvent(#[from] serde_json::Error);

/// What an envelope is made from.
pub(crate) struct Publication<'a> {
    /// The publishing application's id.
    pub(crate) app_id: &'a str,
    /// The component's name.
    pub(crate) pubsub: &'a str,
    /// The topic.
    pub(crate) topic: &'a str,
    /// The payload's content type; text where empty.
    pub(crate) content_type: &'a str,
    /// The payload.
    pub(crate) payload: &'a [u8],
    /// The span that publishes.
    pub(crate) trace_parent: String,
    /// The request's `tracestate`, else empty.
    pub(crate) trace_state: &'a str,
    /// The database's time.
    pub(crate) now: DateTime<Utc>,
}

impl Publication<'_> {
    /// The CloudEvent to publish, in JSON.
    ///
    /// # Errors
    /// [`InvalidCloudEvent`].
    pub(crate) fn into_cloud_event(
        self,
        metadata: &Metadata,
    ) -> Result<Vec<u8>, InvalidCloudEvent> {
        let now = self.now;
        let mut attributes = if is(self.content_type, CLOUD_EVENT) {
            self.completed()?
        } else {
            self.wrapped(metadata)?
        };
        if let Some(time_to_live) = metadata::time_to_live(metadata)
            && let Ok(time_to_live) = TimeDelta::from_std(time_to_live)
            && let Some(expiration) = now.checked_add_signed(time_to_live)
        {
            set(&mut attributes, "expiration", &rfc3339(expiration))?;
        }
        Ok(serde_json::to_vec(&attributes)?)
    }

    /// A CloudEvent keeps its attributes; where it goes is overwritten, and so is `traceparent`
    /// unless there is a `traceid` too.
    fn completed(self) -> Result<Attributes, InvalidCloudEvent> {
        let mut attributes: Attributes = first_value(self.payload)?;
        if !attributes.contains_key("time") {
            set(&mut attributes, "time", &rfc3339(self.now))?;
        }
        if !attributes.contains_key("traceid") {
            set(&mut attributes, "traceid", &self.trace_parent)?;
            set(&mut attributes, "traceparent", &self.trace_parent)?;
        }
        if !attributes.contains_key("tracestate") {
            set(&mut attributes, "tracestate", self.trace_state)?;
        }
        set(&mut attributes, "topic", self.topic)?;
        set(&mut attributes, "pubsubname", self.pubsub)?;
        for (name, default) in
            [("source", DEFAULT_SOURCE), ("type", DEFAULT_TYPE), ("specversion", SPEC_VERSION)]
        {
            if attributes.get(name).is_none_or(|value| value.get() == "null") {
                set(&mut attributes, name, default)?;
            }
        }
        Ok(attributes)
    }

    /// Anything else becomes the data of a new CloudEvent; `metadata.cloudevent.*` overrides some of
    /// its attributes.
    fn wrapped(self, metadata: &Metadata) -> Result<Attributes, InvalidCloudEvent> {
        let overridden = |name: &str| {
            metadata::find(metadata, &format!("cloudevent.{name}"))
                .filter(|value| !value.is_empty())
        };
        let id = overridden("id").map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        let trace = overridden("traceparent").or_else(|| overridden("traceid"));
        let trace = trace.unwrap_or(&self.trace_parent);
        let content_type =
            if self.content_type.is_empty() { DEFAULT_CONTENT_TYPE } else { self.content_type };
        let mut attributes = Attributes::new();
        for (name, value) in [
            ("id", id.as_str()),
            ("specversion", SPEC_VERSION),
            ("datacontenttype", content_type),
            ("source", overridden("source").unwrap_or(self.app_id)),
            ("type", overridden("type").unwrap_or(DEFAULT_TYPE)),
            ("topic", self.topic),
            ("pubsubname", self.pubsub),
            ("traceid", trace),
            ("traceparent", trace),
            ("tracestate", overridden("tracestate").unwrap_or(self.trace_state)),
            ("time", &rfc3339(self.now)),
        ] {
            set(&mut attributes, name, value)?;
        }
        let (name, data) = data(content_type, self.payload)?;
        attributes.insert(name.to_owned(), data);
        Ok(attributes)
    }
}

/// What a subscription with `rawPayload` gets. Its id is new with each delivery.
///
/// # Errors
/// Never in practice: text always becomes JSON.
pub(crate) fn from_raw_record(
    pubsub: &str,
    topic: &str,
    record: &[u8],
) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&BTreeMap::from([
        ("id", Uuid::new_v4().to_string().as_str()),
        ("specversion", SPEC_VERSION),
        ("datacontenttype", OCTETS),
        ("source", DEFAULT_SOURCE),
        ("type", DEFAULT_TYPE),
        ("topic", topic),
        ("pubsubname", pubsub),
        ("data_base64", &BASE64.encode(record)),
    ]))
}

/// What a delivery must know of a CloudEvent that it does not change.
#[derive(Default)]
pub(crate) struct Seen {
    /// `traceparent`, else `traceid`, where they are texts. daprd 1.14 dies of others.
    pub(crate) trace_parent: Option<String>,
    /// When the event stops being worth delivering.
    pub(crate) expiration: Option<DateTime<Utc>>,
}

/// Looks into a record that is to be delivered as it is.
///
/// # Errors
/// The record is no JSON object: daprd retries it for ever.
pub(crate) fn look_into(record: &[u8]) -> Result<Seen, InvalidCloudEvent> {
    let attributes: Attributes = serde_json::from_slice(record)?;
    let text = |name| {
        attributes.get(name).and_then(|value| serde_json::from_str::<String>(value.get()).ok())
    };
    let expiration = text("expiration")
        .and_then(|text| DateTime::parse_from_rfc3339(&text).ok())
        .map(|expiration| expiration.to_utc());
    Ok(Seen { trace_parent: text("traceparent").or_else(|| text("traceid")), expiration })
}

/// The bytes that a bulk entry's `event` stands for.
///
/// # Errors
/// What does not fit together.
pub(crate) fn bulk_payload(event: &RawValue, content_type: &str) -> Result<Vec<u8>, &'static str> {
    const MISMATCH: &str = "error: mismatch between contentType and event";
    let text = || serde_json::from_str::<String>(event.get()).map_err(|_| MISMATCH);
    if is(content_type, OCTETS) {
        BASE64.decode(text()?).map_err(|_| "error: unable to decode base64 data")
    } else if is_text(content_type) {
        text().map(String::into_bytes)
    } else if is(content_type, JSON) || is(content_type, CLOUD_EVENT) {
        Ok(event.get().as_bytes().to_vec())
    } else {
        Err(MISMATCH)
    }
}

fn data(
    content_type: &str,
    payload: &[u8],
) -> Result<(&'static str, Box<RawValue>), serde_json::Error> {
    if is(content_type, JSON)
        && let Ok(value) = first_value(payload)
    {
        return Ok(("data", value));
    }
    if is(content_type, OCTETS) || is(content_type, CLOUD_EVENT_PROTOBUF) {
        return Ok(("data_base64", to_raw_value(&BASE64.encode(payload))?));
    }
    Ok(("data", to_raw_value(&String::from_utf8_lossy(payload))?))
}

/// The first JSON value; daprd does not look at what follows it.
fn first_value<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, serde_json::Error> {
    T::deserialize(&mut serde_json::Deserializer::from_slice(bytes))
}

fn set(attributes: &mut Attributes, name: &str, value: &str) -> Result<(), serde_json::Error> {
    attributes.insert(name.to_owned(), to_raw_value(value)?);
    Ok(())
}

/// Whether a content type is this one, whatever its parameters.
fn is(content_type: &str, expected: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.eq_ignore_ascii_case(expected)
}

fn is_text(content_type: &str) -> bool {
    content_type.to_ascii_lowercase().starts_with("text/") || is(content_type, "application/xml")
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const REQUEST_TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn publish(content_type: &str, payload: &[u8], metadata: &Metadata) -> Value {
        let publication = Publication {
            app_id: "app",
            pubsub: "pubsub",
            topic: "topic",
            content_type,
            payload,
            trace_parent: REQUEST_TRACE.to_owned(),
            trace_state: "",
            now: DateTime::UNIX_EPOCH,
        };
        let bytes = publication.into_cloud_event(metadata).expect("a CloudEvent");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[test]
    fn a_cloud_event_keeps_its_attributes_but_not_where_it_goes() {
        let sent = json!({"id": "1", "type": "t", "source": "s", "topic": "x", "data": {"a": 1}});
        let event = publish(
            "application/cloudevents+json; charset=utf-8",
            sent.to_string().as_bytes(),
            &Metadata::new(),
        );
        assert_eq!(
            event,
            json!({"id": "1", "type": "t", "source": "s", "specversion": "1.0", "data": {"a": 1},
                   "topic": "topic", "pubsubname": "pubsub", "time": "1970-01-01T00:00:00Z",
                   "traceid": REQUEST_TRACE, "traceparent": REQUEST_TRACE, "tracestate": ""})
        );
    }

    #[test]
    fn trace_ids_are_kept_only_when_there_are_both() {
        let one = publish(CLOUD_EVENT, br#"{"traceparent":"own"}"#, &Metadata::new());
        assert_eq!(one["traceparent"], REQUEST_TRACE);
        let both =
            publish(CLOUD_EVENT, br#"{"traceparent":"own","traceid":"own"}"#, &Metadata::new());
        assert_eq!((&both["traceparent"], &both["traceid"]), (&json!("own"), &json!("own")));
    }

    #[test]
    fn a_payload_of_another_type_is_wrapped() {
        let json = publish("application/json", b"{\"a\":1.10}", &Metadata::new());
        assert_eq!((&json["data"], &json["source"]), (&json!({"a": 1.10}), &json!("app")));
        assert_eq!(publish("", b"text", &Metadata::new())["data"], "text");
        assert_eq!(publish("application/json", b"{no", &Metadata::new())["data"], "{no");
        assert_eq!(publish(OCTETS, &[0, 255], &Metadata::new())["data_base64"], "AP8=");
    }

    #[test]
    fn metadata_overrides_a_wrapped_events_attributes_and_sets_its_expiration() {
        let metadata = Metadata::from(
            [("cloudevent.id", "7"), ("Cloudevent.Type", "t"), ("ttlInSeconds", "60")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let event = publish("text/plain", b"x", &metadata);
        assert_eq!((&event["id"], &event["type"]), (&json!("7"), &json!("t")));
        assert_eq!(event["expiration"], "1970-01-01T00:01:00Z");
    }

    #[test]
    fn what_is_no_object_is_no_cloud_event() {
        for payload in ["", "{", "[]", "3", "null", "garbage"] {
            let attributes = first_value::<Attributes>(payload.as_bytes());
            assert!(attributes.is_err(), "{payload}");
        }
    }

    #[test]
    fn a_record_that_is_delivered_as_it_is_must_be_an_object() {
        let seen = look_into(br#"{"traceid":5,"expiration":"1970-01-01T00:01:00Z"}"#);
        let seen = seen.expect("an object");
        assert_eq!(seen.trace_parent, None);
        assert_eq!(seen.expiration.map(|time| time.timestamp()), Some(60));
        assert!(look_into(b"{} garbage").is_err());
    }
}
