//! Parser and committed schema take the same and refuse the same.

use std::process::Command;

use events::EventType;
use serde_json::{Value, json};

use crate::support::{SCHEMAS, complaints, decode, event, golden, goldens, object, places, root};

/// The architecture's payload fields and what the design requires of our own events.
const REQUIRED: [(&str, &[&str]); 15] = [
    (
        "task-created",
        &[
            "task_id",
            "title",
            "description",
            "priority",
            "status",
            "due_date",
            "recurrence",
            "tags",
            "user_id",
            "created_at",
        ],
    ),
    ("task-updated", &["task_id", "changed_fields", "changes", "updated_at"]),
    ("task-completed", &["task_id", "user_id", "completed_at", "next_due_date"]),
    ("task-deleted", &["task_id", "user_id", "deleted_at"]),
    ("reminder-scheduled", &["task_id", "reminder_id", "due_date", "reminder_time", "recurrence"]),
    (
        "reminder-triggered",
        &[
            "task_id",
            "reminder_id",
            "user_id",
            "title",
            "due_date",
            "reminder_time",
            "triggered_at",
            "recurrence",
        ],
    ),
    ("reminder-cancelled", &["task_id", "reminder_id", "user_id", "reason", "cancelled_at"]),
    (
        "notification-delivered",
        &[
            "delivery_id",
            "reminder_id",
            "task_id",
            "user_id",
            "channel",
            "outcome",
            "attempts",
            "error",
            "at",
        ],
    ),
    ("notification-settings-updated", &["user_id", "version", "time_zone", "channels"]),
    ("channel-test-requested", &["user_id", "channel_id", "requested_at"]),
    ("user-deleted", &["user_id", "deleted_at", "version"]),
    ("events-received", &["consumer", "receipts"]),
    (
        "event-dead-lettered",
        &["id", "topic", "consumer", "reason", "sha256", "size", "head_base64"],
    ),
    ("dead-letter-redrive-requested", &["id"]),
    ("dead-letter-discard-requested", &["id"]),
];

#[test]
fn what_is_committed_is_what_the_types_say() {
    let check = Command::new(env!("CARGO_BIN_EXE_contracts")).arg("check").output();
    let check = check.expect("the generator");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn each_schema_stands_alone_and_names_its_event() {
    for (event_type, schema) in SCHEMAS.iter() {
        let document = &schema.document;
        assert_eq!(document["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(document["$id"], format!("urn:todo:events:v1:{event_type}"));
        assert_eq!(document["properties"]["event_type"]["const"], event_type.name());
        assert_eq!(document["properties"]["event_version"]["const"], "v1");
        let text = document.to_string();
        let references = text.matches("\"$ref\":\"").count();
        assert_eq!(references, text.matches("\"$ref\":\"#/$defs/").count(), "{event_type}");
        assert!(!text.contains("additionalProperties\":false"), "{event_type}");
        assert!(!text.contains("[`"), "{event_type} has a link into the source");
        jsonschema::meta::validate(document).expect("a valid schema");
    }
}

#[test]
fn the_required_fields_are_those_of_the_design() {
    for (name, fields) in REQUIRED {
        let event_type: EventType = name.parse().expect("an event of ours");
        let document = &SCHEMAS[&event_type].document;
        let payload = document["properties"]["payload"]["$ref"].as_str().expect("a reference");
        let payload = document.pointer(&payload[1..]).expect("a definition");
        assert_eq!(payload["required"], json!(fields), "{name}");
    }
}

#[test]
fn a_missing_required_field_is_refused_by_parser_and_schema() {
    let mut removed = 0;
    each_field(|event_type, record, pointer, field, required| {
        if !required {
            return;
        }
        object(record, pointer).remove(field);
        removed += 1;
        assert!(decode(record).is_err(), "{event_type}{pointer}/{field}: parser");
        assert!(
            !complaints(event_type, record).is_empty(),
            "{event_type}{pointer}/{field}: schema"
        );
    });
    assert!(removed > 250, "only {removed}");
}

#[test]
fn a_missing_addition_is_taken_by_parser_and_schema() {
    let mut removed = 0;
    each_field(|event_type, record, pointer, field, required| {
        if required {
            return;
        }
        object(record, pointer).remove(field);
        removed += 1;
        assert_eq!(event(record).event_type(), event_type, "{pointer}/{field}");
        assert_eq!(complaints(event_type, record), [""; 0], "{event_type}{pointer}/{field}");
    });
    assert!(removed > 50, "only {removed}");
}

#[test]
fn a_value_of_the_wrong_type_is_refused_by_parser_and_schema() {
    let mut changed = 0;
    each_field(|event_type, record, pointer, field, _| {
        if ["old", "new"].contains(&field) {
            return; // Any value is right.
        }
        let value = &mut object(record, pointer)[field];
        *value = if value.is_object() { json!("wrong") } else { json!({ "wrong": true }) };
        changed += 1;
        assert!(decode(record).is_err(), "{event_type}{pointer}/{field}: parser");
        assert!(
            !complaints(event_type, record).is_empty(),
            "{event_type}{pointer}/{field}: schema"
        );
    });
    assert!(changed > 300, "only {changed}");
}

#[test]
fn null_is_refused_where_the_schema_does_not_allow_it_and_else_taken() {
    each_field(|event_type, record, pointer, field, _| {
        object(record, pointer)[field] = Value::Null;
        let valid = complaints(event_type, record).is_empty();
        assert_eq!(decode(record).is_ok(), valid, "{event_type}{pointer}/{field}");
    });
}

#[test]
fn unknown_fields_everywhere_are_ignored() {
    for event_type in EventType::ALL {
        let golden = golden(*event_type);
        let mut record = golden.clone();
        let places = places(*event_type, &golden);
        assert!(places.len() >= 2, "the envelope and the payload");
        for place in places {
            let unknown = json!({ "deep": [1, null, { "er": "ü" }] });
            object(&mut record, &place.pointer).insert("of_tomorrow".to_owned(), unknown);
        }
        assert_eq!(event(&record), event(&golden), "{event_type}");
        assert_eq!(complaints(*event_type, &record), [""; 0], "{event_type}");
    }
}

#[test]
fn malformed_values_are_refused_by_parser_and_schema() {
    let cases = [
        ("/event_id", json!(4711)),
        ("/event_id", json!("no-uuid")),
        ("/correlation_id", json!("0a4d1e52-6b1f-4c3a-8f27")),
        ("/timestamp", json!("yesterday")),
        ("/timestamp", json!(1_795_449_600)),
        ("/timestamp", json!("2026-02-30T00:00:00Z")),
        ("/timestamp", json!("2026-11-23T16:00:00")),
        ("/timestamp", json!("+12026-11-23T16:00:00Z")),
        ("/producer", json!("somebody")),
        ("/payload", json!([])),
        ("/payload", json!(null)),
        ("/payload/priority", json!("URGENT")),
        ("/payload/status", json!("todo")),
        ("/payload/due_date", json!("2026-02-30")),
        ("/payload/due_date", json!("+999-01-01")),
        ("/payload/due_date", json!("next Sunday")),
        ("/payload/occurrence", json!("2026-11-29T18:00")),
        ("/payload/occurrence", json!("-001-11-29")),
        ("/payload/schedule_since", json!("+12026-11-23T16:00:00Z")),
        ("/payload/snoozes/0/until", json!("soon")),
        ("/payload/reminders/0", json!({})),
        ("/payload/reminders/0", json!({ "offset": "PT0S", "at": "2026-11-24T17:00:00Z" })),
        ("/payload/reminders/0", json!({ "offset": "half an hour" })),
        ("/payload/reminders/0", json!({ "at": "+12026-11-24T17:00:00Z" })),
        ("/payload/tags/0", json!(7)),
        ("/payload/version", json!(1.5)),
        ("/payload/recurrence/rrule", json!("")),
        ("/payload/recurrence/basis", json!("whim")),
        ("/payload/time_zone", json!("")),
    ];
    for (pointer, wrong) in cases {
        refused("task-created", pointer, wrong);
    }
    refused("notification-settings-updated", "/payload/quiet_hours/from", json!("25:00:00"));
    refused("notification-settings-updated", "/payload/digest/at", json!("7.30"));
    refused("notification-delivered", "/payload/attempts", json!(-1));
    refused("events-received", "/payload/receipts/0/outcome", json!("lost"));
    refused("events-received", "/payload/receipts/1/version", json!("new"));
}

#[test]
fn an_event_is_refused_by_the_schema_of_every_other() {
    for (name, record) in goldens() {
        let matching = SCHEMAS.values().filter(|schema| schema.validator.is_valid(&record));
        assert_eq!(matching.count(), 1, "{name}");
    }
}

#[test]
fn an_instant_whose_utc_year_has_five_digits_is_refused() {
    for time in ["9999-12-31T23:59:59-05:00", "0000-01-01T00:00:00+05:00"] {
        let mut record = golden(EventType::TaskCreated);
        record["timestamp"] = json!(time);
        assert!(decode(&record).is_err(), "{time}");
        assert!(time.parse::<events::Due>().is_err(), "{time}");
    }
}

#[test]
fn the_asyncapi_document_refers_to_every_schema() {
    let document = crate::support::json("docs/contracts/asyncapi.json");
    for event_type in EventType::ALL {
        let message = &document["components"]["messages"][event_type.name()];
        let reference = message["payload"]["properties"]["data"]["$ref"].as_str();
        let file = root().join("docs/contracts").join(reference.expect("a reference"));
        assert!(file.ends_with(format!("schemas/v1/{event_type}.json")), "{event_type}");
        assert!(file.exists(), "{}", file.display());
    }
}

/// Visits every field of every golden with a fresh copy of the record.
fn each_field(mut visit: impl FnMut(EventType, &mut Value, &str, &str, bool)) {
    for record in goldens().into_values() {
        let event_type = event(&record).event_type();
        for place in places(event_type, &record) {
            for (field, required) in &place.fields {
                visit(event_type, &mut record.clone(), &place.pointer, field, *required);
            }
        }
    }
}

fn refused(event_type: &str, pointer: &str, wrong: Value) {
    let event_type: EventType = event_type.parse().expect("an event of ours");
    let mut record = golden(event_type);
    assert_eq!(complaints(event_type, &record), [""; 0]);
    let label = format!("{event_type}{pointer}: {wrong}");
    *record.pointer_mut(pointer).expect("a value") = wrong;
    assert!(decode(&record).is_err(), "{label}: parser");
    assert!(!complaints(event_type, &record).is_empty(), "{label}: schema");
}
