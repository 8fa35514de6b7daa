//! What happened: `/tasks/{task_id}/timeline`, `/reminders/{reminder_id}/timeline` and `/timeline`.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    caller::{SignedIn, parse_id},
    query::{Paging, Query, list_response, write_cursor},
};
use crate::{
    context::Context,
    error::Failure,
    queries::timeline::{self, Line, Subject},
};

/// Something that happened to a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub(super) struct EntryView {
    /// The task that it happened to.
    task_id: Uuid,
    event_id: Uuid,
    /// `task-updated`, `reminder-triggered` and so on.
    event_type: String,
    /// The request that it follows from.
    correlation_id: Uuid,
    at: DateTime<Utc>,
    /// What happened, in English and in one's own zone; for people, and worded anew as it likes.
    text: String,
    /// The event's payload without the task's whole state.
    #[schema(value_type = Object)]
    details: serde_json::Value,
}

/// A page of what happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelinePage)]
pub(super) struct Timeline {
    items: Vec<EntryView>,
    next_cursor: Option<String>,
}

/// The request whose consequences are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes to OpenAPI what is read of Query")]
pub(super) struct OfRequest {
    /// The `X-Correlation-Id` that the request was answered with.
    correlation_id: Uuid,
}

impl From<Line> for EntryView {
    fn from(Line { entry, text }: Line) -> Self {
        Self {
            task_id: entry.task_id,
            event_id: entry.event_id,
            event_type: entry.event_type,
            correlation_id: entry.correlation_id,
            at: entry.at,
            text,
            details: entry.details,
        }
    }
}

/// What happened to a task, oldest first; also to one in the trash.
#[utoipa::path(get, path = "/api/v1/tasks/{task_id}/timeline", operation_id = "listTimeline",
    tag = "tasks", params(("task_id" = uuid::Uuid, Path), Paging),
    responses((status = 200, body = Timeline)))]
pub(super) async fn of_task(
    context: web::Data<Context>,
    signed_in: SignedIn,
    task_id: web::Path<String>,
    query: Query,
) -> Result<HttpResponse, Failure> {
    page(&context, &signed_in, Subject::Task(parse_id(&task_id)?), &query).await
}

/// What became of a reminder, oldest first. From where it stood to its notifications.
#[utoipa::path(get, path = "/api/v1/reminders/{reminder_id}/timeline",
    operation_id = "listTimelineOfReminder", tag = "reminders",
    params(("reminder_id" = uuid::Uuid, Path), Paging),
    responses((status = 200, body = Timeline)))]
pub(super) async fn of_reminder(
    context: web::Data<Context>,
    signed_in: SignedIn,
    reminder_id: web::Path<String>,
    query: Query,
) -> Result<HttpResponse, Failure> {
    page(&context, &signed_in, Subject::Reminder(parse_id(&reminder_id)?), &query).await
}

/// What came of a request, oldest first. Of all one's tasks, up to the notifications that follow from it.
#[utoipa::path(get, path = "/api/v1/timeline", operation_id = "listTimelineOfRequest", tag = "tasks",
    params(OfRequest, Paging), responses((status = 200, body = Timeline)))]
pub(super) async fn of_request(
    context: web::Data<Context>,
    signed_in: SignedIn,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let correlation_id = query.value("correlation_id")?;
    let correlation_id =
        correlation_id.ok_or_else(|| Failure::field("correlation_id", "is missing"))?;
    page(&context, &signed_in, Subject::Request(correlation_id), &query).await
}

async fn page(
    context: &Context,
    signed_in: &SignedIn,
    subject: Subject,
    query: &Query,
) -> Result<HttpResponse, Failure> {
    let (after, limit) = (query.cursor()?.unwrap_or(0), query.limit()?);
    let page = timeline::list(context, signed_in.user_id, subject, after, limit).await?;
    let next_cursor = page.next.map(|next| write_cursor(&next)).transpose()?;
    let items = page.items.into_iter().map(EntryView::from).collect();
    Ok(list_response(page.feed_position).json(Timeline { items, next_cursor }))
}
