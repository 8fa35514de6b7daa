//! What is no event of ours is told apart from what is no event at all; nothing panics.

use events::{ChannelKind, DecodeError, Decoded, Event, EventType, Payload};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{complaints, decode, event, golden};

#[test]
fn an_unknown_type_is_unknown_whatever_it_carries() {
    let record = json!({ "event_type": "task-archived", "event_version": "v1", "payload": 7 });
    let unknown = decode(&record).expect("no error");
    let (event_type, event_version) = ("task-archived".to_owned(), "v1".to_owned());
    assert_eq!(unknown, Decoded::Unknown { event_type, event_version });
}

#[test]
fn an_unknown_version_is_unknown_whatever_it_carries() {
    let mut record = golden(EventType::TaskCreated);
    record["event_version"] = json!("v2");
    record["payload"] = json!({ "task": {} });
    let unknown = decode(&record).expect("no error");
    let (event_type, event_version) = ("task-created".to_owned(), "v2".to_owned());
    assert_eq!(unknown, Decoded::Unknown { event_type, event_version });
}

/// A release that sends a kind of channel of its own must not turn all of a person's settings into a
/// dead letter of the one before it.
#[test]
fn a_kind_of_channel_that_is_not_known_yet_leaves_the_rest_readable() {
    let mut record = golden(EventType::NotificationSettingsUpdated);
    record["payload"]["channels"][0]["kind"] = json!("pigeon");
    assert_eq!(complaints(EventType::NotificationSettingsUpdated, &record), [""; 0]);
    let Payload::NotificationSettingsUpdated(settings) = event(&record).payload else { panic!() };
    assert_eq!(settings.channels[0].kind, ChannelKind::Unknown);
    let mut record = golden(EventType::NotificationDelivered);
    record["payload"]["channel"] = json!("pigeon");
    let Payload::NotificationDelivered(delivered) = event(&record).payload else { panic!() };
    assert_eq!(delivered.channel, ChannelKind::Unknown);
}

#[test]
fn what_names_no_type_or_no_version_is_no_envelope() {
    for record in [
        json!({}),
        json!(null),
        json!("task-created"),
        json!(["task-created", "v1"]),
        json!({ "event_type": "task-archived" }),
        json!({ "event_type": "task-created", "event_version": 1 }),
        json!({ "event_type": ["task-created"], "event_version": "v1" }),
    ] {
        assert!(matches!(decode(&record), Err(DecodeError::Envelope(_))), "{record}");
    }
}

#[test]
fn a_payload_of_the_wrong_shape_names_the_type_that_it_was_to_be() {
    for payload in [json!([]), json!({}), json!(null), json!(7)] {
        let mut record = golden(EventType::TaskDeleted);
        record["payload"] = payload;
        let error = decode(&record).expect_err("no task-deleted");
        assert_eq!(error.to_string(), "the payload is no task-deleted");
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[test]
fn an_array_never_stands_in_for_an_object() {
    let golden = golden(EventType::DeadLetterRedriveRequested);
    let mut record = golden.clone();
    record["payload"] = json!([golden["payload"]["id"]]);
    assert!(decode(&record).is_err());
}

#[test]
fn a_field_that_is_there_twice_is_refused() {
    let record = golden(EventType::TaskDeleted).to_string();
    let twice = record.replacen('{', r#"{"event_type":"task-deleted","#, 1);
    assert!(matches!(Event::decode(twice.as_bytes()), Err(DecodeError::Envelope(_))));
}

#[test]
fn deep_nesting_is_skipped_in_unknown_fields_and_refused_in_known_ones() {
    const DEPTH: usize = 200_000;
    let deep = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    let record = golden(EventType::TaskUpdated).to_string();

    let in_the_envelope = record.replacen('{', &format!(r#"{{"unknown":{deep},"#), 1);
    assert!(matches!(Event::decode(in_the_envelope.as_bytes()), Ok(Decoded::Event(_))));
    let in_the_payload =
        record.replacen(r#""payload":{"#, &format!(r#""payload":{{"unknown":{deep},"#), 1);
    assert!(matches!(Event::decode(in_the_payload.as_bytes()), Ok(Decoded::Event(_))));

    let in_a_change = record.replacen(r#""old":"HIGH""#, &format!(r#""old":{deep}"#), 1);
    assert_ne!(in_a_change, record);
    let refused = Event::decode(in_a_change.as_bytes());
    assert!(matches!(refused, Err(DecodeError::Payload { .. })));
    for unclosed in ["[", "{\"event_type\":", "{\"payload\":["] {
        assert!(Event::decode(unclosed.repeat(DEPTH).as_bytes()).is_err());
    }
}

fn any_golden() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(EventType::ALL).prop_map(|it| golden(it).to_string().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arbitrary_bytes_are_refused_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200)
    ) {
        prop_assert!(Event::decode(&bytes).is_err());
    }

    #[test]
    fn a_record_that_was_cut_off_is_refused(
        bytes in any_golden(),
        at in any::<prop::sample::Index>()
    ) {
        prop_assert!(Event::decode(&bytes[..at.index(bytes.len())]).is_err());
    }

    #[test]
    fn a_record_with_a_few_other_bytes_is_decoded_without_a_panic(
        mut bytes in any_golden(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        // Some of these are still events; then they can be written again.
        if let Ok(Decoded::Event(event)) = Event::decode(&bytes) {
            let written = serde_json::to_vec(&event).expect("JSON");
            prop_assert_eq!(Event::decode(&written).ok(), Some(Decoded::Event(event)));
        }
    }
}
