//! An operation of the document, and a valid request to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::estate::{Credential, Estate, GUEST, Kind};
use crate::stack::Stack;

/// An id in a body that names a thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    operation: &'static str,
    field: &'static str,
    kind: Kind,
    /// The field that the answer names where it is another person's.
    pub(crate) refused_as: &'static str,
}

const fn named(
    operation: &'static str,
    field: &'static str,
    kind: Kind,
    refused_as: &'static str,
) -> Named {
    Named { operation, field, kind, refused_as }
}

/// The fields of bodies that name things by their ids.
const NAMED_IN_BODIES: [Named; 10] = [
    named("sendMessage", "conversation_id", Kind::Conversation, "conversation_id"),
    named("createTask", "list_id", Kind::List, "list_id"),
    named("changeTask", "list_id", Kind::List, "list_id"),
    named("changeManyTasks", "tasks/id", Kind::Task, "tasks[1]"),
    named("changeManyTasks", "list_id", Kind::List, "tasks[0].list_id"),
    named("moveTask", "before", Kind::Task, "before"),
    named("moveTask", "after", Kind::Task, "after"),
    named("moveTask", "list_id", Kind::List, "list_id"),
    named("moveList", "before", Kind::OtherList, "before"),
    named("moveList", "after", Kind::OtherList, "after"),
];
/// Ids in queries, each tried by `isolation`.
const NAMED_IN_QUERIES: [(&str, &str); 3] =
    [("listTasks", "list"), ("importFile", "list"), (OF_A_REQUEST, "correlation_id")];
/// The operation that has to be told of which request.
const OF_A_REQUEST: &str = "listTimelineOfRequest";
/// The operation that shows the oldest of everybody's first, which an owner's come behind.
const OF_EVERYBODY: &str = "listOutbox";
/// Ids that are no thing of their own: a step belongs to its task, and only there.
const NO_THINGS: [&str; 1] = ["subtasks/id"];
/// What an answer that succeeds says nothing of, as it can't: what is there before is not in it, or it is the
/// same for everybody (the key of Web Push).
const SHOW_NOTHING_OF_BEFORE: [&str; 9] = [
    "createTask",
    "createList",
    "createToken",
    "createChannel",
    "createCalendarFeed",
    "importFile",
    "replaceSettings",
    "getWebPushKey",
    "parsePhrase",
];
/// What shows its owner's things to everybody who has the secret in its path.
const SHOWS_BY_ITS_SECRET: &str = "readCalendarFeed";

#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    method: Method,
    path: String,
    /// What a token needs for it, all of it; empty where everybody may.
    pub(crate) scopes: Vec<String>,
    pub(crate) successes: Vec<u16>,
    /// Whether the owner sees something of what is there.
    pub(crate) shows_something: bool,
    failures: BTreeSet<(u16, String)>,
    /// The names and examples of the parameters in its path.
    parameters: Vec<(String, String)>,
    example: Option<Value>,
    pub(crate) is_stream: bool,
}

impl Operation {
    /// All that the document has.
    pub(crate) fn all(document: &Value) -> Vec<Self> {
        let paths = document["paths"].as_object().expect("paths");
        let operations = paths.iter().flat_map(|(path, item)| {
            let item = item.as_object().expect("operations");
            item.iter()
                .map(move |(method, operation)| Self::read(document, path, method, operation))
        });
        operations.collect()
    }

    fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let id = operation["operationId"].as_str().expect("an operationId").to_owned();
        let security = operation["security"].as_array().expect("a security");
        let scopes = match security.iter().find(|one| one.get("token").is_some()) {
            Some(one) => serde_json::from_value(one["token"].clone()).expect("scopes"),
            None => {
                assert_eq!(operation["security"], json!([{}]), "{id}: is it for everybody?");
                vec![]
            }
        };
        let mut parameters = vec![];
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let is_in_path = parameter["in"] == "path";
            if is_in_path {
                let text = |name: &str| parameter[name].as_str().expect("a text").to_owned();
                parameters.push((text("name"), text("example")));
            }
            let is_id = parameter["in"] == "query" && is_id(document, &parameter["schema"]);
            let field = parameter["name"].as_str().expect("a name");
            assert!(
                !is_id || NAMED_IN_QUERIES.contains(&(id.as_str(), field)),
                "{id}: try what another person's {field} does, in `isolation`, and name it here"
            );
            let is_known = is_in_path || parameter["required"] != true || id == OF_A_REQUEST;
            assert!(is_known, "{id}: say here what its parameter {} is to be", parameter["name"]);
        }
        let content = &operation["requestBody"]["content"]["application/json"];
        assert_eq!(
            content.is_null(),
            operation["requestBody"].is_null(),
            "{id}: a body, but no JSON"
        );
        for field in ids_in(document, &content["schema"]) {
            let is_known = NO_THINGS.contains(&field.as_str())
                || NAMED_IN_BODIES
                    .iter()
                    .any(|named| named.operation == id && named.field == field);
            assert!(is_known, "{id}: say in NAMED_IN_BODIES what the id {field} of its body names");
        }
        let mut successes = vec![];
        let mut failures = BTreeSet::new();
        let (mut has_body, mut is_stream) = (false, false);
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let status: u16 = status.parse().expect("a status");
            if status < 400 {
                successes.push(status);
                has_body |= response["content"].is_object();
                // What may also come as JSON ends.
                is_stream |= response["content"]["text/event-stream"].is_object()
                    && response["content"]["application/json"].is_null();
                continue;
            }
            let response = resolve(document, response);
            let examples = &response["content"]["application/problem+json"]["examples"];
            let codes = examples.as_object().expect("codes").keys();
            failures.extend(codes.map(|code| (status, code.clone())));
        }
        Self {
            shows_something: has_body && !SHOW_NOTHING_OF_BEFORE.contains(&id.as_str()),
            id,
            method: method.to_uppercase().parse().expect("a method"),
            path: path.to_owned(),
            scopes,
            successes,
            failures,
            parameters,
            example: content.get("example").cloned(),
            is_stream,
        }
    }

    /// Whether its path is a credential.
    pub(crate) fn shows_by_its_secret(&self) -> bool {
        self.id == SHOWS_BY_ITS_SECRET
    }

    /// As tools call it.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(crate) fn fails_with(&self, status: u16, code: &str) -> bool {
        self.failures.contains(&(status, code.to_owned()))
    }

    pub(crate) fn takes_ids_in_its_path(&self) -> bool {
        self.path.contains('{')
    }

    pub(crate) fn names_ids_in_its_body(&self, estate: &Estate) -> bool {
        self.body(estate) != self.example
    }

    /// A valid request for somebody's things, with the document's example or another body.
    pub(crate) fn request(
        &self,
        stack: &Stack,
        estate: &Estate,
        credential: &Credential,
        body: Option<Value>,
    ) -> RequestBuilder {
        let parts = self.path.split('/').map(|part| match part.strip_prefix('{') {
            Some(name) => estate.id(&self.id, name.trim_end_matches('}')),
            None => part.to_owned(),
        });
        let mut path = parts.collect::<Vec<_>>().join("/");
        if self.is_stream {
            // From the beginning: whoever asks has something there.
            path.push_str("?after=0");
        }
        if self.id == OF_A_REQUEST {
            path.push_str(&format!("?correlation_id={}", estate.request()));
        }
        if self.id == OF_EVERYBODY {
            path.push_str("?limit=200");
        }
        let request = credential.present(stack.replica.request(self.method.clone(), &path));
        match body.or_else(|| self.body(estate)) {
            Some(body) => request.json(&self.personal(body)),
            None => request,
        }
    }

    /// The example with somebody's ids.
    pub(crate) fn body(&self, estate: &Estate) -> Option<Value> {
        let mut body = self.example.clone()?;
        for named in self.ids_in_its_body() {
            replace(&mut body, named.field, estate.thing(named.kind));
        }
        Some(body)
    }

    /// The ids in the document's examples, and what they are of somebody's.
    pub(crate) fn ids_of_examples(&self, estate: &Estate) -> BTreeMap<String, String> {
        let in_path = self.parameters.iter();
        let in_path = in_path.map(|(name, example)| (example.clone(), estate.id(&self.id, name)));
        let in_body = self.ids_in_its_body().flat_map(|named| {
            let examples = found(self.example.as_ref().unwrap_or(&Value::Null), named.field);
            examples.into_iter().map(|id| (id, estate.thing(named.kind).to_owned()))
        });
        in_path.chain(in_body).collect()
    }

    /// The ids that its body may have.
    pub(crate) fn ids_in_its_body(&self) -> impl Iterator<Item = &'static Named> {
        NAMED_IN_BODIES.iter().filter(|named| named.operation == self.id)
    }

    /// A body with one id of another person's, and else of one's own.
    pub(crate) fn body_with(&self, named: &Named, own: &Estate, theirs: &Estate) -> Value {
        let (field, theirs) = (named.field, theirs.thing(named.kind));
        match (self.id.as_str(), field) {
            ("changeManyTasks", "tasks/id") => {
                json!({"action": "delete", "tasks": [{"id": own.thing(Kind::Task)}, {"id": theirs}]})
            }
            ("changeManyTasks", field) => {
                json!({"action": "move", "tasks": [{"id": own.thing(Kind::Task)}], field: theirs})
            }
            ("createTask", field) => json!({"title": "mine", field: theirs}),
            ("sendMessage", field) => json!({"message": "mine", field: theirs}),
            (_, field) => json!({field: theirs}),
        }
    }

    /// What can't be an example's, as it is somebody's own or must be new.
    fn personal(&self, mut body: Value) -> Value {
        match self.id.as_str() {
            "register" | "changeEmail" => {
                body["email"] = format!("new-{}@example.test", uuid::Uuid::new_v4()).into();
            }
            // A token makes none beyond its own scopes.
            "createToken" => body["scopes"] = json!(self.scopes),
            "logIn" => body["email"] = format!("{GUEST}@example.test").into(),
            _ => {}
        }
        body
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.id, self.method, self.path)
    }
}

fn resolve<'d>(document: &'d Value, part: &'d Value) -> &'d Value {
    match part["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).expect("it is there"),
        None => part,
    }
}

/// Whether a schema is an id, or null.
fn is_id(document: &Value, schema: &Value) -> bool {
    ids_in(document, schema).contains("")
}

/// The fields of a schema that are ids, each with the names that lead there.
fn ids_in(document: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = resolve(document, schema);
    let mut found = BTreeSet::new();
    if schema["format"] == "uuid" {
        found.insert(String::new());
    }
    let alternatives = ["oneOf", "anyOf", "allOf"].into_iter();
    let alternatives = alternatives.flat_map(|name| schema[name].as_array().into_iter().flatten());
    for part in alternatives.chain(schema.get("items")) {
        found.extend(ids_in(document, part));
    }
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        for rest in ids_in(document, part) {
            let separator = if rest.is_empty() { "" } else { "/" };
            found.insert(format!("{name}{separator}{rest}"));
        }
    }
    found
}

/// What stands in a field, in each item of a list.
fn found(body: &Value, field: &str) -> Vec<String> {
    match field.split_once('/') {
        Some((name, rest)) => {
            let items = body[name].as_array().into_iter().flatten();
            items.flat_map(|item| found(item, rest)).collect()
        }
        None => body[field].as_str().map(str::to_owned).into_iter().collect(),
    }
}

/// Replaces a field where it is there, in each item of a list.
fn replace(body: &mut Value, field: &str, id: &str) {
    let (name, rest) =
        field.split_once('/').map_or((field, None), |(name, rest)| (name, Some(rest)));
    match (body.get_mut(name), rest) {
        (Some(Value::Array(items)), Some(rest)) => {
            items.iter_mut().for_each(|item| replace(item, rest, id));
        }
        (Some(value), None) => *value = id.into(),
        _ => {}
    }
}
