//! What waits in the table `messaging.outbox`, as a scrape shows it.

use sqlx::PgConnection;

/// How much waits, and for how long, by the database's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Backlog {
    pub(crate) unpublished_rows: i64,
    pub(crate) oldest_unpublished_secs: Option<f64>,
    pub(crate) unreceipted_rows: i64,
    pub(crate) oldest_unreceipted_secs: Option<f64>,
}

/// Looks at no more than `max_rows` of each kind: those that were appended first of what is unpublished,
/// those that are the first to be overdue, and as many that are.
pub(crate) async fn read(conn: &mut PgConnection, max_rows: i64) -> sqlx::Result<Backlog> {
    // From the low-water mark up, as the relay does: what lies below is settled, and its dead rows need not
    // be gone through. The orders are those of the indexes.
    sqlx::query_as!(
        Backlog,
        r#"with unpublished as (
             select occurred_at from messaging.outbox
             where published_at is null
                 and seq >= (select low_water from messaging.relay_state)
             order by seq limit $1
         ), unreceipted as (
             (select published_at from messaging.outbox
                 where published_at is not null and not overdue
                 order by resend_at limit $1)
             union all
             (select published_at from messaging.outbox
                 where overdue
                 order by topic, urgent_at, seq limit $1)
         )
         select
             (select count(*) from unpublished) as "unpublished_rows!",
             (select extract(epoch from messaging.clock() - min(occurred_at))::float8
                 from unpublished) as oldest_unpublished_secs,
             (select count(*) from unreceipted) as "unreceipted_rows!",
             (select extract(epoch from messaging.clock() - min(published_at))::float8
                 from unreceipted) as oldest_unreceipted_secs"#,
        max_rows,
    )
    .fetch_one(conn)
    .await
}
