//! `/admin`: what only administrators reach.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    caller::Admin,
    query::{Paging, Place, Query, write_cursor},
    schemas,
};
use crate::{
    context::Context,
    error::Failure,
    queries,
    store::{
        accounts::{AccountSummary, Cursor},
        delivery_failures::{self, DeliveryFailure},
        outbox::{Row, STATES, Waiting},
    },
};

/// Somebody's account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(super) struct PersonItem {
    user_id: Uuid,
    email: String,
    created_at: DateTime<Utc>,
    /// How many, without those in the trash.
    tasks: i64,
    /// To the minute; null where nobody came back since the account was made.
    last_used_at: Option<DateTime<Utc>>,
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonPage)]
pub(super) struct PersonList {
    items: Vec<PersonItem>,
    next_cursor: Option<String>,
}

/// An event of chat-api's that waits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutboxEvent)]
pub(super) struct OutboxItem {
    event_id: Uuid,
    event_type: String,
    topic: String,
    /// Whom or which task it is about: events of one topic and key keep their order.
    key: Uuid,
    #[schema(value_type = schemas::OutboxState)]
    state: String,
    occurred_at: DateTime<Utc>,
    /// How often the bus has refused it.
    attempts: i32,
    /// Why, the last time.
    problem: Option<String>,
    published_at: Option<DateTime<Utc>>,
    /// How often it was sent again for want of a receipt.
    resends: i32,
}

/// What waits of a topic.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutboxTopic)]
pub(super) struct TopicItem {
    topic: String,
    /// How many the bus has not taken yet. At most 10,000 are counted, of all topics together.
    unpublished: i64,
    /// When the oldest of them occurred.
    oldest_unpublished_at: Option<DateTime<Utc>>,
    /// How many the bus has taken and their consumer has not receipted, counted likewise.
    unreceipted: i64,
    /// When the first of them was published.
    oldest_unreceipted_at: Option<DateTime<Utc>>,
}

/// A page of the outbox, and what waits in all.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutboxPage)]
pub(super) struct OutboxList {
    /// When a consumer last receipted something.
    last_receipt_at: Option<DateTime<Utc>>,
    /// Those alone of which something waits.
    topics: Vec<TopicItem>,
    items: Vec<OutboxItem>,
    next_cursor: Option<String>,
}

/// Which of the events are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes to OpenAPI what is read of Query")]
pub(super) struct OutboxQuery {
    /// All of them where it is left out.
    #[param(value_type = Option<schemas::OutboxState>)]
    state: Option<String>,
}

/// A notification that never came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryFailure)]
pub(super) struct FailureItem {
    /// The event that told of it.
    event_id: Uuid,
    user_id: Uuid,
    email: String,
    /// Null where it was a digest, or a test of the channel.
    task_id: Option<Uuid>,
    at: DateTime<Utc>,
    /// The kind of channel: `webhook`, `email` and so on.
    channel: String,
    attempts: i64,
    /// Why, without an address or a secret.
    error: Option<String>,
}

/// A page of notifications that failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryFailurePage)]
pub(super) struct FailureList {
    items: Vec<FailureItem>,
    next_cursor: Option<String>,
}

impl From<AccountSummary> for PersonItem {
    fn from(account: AccountSummary) -> Self {
        Self {
            user_id: account.user_id,
            email: account.email,
            created_at: account.created_at,
            tasks: account.tasks,
            last_used_at: account.last_used_at,
        }
    }
}

impl From<Row> for OutboxItem {
    fn from(row: Row) -> Self {
        Self {
            event_id: row.event_id,
            event_type: row.event_type,
            topic: row.topic,
            key: row.key,
            state: row.state,
            occurred_at: row.occurred_at,
            attempts: row.attempts,
            problem: row.problem,
            published_at: row.published_at,
            resends: row.resends,
        }
    }
}

impl From<Waiting> for TopicItem {
    fn from(waiting: Waiting) -> Self {
        Self {
            topic: waiting.topic,
            unpublished: waiting.unpublished,
            oldest_unpublished_at: waiting.oldest_unpublished_at,
            unreceipted: waiting.unreceipted,
            oldest_unreceipted_at: waiting.oldest_unreceipted_at,
        }
    }
}

impl From<DeliveryFailure> for FailureItem {
    fn from(failure: DeliveryFailure) -> Self {
        Self {
            event_id: failure.event_id,
            user_id: failure.user_id,
            email: failure.email,
            task_id: failure.task_id,
            at: failure.at,
            channel: failure.channel,
            attempts: failure.attempts,
            error: failure.error,
        }
    }
}

/// A page of everybody's accounts, oldest first.
#[utoipa::path(get, path = "/api/v1/admin/people", operation_id = "listPeople", tag = "admin",
    params(Paging), responses((status = 200, body = PersonList)))]
pub(super) async fn people(
    context: web::Data<Context>,
    _: Admin,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let cursor =
        query.cursor::<Place>()?.map(|(created_at, user_id)| Cursor { created_at, user_id });
    let page = queries::people::list(&context, cursor, query.limit()?).await?;
    let next_cursor =
        page.next.map(|next| write_cursor(&(next.created_at, next.user_id))).transpose()?;
    let items = page.items.into_iter().map(PersonItem::from).collect();
    Ok(HttpResponse::Ok().json(PersonList { items, next_cursor }))
}

/// What chat-api has to tell and nobody has taken yet, oldest first. What an event says is not shown; the
/// reminder worker's own outbox shows in its metrics.
#[utoipa::path(get, path = "/api/v1/admin/outbox", operation_id = "listOutbox", tag = "admin",
    params(OutboxQuery, Paging), responses((status = 200, body = OutboxList)))]
pub(super) async fn outbox(
    context: web::Data<Context>,
    _: Admin,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let state = query.get("state");
    if state.is_some_and(|state| !STATES.contains(&state)) {
        return Err(Failure::field("state", format!("is one of {}", STATES.join(", "))));
    }
    let outbox =
        queries::outbox::show(&context, state, query.cursor::<i64>()?, query.limit()?).await?;
    let next_cursor = outbox.page.next.map(|next| write_cursor(&next)).transpose()?;
    Ok(HttpResponse::Ok().json(OutboxList {
        last_receipt_at: outbox.last_receipt_at,
        topics: outbox.waiting.into_iter().map(TopicItem::from).collect(),
        items: outbox.page.items.into_iter().map(OutboxItem::from).collect(),
        next_cursor,
    }))
}

/// Notifications of everybody's that failed for good, newest first. Of a channel's test it is known for 7
/// days, of a task's reminder as long as the task is there.
#[utoipa::path(get, path = "/api/v1/admin/delivery-failures", operation_id = "listDeliveryFailures",
    tag = "admin", params(Paging), responses((status = 200, body = FailureList)))]
pub(super) async fn delivery_failures(
    context: web::Data<Context>,
    _: Admin,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let cursor = query.cursor::<Place>()?;
    let cursor = cursor.map(|(at, event_id)| delivery_failures::Cursor { at, event_id });
    let page = queries::delivery_failures::list(&context, cursor, query.limit()?).await?;
    let next_cursor = page.next.map(|next| write_cursor(&(next.at, next.event_id))).transpose()?;
    let items = page.items.into_iter().map(FailureItem::from).collect();
    Ok(HttpResponse::Ok().json(FailureList { items, next_cursor }))
}
