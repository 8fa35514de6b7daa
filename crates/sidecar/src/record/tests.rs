use serde_json::{Value, json};

use super::*;

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const OTHER_TRACEPARENT: &str = "00-11111111111111111111111111111111-2222222222222222-00";

fn content(record: &Value) -> RecordContent {
    RecordContent::of(&Bytes::from(record.to_string()))
}

fn event(record: &Value) -> CloudEventRecord {
    match content(record) {
        RecordContent::CloudEvent(event) => event,
        other => panic!("{other:?}"),
    }
}

fn data(event: &CloudEventRecord) -> Value {
    serde_json::from_slice(&event.data).unwrap()
}

fn envelope() -> Value {
    json!({"event_id": "e1", "payload": {"title": "wäter"}})
}

#[test]
fn the_data_of_a_cloud_event_is_its_own_bytes() {
    let record = Bytes::from_static(
        br#"{"specversion":"1.0","id":"e1","type":"task-created","data": {"n": 1.50, "b":1e400} }"#,
    );
    let RecordContent::CloudEvent(event) = RecordContent::of(&record) else {
        panic!("no CloudEvent");
    };
    assert_eq!(&event.data[..], br#"{"n": 1.50, "b":1e400}"#);
    assert_eq!(event.id.as_deref(), Some("e1"));
    assert_eq!(event.event_type.as_deref(), Some("task-created"));
}

#[test]
fn data_may_come_as_base64() {
    let encoded = STANDARD.encode(envelope().to_string());
    let event = event(&json!({"specversion": "1.0", "data_base64": encoded}));
    assert_eq!(data(&event), envelope());
}

#[test]
fn a_cloud_event_published_as_json_is_unwrapped_from_the_sidecars_own() {
    let inner = json!({"specversion": "1.0", "id": "inner", "type": "task-created",
        "traceparent": TRACEPARENT, "data": envelope()});
    let outer = json!({"specversion": "1.0", "id": "outer", "type": "com.dapr.event.sent",
        "traceparent": OTHER_TRACEPARENT, "data": inner});
    let event = event(&outer);
    assert_eq!(data(&event), envelope());
    assert_eq!(event.id.as_deref(), Some("inner"));
    assert_eq!(event.event_type.as_deref(), Some("task-created"));
    assert_eq!(event.traceparent.as_deref(), Some(TRACEPARENT));
}

#[test]
fn an_inner_event_without_a_trace_takes_the_outer_one() {
    let inner = json!({"specversion": "1.0", "traceparent": 7, "data": envelope()});
    let outer = json!({"specversion": "1.0", "traceid": OTHER_TRACEPARENT, "data": inner});
    assert_eq!(event(&outer).traceparent.as_deref(), Some(OTHER_TRACEPARENT));
}

#[test]
fn a_third_wrapping_is_left_on() {
    let wrap = |data: Value| json!({"specversion": "1.0", "data": data});
    let innermost = wrap(envelope());
    let event = event(&wrap(wrap(innermost.clone())));
    assert_eq!(data(&event), innermost);
}

#[test]
fn attributes_of_a_wrong_type_are_absent_and_break_nothing() {
    let record = json!({"specversion": "1.0", "id": 1, "type": ["x"], "traceid": 42,
        "traceparent": {"a": 1}, "topic": 3, "pubsubname": null, "data": envelope()});
    let event = event(&record);
    assert_eq!(data(&event), envelope());
    assert_eq!((event.id, event.event_type, event.traceparent), (None, None, None));
}

#[test]
fn a_trace_context_without_its_shape_is_absent() {
    for traceparent in ["", "00-abc", &"0".repeat(55), &format!("{TRACEPARENT}ü")] {
        let record = json!({"specversion": "1.0", "traceparent": traceparent, "data": 1});
        assert_eq!(event(&record).traceparent, None, "{traceparent}");
    }
    let record = json!({"specversion": "1.0", "traceparent": "", "traceid": TRACEPARENT});
    assert_eq!(event(&record).traceparent.as_deref(), Some(TRACEPARENT));
}

#[test]
fn a_cloud_event_without_data_holds_null() {
    for record in [
        json!({"specversion": "1.0"}),
        json!({"specversion": "1.0", "data": null}),
        json!({"specversion": "1.0", "data": null, "data_base64": null}),
    ] {
        assert_eq!(&event(&record).data[..], b"null");
    }
}

#[test]
fn any_other_json_is_a_bare_document() {
    for record in [envelope(), json!([1]), json!("x"), json!(null), json!({"specversion": 1})] {
        assert_eq!(content(&record), RecordContent::Bare(Bytes::from(record.to_string())));
    }
    let ambiguous = Bytes::from_static(br#"{"specversion":"1.0","data":1,"data":2}"#);
    assert_eq!(RecordContent::of(&ambiguous), RecordContent::Bare(ambiguous));
}

#[test]
fn what_is_no_json_in_utf_8_says_so() {
    for record in [
        &b""[..],
        b" ",
        b"\0",
        b"garbage",
        b"{",
        b"{}{}",
        b"\xff\xfe",
        b"{\"a\":\"\xff\"}",
        b"\xef\xbb\xbf{}",
        br#"{"specversion":"1.0","data_base64":"bm90IEpTT04="}"#,
        br#"{"specversion":"1.0","data_base64":"not base64"}"#,
        br#"{"specversion":"1.0","data_base64":7}"#,
    ] {
        let record = Bytes::copy_from_slice(record);
        assert_eq!(RecordContent::of(&record), RecordContent::NotJson, "{record:?}");
    }
}

#[test]
fn deeply_nested_json_does_no_harm() {
    const DEPTH: usize = 1_000_000;
    let nested = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let bare = Bytes::from(nested.clone());
    assert_eq!(RecordContent::of(&bare), RecordContent::Bare(bare));
    let record = Bytes::from(format!(r#"{{"specversion":"1.0","data":{nested}}}"#));
    let RecordContent::CloudEvent(event) = RecordContent::of(&record) else {
        panic!("no CloudEvent");
    };
    assert_eq!(event.data, nested);
    let unclosed = Bytes::from(r#"{"specversion":"1.0","data":"#.repeat(100_000));
    assert_eq!(RecordContent::of(&unclosed), RecordContent::NotJson);
}
