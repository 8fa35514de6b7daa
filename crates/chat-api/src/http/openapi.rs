//! The OpenAPI document, from the handlers' annotations.
//!
//! An annotation says what is an operation's own: what it takes, what it answers when it succeeds, and
//! the codes with which it alone may fail. What follows from the rest (who may call, that there is a
//! body, an id in the path) is added here for all operations at once, and so are examples and links.
//! The committed copy is `docs/openapi.json`.

mod answers;
mod examples;
mod links;
mod nulls;
mod problems;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Spec, PathItem, RefOr,
        extensions::Extensions,
        path::Operation,
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use self::{answers::Answers, examples::Examples, links::Links, nulls::Nulls, problems::Problems};
use super::{
    accounts, admin,
    bulk::{self, BulkTask},
    calendar_feeds,
    caller::SESSION_COOKIE,
    channels, chat, dead_letters, export, import, lists, me, parse, reminders,
    schemas::{
        DueDate, ExportFormat, InstantOrDay, SignedDuration, Tag, TaskSort, TasksOfDeletedList,
    },
    scopes, sessions, settings, stream, tasks, timeline, tokens, trash,
};
use crate::error::{FieldError, Problem};

const ABOUT: &str = "Tasks, and the reminders that follow from them. What this document can't say \
    stands in `docs/api.md`.\n\n\
    A browser signs in and has a cookie; a program sends an API token. The roles behind `token` in an \
    operation's `security` are the scopes that a token needs for it; a session has them all.\n\n\
    Whatever goes wrong is a `Problem` with a stable `code`. Fields and query parameters that nobody \
    knows are ignored, and a client should ignore fields that it does not know. No text has a NUL. \
    Every request may carry an `X-Correlation-Id`, a UUID, which is answered with and stands in all \
    that follows from the request.";

/// The document at `/api/openapi.json`.
#[derive(OpenApi)]
#[openapi(
    info(title = "chat-api", description = ABOUT, version = env!("CARGO_PKG_VERSION"),
        license(name = "Apache-2.0", identifier = "Apache-2.0")),
    servers((url = "/", description = "Where this document comes from.")),
    tags(
        (name = "accounts", description = "Signing in, one's account, its sessions and API tokens."),
        (name = "tasks", description = "What is to be done."),
        (name = "lists", description = "What tasks stand in."),
        (name = "trash", description = "Tasks that were deleted, and may come back."),
        (name = "reminders", description = "What the reminder service will say, or has said."),
        (name = "chat", description = "Saying what is to be done, in words."),
        (name = "settings", description = "A person's zone and quiet hours, and where reminders go."),
        (name = "transfer", description = "All that is one's own as a file, and files of other programs."),
        (name = "stream", description = "What happens, while it happens."),
        (name = "admin", description = "For administrators only.")
    ),
    paths(
        accounts::register, accounts::log_in, accounts::log_out,
        me::show, me::delete, me::change_password, me::change_email,
        sessions::list, sessions::end, sessions::end_others,
        tokens::list, tokens::create, tokens::delete, admin::people,
        admin::outbox, admin::delivery_failures,
        dead_letters::list, dead_letters::show, dead_letters::redrive, dead_letters::discard,
        settings::show, settings::replace,
        channels::list, channels::create, channels::delete, channels::test, channels::web_push_key,
        tasks::create, tasks::list, tasks::show, tasks::change, tasks::delete, tasks::complete,
        tasks::skip,
        tasks::reopen, tasks::restore, tasks::put, bulk::act, timeline::of_task,
        timeline::of_reminder, timeline::of_request,
        lists::list, lists::create, lists::rename, lists::put, lists::delete,
        trash::list, trash::purge, trash::empty,
        chat::say, parse::parse, chat::list, chat::show, chat::delete,
        reminders::list, reminders::snooze, reminders::dismiss, stream::follow,
        export::export, import::import,
        calendar_feeds::list, calendar_feeds::create, calendar_feeds::delete, calendar_feeds::read,
    ),
    components(schemas(Problem, FieldError, BulkTask, SignedDuration, DueDate, InstantOrDay, Tag, TaskSort,
        TasksOfDeletedList, ExportFormat)),
    security(("session" = []), ("token" = [])),
    modifiers(&Wording, &Credentials, &Problems, &Answers, &Examples, &Links, &Nulls),
)]
pub(super) struct Document;

/// The document as it is committed.
///
/// # Errors
/// When it is no JSON.
pub fn to_json() -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&Document::openapi())? + "\n")
}

/// Comments as an operation's summary and description, and what an id in a path is.
struct Wording;

/// The two ways to be known, and which operation takes what.
struct Credentials;

/// Where a request without a body is one with `{}`.
const BODY_MAY_BE_LEFT_OUT: [&str; 2] = ["completeTask", "reopenTask"];

/// What the parameters of paths are, each with an example.
const PATH_PARAMETERS: [(&str, &str, &str); 10] = [
    ("task_id", "The task's id.", examples::TASK_ID),
    ("list_id", "The list's id.", examples::LIST_ID),
    ("reminder_id", "The reminder's id.", examples::REMINDER_ID),
    ("channel_id", "The channel's id.", examples::CHANNEL_ID),
    ("token_id", "The API token's id, which is not the token.", examples::TOKEN_ID),
    ("session_id", "The session's id, which is not the cookie.", examples::SESSION_ID),
    ("conversation_id", "The conversation's id.", examples::CONVERSATION_ID),
    ("feed_id", "The calendar feed's id, which is not in its URL.", examples::FEED_ID),
    ("feed", "The end of the feed's URL: its secret, and `.ics`.", examples::FEED),
    ("dead_letter_id", "The dead letter's id.", examples::DEAD_LETTER_ID),
];

impl Modify for Wording {
    fn modify(&self, document: &mut Spec) {
        for (_, _, operation) in operations(document) {
            let text = operation.summary.take().into_iter().chain(operation.description.take());
            let text = one_line(&text.collect::<Vec<_>>().join(" "));
            let (summary, rest) = text.split_once(". ").unwrap_or((&text, ""));
            operation.summary = Some(summary.trim_end_matches('.').to_owned());
            operation.description = Some(rest.to_owned()).filter(|rest| !rest.is_empty());
            let id = operation.operation_id.as_deref().unwrap_or_default();
            if let Some(RefOr::T(body)) = &mut operation.request_body
                && BODY_MAY_BE_LEFT_OUT.contains(&id)
            {
                body.required = None;
            }
            for parameter in operation.parameters.iter_mut().flatten() {
                let RefOr::T(parameter) = parameter else { continue };
                parameter.description = parameter.description.as_deref().map(one_line);
                let known = PATH_PARAMETERS.iter().find(|(name, ..)| *name == parameter.name);
                if let Some((_, what, example)) = known {
                    parameter.description = Some((*what).to_owned());
                    // utoipa has no field for it, and writes extensions as they are.
                    parameter.extensions = Some(Extensions::from_iter([("example", *example)]));
                }
            }
        }
    }
}

impl Modify for Credentials {
    fn modify(&self, document: &mut Spec) {
        let components = document.components.get_or_insert_default();
        let cookie = ApiKeyValue::with_description(SESSION_COOKIE, "Set by signing in.");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API token. Its scopes decide what it may be used for."))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        for (method, path, operation) in operations(document) {
            if let Some(scopes) = scopes::needed(method, &path) {
                operation.security = Some(vec![
                    SecurityRequirement::new::<_, [&str; 0], _>("session", []),
                    SecurityRequirement::new("token", scopes.iter().map(|scope| scope.name())),
                ]);
            }
        }
    }
}

/// A comment without its line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All operations, with their methods and paths.
pub(super) fn operations(
    document: &mut Spec,
) -> impl Iterator<Item = (&'static str, String, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        methods(item).map(|(method, operation)| (method, path.clone(), operation))
    })
}

fn methods(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ROUTES: &str = include_str!("mod.rs");
    const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

    /// The framework tells nobody its routes, so they are read where they stand.
    #[test]
    fn every_route_is_in_the_document() {
        let mut routes = BTreeSet::new();
        for resource in ROUTES.split("at(\"").skip(1) {
            let (path, rest) = resource.split_once('"').expect("a path");
            for method in METHODS.iter().filter(|name| rest.contains(&format!("web::{name}()"))) {
                routes.insert((method.to_uppercase(), path.to_owned()));
            }
        }
        for (method, page) in [("GET", "/act/{token}"), ("POST", "/act/{token}")] {
            let page = (method.to_owned(), page.to_owned());
            assert!(routes.remove(&page), "{page:?}, which is a page for people and none of it");
        }
        let documented: BTreeSet<_> = operations(&mut Document::openapi())
            .map(|(method, path, _)| (method.to_owned(), path.replacen("/api/v1", "", 1)))
            .collect();
        assert_eq!(routes, documented);
        let others = ["web::resource(", "web::route()", ".route(\""];
        let others = others.map(|way| ROUTES.matches(way).count());
        assert_eq!(others, [1, 0, 0], "another way to make a route than `at`, which nobody reads");
    }
}
