//! The table `person_tombstone`: people whose accounts ended.

use chrono::{DateTime, Utc};
use events::{UserDeleted, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

struct Row {
    user_id: Uuid,
    deleted_at: DateTime<Utc>,
    version: i64,
}

impl From<Row> for UserDeleted {
    fn from(row: Row) -> Self {
        Self {
            user_id: row.user_id.into(),
            deleted_at: row.deleted_at,
            version: row.version.into(),
        }
    }
}

/// Remembers the end of an account, which is about to be told.
pub(crate) async fn insert(conn: &mut PgConnection, deleted: &UserDeleted) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into person_tombstone (user_id, version, deleted_at, answered_at)
         values ($1, $2, $3, $3)",
        deleted.user_id.uuid(),
        deleted.version.get(),
        deleted.deleted_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether the person's account ended, and then whether it is time to tell that again: not where it
/// was told less than `interval_secs` ago. For the system.
pub(crate) async fn take_answer(
    conn: &mut PgConnection,
    user_id: UserId,
    interval_secs: f64,
) -> sqlx::Result<Option<(UserDeleted, bool)>> {
    let taken = sqlx::query!(
        "update person_tombstone set answered_at = messaging.clock()
         where user_id = $1 and answered_at <= messaging.clock() - make_interval(secs => $2)",
        user_id.uuid(),
        interval_secs,
    )
    .execute(&mut *conn)
    .await?;
    let found = sqlx::query_as!(
        Row,
        "select user_id, deleted_at, version from person_tombstone where user_id = $1",
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| (row.into(), taken.rows_affected() == 1)))
}

/// The next tombstones by id after one, locked. For the system.
pub(crate) async fn lock_batch(
    conn: &mut PgConnection,
    after: Option<UserId>,
    limit: i64,
) -> sqlx::Result<Vec<UserDeleted>> {
    let rows = sqlx::query_as!(
        Row,
        "select user_id, deleted_at, version from person_tombstone
         where $1::uuid is null or user_id > $1 order by user_id limit $2 for update",
        after.map(UserId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(UserDeleted::from).collect())
}
