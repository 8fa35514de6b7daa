//! Rows of `messaging.outbox` that are published and overdue for a receipt.
//!
//! That a row is overdue follows from the clock, and no index holds both what is overdue and which of
//! it is urgent: one would read all that is published, or all that is overdue. So it is noticed, once
//! a row and wait.

use sqlx::PgConnection;

/// Notes which rows have become overdue, the longest overdue first.
pub(crate) async fn notice(conn: &mut PgConnection, token: i64, limit: i64) -> sqlx::Result<()> {
    // A row that is locked gets its receipt, or its mark, right now.
    sqlx::query!(
        "update messaging.outbox set overdue = true
         where ctid = any (array(
                 select ctid from messaging.outbox
                 where published_at is not null and not overdue
                     and resend_at <= messaging.clock()
                 order by resend_at
                 limit $2
                 for update skip locked
             ))
             and exists (select from messaging.lease where name = 'relay' and token = $1)",
        token,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which overdue rows of these topics are to go first, at most one of a lane (topic and key): the
/// lanes with what matters to a person soonest, of each its oldest overdue row. To find so many lanes
/// at most `window` times as many rows of a topic are looked at.
pub(crate) async fn soonest(
    conn: &mut PgConnection,
    topics: &[String],
    limit: i64,
    window: i64,
) -> sqlx::Result<Vec<i64>> {
    // A lane's oldest row is the first at or after the lane's place: asked so, no plan but one by the
    // lanes' index gives that order, while `order by seq` alone may go through the table.
    sqlx::query_scalar!(
        r#"with lane as (
             select topic, partition_key, min(urgent_at) as urgent_at, min(seq) as seq
             from unnest($1::text[]) as open (name)
             cross join lateral (
                 select topic, partition_key, urgent_at, seq from messaging.outbox
                 where overdue and topic = open.name
                 order by urgent_at, seq
                 limit $2::bigint * $3::bigint
             ) urgent
             group by topic, partition_key
             order by 3, 4
             limit $2
         )
         select oldest.seq as "seq!"
         from lane cross join lateral (
             select seq from messaging.outbox o
             where overdue and (o.topic, o.partition_key) >= (lane.topic, lane.partition_key)
             order by o.topic, o.partition_key, o.seq
             limit 1
         ) oldest
         order by lane.urgent_at, lane.seq"#,
        topics,
        limit,
        window,
    )
    .fetch_all(conn)
    .await
}

/// Notes that rows were sent again; each waits twice as long as the last time before the next, of
/// which a random half is taken off so that many that were sent together do not come back together.
pub(crate) async fn mark_resent(
    conn: &mut PgConnection,
    token: i64,
    seqs: &[i64],
    first_secs: f64,
    longest_secs: f64,
) -> sqlx::Result<()> {
    // In one order with the receipts that delete rows meanwhile.
    sqlx::query!(
        "with sent as (
             select seq from messaging.outbox where seq = any ($1) order by seq for update
         )
         update messaging.outbox o
         set resends = resends + 1, overdue = false,
             resend_at = messaging.clock() + make_interval(secs =>
                 least($4::float8, $3::float8 * 2 ^ least(resends, 20)) * (0.5 + random() / 2))
         from sent
         where o.seq = sent.seq
             and exists (select from messaging.lease where name = 'relay' and token = $2)",
        seqs,
        token,
        first_secs,
        longest_secs,
    )
    .execute(conn)
    .await?;
    Ok(())
}
