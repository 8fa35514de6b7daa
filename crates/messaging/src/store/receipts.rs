//! Receipts, owed (`messaging.receipt_owed`) and received (rows of `messaging.outbox`, and of
//! `messaging.rejected`, where those go that were refused).

use events::{Receipt, ReceiptOutcome};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// Owes the producer a receipt.
pub(crate) async fn owe(
    conn: &mut PgConnection,
    event_id: Uuid,
    topic: &str,
    outcome: &ReceiptOutcome,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into messaging.receipt_owed (event_id, topic, outcome) values ($1, $2, $3)",
        event_id,
        topic,
        Json(outcome) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the oldest receipts that are owed, each event and topic once.
pub(crate) async fn take_owed(conn: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Receipt>> {
    let rows = sqlx::query!(
        r#"with taken as (
             delete from messaging.receipt_owed where seq in (
                 select seq from messaging.receipt_owed order by seq limit $1
                 for update skip locked
             )
             returning seq, event_id, topic, outcome
         )
         select distinct on (event_id, topic) event_id, topic,
             outcome as "outcome: Json<ReceiptOutcome>"
         from taken order by event_id, topic, seq desc"#,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Receipt {
            event_id: row.event_id.into(),
            topic: row.topic,
            outcome: row.outcome.0,
        })
        .collect())
}

/// An event that a receipt names.
pub(crate) struct Named {
    pub(crate) event_id: Uuid,
    pub(crate) topic: String,
    pub(crate) event_type: String,
    pub(crate) subject: Option<Uuid>,
    pub(crate) version: Option<i64>,
    /// Whether it was refused before: its row is in `messaging.rejected`.
    pub(crate) was_rejected: bool,
}

/// The events that receipts name, as far as their rows are still there; not locked.
pub(crate) async fn named(
    conn: &mut PgConnection,
    event_ids: &[Uuid],
    topics: &[String],
) -> sqlx::Result<Vec<Named>> {
    sqlx::query_as!(
        Named,
        r#"with r as materialized (
             select event_id, topic from unnest($1::uuid[], $2::text[]) as r (event_id, topic)
         )
         select event_id as "event_id!", topic as "topic!", event_type as "event_type!",
             subject, version, was_rejected as "was_rejected!"
         from (
             select o.event_id, o.topic, o.event_type, o.subject, o.version, o.seq,
                 false as was_rejected
             from r join messaging.outbox o using (event_id, topic)
             union all
             select o.event_id, o.topic, o.event_type, o.subject, o.version, 0, true
             from r join messaging.rejected o using (event_id, topic)
         ) found
         order by subject, seq"#,
        event_ids,
        topics,
    )
    .fetch_all(conn)
    .await
}

/// Remembers what an outbox row that was refused was about.
pub(crate) async fn remember_rejected(
    conn: &mut PgConnection,
    event_id: Uuid,
    topic: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into messaging.rejected (event_id, topic, event_type, subject, version)
         select event_id, topic, event_type, subject, version from messaging.outbox
         where event_id = $1 and topic = $2
         on conflict do nothing",
        event_id,
        topic,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets what was refused, as it is taken now.
pub(crate) async fn forget_rejected(
    conn: &mut PgConnection,
    event_id: Uuid,
    topic: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from messaging.rejected where event_id = $1 and topic = $2",
        event_id,
        topic,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets at most `limit` events that were refused so long ago.
pub(crate) async fn purge_rejected(
    conn: &mut PgConnection,
    older_than_days: i32,
    limit: i64,
) -> sqlx::Result<u64> {
    let purged = sqlx::query!(
        "delete from messaging.rejected where (event_id, topic) in (
             select event_id, topic from messaging.rejected
             where rejected_at < messaging.clock() - make_interval(days => $1)
             limit $2
         )",
        older_than_days,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(purged.rows_affected())
}

/// Deletes the rows that receipts name.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    event_ids: &[Uuid],
    topics: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        "with named as (
             select o.seq from unnest($1::uuid[], $2::text[]) as r (event_id, topic)
             join messaging.outbox o using (event_id, topic)
             order by o.seq for update of o
         )
         delete from messaging.outbox using named where outbox.seq = named.seq",
        event_ids,
        topics,
    )
    .execute(conn)
    .await?;
    Ok(())
}
