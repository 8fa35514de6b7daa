//! The table `reminder`: what the worker says of reminders.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use events::{ReminderId, ReminderTriggered, TaskId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

/// What becomes of a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReminderStatus {
    /// It will come.
    Scheduled,
    /// It came.
    Triggered,
    /// It will not come.
    Cancelled,
}

impl ReminderStatus {
    pub(crate) const ALL: [Self; 3] = [Self::Scheduled, Self::Triggered, Self::Cancelled];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Triggered => "triggered",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What an event says of a reminder; what it does not say stays as it was.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) reminder_id: ReminderId,
    pub(crate) status: ReminderStatus,
    pub(crate) due_date: Option<String>,
    pub(crate) reminder_time: Option<DateTime<Utc>>,
    pub(crate) triggered_at: Option<DateTime<Utc>>,
    pub(crate) late: bool,
    pub(crate) cancelled_at: Option<DateTime<Utc>>,
    pub(crate) reason: Option<String>,
    pub(crate) task_version: i64,
    pub(crate) revision: i64,
}

/// A reminder as its owner sees it.
#[derive(Clone, Debug)]
pub(crate) struct Reminder {
    pub(crate) reminder_id: Uuid,
    pub(crate) task_id: Uuid,
    pub(crate) title: Option<String>,
    pub(crate) status: String,
    pub(crate) due_date: Option<String>,
    pub(crate) reminder_time: Option<DateTime<Utc>>,
    pub(crate) triggered_at: Option<DateTime<Utc>>,
    pub(crate) late: bool,
    pub(crate) cancelled_at: Option<DateTime<Utc>>,
    pub(crate) reason: Option<String>,
    pub(crate) listed_at: DateTime<Utc>,
}

/// Where a page of a list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) listed_at: DateTime<Utc>,
    pub(crate) reminder_id: ReminderId,
}

/// Takes what is said of a reminder if it is newer, by (task version, revision), than what is known;
/// else returns the task version that is known.
pub(crate) async fn take(
    conn: &mut PgConnection,
    task_id: TaskId,
    user_id: UserId,
    said: &Said,
) -> sqlx::Result<Result<(), i64>> {
    let taken = sqlx::query!(
        "insert into reminder as r (reminder_id, task_id, user_id, status, due_date, reminder_time,
             triggered_at, late, cancelled_at, reason, task_version, revision)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (reminder_id) do update
             set status = $4, due_date = coalesce($5, r.due_date),
                 reminder_time = coalesce($6, r.reminder_time), triggered_at = $7, late = $8,
                 cancelled_at = $9, reason = $10, task_version = $11, revision = $12
             where (r.task_version, r.revision) < ($11, $12)
                 and r.task_id = $2 and r.user_id = $3",
        said.reminder_id.uuid(),
        task_id.uuid(),
        user_id.uuid(),
        said.status.name(),
        said.due_date,
        said.reminder_time,
        said.triggered_at,
        said.late,
        said.cancelled_at,
        said.reason,
        said.task_version,
        said.revision,
    )
    .execute(&mut *conn)
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(Ok(()));
    }
    let known = sqlx::query_scalar!(
        "select task_version from reminder where reminder_id = $1 and user_id = $2",
        said.reminder_id.uuid(),
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(Err(known.unwrap_or(0)))
}

/// Lets reminders that stood have come with the firing that tells of them.
pub(crate) async fn fold(
    conn: &mut PgConnection,
    user_id: UserId,
    triggered: &ReminderTriggered,
) -> sqlx::Result<()> {
    if triggered.folded.is_empty() {
        return Ok(());
    }
    let folded: Vec<Uuid> =
        triggered.folded.iter().map(|folded| folded.reminder_id.uuid()).collect();
    sqlx::query!(
        "update reminder
         set status = 'triggered', triggered_at = $4, late = true, cancelled_at = null,
             reason = null, task_version = $5, revision = $6
         where reminder_id = any ($1) and user_id = $2 and task_id = $3
             and (task_version, revision) < ($5, $6)",
        &folded,
        user_id.uuid(),
        triggered.task_id.uuid(),
        triggered.triggered_at,
        triggered.task_version.get(),
        triggered.revision.get(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A person's reminders in the order of their time, from a cursor on.
pub(crate) async fn list(
    conn: &mut PgConnection,
    user_id: UserId,
    status: Option<ReminderStatus>,
    cursor: Option<Cursor>,
    limit: i64,
) -> sqlx::Result<Vec<Reminder>> {
    sqlx::query_as!(
        Reminder,
        r#"select r.reminder_id, r.task_id, t.title as "title?", r.status, r.due_date,
             r.reminder_time, r.triggered_at, r.late, r.cancelled_at, r.reason,
             r.listed_at as "listed_at!"
         from reminder r
         left join task t on t.task_id = r.task_id and t.user_id = r.user_id
         where r.user_id = $1 and ($2::text is null or r.status = $2)
             and ($3::timestamptz is null or (r.listed_at, r.reminder_id) > ($3, $4::uuid))
         order by r.listed_at, r.reminder_id limit $5"#,
        user_id.uuid(),
        status.map(ReminderStatus::name),
        cursor.map(|cursor| cursor.listed_at),
        cursor.map(|cursor| cursor.reminder_id.uuid()),
        limit,
    )
    .fetch_all(conn)
    .await
}

/// When a person's reminders come, or were to come, as far as that is known.
pub(crate) async fn times(
    conn: &mut PgConnection,
    user_id: UserId,
    reminder_ids: &[Uuid],
) -> sqlx::Result<HashMap<Uuid, DateTime<Utc>>> {
    let rows = sqlx::query!(
        r#"select reminder_id, reminder_time as "reminder_time!" from reminder
         where user_id = $1 and reminder_id = any ($2) and reminder_time is not null"#,
        user_id.uuid(),
        reminder_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.reminder_id, row.reminder_time)).collect())
}

/// The task of a person's reminder.
pub(crate) async fn task_of(
    conn: &mut PgConnection,
    user_id: UserId,
    reminder_id: ReminderId,
) -> sqlx::Result<Option<TaskId>> {
    let found = sqlx::query_scalar!(
        "select task_id from reminder where reminder_id = $1 and user_id = $2",
        reminder_id.uuid(),
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(TaskId::from))
}

/// The task, not in the trash, whose reminder a person was reminded by last.
pub(crate) async fn last_reminded(
    conn: &mut PgConnection,
    user_id: UserId,
) -> sqlx::Result<Option<TaskId>> {
    let found = sqlx::query_scalar!(
        "select r.task_id from reminder r
         join task t on t.task_id = r.task_id and t.user_id = r.user_id
         where r.user_id = $1 and r.status = 'triggered' and t.deleted_at is null
         order by r.listed_at desc limit 1",
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(TaskId::from))
}
