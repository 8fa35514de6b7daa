//! The table `timeline`.

use chrono::{DateTime, Utc};
use events::{CorrelationId, Event, ReminderId, TaskId, UserId};
use serde_json::{Value, json};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// The whole state after an event; the timeline keeps what changed, not everything that there was.
const STATE_FIELD: &str = "task";

/// Something that happened to a task.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) entry_id: i64,
    pub(crate) task_id: Uuid,
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

/// Adds events to the timelines of their tasks, in their order.
pub(crate) async fn append_many(
    conn: &mut PgConnection,
    user_id: UserId,
    events: &[Event],
) -> sqlx::Result<()> {
    let mut rows = Vec::with_capacity(events.len());
    for (position, event) in events.iter().enumerate() {
        let Some(task_id) = event.payload.task_id() else { continue };
        let mut details = serde_json::to_value(&event.payload)
            .map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        if let Some(details) = details.as_object_mut() {
            details.remove(STATE_FIELD);
        }
        rows.push(json!({
            "position": position,
            "task_id": task_id,
            "event_id": event.event_id,
            "event_type": event.event_type().name(),
            "correlation_id": event.correlation_id,
            "at": event.timestamp,
            "details": details,
        }));
    }
    sqlx::query!(
        "insert into timeline (user_id, task_id, event_id, event_type, correlation_id, at, details)
         select $1, task_id, event_id, event_type, correlation_id, at, details
         from jsonb_to_recordset($2::jsonb) as t (position bigint, task_id uuid, event_id uuid,
             event_type text, correlation_id uuid, at timestamptz, details jsonb)
         order by position",
        user_id.uuid(),
        Json(rows) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What happened to a task after an entry, oldest first.
pub(crate) async fn of_task(
    conn: &mut PgConnection,
    user_id: UserId,
    task_id: TaskId,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "select entry_id, task_id, event_id, event_type, correlation_id, at, details from timeline
         where user_id = $1 and task_id = $2 and entry_id > $3 order by entry_id limit $4",
        user_id.uuid(),
        task_id.uuid(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The last that happened to a task, oldest first.
pub(crate) async fn latest_of_task(
    conn: &mut PgConnection,
    user_id: UserId,
    task_id: TaskId,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    let mut entries = sqlx::query_as!(
        Entry,
        "select entry_id, task_id, event_id, event_type, correlation_id, at, details from timeline
         where user_id = $1 and task_id = $2 order by entry_id desc limit $3",
        user_id.uuid(),
        task_id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    entries.reverse();
    Ok(entries)
}

/// What became of a task's reminder after an entry, oldest first: what is said of it, what was missed and
/// another one stands for, and where it was put off or dismissed.
pub(crate) async fn of_reminder(
    conn: &mut PgConnection,
    user_id: UserId,
    (task_id, reminder_id): (TaskId, ReminderId),
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "select entry_id, task_id, event_id, event_type, correlation_id, at, details from timeline
         where user_id = $1 and task_id = $2 and entry_id > $3
             and (details ->> 'reminder_id' = $4
                 or details -> 'folded' @> jsonb_build_array(jsonb_build_object('reminder_id', $4))
                 or details -> 'changes' -> 'snoozes' -> 'new'
                     @> jsonb_build_array(jsonb_build_object('reminder_id', $4))
                 or details -> 'changes' -> 'dismissed' -> 'new' @> jsonb_build_array($4))
         order by entry_id limit $5",
        user_id.uuid(),
        task_id.uuid(),
        after,
        reminder_id.to_string(),
        limit,
    )
    .fetch_all(conn)
    .await
}

/// What came of a request after an entry, oldest first, of all tasks.
pub(crate) async fn of_request(
    conn: &mut PgConnection,
    user_id: UserId,
    correlation_id: CorrelationId,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "select entry_id, task_id, event_id, event_type, correlation_id, at, details from timeline
         where user_id = $1 and correlation_id = $2 and entry_id > $3 order by entry_id limit $4",
        user_id.uuid(),
        correlation_id.uuid(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// When one of these tasks' reminders was said to stand, and for when; or a version of it was told.
#[derive(Clone, Debug)]
pub(crate) struct Earlier {
    pub(crate) entry_id: i64,
    pub(crate) task_id: Uuid,
    pub(crate) at: DateTime<Utc>,
    pub(crate) reminder_id: Option<String>,
    pub(crate) reminder_time: Option<DateTime<Utc>>,
    pub(crate) version: Option<i64>,
}

/// When these reminders were said to stand, and when these versions of their tasks were told; oldest
/// first.
pub(crate) async fn earlier(
    conn: &mut PgConnection,
    user_id: UserId,
    task_ids: &[Uuid],
    reminder_ids: &[String],
    versions: &[String],
) -> sqlx::Result<Vec<Earlier>> {
    sqlx::query_as!(
        Earlier,
        r#"select entry_id, task_id, at, details ->> 'reminder_id' as reminder_id,
             (details ->> 'reminder_time')::timestamptz as reminder_time,
             (details ->> 'version')::bigint as version
         from timeline
         where user_id = $1 and task_id = any ($2)
             and (event_type = 'reminder-scheduled' and details ->> 'reminder_id' = any ($3)
                 or event_type like 'task-%' and details ->> 'version' = any ($4))
         order by entry_id"#,
        user_id.uuid(),
        task_ids,
        reminder_ids,
        versions,
    )
    .fetch_all(conn)
    .await
}
