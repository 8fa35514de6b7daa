//! Null: in a request it is the same as left out, in an answer it is always there.
//!
//! The types are alike, so what an answer always has is required here, in every schema that no request
//! uses.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use utoipa::{
    Modify,
    openapi::{
        Components, OpenApi as Spec, RefOr, Schema, Type,
        schema::{Object, SchemaType},
    },
};

use super::operations;

pub(super) struct Nulls;

impl Modify for Nulls {
    fn modify(&self, document: &mut Spec) {
        let mut asked = BTreeSet::new();
        for (_, _, operation) in operations(document) {
            note_references(&operation.request_body, &mut asked);
        }
        let components = document.components.get_or_insert_default();
        while note_more(components, &mut asked) {}
        for (name, schema) in &mut components.schemas {
            if !asked.contains(name) {
                require_nullable(schema);
            }
        }
    }
}

/// Adds what the noted schemas refer to; whether that was anything.
fn note_more(components: &Components, noted: &mut BTreeSet<String>) -> bool {
    let before = noted.len();
    for name in noted.clone() {
        note_references(&components.schemas.get(&name), noted);
    }
    noted.len() > before
}

fn note_references(part: &impl Serialize, noted: &mut BTreeSet<String>) {
    let mut values = vec![serde_json::to_value(part).unwrap_or_default()];
    while let Some(value) = values.pop() {
        match value {
            Value::Array(items) => values.extend(items),
            Value::Object(fields) => {
                let reference = fields.get("$ref").and_then(Value::as_str);
                let name = reference.and_then(|reference| reference.rsplit('/').next());
                noted.extend(name.map(str::to_owned));
                values.extend(fields.into_iter().map(|(_, value)| value));
            }
            _ => {}
        }
    }
}

fn require_nullable(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let nullable = object.properties.iter().filter(|(_, schema)| may_be_null(schema));
            let names: Vec<String> = nullable.map(|(name, _)| name.clone()).collect();
            object.required.extend(names);
        }
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter_mut().for_each(require_nullable),
        _ => {}
    }
}

fn may_be_null(schema: &RefOr<Schema>) -> bool {
    let has_null = |kind: &SchemaType| match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match schema {
        RefOr::T(Schema::Object(Object { schema_type, .. })) => has_null(schema_type),
        RefOr::T(Schema::Array(array)) => has_null(&array.schema_type),
        RefOr::T(Schema::OneOf(one_of)) => one_of.items.iter().any(may_be_null),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use utoipa::OpenApi;

    use crate::http::openapi::Document;

    #[test]
    fn what_may_be_null_is_always_there_in_answers_and_only_there() {
        let document = serde_json::to_value(Document::openapi()).expect("JSON");
        let required = |schema: &str, field: &str| {
            let required = &document["components"]["schemas"][schema]["required"];
            required.as_array().is_some_and(|names| names.iter().any(|name| name == field))
        };
        assert!(required("Task", "due_date") && required("TaskPage", "next_cursor"));
        assert!(!required("NewTask", "due_date"));
        assert!(!required("Task", "deleted_at"), "left out where it is nothing");
    }
}
