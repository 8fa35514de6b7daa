//! The JSON Schema of an event: the whole envelope, with all that it refers to inside.

use events::{EVENT_VERSION, EventType, Service};
use schemars::{Schema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A schema document; what is declared first is written first.
#[derive(Serialize)]
pub(crate) struct Document {
    #[serde(rename = "$schema")]
    dialect: &'static str,
    #[serde(rename = "$id")]
    id: String,
    title: &'static str,
    description: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    required: &'static [&'static str],
    properties: Properties,
    #[serde(rename = "$defs", skip_serializing_if = "Map::is_empty")]
    definitions: Map<String, Value>,
}

#[derive(Serialize)]
struct Properties {
    event_id: Value,
    event_type: Value,
    event_version: Value,
    timestamp: Value,
    correlation_id: Value,
    producer: Value,
    payload: Schema,
}

const REQUIRED: &[&str] = &[
    "event_id",
    "event_type",
    "event_version",
    "timestamp",
    "correlation_id",
    "producer",
    "payload",
];

/// The schema of an event as a reader must take it: what may be missing is not required, and a
/// field that it does not name is allowed.
pub(crate) fn of(event_type: EventType) -> Document {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut payload = event_type.payload_schema(&mut generator);
    let mut definitions = generator.take_definitions(true);
    // The order of keys must not hang on which features of serde_json a build happens to have.
    tidy(payload.ensure_object());
    tidy(&mut definitions);
    Document {
        dialect: DIALECT,
        id: format!("urn:todo:events:{EVENT_VERSION}:{event_type}"),
        title: event_type.name(),
        description: event_type.description(),
        kind: "object",
        required: REQUIRED,
        properties: envelope(event_type, payload),
        definitions,
    }
}

fn envelope(event_type: EventType, payload: Schema) -> Properties {
    Properties {
        event_id: json!({
            "description": "The event's identity; the same however often it is sent.",
            "type": "string",
            "format": "uuid"
        }),
        event_type: json!({ "const": event_type.name() }),
        event_version: json!({ "const": EVENT_VERSION }),
        timestamp: json!({
            "description": "When it happened, in UTC.",
            "type": "string",
            "format": "date-time"
        }),
        correlation_id: json!({
            "description": "The request that it follows from.",
            "type": "string",
            "format": "uuid"
        }),
        producer: json!({
            "description": "Who says so.",
            "type": "string",
            "enum": Service::ALL.map(Service::name)
        }),
        payload,
    }
}

fn tidy(map: &mut Map<String, Value>) {
    map.sort_keys();
    for value in map.values_mut() {
        value.sort_all_objects();
        unwrap_lines(value);
    }
}

/// A description is a doc comment, whose lines are as long as the source's.
fn unwrap_lines(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(unwrap_lines),
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get_mut("description") {
                let paragraphs: Vec<String> =
                    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
                *text = paragraphs.join("\n\n");
            }
            map.values_mut().for_each(unwrap_lines);
        }
        _ => {}
    }
}
