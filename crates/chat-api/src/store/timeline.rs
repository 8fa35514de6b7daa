//! The table `timeline`.

use chrono::{DateTime, Utc};
use events::{Event, TaskId, UserId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// The whole state after an event; the timeline keeps what changed, not everything that there was.
const STATE_FIELD: &str = "task";

/// Something that happened to a task.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) entry_id: i64,
    pub(crate) event_id: Uuid,
    pub(crate) event_type: String,
    pub(crate) correlation_id: Uuid,
    pub(crate) at: DateTime<Utc>,
    pub(crate) details: Value,
}

/// Adds an event to a task's timeline.
pub(crate) async fn append(
    conn: &mut PgConnection,
    user_id: UserId,
    task_id: TaskId,
    event: &Event,
    mut details: Value,
) -> sqlx::Result<()> {
    if let Some(details) = details.as_object_mut() {
        details.remove(STATE_FIELD);
    }
    sqlx::query!(
        "insert into timeline (user_id, task_id, event_id, event_type, correlation_id, at, details)
         values ($1, $2, $3, $4, $5, $6, $7)",
        user_id.uuid(),
        task_id.uuid(),
        event.event_id.uuid(),
        event.event_type().name(),
        event.correlation_id.uuid(),
        event.timestamp,
        details,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What happened to a task after an entry, oldest first.
pub(crate) async fn list(
    conn: &mut PgConnection,
    user_id: UserId,
    task_id: TaskId,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "select entry_id, event_id, event_type, correlation_id, at, details from timeline
         where user_id = $1 and task_id = $2 and entry_id > $3 order by entry_id limit $4",
        user_id.uuid(),
        task_id.uuid(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await
}
