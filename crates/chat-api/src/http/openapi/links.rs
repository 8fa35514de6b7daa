//! Links: where the ids in paths come from, and how a list goes on.
//!
//! An operation that takes an id is linked from each that answers with one, without being named here.

use std::collections::BTreeMap;

use utoipa::{
    Modify,
    openapi::{
        OpenApi as Spec, RefOr,
        link::{Link, LinkBuilder},
        path::Operation,
    },
};

use super::operations;

/// Operation and status that answer with an id, where it stands, and the parameter that takes it.
const SOURCES: [(&str, &str, &str, &str); 10] = [
    ("createTask", "201", "$response.body#/id", "task_id"),
    ("deleteTask", "204", "$request.path.task_id", "task_id"),
    ("createList", "201", "$response.body#/id", "list_id"),
    ("createChannel", "201", "$response.body#/id", "channel_id"),
    ("createCalendarFeed", "201", "$response.body#/id", "feed_id"),
    ("sendMessage", "200", "$response.body#/conversation_id", "conversation_id"),
    ("createToken", "201", "$response.body#/id", "token_id"),
    ("listSessions", "200", "$response.body#/items/0/id", "session_id"),
    ("listReminders", "200", "$response.body#/items/0/id", "reminder_id"),
    ("listDeadLetters", "200", "$response.body#/items/0/id", "dead_letter_id"),
];

pub(super) struct Links;

impl Modify for Links {
    fn modify(&self, document: &mut Spec) {
        let mut takers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (_, _, operation) in operations(document) {
            for parameter in parameters(operation) {
                takers.entry(parameter).or_default().push(id(operation));
            }
        }
        for (_, _, operation) in operations(document) {
            let own = id(operation);
            for (_, status, expression, parameter) in SOURCES.iter().filter(|(id, ..)| *id == own) {
                let takers = takers.get(*parameter).into_iter().flatten();
                for taker in takers.filter(|taker| **taker != own) {
                    add(operation, status, taker, link(taker, parameter, expression));
                }
            }
            if parameters(operation).any(|parameter| parameter == "cursor") {
                let next = link(&own, "cursor", "$response.body#/next_cursor");
                add(operation, "200", "nextPage", next);
            }
        }
    }
}

fn id(operation: &Operation) -> String {
    operation.operation_id.clone().unwrap_or_default()
}

fn parameters(operation: &Operation) -> impl Iterator<Item = String> {
    operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter.name.clone()),
        RefOr::Ref(_) => None,
    })
}

fn link(operation_id: &str, parameter: &str, expression: &str) -> Link {
    LinkBuilder::new().operation_id(operation_id).parameter(parameter, expression).build()
}

fn add(operation: &mut Operation, status: &str, name: &str, link: Link) {
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
        response.links.insert(name.to_owned(), RefOr::T(link));
    }
}

#[cfg(test)]
mod tests {
    use utoipa::OpenApi;

    use super::*;
    use crate::http::openapi::Document;

    #[test]
    fn every_id_in_a_path_comes_from_somewhere() {
        for (method, path, _) in operations(&mut Document::openapi()) {
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')) {
                let name = part.trim_end_matches('}');
                // The end of a URL that is shown whole.
                if name == "feed" {
                    continue;
                }
                let is_known = SOURCES.iter().any(|(.., parameter)| *parameter == name);
                assert!(is_known, "{method} {path}: say in SOURCES where {name} comes from");
            }
        }
    }
}
