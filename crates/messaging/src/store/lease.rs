//! The table `messaging.lease`.

use sqlx::PgPool;
use uuid::Uuid;

/// The token, where the lease was free, had run out, or is this holder's already.
pub(crate) async fn acquire(
    pool: &PgPool,
    name: &str,
    holder: Uuid,
    seconds: f64,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "insert into messaging.lease as l (name, holder, token, expires_at)
         values ($1, $2, 1, messaging.clock() + make_interval(secs => $3))
         on conflict (name) do update
            set holder = $2, token = l.token + 1, expires_at = excluded.expires_at
            where l.expires_at <= messaging.clock() or l.holder = $2
         returning token",
        name,
        holder,
        seconds,
    )
    .fetch_optional(pool)
    .await
}

/// Whether the lease was still held and now holds longer.
pub(crate) async fn renew(
    pool: &PgPool,
    name: &str,
    token: i64,
    seconds: f64,
) -> sqlx::Result<bool> {
    let renewed = sqlx::query!(
        "update messaging.lease set expires_at = messaging.clock() + make_interval(secs => $3)
         where name = $1 and token = $2",
        name,
        token,
        seconds,
    )
    .execute(pool)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Lets the lease run out now.
pub(crate) async fn release(
    pool: &PgPool,
    name: &str,
    holder: Uuid,
    token: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update messaging.lease set expires_at = messaging.clock()
         where name = $1 and holder = $2 and token = $3",
        name,
        holder,
        token,
    )
    .execute(pool)
    .await?;
    Ok(())
}
