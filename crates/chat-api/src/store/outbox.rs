//! The table `messaging.outbox` as an administrator sees it. What an event says stays unread.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// The state of a row that the bus has not taken yet.
pub(crate) const UNPUBLISHED: &str = "unpublished";
/// Every state, as it is shown.
pub(crate) const STATES: [&str; 2] = [UNPUBLISHED, "unreceipted"];

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) event_id: Uuid,
    pub(crate) event_type: String,
    pub(crate) topic: String,
    pub(crate) key: Uuid,
    pub(crate) state: String,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) attempts: i32,
    pub(crate) problem: Option<String>,
    pub(crate) published_at: Option<DateTime<Utc>>,
    pub(crate) resends: i32,
}

/// What waits of a topic, and since when.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) topic: String,
    pub(crate) unpublished: i64,
    pub(crate) oldest_unpublished_at: Option<DateTime<Utc>>,
    pub(crate) unreceipted: i64,
    pub(crate) oldest_unreceipted_at: Option<DateTime<Utc>>,
}

/// The oldest rows, from behind one on.
pub(crate) async fn list(
    conn: &mut PgConnection,
    state: Option<&str>,
    after: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let is_unpublished = state.map(|state| state == UNPUBLISHED);
    sqlx::query_as!(
        Row,
        r#"select seq, event_id, event_type, topic, partition_key as key,
             case when published_at is null then 'unpublished' else 'unreceipted' end as "state!",
             occurred_at, attempts, last_error as problem, published_at, resends
         from messaging.outbox
         where ($1::bool is null or (published_at is null) = $1)
             and ($2::bigint is null or seq > $2)
         order by seq limit $3"#,
        is_unpublished,
        after,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// What waits by topic, those alone where something does; among the `max_rows` oldest of either state, so
/// that the answer has a price.
pub(crate) async fn waiting(conn: &mut PgConnection, max_rows: i64) -> sqlx::Result<Vec<Waiting>> {
    // Unpublished rows from the low-water mark up, as the relay finds them; the others first by `resend_at`,
    // as their indexes have them.
    sqlx::query_as!(
        Waiting,
        r#"with unpublished as (
             select topic, occurred_at from messaging.outbox
             where published_at is null
                 and seq >= (select low_water from messaging.relay_state)
             order by seq limit $1
         ), unreceipted as (
             (select topic, published_at from messaging.outbox
                 where overdue order by topic, urgent_at, seq limit $1)
             union all
             (select topic, published_at from messaging.outbox
                 where published_at is not null and not overdue
                 order by resend_at limit $1)
         ), waiting as (
             select topic, occurred_at, null::timestamptz as published_at from unpublished
             union all
             select topic, null, published_at from (select * from unreceipted limit $1) first
         )
         select topic as "topic!", count(occurred_at) as "unpublished!",
             min(occurred_at) as oldest_unpublished_at, count(published_at) as "unreceipted!",
             min(published_at) as oldest_unreceipted_at
         from waiting group by topic order by topic"#,
        max_rows,
    )
    .fetch_all(conn)
    .await
}

/// When a receipt last came.
pub(crate) async fn last_receipt_at(
    conn: &mut PgConnection,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select last_receipt_at from messaging.relay_state").fetch_one(conn).await
}
