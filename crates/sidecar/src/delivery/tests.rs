use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dapr::dapr::proto::runtime::v1::topic_event_response::TopicEventResponseStatus;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What daprd POSTs for a record under `rawPayload: "true"`.
fn raw(record: &[u8]) -> Bytes {
    let outer = json!({
        "data_base64": STANDARD.encode(record),
        "datacontenttype": "application/octet-stream",
        "id": "0b2c5d1e-6c6f-4d0e-9f5c-0d6f0f6f8a11",
        "pubsubname": "kafka-pubsub",
        "source": "Dapr",
        "specversion": "1.0",
        "topic": "task-events",
        "type": "com.dapr.event.sent",
    });
    Bytes::from(outer.to_string())
}

fn parse(body: impl Into<Bytes>) -> Delivery {
    Delivery::parse(body.into(), [])
}

fn parse_headers(headers: &[(&str, &str)]) -> Delivery {
    Delivery::parse(Bytes::new(), headers.iter().copied())
}

#[test]
fn a_raw_delivery_gives_back_the_records_own_bytes_and_place() {
    let record = br#"{ "specversion":"1.0", "traceid": 7, "data": {"n": 1.50} }"#;
    let headers = [
        ("Content-Type", "application/cloudevents+json"),
        ("__key", "a1"),
        ("__Partition", "2"),
        ("__Offset", "9223372036854775807"),
        ("__Timestamp", "1732380000000"),
        ("Traceparent", TRACEPARENT),
    ];
    let delivery = Delivery::parse(raw(record), headers);
    let expected = Delivery {
        pubsub: Some("kafka-pubsub".to_owned()),
        topic: Some("task-events".to_owned()),
        partition: Some(2),
        offset: Some(i64::MAX),
        record: Bytes::from_static(record),
        traceparent: Some(TRACEPARENT.to_owned()),
    };
    assert_eq!(delivery, expected);
    match delivery.content() {
        RecordContent::CloudEvent(event) => assert_eq!(&event.data[..], br#"{"n": 1.50}"#),
        other => panic!("{other:?}"),
    }
}

#[test]
fn garbage_and_emptiness_arrive_raw_as_they_are() {
    for record in [&b""[..], b"garbage", b"\xff\x00\xfe", b"{\"a\":\"\xff\"}"] {
        let delivery = parse(raw(record));
        assert_eq!(delivery.record, record);
        assert_eq!(delivery.topic.as_deref(), Some("task-events"));
        assert_eq!(delivery.content(), RecordContent::NotJson);
    }
}

#[test]
fn a_cloud_event_that_was_not_wrapped_is_the_record() {
    let body = json!({"specversion": "1.0", "id": "e1", "type": "task-created",
        "topic": "task-events", "pubsubname": "kafka-pubsub", "data": {"event_id": "e1"}});
    let delivery = parse(body.to_string());
    assert_eq!(delivery.record, body.to_string());
    assert_eq!(delivery.pubsub.as_deref(), Some("kafka-pubsub"));
    assert_eq!(delivery.topic.as_deref(), Some("task-events"));
    assert!(matches!(delivery.content(), RecordContent::CloudEvent(_)));
}

#[test]
fn a_cloud_event_with_binary_data_of_its_own_keeps_its_attributes() {
    let body = json!({"specversion": "1.0", "id": "e1", "type": "task-created",
        "data_base64": STANDARD.encode("{\"event_id\":\"e1\"}")});
    let delivery = parse(body.to_string());
    assert_eq!(delivery.record, body.to_string());
    match delivery.content() {
        RecordContent::CloudEvent(event) => {
            assert_eq!(event.id.as_deref(), Some("e1"));
            assert_eq!(&event.data[..], b"{\"event_id\":\"e1\"}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn anything_else_is_the_record_as_it_is() {
    for body in [
        &b""[..],
        b"garbage",
        b"\xff\xfe",
        b"null",
        br#"{"event_id":"e1"}"#,
        br#"{"specversion":"1.0","type":"com.dapr.event.sent","data_base64":"no base64!"}"#,
    ] {
        assert_eq!(parse(body).record, body, "{body:?}");
    }
}

#[test]
fn a_name_that_the_body_lacks_comes_from_the_headers() {
    let delivery = parse_headers(&[("__topic", "reminders"), ("Pubsubname", "kafka-pubsub")]);
    assert_eq!(delivery.topic.as_deref(), Some("reminders"));
    assert_eq!(delivery.pubsub.as_deref(), Some("kafka-pubsub"));
}

#[test]
fn a_place_that_cannot_be_is_absent() {
    for value in ["", "-1", "x", "1.0", " 1", "99999999999999999999"] {
        let delivery = parse_headers(&[("__partition", value), ("__offset", value)]);
        assert_eq!((delivery.partition, delivery.offset), (None, None), "{value:?}");
    }
    assert_eq!(parse_headers(&[("__partition", "4294967296")]).partition, None);
}

#[test]
fn a_place_that_a_forged_header_contradicts_is_absent() {
    let forged = [("__offset", "5"), ("__OFFSET", "6"), ("__offset", "5")];
    assert_eq!(parse_headers(&forged).offset, None);
    let repeated = [("__offset", "5"), ("__offset", "5")];
    assert_eq!(parse_headers(&repeated).offset, Some(5));
}

#[test]
fn a_trace_header_without_its_shape_is_absent() {
    assert_eq!(parse_headers(&[("traceparent", "7")]).traceparent, None);
    assert_eq!(parse_headers(&[("traceparent", "")]).traceparent, None);
}

#[test]
fn the_statuses_are_dapr_s_own_words() {
    for (status, oracle) in [
        (DeliveryStatus::Success, TopicEventResponseStatus::Success),
        (DeliveryStatus::Retry, TopicEventResponseStatus::Retry),
        (DeliveryStatus::Drop, TopicEventResponseStatus::Drop),
    ] {
        assert_eq!(status.name(), oracle.as_str_name());
        let wire = serde_json::to_string(&status).unwrap();
        assert_eq!(wire, format!(r#"{{"status":"{}"}}"#, oracle.as_str_name()));
    }
}

#[test]
fn a_record_of_the_brokers_limit_fits_into_a_delivery() {
    const BROKER_LIMIT_BYTES: usize = 1_000_000;
    let body = raw(&vec![0xff; BROKER_LIMIT_BYTES]);
    assert!(body.len() < MAX_DELIVERY_BYTES);
    assert_eq!(parse(body).record.len(), BROKER_LIMIT_BYTES);
}

/// JSON of the attributes that matter, with values of any type: close enough to a CloudEvent to
/// reach every branch.
fn nearly_a_cloud_event() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "specversion",
        "id",
        "type",
        "traceid",
        "traceparent",
        "topic",
        "pubsubname",
        "data",
        "data_base64",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(Value::from("1.0")),
        Just(Value::from(RAW_EVENT_TYPE)),
        prop::collection::vec(any::<u8>(), 0..16).prop_map(|raw| STANDARD.encode(raw).into()),
    ];
    leaf.prop_recursive(4, 64, 10, move |inner| {
        prop::collection::vec((name.clone(), inner), 0..10)
            .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)))
            .prop_map(|fields| Value::Object(fields.collect()))
    })
}

proptest! {
    #[test]
    fn no_bytes_and_no_headers_make_it_panic(
        body in prop::collection::vec(any::<u8>(), 0..512),
        headers in prop::collection::vec(("(__offset|__partition|\\PC{0,5})", "\\PC{0,25}"), 0..4),
    ) {
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let delivery = Delivery::parse(Bytes::from(body), headers);
        let _ = delivery.content();
        prop_assert!(delivery.offset.is_none_or(|offset| offset >= 0));
    }

    #[test]
    fn whatever_a_record_is_a_raw_delivery_gives_it_back(
        record in prop::collection::vec(any::<u8>(), 0..512),
    ) {
        prop_assert_eq!(parse(raw(&record)).record, record);
    }

    #[test]
    fn what_is_nearly_a_cloud_event_keeps_its_bytes_or_yields_valid_json(
        value in nearly_a_cloud_event(),
    ) {
        let body = Bytes::from(value.to_string());
        let delivery = parse(body.clone());
        match delivery.content() {
            RecordContent::CloudEvent(event) => {
                prop_assert!(serde_json::from_slice::<Value>(&event.data).is_ok());
            }
            RecordContent::Bare(bare) => prop_assert_eq!(bare, delivery.record),
            RecordContent::NotJson => {}
        }
    }
}
