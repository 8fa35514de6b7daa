//! What successful answers have in common: descriptions, and the headers that go with what they carry.

use std::collections::BTreeMap;

use utoipa::{
    Modify,
    openapi::{
        Header, HeaderBuilder, KnownFormat, Object, ObjectBuilder, OpenApi as Spec, Ref, RefOr,
        Response, Schema, SchemaFormat, Type, extensions::Extensions,
    },
};

use super::operations;

pub(super) const RETRY_AFTER: &str = "Retry-After";
pub(super) const WWW_AUTHENTICATE: &str = "WWW-Authenticate";
const COMMON: [&str; 3] = ["RateLimit", "RateLimit-Policy", "X-Correlation-Id"];
const ENTITY_TAG: &str = "ETag";
const FEED_POSITION: &str = "X-Feed-Position";
const LOCATION: &str = "Location";
const SET_COOKIE: &str = "Set-Cookie";

/// The operations that begin or end a session.
const WITH_COOKIE: [&str; 4] = ["register", "logIn", "logOut", "deleteAccount"];
/// What says how far the live stream was.
const WITH_POSITION: [&str; 3] = ["TaskPage", "ReminderPage", "TimelinePage"];
/// What has a version and an address.
const TASK: &str = "Task";

/// Describes what operations answer when they succeed.
pub(super) struct Answers;

impl Modify for Answers {
    fn modify(&self, document: &mut Spec) {
        let descriptions = descriptions(document);
        for (_, _, operation) in operations(document) {
            let id = operation.operation_id.clone().unwrap_or_default();
            for (status, response) in &mut operation.responses.responses {
                let RefOr::T(response) = response else { continue };
                let schema = schema(response);
                response.description = match &schema {
                    Some(schema) => descriptions.get(schema).cloned().unwrap_or_default(),
                    None if status == "202" => "What becomes of it shows later.".to_owned(),
                    None => "Done; there is nothing to say of it.".to_owned(),
                };
                add_common_headers(response);
                if WITH_COOKIE.contains(&id.as_str()) {
                    add_header(response, SET_COOKIE);
                }
                let Some(schema) = schema else { continue };
                if WITH_POSITION.contains(&schema.as_str()) {
                    add_header(response, FEED_POSITION);
                }
                if schema == TASK {
                    add_header(response, ENTITY_TAG);
                    if status == "201" {
                        add_header(response, LOCATION);
                    }
                }
            }
        }
        let headers = headers().map(|(name, header)| (name.to_owned(), RefOr::T(header)));
        document.components.get_or_insert_default().headers.extend(headers);
    }
}

/// What every answer has.
pub(super) fn add_common_headers(response: &mut Response) {
    for name in COMMON {
        add_header(response, name);
    }
}

pub(super) fn add_header(response: &mut Response, name: &str) {
    let reference = Ref::new(format!("#/components/headers/{name}"));
    response.headers.insert(name.to_owned(), RefOr::Ref(reference));
}

/// The name of the schema of a response's body.
pub(super) fn schema(response: &Response) -> Option<String> {
    response.content.values().find_map(super::examples::schema_name)
}

/// The first line of each schema's comment.
fn descriptions(document: &Spec) -> BTreeMap<String, String> {
    let schemas = document.components.iter().flat_map(|components| &components.schemas);
    let described = schemas.filter_map(|(name, schema)| match schema {
        RefOr::T(Schema::Object(object)) => Some((name, object.description.as_ref()?)),
        RefOr::T(Schema::AllOf(object)) => Some((name, object.description.as_ref()?)),
        _ => None,
    });
    described
        .map(|(name, text)| (name.clone(), text.lines().next().unwrap_or(text).to_owned()))
        .collect()
}

fn headers() -> [(&'static str, Header); 9] {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let number =
        |least: i64| ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).build();
    let uuid = SchemaFormat::KnownFormat(KnownFormat::Uuid);
    [
        ("RateLimit", always("What is left of the quota.", text().build())),
        ("RateLimit-Policy", always("The quota.", text().build())),
        (
            "X-Correlation-Id",
            always("The request, in all that follows from it.", text().format(Some(uuid)).build()),
        ),
        (RETRY_AFTER, always("Seconds until it is worth another try.", number(1))),
        (
            WWW_AUTHENTICATE,
            sometimes("What is asked for: a token, or the scope that it lacks.", text().build()),
        ),
        (
            ENTITY_TAG,
            always(
                "The task's version, for `If-Match`.",
                text().pattern(Some(r#"^"\d+"$"#)).build(),
            ),
        ),
        (FEED_POSITION, always("From where to follow the stream, to miss nothing.", number(0))),
        (LOCATION, always("Where the task is.", text().build())),
        (SET_COOKIE, always("The session, or its end.", text().build())),
    ]
}

fn sometimes(what: &str, schema: Object) -> Header {
    HeaderBuilder::new().description(Some(what)).schema(Some(schema)).build()
}

fn always(what: &str, schema: Object) -> Header {
    // utoipa has no field for it, and writes extensions as they are.
    let required = Extensions::from_iter([("required", true)]);
    let mut header = sometimes(what, schema);
    header.extensions = Some(required);
    header
}
