use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::stand_in::{Scripted, StandIn, nobody};

fn message(id: usize) -> Message {
    let event = format!(r#"{{"id":"{id}", "version":1732380000000000, "data":{{"n":1.50}}}}"#);
    Message {
        body: Bytes::from(event),
        partition_key: format!("key-{id}"),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
    }
}

fn messages(count: usize) -> Vec<Message> {
    (0..count).map(message).collect()
}

fn broken() -> Message {
    Message { body: Bytes::from_static(b"not JSON"), ..message(0) }
}

fn refused(error: &str) -> EntryOutcome {
    EntryOutcome::Refused(error.to_owned())
}

fn partial_failure(entries: &[(&str, &str)]) -> String {
    let entries: Vec<_> =
        entries.iter().map(|(id, error)| json!({"entryId": id, "error": error})).collect();
    json!({"failedEntries": entries, "errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE"}).to_string()
}

async fn bulk_against(status: u16, body: &str, count: usize) -> Result<BulkOutcome, PublishError> {
    let stand_in = StandIn::answering(status, body);
    let result = stand_in.sidecar().publish_bulk("p", "t", &messages(count)).await;
    stand_in.only_request();
    result
}

#[actix_web::test]
async fn a_bulk_arrives_exactly_as_the_api_asks() {
    let stand_in = StandIn::answering(204, "");
    let sidecar = stand_in.sidecar();
    let outcome = sidecar.publish_bulk("kafka-pubsub", "reminders", &messages(2)).await.unwrap();
    assert_eq!(outcome.entries, [EntryOutcome::Accepted, EntryOutcome::Accepted]);
    let seen = stand_in.only_request();
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.target, "/v1.0-alpha1/publish/bulk/kafka-pubsub/reminders");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("traceparent"), None, "it would overwrite the entries' own");
    let text = std::str::from_utf8(&seen.body).unwrap();
    let event = r#"{"id":"1", "version":1732380000000000, "data":{"n":1.50}}"#;
    assert!(text.contains(event), "the event is not rewritten: {text}");
    let body: Value = serde_json::from_str(text).unwrap();
    assert_eq!(
        body[1],
        json!({
            "entryId": "1",
            "event": {"id": "1", "version": 1_732_380_000_000_000_u64, "data": {"n": 1.5}},
            "contentType": "application/cloudevents+json",
            "metadata": {"partitionKey": "key-1"},
        })
    );
}

#[actix_web::test]
async fn a_partial_failure_names_its_entries_in_the_order_of_the_input() {
    let body = partial_failure(&[("2", "too large"), ("0", "no leader")]);
    let outcome = bulk_against(500, &body, 4).await.unwrap();
    assert_eq!(
        outcome.entries,
        [
            refused("no leader"),
            EntryOutcome::Accepted,
            refused("too large"),
            EntryOutcome::Accepted
        ]
    );
    assert_eq!(outcome.accepted_count(), 2);
    assert!(!outcome.is_all_refused());
}

#[actix_web::test]
async fn an_entry_may_fail_without_a_reason() {
    let outcome = bulk_against(500, r#"{"failedEntries":[{"entryId":"1"}]}"#, 2).await.unwrap();
    assert_eq!(outcome.entries, [EntryOutcome::Accepted, refused("")]);
}

#[actix_web::test]
async fn when_all_entries_fail_the_outcome_says_so() {
    let outcome = bulk_against(500, &partial_failure(&[("0", "gone"), ("1", "gone")]), 2).await;
    assert!(outcome.unwrap().is_all_refused());
    assert!(!BulkOutcome::default().is_all_refused());
}

#[actix_web::test]
async fn an_answer_that_does_not_account_for_our_entries_fails_the_whole_call() {
    for body in [
        partial_failure(&[]),
        partial_failure(&[("0", "x"), ("7", "whose?")]),
        partial_failure(&[("00", "x")]),
        r#"{"failedEntries":null}"#.to_owned(),
        r#"{"failedEntries":[{"error":"x"}]}"#.to_owned(),
        r#"{"errorCode":"ERR_PUBSUB_PUBLISH_MESSAGE","message":"gone"}"#.to_owned(),
        "<html>".to_owned(),
        String::new(),
    ] {
        let result = bulk_against(500, &body, 2).await;
        assert!(matches!(result, Err(PublishError::Unavailable { .. })), "{body}: {result:?}");
    }
}

#[actix_web::test]
async fn failed_entries_count_only_where_the_call_was_tried() {
    let body = partial_failure(&[("0", "x")]);
    for status in [200, 207, 400, 403] {
        let result = bulk_against(status, &body, 2).await;
        assert!(result.is_err(), "{status}: {result:?}");
    }
}

#[actix_web::test]
async fn the_whole_call_fails_with_the_same_errors_as_one_message() {
    let body = r#"{"errorCode":"ERR_PUBSUB_FORBIDDEN","message":"no"}"#;
    let result = bulk_against(403, body, 2).await;
    assert!(matches!(result, Err(PublishError::Forbidden { .. })), "{result:?}");
    let result = nobody().publish_bulk("p", "t", &messages(1)).await;
    assert!(matches!(result, Err(PublishError::Refused(_))), "{result:?}");
}

#[actix_web::test]
async fn a_message_that_cannot_be_sent_does_not_keep_the_others_back() {
    let stand_in = StandIn::answering(500, &partial_failure(&[("2", "too large")]));
    let bulk = [message(0), broken(), message(2), message(3)];
    let outcome = stand_in.sidecar().publish_bulk("p", "t", &bulk).await.unwrap();
    assert_eq!(outcome.entries[0], EntryOutcome::Accepted);
    assert!(
        matches!(&outcome.entries[1], EntryOutcome::Invalid(error) if error.contains("not JSON"))
    );
    assert_eq!(outcome.entries[2], refused("too large"));
    assert_eq!(outcome.entries[3], EntryOutcome::Accepted);
    let sent: Vec<Value> = serde_json::from_slice(&stand_in.only_request().body).unwrap();
    let ids: Vec<_> = sent.iter().map(|entry| entry["entryId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["0", "2", "3"]);
}

#[actix_web::test]
async fn without_a_message_to_send_there_is_no_call() {
    let stand_in = StandIn::answering(500, "");
    let sidecar = stand_in.sidecar();
    assert_eq!(sidecar.publish_bulk("p", "t", &[]).await.unwrap(), BulkOutcome::default());
    let outcome = sidecar.publish_bulk("p", "t", &[broken()]).await.unwrap();
    assert!(matches!(&outcome.entries[..], [EntryOutcome::Invalid(_)]));
    assert_eq!(outcome.accepted_count(), 0);
    assert!(!outcome.is_all_refused(), "nobody was asked");
    assert!(stand_in.seen().is_empty());
}

#[actix_web::test]
async fn five_hundred_failures_repeated_in_the_headers_are_read() {
    let ids: Vec<String> = (0..500).map(|index| index.to_string()).collect();
    let error = "kafka server: Message was too large, server rejected it to avoid allocation error";
    let entries: Vec<_> = ids.iter().map(|id| (id.as_str(), error)).collect();
    let body = partial_failure(&entries);
    // daprd repeats the body, and the broker's error, in headers.
    let stand_in = StandIn::playing(Scripted {
        status: 500,
        headers: vec![
            ("metadata.responsedata", body.clone()),
            ("metadata.error", error.repeat(500)),
        ],
        body,
    });
    let outcome = stand_in.sidecar().publish_bulk("p", "t", &messages(500)).await.unwrap();
    assert_eq!(outcome.entries, vec![refused(error); 500]);
}
