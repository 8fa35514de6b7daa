//! The OpenAPI document, from the handlers' annotations.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::{
    accounts, bulk, caller::SESSION_COOKIE, channels, lists, reminders, settings, stream, tasks,
    timeline, tokens, trash,
};
use crate::error::{FieldError, Problem};

/// The document at `/api/openapi.json`.
#[derive(OpenApi)]
#[openapi(
    info(title = "chat-api", description = "Tasks, and the reminders that follow from them.",
        version = env!("CARGO_PKG_VERSION"), license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(
        accounts::register, accounts::log_in, accounts::log_out, accounts::me,
        tokens::list, tokens::create, tokens::delete,
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
    modifiers(&Credentials),
)]
pub(super) struct Document;

/// The two ways to be known.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let cookie = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}
