//! The table `task_tombstone`: tasks of which nothing else is known here. For the system.

use chrono::{DateTime, Utc};
use events::{TaskDeleted, TaskId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

struct Row {
    task_id: Uuid,
    user_id: Uuid,
    deleted_at: DateTime<Utc>,
    version: i64,
}

impl From<Row> for TaskDeleted {
    fn from(row: Row) -> Self {
        Self {
            task_id: row.task_id.into(),
            user_id: row.user_id.into(),
            deleted_at: row.deleted_at,
            version: row.version.into(),
        }
    }
}

/// Keeps a task as deleted at a version above `seen`. Returns what to tell: nothing where the same
/// was told less than `interval_secs` ago.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    task_id: TaskId,
    user_id: UserId,
    seen: i64,
    interval_secs: f64,
) -> sqlx::Result<Option<TaskDeleted>> {
    let told = sqlx::query_as!(
        Row,
        "insert into task_tombstone as t (task_id, user_id, version, deleted_at, answered_at)
         values ($1, $2, next_version($3), messaging.clock(), messaging.clock())
         on conflict (task_id) do update
             set version = case when t.version > $3 then t.version else next_version($3) end,
                 answered_at = messaging.clock()
             where t.version <= $3
                 or t.answered_at <= messaging.clock() - make_interval(secs => $4)
         returning task_id, user_id, deleted_at, version",
        task_id.uuid(),
        user_id.uuid(),
        seen,
        interval_secs,
    )
    .fetch_optional(conn)
    .await?;
    Ok(told.map(TaskDeleted::from))
}

/// The next tombstones by id after one, locked.
pub(crate) async fn lock_batch(
    conn: &mut PgConnection,
    after: Option<TaskId>,
    limit: i64,
) -> sqlx::Result<Vec<TaskDeleted>> {
    let rows = sqlx::query_as!(
        Row,
        "select task_id, user_id, deleted_at, version from task_tombstone
         where $1::uuid is null or task_id > $1 order by task_id limit $2 for update",
        after.map(TaskId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(TaskDeleted::from).collect())
}
