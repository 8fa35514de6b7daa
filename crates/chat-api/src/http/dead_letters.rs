//! `/dead-letters`: what the services could not take. For administrators.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use messaging::Wish;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    caller::{Admin, Caller, parse_id},
    query::{Paging, Place, Query, write_cursor},
    schemas,
};
use crate::{
    commands,
    context::Context,
    error::{Failure, code},
    queries,
    store::dead_letters::{Cursor, DeadLetter, REQUESTED, STATES},
};

/// A record that a service could not take.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(super) struct DeadLetterItem {
    id: Uuid,
    /// The topic that it came by.
    topic: String,
    /// Where it lay, if the sidecar said.
    partition: Option<i32>,
    /// Where it lay, if the sidecar said.
    offset: Option<i64>,
    /// The service that could not take it, and keeps all of it.
    consumer: String,
    /// Why, for a person.
    reason: String,
    /// SHA-256 of what is kept, hexadecimal.
    sha256: String,
    /// The record's size in bytes.
    size: i64,
    #[schema(value_type = schemas::DeadLetterState)]
    state: String,
    /// Why it was not redriven when somebody last wanted that.
    problem: Option<String>,
    kept_at: DateTime<Utc>,
}

/// A record that a service could not take, with its first bytes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterWithHead)]
pub(super) struct DeadLetterView {
    #[serde(flatten)]
    letter: DeadLetterItem,
    /// The first 256 KiB, base64.
    head_base64: String,
}

/// A page of records that a service could not take.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterPage)]
pub(super) struct DeadLetterList {
    items: Vec<DeadLetterItem>,
    next_cursor: Option<String>,
}

/// Which of them are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes to OpenAPI what is read of Query")]
pub(super) struct DeadLetterQuery {
    /// All of them where it is left out.
    #[param(value_type = Option<schemas::DeadLetterState>)]
    state: Option<String>,
}

impl From<DeadLetter> for DeadLetterItem {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            topic: letter.topic,
            partition: letter.partition,
            offset: letter.record_offset,
            consumer: letter.consumer,
            reason: letter.reason,
            sha256: letter.sha256,
            size: letter.size,
            state: letter.state,
            problem: letter.problem,
            kept_at: letter.kept_at,
        }
    }
}

/// A page of dead letters of both services, the newest first.
#[utoipa::path(get, path = "/api/v1/dead-letters", operation_id = "listDeadLetters", tag = "admin",
    params(DeadLetterQuery, Paging), responses((status = 200, body = DeadLetterList)))]
pub(super) async fn list(
    context: web::Data<Context>,
    _: Admin,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let state = query.get("state");
    if state.is_some_and(|state| !STATES.contains(&state)) {
        return Err(Failure::field("state", format!("is one of {}", STATES.join(", "))));
    }
    let cursor = query.cursor::<Place>()?.map(|(kept_at, id)| Cursor { kept_at, id });
    let page = queries::dead_letters::list(&context, state, cursor, query.limit()?).await?;
    let next_cursor = page.next.map(|next| write_cursor(&(next.kept_at, next.id))).transpose()?;
    let items = page.items.into_iter().map(DeadLetterItem::from).collect();
    Ok(HttpResponse::Ok().json(DeadLetterList { items, next_cursor }))
}

/// A dead letter, with its first bytes.
#[utoipa::path(get, path = "/api/v1/dead-letters/{dead_letter_id}", operation_id = "showDeadLetter",
    tag = "admin", params(("dead_letter_id" = Uuid, Path)),
    responses((status = 200, body = DeadLetterView)))]
pub(super) async fn show(
    context: web::Data<Context>,
    _: Admin,
    id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let (letter, head_base64) = queries::dead_letters::show(&context, parse_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(DeadLetterView { letter: letter.into(), head_base64 }))
}

/// Has a dead letter tried again. One of chat-api's own is then redriven, or kept with a problem; of the
/// reminder worker it is requested, and shows later.
#[utoipa::path(post, path = "/api/v1/dead-letters/{dead_letter_id}/redrive",
    operation_id = "redriveDeadLetter", tag = "admin", params(("dead_letter_id" = Uuid, Path)),
    responses((status = 200, body = DeadLetterItem), (status = 202, body = DeadLetterItem),
        code::DeadLetterDiscarded))]
pub(super) async fn redrive(
    context: web::Data<Context>,
    _: Admin,
    Caller(call): Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let wish = Wish::Redrive;
    Ok(decided(commands::dead_letters::decide(&context, call, parse_id(&id)?, wish).await?))
}

/// Has a dead letter forgotten; it is shown for 30 more days. Of the reminder worker it is requested, and
/// shows later.
#[utoipa::path(delete, path = "/api/v1/dead-letters/{dead_letter_id}",
    operation_id = "discardDeadLetter", tag = "admin", params(("dead_letter_id" = Uuid, Path)),
    responses((status = 200, body = DeadLetterItem), (status = 202, body = DeadLetterItem)))]
pub(super) async fn discard(
    context: web::Data<Context>,
    _: Admin,
    Caller(call): Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let wish = Wish::Discard;
    Ok(decided(commands::dead_letters::decide(&context, call, parse_id(&id)?, wish).await?))
}

/// 202 while the worker has yet to answer.
fn decided(letter: DeadLetter) -> HttpResponse {
    let mut response =
        if letter.state == REQUESTED { HttpResponse::Accepted() } else { HttpResponse::Ok() };
    response.json(DeadLetterItem::from(letter))
}
