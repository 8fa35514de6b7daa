//! The table `messaging.outbox`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Rows to insert, a column a field, all of one length.
#[derive(Debug, Default)]
pub(crate) struct NewRows {
    pub(crate) event_id: Vec<Uuid>,
    pub(crate) topic: Vec<String>,
    pub(crate) event_type: Vec<String>,
    pub(crate) partition_key: Vec<Uuid>,
    pub(crate) subject: Vec<Option<Uuid>>,
    pub(crate) version: Vec<Option<i64>>,
    pub(crate) producer: Vec<String>,
    pub(crate) occurred_at: Vec<DateTime<Utc>>,
    pub(crate) envelope: Vec<String>,
    pub(crate) needs_receipt: Vec<bool>,
    pub(crate) urgent_at: Vec<Option<DateTime<Utc>>>,
    pub(crate) traceparent: Vec<Option<String>>,
}

/// A row that is to be published.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) event_id: Uuid,
    pub(crate) topic: String,
    pub(crate) event_type: String,
    pub(crate) partition_key: Uuid,
    pub(crate) subject: Option<Uuid>,
    pub(crate) producer: String,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) traceparent: Option<String>,
    pub(crate) envelope: String,
    pub(crate) held: bool,
    /// Of a held row: whether a later one of its lane was held too and waits behind it.
    pub(crate) more_held: bool,
    pub(crate) attempts: i32,
    /// When it was first published.
    pub(crate) published_at: Option<DateTime<Utc>>,
}

/// Stores rows in their order. An event that still waits here is not stored twice.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    rows: &NewRows,
    held: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into messaging.outbox (event_id, topic, event_type, partition_key, subject,
             version, producer, occurred_at, envelope, needs_receipt, urgent_at, traceparent, held)
         select event_id, topic, event_type, partition_key, subject, version, producer,
             occurred_at, envelope, needs_receipt, coalesce(urgent_at, 'infinity'),
             traceparent, $13
         from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[],
             $7::text[], $8::timestamptz[], $9::text[], $10::bool[], $11::timestamptz[],
             $12::text[])
             with ordinality
             as t (event_id, topic, event_type, partition_key, subject, version, producer,
                 occurred_at, envelope, needs_receipt, urgent_at, traceparent, position)
         order by position
         on conflict (event_id, topic) do nothing",
        &rows.event_id,
        &rows.topic,
        &rows.event_type,
        &rows.partition_key,
        &rows.subject as &[Option<Uuid>],
        &rows.version as &[Option<i64>],
        &rows.producer,
        &rows.occurred_at,
        &rows.envelope,
        &rows.needs_receipt,
        &rows.urgent_at as &[Option<DateTime<Utc>>],
        &rows.traceparent as &[Option<String>],
        held,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The oldest unpublished rows from `low_water` up, at most `max_rows` and as far as they fit into
/// `max_bytes` (one always does). Lanes (topic and key) whose head was refused and still waits are
/// passed over, and so are closed topics.
pub(crate) async fn publishable(
    pool: &PgPool,
    low_water: i64,
    closed_topics: &[String],
    max_rows: i64,
    max_bytes: i64,
) -> sqlx::Result<Vec<Row>> {
    // `offset 0` keeps it a question per row. As a join, the planner expects it to leave hardly a row
    // of a few lanes, and reads all rows of the table to find that.
    sqlx::query_as!(
        Row,
        r#"select seq as "seq!", event_id as "event_id!", topic as "topic!",
             event_type as "event_type!", partition_key as "partition_key!", subject,
             producer as "producer!", occurred_at as "occurred_at!", traceparent,
             envelope as "envelope!", held as "held!", attempts as "attempts!", published_at,
             held and exists (
                 select from messaging.outbox later
                 where later.published_at is null and later.topic = oldest.topic
                     and later.partition_key = oldest.partition_key and later.seq > oldest.seq
                     and later.held
             ) as "more_held!"
         from (
             select o.*, sum(octet_length(envelope)) over (order by seq) as bytes,
                 row_number() over (order by seq) as position
             from messaging.outbox o
             where published_at is null
                 and seq >= $1
                 and topic <> all ($2::text[])
                 and not exists (
                     select from messaging.outbox refused
                     where refused.published_at is null
                         and refused.attempts > 0
                         and refused.topic = o.topic
                         and refused.partition_key = o.partition_key
                         and refused.next_attempt_at > messaging.clock()
                     offset 0
                 )
             order by seq
             limit $3
         ) oldest
         where bytes <= $4 or position = 1
         order by seq"#,
        low_water,
        closed_topics,
        max_rows,
        max_bytes,
    )
    .fetch_all(pool)
    .await
}

/// Rows by their number, in the order of `seqs`, as far as they are still there and fit into
/// `max_bytes` (one always does).
pub(crate) async fn rows(
    conn: &mut PgConnection,
    seqs: &[i64],
    max_bytes: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"select seq as "seq!", event_id as "event_id!", topic as "topic!",
             event_type as "event_type!", partition_key as "partition_key!", subject,
             producer as "producer!", occurred_at as "occurred_at!", traceparent,
             envelope as "envelope!", held as "held!", attempts as "attempts!", published_at,
             false as "more_held!"
         from (
             select o.*, wanted.position,
                 sum(octet_length(o.envelope)) over (order by wanted.position) as bytes,
                 row_number() over (order by wanted.position) as nth
             from unnest($1::bigint[]) with ordinality as wanted (seq, position)
             join messaging.outbox o using (seq)
         ) found
         where bytes <= $2 or nth = 1
         order by position"#,
        seqs,
        max_bytes,
    )
    .fetch_all(conn)
    .await
}

/// Marks rows that the bus took: deletes those that need no receipt, and lets the others be sent
/// again after a while. Changes nothing, and says `false`, without the leader's token.
pub(crate) async fn mark_published(
    conn: &mut PgConnection,
    token: i64,
    seqs: &[i64],
    published_at: DateTime<Utc>,
    receipt_timeout_secs: f64,
) -> sqlx::Result<bool> {
    let leads = sqlx::query!(
        "select from messaging.lease where name = 'relay' and token = $1 for share",
        token,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if leads.is_none() {
        return Ok(false);
    }
    // In one order with the receipts that delete rows meanwhile.
    sqlx::query!("select from messaging.outbox where seq = any ($1) order by seq for update", seqs)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("delete from messaging.outbox where seq = any ($1) and not needs_receipt", seqs)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "update messaging.outbox
         set published_at = coalesce(published_at, $2), last_error = null,
             resend_at = messaging.clock() + make_interval(secs => $3)
         where seq = any ($1)",
        seqs,
        published_at,
        receipt_timeout_secs,
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// Notes that the bus refused a row: its lane waits, nobody else's.
pub(crate) async fn mark_refused(
    pool: &PgPool,
    token: i64,
    seq: i64,
    error: &str,
    wait_secs: f64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update messaging.outbox
         set attempts = attempts + 1, last_error = $3,
             next_attempt_at = messaging.clock() + make_interval(secs => $4)
         where seq = $1
             and exists (select from messaging.lease where name = 'relay' and token = $2)",
        seq,
        token,
        error,
        wait_secs,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The lowest unpublished row, if any.
pub(crate) async fn lowest_unpublished(conn: &mut PgConnection) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("select min(seq) from messaging.outbox where published_at is null")
        .fetch_one(conn)
        .await
}
