//! The single row of `messaging.relay_state`.

use sqlx::{PgConnection, PgPool};

/// Where the scan for unpublished rows starts.
pub(crate) async fn low_water(pool: &PgPool) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select low_water from messaging.relay_state").fetch_one(pool).await
}

/// Raises the low-water mark to the candidate, once every transaction has ended that could still
/// insert below it, but never past an unpublished row; then takes the next candidate.
pub(crate) async fn advance_low_water(
    conn: &mut PgConnection,
    lowest_unpublished: Option<i64>,
    longest_transaction_secs: f64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update messaging.relay_state
         set low_water = greatest(low_water, least(candidate, coalesce($1, candidate))),
             candidate = (select last_value from messaging.outbox_seq_seq),
             candidate_at = messaging.clock()
         where candidate_at <= messaging.clock() - make_interval(secs => $2)",
        lowest_unpublished,
        longest_transaction_secs,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether the other service has sent a receipt within so many seconds.
pub(crate) async fn receipts_come(pool: &PgPool, within_secs: f64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select coalesce(last_receipt_at > messaging.clock() - make_interval(secs => $1), false)
             as "come!"
         from messaging.relay_state"#,
        within_secs,
    )
    .fetch_one(pool)
    .await
}

/// Notes that a receipt came.
pub(crate) async fn receipt_came(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("update messaging.relay_state set last_receipt_at = messaging.clock()")
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes the right to probe, where the last probe is at least so many seconds ago.
pub(crate) async fn take_probe(pool: &PgPool, interval_secs: f64) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "update messaging.relay_state set last_probe_at = messaging.clock()
         where last_probe_at is null
             or last_probe_at <= messaging.clock() - make_interval(secs => $1)",
        interval_secs,
    )
    .execute(pool)
    .await?;
    Ok(taken.rows_affected() == 1)
}
