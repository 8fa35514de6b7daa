//! Receipts, owed (`messaging.receipt_owed`) and received (rows of `messaging.outbox`).

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

/// An outbox row that a receipt names.
pub(crate) struct Named {
    pub(crate) event_id: Uuid,
    pub(crate) topic: String,
    pub(crate) event_type: String,
    pub(crate) subject: Option<Uuid>,
    pub(crate) version: Option<i64>,
}

/// The rows that receipts name, as far as they are still there; not locked.
pub(crate) async fn named(
    conn: &mut PgConnection,
    event_ids: &[Uuid],
    topics: &[String],
) -> sqlx::Result<Vec<Named>> {
    sqlx::query_as!(
        Named,
        "select o.event_id, o.topic, o.event_type, o.subject, o.version
         from unnest($1::uuid[], $2::text[]) as r (event_id, topic)
         join messaging.outbox o using (event_id, topic)
         order by o.subject, o.seq",
        event_ids,
        topics,
    )
    .fetch_all(conn)
    .await
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
