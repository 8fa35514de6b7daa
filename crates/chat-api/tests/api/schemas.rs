//! The committed schemas of the contracts.

use std::{collections::BTreeMap, fs, path::Path, sync::LazyLock};

use events::EventType;
use jsonschema::{Draft, Validator};
use serde_json::Value;

static VALIDATORS: LazyLock<BTreeMap<EventType, Validator>> =
    LazyLock::new(|| EventType::ALL.iter().map(|kind| (*kind, validator(*kind))).collect());

fn validator(event_type: EventType) -> Validator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/schemas/v1");
    let text = fs::read_to_string(folder.join(format!("{event_type}.json"))).expect("a schema");
    let schema = serde_json::from_str(&text).expect("JSON");
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema of draft 2020-12")
}

/// Fails unless an envelope is what its committed schema says.
#[track_caller]
pub(crate) fn assert_valid(event_type: EventType, envelope: &Value) {
    let errors: Vec<String> =
        VALIDATORS[&event_type].iter_errors(envelope).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {envelope}");
}
