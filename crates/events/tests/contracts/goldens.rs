//! What was once promised is still read, and today's examples are written as they are read.

use events::{EventType, Payload, ReminderSpec, TaskVersion, TimeZone};
use serde_json::Value;

use crate::{
    examples,
    support::{complaints, event, golden, goldens},
};

#[test]
fn each_golden_is_read_as_exactly_the_value_that_it_was_written_from() {
    let examples = examples::events().expect("the examples");
    let types: Vec<EventType> = examples.iter().map(|example| example.event_type()).collect();
    assert_eq!(types, EventType::ALL, "an example of each event");
    for example in examples {
        assert_eq!(event(&golden(example.event_type())), example);
    }
}

#[test]
fn each_golden_is_written_as_it_was_read() {
    for event_type in EventType::ALL {
        let golden = golden(*event_type);
        let written = serde_json::to_value(event(&golden)).expect("JSON");
        assert_eq!(written, golden, "{event_type}");
    }
}

#[test]
fn every_golden_of_the_past_is_still_read_and_none_of_its_fields_is_lost() {
    let goldens = goldens();
    assert!(goldens.len() > EventType::ALL.len(), "the past is there");
    for (name, golden) in goldens {
        let written = serde_json::to_value(event(&golden)).expect("JSON");
        assert_eq!(missing(&golden, &written), None, "{name}");
    }
}

#[test]
fn every_golden_is_valid_by_the_schema_of_its_type() {
    for (name, golden) in goldens() {
        let event_type: EventType =
            name.split('.').next().and_then(|stem| stem.parse().ok()).expect("named by its type");
        assert_eq!(golden["event_type"], event_type.name(), "{name}");
        assert_eq!(complaints(event_type, &golden), [""; 0], "{name}");
    }
}

#[test]
fn the_architectures_events_without_our_additions_are_read() {
    let names: Vec<String> =
        goldens().into_keys().filter(|name| name.ends_with(".architecture.json")).collect();
    assert_eq!(names.len(), 7, "{names:?}");
}

#[test]
fn what_an_addition_means_when_it_is_missing_never_changes() {
    let of = |name: &str| event(&goldens()[&format!("{name}.architecture.json")]).payload;
    let Payload::TaskCreated(task) = of("task-created") else { panic!("a task-created") };
    assert_eq!(task.version, TaskVersion::from(0), "older than any");
    assert_eq!(task.time_zone, TimeZone::UTC);
    assert_eq!(task.reminders, [ReminderSpec::AT_DUE]);
    assert!(task.snoozes.is_empty() && task.dismissed.is_empty());
    assert_eq!((task.occurrence, task.schedule_since), (None, None));
    let Payload::TaskUpdated(updated) = of("task-updated") else { panic!("a task-updated") };
    assert_eq!((updated.user_id, updated.task), (None, None));
    let Payload::ReminderTriggered(triggered) = of("reminder-triggered") else {
        panic!("a reminder-triggered")
    };
    assert!(!triggered.late && triggered.folded.is_empty());
}

/// Where something of the first value is not in the second.
fn missing(old: &Value, new: &Value) -> Option<String> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => old.iter().find_map(|(name, value)| {
            let Some(new) = new.get(name) else { return Some(format!("/{name}")) };
            missing(value, new).map(|at| format!("/{name}{at}"))
        }),
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            (0..).zip(old).zip(new).find_map(|((position, old), new): ((usize, _), _)| {
                missing(old, new).map(|at| format!("/{position}{at}"))
            })
        }
        _ => (old != new).then(String::new),
    }
}
