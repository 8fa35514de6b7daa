//! The OpenAPI document, from the handlers' annotations.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        HeaderBuilder, OpenApi as Spec, PathItem, RefOr, Response,
        content::ContentBuilder,
        path::Operation,
        response::ResponseBuilder,
        schema::Ref,
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use super::{
    accounts, admin, bulk, caller::SESSION_COOKIE, channels, lists, me, reminders, scopes,
    sessions, settings, stream, tasks, timeline, tokens, trash,
};
use crate::{
    domain::scope::Scope,
    error::{FieldError, Problem},
};

/// The document at `/api/openapi.json`.
#[derive(OpenApi)]
#[openapi(
    info(title = "chat-api", description = "Tasks, and the reminders that follow from them.",
        version = env!("CARGO_PKG_VERSION"), license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(
        accounts::register, accounts::log_in, accounts::log_out,
        me::show, me::delete, me::change_password, me::change_email,
        sessions::list, sessions::end, sessions::end_others,
        tokens::list, tokens::create, tokens::delete, admin::people,
        settings::show, settings::replace,
        channels::list, channels::create, channels::delete, channels::test,
        tasks::create, tasks::list, tasks::show, tasks::change, tasks::delete, tasks::complete,
        tasks::reopen, tasks::restore, tasks::put, bulk::act, timeline::list,
        lists::list, lists::create, lists::rename, lists::put, lists::delete,
        trash::list, trash::purge, trash::empty,
        reminders::list, reminders::snooze, reminders::dismiss, stream::follow,
    ),
    components(schemas(Problem, FieldError)),
    security(("session" = []), ("token" = [])),
    modifiers(&Credentials, &NeededScopes, &Limits),
)]
pub(super) struct Document;

/// What every operation may answer, whatever it does.
struct Limits;

/// The two ways to be known.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Spec) {
        let components = document.components.get_or_insert_default();
        let cookie = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// What each operation needs of a token, as a role of its security requirement, and what it answers
/// to those without.
struct NeededScopes;

impl Modify for NeededScopes {
    fn modify(&self, document: &mut Spec) {
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                if let Some(scope) = scopes::needed(method, path) {
                    require(operation, scope);
                }
            }
        }
    }
}

fn require(operation: &mut Operation, scope: Scope) {
    operation.security = Some(vec![
        SecurityRequirement::new::<_, [&str; 0], _>("session", []),
        SecurityRequirement::new("token", [scope.name()]),
    ]);
    let responses = &mut operation.responses.responses;
    for (status, what) in [
        ("401", "nobody is signed in"),
        ("403", "a token without the scope; a page of another site; see `code`"),
    ] {
        responses.insert(status.to_owned(), RefOr::T(problem(what).build()));
    }
}

impl Modify for Limits {
    fn modify(&self, document: &mut Spec) {
        let responses = &mut document.components.get_or_insert_default().responses;
        for (name, response) in [
            ("TooManyRequests", too_many_requests()),
            ("RequestTimeout", problem("the body did not come in time").build()),
            ("TooLarge", problem("the body is too large").build()),
        ] {
            responses.insert(name.to_owned(), RefOr::T(response));
        }
        for item in document.paths.paths.values_mut() {
            for (_, operation) in operations(item) {
                refer(operation, "429", "TooManyRequests");
                if operation.request_body.is_some() {
                    refer(operation, "408", "RequestTimeout");
                    refer(operation, "413", "TooLarge");
                }
            }
        }
    }
}

fn refer(operation: &mut Operation, status: &str, response: &str) {
    let reference = RefOr::Ref(Ref::from_response_name(response));
    operation.responses.responses.insert(status.to_owned(), reference);
}

fn too_many_requests() -> Response {
    let header = |what: &str| HeaderBuilder::new().description(Some(what)).build();
    problem("too many requests, live streams, or attempts at a password; see `code`")
        .header("Retry-After", header("seconds until the next one is heard"))
        .header("RateLimit-Policy", header("the quota: `\"name\";q=requests;w=seconds`"))
        .header("RateLimit", header("what is left of it: `\"name\";r=requests;t=seconds`"))
        .build()
}

fn problem(what: &str) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(what).content("application/problem+json", content)
}

/// The operations of a path with their methods.
pub(super) fn operations(
    item: &mut PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
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
