//! The CloudEvent is one by the judgement of the CloudEvents SDK and of our AsyncAPI document.

use chrono::{DateTime, Utc};
use cloudevents::{AttributesReader, Data, event::ExtensionValue};
use events::{CloudEvent, Event};
use proptest::prelude::*;
use serde_json::{Value, value::RawValue};

use crate::{
    strategies::{any_event, instant},
    support,
};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn written(
    event: &Event,
    traceparent: Option<&str>,
    released_at: Option<DateTime<Utc>>,
) -> (Value, Option<String>) {
    let envelope = RawValue::from_string(serde_json::to_string(event).expect("JSON"));
    let envelope = envelope.expect("JSON");
    let id = event.event_id.to_string();
    let subject = event.payload.ordering_key().map(|key| key.to_string());
    let cloud_event = CloudEvent::new(
        &id,
        event.producer.name(),
        event.event_type().name(),
        event.timestamp,
        &envelope,
    )
    .subject(subject.as_deref())
    .traceparent(traceparent)
    .released_at(released_at);
    (serde_json::to_value(cloud_event).expect("JSON"), subject)
}

proptest! {
    #[test]
    fn the_sdk_reads_the_attributes_that_we_wrote(
        event in any_event(),
        traced in any::<bool>(),
        released_at in prop::option::of(instant())
    ) {
        let traceparent = traced.then_some(TRACEPARENT);
        let (written, subject) = written(&event, traceparent, released_at);
        let read: cloudevents::Event = serde_json::from_value(written).expect("a CloudEvent");

        prop_assert_eq!(read.specversion().to_string(), "1.0");
        prop_assert_eq!(read.id(), event.event_id.to_string());
        prop_assert_eq!(read.source().as_str(), event.producer.name());
        prop_assert_eq!(read.ty(), event.event_type().name());
        prop_assert_eq!(read.subject(), subject.as_deref());
        prop_assert_eq!(read.time(), Some(&event.timestamp));
        prop_assert_eq!(read.datacontenttype(), Some("application/json"));
        let expected = traceparent.map(|it| ExtensionValue::String(it.to_owned()));
        prop_assert_eq!(read.extension("traceparent"), expected.as_ref());
        prop_assert_eq!(read.extension("traceid"), expected.as_ref());
        prop_assert_eq!(read.extension("releasedat").is_some(), released_at.is_some());
        let data = serde_json::to_value(&event).expect("JSON");
        prop_assert_eq!(read.data(), Some(&Data::Json(data)));
    }

    #[test]
    fn the_trace_is_there_twice_as_text_or_not_at_all(event in any_event(), traced in any::<bool>()) {
        let traceparent = traced.then_some(TRACEPARENT);
        let (written, _) = written(&event, traceparent, None);
        prop_assert_eq!(written.get("traceid").and_then(Value::as_str), traceparent);
        prop_assert_eq!(written.get("traceid"), written.get("traceparent"));
        prop_assert_eq!(written.get("traceparent").is_some(), traced);
    }
}

#[test]
fn the_cloud_event_is_as_the_asyncapi_document_says() {
    let document = support::json("docs/contracts/asyncapi.json");
    let schema = &document["components"]["schemas"]["CloudEvent"];
    let validator = support::validator(schema);
    for golden in support::goldens().into_values() {
        let event = support::event(&golden);
        let (written, _) = written(&event, Some(TRACEPARENT), Some(event.timestamp));
        let errors: Vec<String> =
            validator.iter_errors(&written).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0]);
        for name in written.as_object().expect("an object").keys() {
            assert!(schema["properties"].get(name).is_some(), "{name} is not documented");
        }
    }
}
