//! The public listener: a handler parses, calls one command or query, and renders.
//!
//! Promises: everything but the page, registering, signing in and what has a secret of its own in its URL
//! answers a stranger 401 before the body is read; whatever goes wrong is problem+json. Never: SQL, a decision.

mod accounts;
mod act;
mod admin;
mod body;
mod bulk;
mod calendar_feeds;
mod caller;
mod channels;
mod chat;
pub(crate) mod client_address;
mod connection;
mod cors;
mod dead_letters;
mod export;
mod import;
mod limits;
mod lists;
mod mcp;
mod me;
pub(crate) mod metrics;
mod middleware;
pub(crate) mod openapi;
mod page;
mod parse;
mod query;
mod reminders;
mod schemas;
mod scopes;
mod security;
mod server;
mod sessions;
mod settings;
mod stream;
mod task_body;
mod task_query;
mod task_view;
mod tasks;
mod timeline;
mod tokens;
mod trash;

use actix_web::{
    HttpRequest, HttpResponse, Resource,
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::{error::Failure, transfer::MAX_FILE_BYTES};

/// The largest body that is read, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// Where the API is documented, to read and to try.
const DOCS: &str = "/api/docs/";

pub(crate) use server::serve;

/// All routes.
fn configure(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
        .configure(page::configure)
        .service(at("/act/{token}").route(web::get().to(act::ask)).route(web::post().to(act::act)))
        .service(at("/calendar/{feed}").route(web::get().to(calendar_feeds::read)))
        .configure(mcp::configure)
        .service(web::redirect("/api/docs", DOCS))
        .service(
            SwaggerUi::new("/api/docs/{_:.*}")
                .url("/api/openapi.json", openapi::Document::openapi()),
        )
        .service(
            web::scope("/api/v1")
                .service(
                    at("/auth/register")
                        .route(web::post().to(accounts::register))
                        .wrap(from_fn(middleware::refuse_cross_site)),
                )
                .service(
                    at("/auth/login")
                        .route(web::post().to(accounts::log_in))
                        .wrap(from_fn(middleware::refuse_cross_site)),
                )
                .service(
                    web::scope("")
                        .wrap(from_fn(middleware::authenticate))
                        .configure(for_people)
                        .default_service(web::to(not_found)),
                ),
        )
        .default_service(web::to(not_found));
}

/// What only somebody who is signed in reaches; [`scopes`] says with which scope.
fn for_people(config: &mut ServiceConfig) {
    config
        .service(at("/auth/logout").route(web::post().to(accounts::log_out)))
        .service(at("/me").route(web::get().to(me::show)).route(web::delete().to(me::delete)))
        .service(at("/me/password").route(web::post().to(me::change_password)))
        .service(at("/me/email").route(web::post().to(me::change_email)))
        .service(
            at("/sessions")
                .route(web::get().to(sessions::list))
                .route(web::delete().to(sessions::end_others)),
        )
        .service(at("/sessions/{session_id}").route(web::delete().to(sessions::end)))
        .service(
            at("/tokens").route(web::get().to(tokens::list)).route(web::post().to(tokens::create)),
        )
        .service(at("/tokens/{token_id}").route(web::delete().to(tokens::delete)))
        .service(at("/admin/people").route(web::get().to(admin::people)))
        .service(at("/admin/outbox").route(web::get().to(admin::outbox)))
        .service(at("/admin/delivery-failures").route(web::get().to(admin::delivery_failures)))
        .service(at("/dead-letters").route(web::get().to(dead_letters::list)))
        .service(
            at("/dead-letters/{dead_letter_id}")
                .route(web::get().to(dead_letters::show))
                .route(web::delete().to(dead_letters::discard)),
        )
        .service(
            at("/dead-letters/{dead_letter_id}/redrive")
                .route(web::post().to(dead_letters::redrive)),
        )
        .service(
            at("/settings")
                .route(web::get().to(settings::show))
                .route(web::put().to(settings::replace)),
        )
        .service(
            at("/channels")
                .route(web::get().to(channels::list))
                .route(web::post().to(channels::create)),
        )
        // Before what takes any name for an id.
        .service(at("/channels/web-push-key").route(web::get().to(channels::web_push_key)))
        .service(at("/channels/{channel_id}").route(web::delete().to(channels::delete)))
        .service(at("/channels/{channel_id}/test").route(web::post().to(channels::test)))
        .service(
            at("/tasks").route(web::get().to(tasks::list)).route(web::post().to(tasks::create)),
        )
        .service(at("/tasks/bulk").route(web::post().to(bulk::act)))
        .service(
            at("/tasks/{task_id}")
                .route(web::get().to(tasks::show))
                .route(web::patch().to(tasks::change))
                .route(web::delete().to(tasks::delete)),
        )
        .service(at("/tasks/{task_id}/complete").route(web::post().to(tasks::complete)))
        .service(at("/tasks/{task_id}/skip").route(web::post().to(tasks::skip)))
        .service(at("/tasks/{task_id}/reopen").route(web::post().to(tasks::reopen)))
        .service(at("/tasks/{task_id}/restore").route(web::post().to(tasks::restore)))
        .service(at("/tasks/{task_id}/timeline").route(web::get().to(timeline::of_task)))
        .service(at("/tasks/{task_id}/move").route(web::post().to(tasks::put)))
        .service(
            at("/lists").route(web::get().to(lists::list)).route(web::post().to(lists::create)),
        )
        .service(
            at("/lists/{list_id}")
                .route(web::patch().to(lists::rename))
                .route(web::delete().to(lists::delete)),
        )
        .service(at("/lists/{list_id}/move").route(web::post().to(lists::put)))
        .service(
            at("/trash").route(web::get().to(trash::list)).route(web::delete().to(trash::empty)),
        )
        .service(at("/trash/{task_id}").route(web::delete().to(trash::purge)))
        .service(at("/reminders/{reminder_id}/snooze").route(web::post().to(reminders::snooze)))
        .service(at("/reminders/{reminder_id}/dismiss").route(web::post().to(reminders::dismiss)))
        .service(
            at("/reminders/{reminder_id}/timeline").route(web::get().to(timeline::of_reminder)),
        )
        .service(at("/reminders").route(web::get().to(reminders::list)))
        .service(at("/timeline").route(web::get().to(timeline::of_request)))
        .service(
            at("/calendar-feeds")
                .route(web::get().to(calendar_feeds::list))
                .route(web::post().to(calendar_feeds::create)),
        )
        .service(at("/chat").route(web::post().to(chat::say)))
        .service(at("/parse").route(web::post().to(parse::parse)))
        .service(at("/conversations").route(web::get().to(chat::list)))
        .service(
            at("/conversations/{conversation_id}")
                .route(web::get().to(chat::show))
                .route(web::delete().to(chat::delete)),
        )
        .service(at("/calendar-feeds/{feed_id}").route(web::delete().to(calendar_feeds::delete)))
        .service(at("/export").route(web::get().to(export::export)))
        .service(
            at("/import")
                .app_data(web::PayloadConfig::new(MAX_FILE_BYTES))
                .app_data(import::file_timeout())
                .route(web::post().to(import::import)),
        )
        .service(at("/stream").route(web::get().to(stream::follow)));
}

/// A resource that answers other methods with 405.
fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

async fn not_found() -> Result<HttpResponse, Failure> {
    Err(Failure::NotFound)
}

async fn method_not_allowed(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let pattern = request.match_pattern().unwrap_or_default();
    Err(Failure::MethodNotAllowed { allowed: scopes::methods(&pattern) })
}
