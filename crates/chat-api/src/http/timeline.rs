//! `/tasks/{task_id}/timeline`.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    caller::{SignedIn, parse_id},
    query::{Paging, Query, list_response, write_cursor},
};
use crate::{context::Context, error::Failure, queries, store::timeline::Entry};

/// Something that happened to a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub(super) struct EntryView {
    event_id: Uuid,
    /// `task-updated`, `reminder-triggered` and so on.
    event_type: String,
    /// The request that it follows from.
    correlation_id: Uuid,
    at: DateTime<Utc>,
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

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self {
            event_id: entry.event_id,
            event_type: entry.event_type,
            correlation_id: entry.correlation_id,
            at: entry.at,
            details: entry.details,
        }
    }
}

/// What happened to a task, oldest first; also to one in the trash.
#[utoipa::path(get, path = "/api/v1/tasks/{task_id}/timeline", operation_id = "listTimeline",
    tag = "tasks", params(("task_id" = uuid::Uuid, Path), Paging),
    responses((status = 200, body = Timeline)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
    task_id: web::Path<String>,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let after = query.cursor()?.unwrap_or(0);
    let (task_id, limit) = (parse_id(&task_id)?, query.limit()?);
    let page = queries::tasks::timeline(&context, signed_in.user_id, task_id, after, limit).await?;
    let next_cursor = page.next.map(|next| write_cursor(&next)).transpose()?;
    let items = page.items.into_iter().map(EntryView::from).collect();
    Ok(list_response(page.feed_position).json(Timeline { items, next_cursor }))
}
