//! The table `session`, and who calls.

use chrono::{DateTime, Utc};
use events::UserId;
use sqlx::PgConnection;

use crate::domain::secret_token::TokenHash;

/// Begins a session.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user_id: UserId,
    hash: &TokenHash,
    lifetime_days: i32,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into session (token_hash, user_id, created_at, expires_at)
         values ($1, $2, messaging.clock(), messaging.clock() + make_interval(days => $3))",
        hash.as_bytes(),
        user_id.uuid(),
        lifetime_days,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose session it is, while it lasts. For the system.
pub(crate) async fn user_of(
    conn: &mut PgConnection,
    hash: &TokenHash,
) -> sqlx::Result<Option<UserId>> {
    let found = sqlx::query_scalar!(
        "select user_id from session where token_hash = $1 and expires_at > messaging.clock()",
        hash.as_bytes(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(UserId::from))
}

/// Ends a session.
pub(crate) async fn delete(
    conn: &mut PgConnection,
    user_id: UserId,
    hash: &TokenHash,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from session where token_hash = $1 and user_id = $2",
        hash.as_bytes(),
        user_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets sessions that have run out, at most `limit`. For the system.
pub(crate) async fn purge(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let purged = sqlx::query!(
        "delete from session where token_hash in (
             select token_hash from session where expires_at <= $1 limit $2
         )",
        now,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(purged.rows_affected())
}
