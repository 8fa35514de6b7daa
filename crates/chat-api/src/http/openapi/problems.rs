//! How operations fail: of each status the codes that an operation can have, with an example of each.

use std::collections::{BTreeMap, BTreeSet};

use events::CorrelationId;
use uuid::Uuid;

use utoipa::{
    Modify,
    openapi::{
        Content, ObjectBuilder, OpenApi as Spec, Ref, RefOr, Response, ResponseBuilder, Schema,
        Type,
        content::ContentBuilder,
        example::ExampleBuilder,
        path::{Operation, ParameterIn},
        schema::AllOfBuilder,
    },
};

use super::{answers, operations};
use crate::{
    domain::scope::Scope,
    error::{Code, Failure, FieldError, PROBLEM_JSON},
    http::scopes,
};

/// Gathers the codes that each operation names and those that follow from what it is.
pub(super) struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut Spec) {
        let mut shared = BTreeMap::new();
        for (method, path, operation) in operations(document) {
            let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
            for code in codes(method, &path, operation) {
                by_status.entry(code.status().as_u16()).or_default().push(code);
            }
            for (status, codes) in by_status {
                let name = codes.iter().map(|code| format!("{code:?}")).collect::<Vec<_>>();
                let name = name.join("Or");
                let reference = RefOr::Ref(Ref::from_response_name(&name));
                operation.responses.responses.insert(status.to_string(), reference);
                shared.entry(name).or_insert_with(|| RefOr::T(response(&codes)));
            }
        }
        document.components.get_or_insert_default().responses.append(&mut shared);
    }
}

/// The codes that an operation may fail with, in the order of the table.
fn codes(method: &str, path: &str, operation: &mut Operation) -> BTreeSet<Code> {
    let mut codes = BTreeSet::from([Code::RateLimited, Code::Internal, Code::Unavailable]);
    operation.responses.responses.retain(|key, _| match Code::named(key) {
        Some(code) => {
            codes.insert(code);
            false
        }
        None => true,
    });
    if let Some(scopes) = scopes::needed(method, path) {
        codes.extend([Code::NotSignedIn, Code::InsufficientScope]);
        if scopes.contains(&Scope::Admin) {
            codes.insert(Code::AdminsOnly);
        }
    }
    if method != "GET" {
        codes.insert(Code::CrossSite);
    }
    if operation.request_body.is_some() {
        let of_a_body = [Code::BadRequest, Code::MalformedJson, Code::RequestTimeout];
        codes.extend(of_a_body.into_iter().chain([Code::TooLarge, Code::Invalid]));
    }
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        match parameter.parameter_in {
            ParameterIn::Path => codes.insert(Code::NotFound),
            // The stream takes what it can't read for a number that was never given.
            ParameterIn::Query => path != "/api/v1/stream" && codes.insert(Code::Invalid),
            _ => false,
        };
    }
    codes
}

fn response(codes: &[Code]) -> Response {
    let titles = codes.iter().map(|code| format!("{} (`{}`)", code.title(), code.name()));
    let mut response = ResponseBuilder::new()
        .description(titles.collect::<Vec<_>>().join(", or: ") + ".")
        .content(PROBLEM_JSON, content(codes))
        .build();
    answers::add_common_headers(&mut response);
    let has = |which: &[Code]| codes.iter().any(|code| which.contains(code));
    let waits = [Code::RateLimited, Code::TooManyStreams, Code::TooManyAttempts];
    if has(&waits) || has(&[Code::Busy, Code::Unavailable]) {
        answers::add_header(&mut response, answers::RETRY_AFTER);
    }
    if has(&[Code::NotSignedIn, Code::InsufficientScope]) {
        answers::add_header(&mut response, answers::WWW_AUTHENTICATE);
    }
    response
}

fn content(codes: &[Code]) -> Content {
    let names = codes.iter().map(|code| code.name());
    let code = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    let code = ObjectBuilder::new().property("code", code);
    let schema = AllOfBuilder::new().item(Ref::from_schema_name("Problem")).item(code).build();
    let examples = codes.iter().map(|code| {
        let problem = specimen(*code).problem(CorrelationId::from(Uuid::nil()));
        let value = serde_json::to_value(problem).unwrap_or_default();
        (code.name(), ExampleBuilder::new().value(Some(value)).build())
    });
    ContentBuilder::new().schema(Some(Schema::AllOf(schema))).examples_from_iter(examples).build()
}

/// A failure as it may come, to show what is told of it.
fn specimen(code: Code) -> Failure {
    match code {
        Code::BadRequest => Failure::BadRequest,
        Code::MalformedJson => {
            Failure::MalformedJson(serde::de::Error::custom("expected value at line 1 column 1"))
        }
        Code::NotSignedIn => Failure::NotSignedIn,
        Code::InvalidCredentials => Failure::InvalidCredentials,
        Code::CrossSite => Failure::CrossSite,
        Code::WrongPassword => Failure::WrongPassword,
        Code::InsufficientScope => Failure::InsufficientScope(Scope::Write),
        Code::AdminsOnly => Failure::AdminsOnly,
        Code::NotFound => Failure::NotFound,
        Code::MethodNotAllowed => Failure::MethodNotAllowed { allowed: vec!["GET"] },
        Code::RequestTimeout => Failure::RequestTimeout,
        Code::EmailTaken => Failure::EmailTaken,
        Code::TooMany => Failure::TooMany { what: "lists", limit: 500 },
        Code::InboxStays => Failure::InboxStays,
        Code::ReminderGone => Failure::ReminderGone,
        Code::ChangedSince => Failure::ChangedSince,
        Code::DeadLetterDiscarded => Failure::DeadLetterDiscarded,
        Code::StillAnswering => Failure::StillAnswering,
        Code::VersionMismatch => Failure::VersionMismatch,
        Code::TooLarge => Failure::TooLarge,
        Code::Invalid => Failure::Invalid(vec![FieldError {
            field: "limit".to_owned(),
            message: "is a number from 1 to 200".to_owned(),
        }]),
        Code::OccurrenceRequired => Failure::OccurrenceRequired,
        Code::IdempotencyKeyReused => Failure::IdempotencyKeyReused,
        Code::RateLimited => Failure::RateLimited { retry_after_secs: 1 },
        Code::TooManyStreams => Failure::TooManyStreams { limit: 50 },
        Code::TooManyAttempts => Failure::TooManyAttempts { retry_after_secs: 60 },
        Code::Internal => Failure::internal(std::io::Error::other("shown to nobody")),
        Code::Busy => Failure::Busy,
        Code::Unavailable => Failure::Unavailable(sqlx::Error::PoolTimedOut),
    }
}

#[cfg(test)]
mod tests {
    use utoipa::OpenApi;

    use super::*;
    use crate::http::openapi::Document;

    #[test]
    fn the_specimen_of_a_code_has_it() {
        for code in Code::ALL {
            assert_eq!(specimen(*code).code(), *code);
        }
    }

    #[test]
    fn every_failure_in_the_document_stands_in_the_table_of_codes() {
        for (method, path, operation) in operations(&mut Document::openapi()) {
            for (status, response) in &operation.responses.responses {
                let is_problem = matches!(response, RefOr::Ref(_));
                let status: u16 = status.parse().expect("a number: a code is declared by its name");
                assert_eq!(is_problem, status >= 400, "{method} {path} {status}: name its code");
            }
        }
    }
}
