//! The committed files, and ways to look into them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use events::{DecodeError, Decoded, Event, EventType};
use jsonschema::{Draft, Validator};
use serde_json::Value;

/// The committed schemas.
pub(crate) static SCHEMAS: LazyLock<BTreeMap<EventType, Schema>> = LazyLock::new(|| {
    EventType::ALL.iter().map(|event_type| (*event_type, Schema::read(*event_type))).collect()
});

/// A committed schema, as a document and ready to validate.
pub(crate) struct Schema {
    pub(crate) document: Value,
    pub(crate) validator: Validator,
}

impl Schema {
    fn read(event_type: EventType) -> Self {
        let document = json(&format!("crates/events/schemas/v1/{event_type}.json"));
        let validator = validator(&document);
        Self { document, validator }
    }
}

pub(crate) fn validator(schema: &Value) -> Validator {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(schema)
        .expect("a schema of draft 2020-12")
}

/// What the committed schema of the type has against a record.
pub(crate) fn complaints(event_type: EventType, record: &Value) -> Vec<String> {
    let errors = SCHEMAS[&event_type].validator.iter_errors(record);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The golden of a type.
pub(crate) fn golden(event_type: EventType) -> Value {
    json(&format!("crates/events/goldens/v1/{event_type}.json"))
}

/// Every golden, also those of the past, by file name.
pub(crate) fn goldens() -> BTreeMap<String, Value> {
    let folder = root().join("crates/events/goldens/v1");
    let files = fs::read_dir(folder).expect("the goldens");
    files
        .map(|file| {
            let name = file.expect("a golden").file_name().into_string().expect("plain text");
            let golden = json(&format!("crates/events/goldens/v1/{name}"));
            (name, golden)
        })
        .collect()
}

pub(crate) fn decode(record: &Value) -> Result<Decoded, DecodeError> {
    Event::decode(record.to_string().as_bytes())
}

/// The event that the record must be.
pub(crate) fn event(record: &Value) -> Event {
    match decode(record) {
        Ok(Decoded::Event(event)) => *event,
        other => panic!("{other:?} in {record}"),
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A committed JSON file, by its path from the project's root.
pub(crate) fn json(path: &str) -> Value {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// An object in a record, and what its schema says of its fields.
#[derive(Debug)]
pub(crate) struct Place {
    /// Where the object is, as a JSON pointer.
    pub(crate) pointer: String,
    /// Its fields, of those that the schema names, and whether the schema requires them.
    pub(crate) fields: Vec<(String, bool)>,
}

/// Every object in a record for which the schema names fields, from the outside in.
pub(crate) fn places(event_type: EventType, record: &Value) -> Vec<Place> {
    let root = &SCHEMAS[&event_type].document;
    let mut places = Vec::new();
    collect(root, root, record, "", &mut places);
    places
}

fn collect(root: &Value, schema: &Value, value: &Value, pointer: &str, places: &mut Vec<Place>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).expect("a definition");
        return collect(root, target, value, pointer, places);
    }
    for branch in ["anyOf", "oneOf"].iter().filter_map(|key| schema[*key].as_array()).flatten() {
        if fits(root, branch, value) {
            collect(root, branch, value, pointer, places);
        }
    }
    match value {
        Value::Object(object) => {
            if let Some(properties) = schema["properties"].as_object() {
                places.push(place(pointer, schema, object, properties));
            }
            for (name, inner) in object {
                let named = &schema["properties"][name];
                let schema = if named.is_null() { &schema["additionalProperties"] } else { named };
                collect(root, schema, inner, &format!("{pointer}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                collect(root, &schema["items"], item, &format!("{pointer}/{position}"), places);
            }
        }
        _ => {}
    }
}

/// Whether a record's part is valid by one branch of its schema.
fn fits(root: &Value, branch: &Value, value: &Value) -> bool {
    let mut branch = branch.clone();
    branch["$defs"] = root["$defs"].clone();
    validator(&branch).is_valid(value)
}

fn place(
    pointer: &str,
    schema: &Value,
    object: &serde_json::Map<String, Value>,
    properties: &serde_json::Map<String, Value>,
) -> Place {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_required = |name: &String| required.iter().any(|it| it == name);
    let fields = properties.keys().filter(|name| object.contains_key(*name));
    Place {
        pointer: pointer.to_owned(),
        fields: fields.map(|name| (name.clone(), is_required(name))).collect(),
    }
}

/// The object at a pointer.
pub(crate) fn object<'a>(
    record: &'a mut Value,
    pointer: &str,
) -> &'a mut serde_json::Map<String, Value> {
    record.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object")
}
