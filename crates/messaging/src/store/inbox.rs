//! The table `messaging.inbox`.

use events::ReceiptOutcome;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// Records an event as taken; `false` where it was taken before.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    event_id: Uuid,
    topic: &str,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "insert into messaging.inbox (event_id, topic, outcome) values ($1, $2, 'null')
         on conflict do nothing",
        event_id,
        topic,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Notes what became of an event.
pub(crate) async fn set_outcome(
    conn: &mut PgConnection,
    event_id: Uuid,
    topic: &str,
    outcome: &ReceiptOutcome,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update messaging.inbox set outcome = $3 where event_id = $1 and topic = $2",
        event_id,
        topic,
        Json(outcome) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What became of an event when it was taken.
pub(crate) async fn outcome(
    conn: &mut PgConnection,
    event_id: Uuid,
    topic: &str,
) -> sqlx::Result<ReceiptOutcome> {
    let Json(outcome) = sqlx::query_scalar!(
        r#"select outcome as "outcome: Json<ReceiptOutcome>" from messaging.inbox
         where event_id = $1 and topic = $2"#,
        event_id,
        topic,
    )
    .fetch_one(conn)
    .await?;
    Ok(outcome)
}

/// Forgets at most `limit` events that were taken longer ago than the bus keeps any.
pub(crate) async fn purge(
    conn: &mut PgConnection,
    older_than_days: i32,
    limit: i64,
) -> sqlx::Result<u64> {
    let purged = sqlx::query!(
        "delete from messaging.inbox where ctid in (
             select ctid from messaging.inbox
             where received_at < messaging.clock() - make_interval(days => $1)
             limit $2
         )",
        older_than_days,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(purged.rows_affected())
}
