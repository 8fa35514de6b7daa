//! The table `idempotency_key`: the first answer to a request that may come twice.

use events::UserId;
use sqlx::PgConnection;

/// How long a key is remembered, in hours.
pub(crate) const LIFETIME_HOURS: i32 = 24;

/// What became of the first request with a key.
#[derive(Clone, Debug)]
pub(crate) struct First {
    /// SHA-256 of that request's body.
    pub(crate) fingerprint: Vec<u8>,
    /// What it was answered; empty while it is being answered over several transactions.
    pub(crate) answer: String,
}

/// Takes a key for this transaction; else returns what it was used for. Waits for another request
/// that is just using it.
pub(crate) async fn take(
    conn: &mut PgConnection,
    user_id: UserId,
    key: &str,
    fingerprint: &[u8],
) -> sqlx::Result<Option<First>> {
    let taken = sqlx::query!(
        "insert into idempotency_key as k (user_id, key, fingerprint, answer, created_at)
         values ($1, $2, $3, '', messaging.clock())
         on conflict (user_id, key) do update
             set fingerprint = excluded.fingerprint, answer = excluded.answer,
                 created_at = excluded.created_at
             where k.created_at <= messaging.clock() - make_interval(hours => $4)",
        user_id.uuid(),
        key,
        fingerprint,
        LIFETIME_HOURS,
    )
    .execute(&mut *conn)
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(None);
    }
    let first = sqlx::query_as!(
        First,
        "select fingerprint, answer from idempotency_key where user_id = $1 and key = $2",
        user_id.uuid(),
        key,
    )
    .fetch_one(conn)
    .await?;
    Ok(Some(first))
}

/// Locks a key that was taken by an earlier transaction of the same request.
pub(crate) async fn lock(conn: &mut PgConnection, user_id: UserId, key: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "select key from idempotency_key where user_id = $1 and key = $2 for update",
        user_id.uuid(),
        key,
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

/// Remembers what was answered.
pub(crate) async fn answer(
    conn: &mut PgConnection,
    user_id: UserId,
    key: &str,
    answer: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update idempotency_key set answer = $3 where user_id = $1 and key = $2",
        user_id.uuid(),
        key,
        answer,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets keys whose time is over, at most `limit`. For the system.
pub(crate) async fn purge(conn: &mut PgConnection, limit: i64) -> sqlx::Result<u64> {
    let purged = sqlx::query!(
        "delete from idempotency_key where (user_id, key) in (
             select user_id, key from idempotency_key
             where created_at <= messaging.clock() - make_interval(hours => $1) limit $2
         )",
        LIFETIME_HOURS,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(purged.rows_affected())
}
