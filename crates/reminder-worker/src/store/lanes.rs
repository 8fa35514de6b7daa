//! The table `lane`: which channel has something due, and who serves it.

use sqlx::PgPool;
use uuid::Uuid;

/// A lane that this process has leased.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub(crate) channel_id: Uuid,
    pub(crate) token: i64,
    /// Leases in a row in which an attempt failed.
    pub(crate) failures: i32,
}

/// Leases lanes that are due, the longest overdue first: at most `limit`, and so that at most
/// `per_person` of one person are leased. Looks at the first `window` of those that may be.
pub(crate) async fn lease(
    pool: &PgPool,
    per_person: i64,
    limit: i64,
    window: i64,
    lease_secs: f64,
) -> sqlx::Result<Vec<Lane>> {
    sqlx::query_as!(
        Lane,
        r#"with due as (
             select channel_id, user_id, next_attempt_at,
                 (select count(*) from lane busy
                  where busy.user_id = lane.user_id and busy.leased_until > messaging.clock()) as busy
             from lane
             where next_attempt_at <= messaging.clock()
                 and (leased_until is null or leased_until <= messaging.clock())
                 and (select count(*) from lane busy
                      where busy.user_id = lane.user_id
                          and busy.leased_until > messaging.clock()) < $1
             order by next_attempt_at limit $3
             for update skip locked
         ), fair as (
             select channel_id from (
                 select *, row_number() over (partition by user_id order by next_attempt_at) as place
                 from due
             ) ranked
             where place + busy <= $1
             order by next_attempt_at limit $2
         )
         update lane
         set token = token + 1, leased_until = messaging.clock() + make_interval(secs => $4)
         from fair where lane.channel_id = fair.channel_id
         returning lane.channel_id, token, failures"#,
        per_person,
        limit,
        window,
        lease_secs,
    )
    .fetch_all(pool)
    .await
}

/// Gives a lane back, due when its first delivery is; nothing happens where the lease was lost.
pub(crate) async fn release(pool: &PgPool, lane: Lane, failures: i32) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    let held = sqlx::query!(
        "select from lane where channel_id = $1 and token = $2 for update",
        lane.channel_id,
        lane.token,
    )
    .fetch_optional(&mut *tx)
    .await?;
    if held.is_none() {
        return Ok(());
    }
    // A statement of its own: it sees the deliveries of whoever held the lane's row until now.
    sqlx::query!(
        "update lane set leased_until = null, failures = $2, next_attempt_at = (
             select min(next_attempt_at) from delivery
             where delivery.channel_id = lane.channel_id and state = 'pending'
         )
         where channel_id = $1",
        lane.channel_id,
        failures,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Seconds until the next lane that nobody serves is due, by the database's clock; negative where
/// one is overdue.
pub(crate) async fn seconds_until_next(pool: &PgPool) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        "select extract(epoch from min(next_attempt_at) - messaging.clock())::float8
         from lane where leased_until is null",
    )
    .fetch_one(pool)
    .await
}
