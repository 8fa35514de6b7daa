//! What the relay asks and marks, on a real database.

use serde_json::Value;
use sqlx::{Acquire, AssertSqlSafe, PgConnection, PgPool};
use testing::TestDatabase;

use super::{
    backlog::{self, Backlog},
    outbox, overdue,
};

/// The leader's token.
const TOKEN: i64 = 2;
/// Enough that going through all of them would show.
const MANY_ROWS: i64 = 100_000;
/// What one question may read, whatever the table holds.
const FEW_ROWS: i64 = 100;

async fn database() -> (TestDatabase, PgPool) {
    let database = TestDatabase::create().await;
    let pool = database.pool(4);
    crate::migrate(&pool).await.unwrap();
    lease(&pool, TOKEN).await;
    (database, pool)
}

/// Lets somebody lead.
pub(crate) async fn lease(pool: &PgPool, token: i64) {
    let sql = "insert into messaging.lease (name, holder, token, expires_at)
         values ('relay', gen_random_uuid(), $1, 'infinity')";
    sqlx::query(sql).bind(token).execute(pool).await.unwrap();
}

/// Inserts published rows, each of a lane of its own; the first matters to a person soonest.
pub(crate) async fn insert_published(pool: &PgPool, rows: i64, resend_at: &str) {
    let sql = format!(
        "insert into messaging.outbox (event_id, topic, event_type, partition_key, producer,
             occurred_at, envelope, needs_receipt, held, urgent_at, published_at, resend_at)
         select gen_random_uuid(), 'task-events', 'task-deleted', gen_random_uuid(), 'chat-api',
             messaging.clock(), '{{}}', true, false, messaging.clock() + make_interval(mins => n),
             messaging.clock(), {resend_at}
         from generate_series(1, {rows}) n"
    );
    execute(pool, sql).await;
}

async fn execute(pool: &PgPool, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.unwrap();
}

async fn scalar(conn: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(conn).await.unwrap()
}

async fn whole_outbox(pool: &PgPool) -> Value {
    sqlx::query_scalar("select jsonb_agg(to_jsonb(o) order by seq) from messaging.outbox o")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Rows of the outbox that this connection has read, by any plan. Within a transaction the count
/// only grows; between two it may begin anew.
async fn rows_read(conn: &mut PgConnection) -> i64 {
    scalar(
        conn,
        "select (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
         from pg_stat_xact_user_tables where relname = 'outbox'",
    )
    .await
}

async fn soonest(conn: &mut PgConnection, limit: i64) -> Vec<i64> {
    overdue::soonest(conn, &["task-events".to_owned()], limit, 10).await.unwrap()
}

/// Makes every mark that a leader makes; says whether a publication was marked.
async fn mark_everything(pool: &PgPool, token: i64) -> bool {
    let mut conn = pool.acquire().await.unwrap();
    let now = crate::now(&mut conn).await.unwrap();
    let marked = outbox::mark_published(&mut conn, token, &[1], now, 15.0).await.unwrap();
    outbox::mark_refused(pool, token, 2, "too large", 1.0).await.unwrap();
    overdue::mark_resent(&mut conn, token, &[3], 15.0, 600.0).await.unwrap();
    overdue::notice(&mut conn, token, 10).await.unwrap();
    marked
}

#[tokio::test]
async fn without_the_token_nothing_is_marked() {
    let (database, pool) = database().await;
    insert_published(&pool, 4, "messaging.clock()").await;
    let unpublished = "update messaging.outbox set published_at = null where seq < 3";
    execute(&pool, unpublished.to_owned()).await;
    let before = whole_outbox(&pool).await;
    assert!(!mark_everything(&pool, TOKEN - 1).await);
    assert_eq!(whole_outbox(&pool).await, before);

    assert!(mark_everything(&pool, TOKEN).await);
    let after = whole_outbox(&pool).await;
    let changed = |n: usize, field: &str| before[n][field] != after[n][field];
    assert!(changed(0, "published_at") && changed(1, "attempts"), "{after}");
    assert!(changed(2, "resends") && changed(3, "overdue"), "{after}");
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn rows_that_are_sent_again_together_come_back_apart_and_at_most_half_too_soon() {
    let (database, pool) = database().await;
    insert_published(&pool, 200, "messaging.clock()").await;
    let seqs: Vec<i64> = (1..=200).collect();
    let mut tx = pool.begin().await.unwrap();
    // 10 s, 20 s, and then no more than 30 s.
    for full_secs in [10.0, 20.0, 30.0, 30.0] {
        let before = crate::now(&mut tx).await.unwrap();
        overdue::mark_resent(&mut tx, TOKEN, &seqs, 10.0, 30.0).await.unwrap();
        let (shortest, longest, different): (f64, f64, i64) = sqlx::query_as(
            "select extract(epoch from min(resend_at) - $1)::float8,
                 extract(epoch from max(resend_at) - messaging.clock())::float8,
                 count(distinct resend_at)
             from messaging.outbox",
        )
        .bind(before)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        assert!(shortest >= full_secs / 2.0, "{shortest} s of {full_secs} s");
        assert!(longest <= full_secs, "{longest} s of {full_secs} s");
        assert!(different > 150, "{different} different waits");
    }
    tx.rollback().await.unwrap();
    pool.close().await;
    database.drop().await;
}

/// A lane is as urgent as its most urgent row, but its rows keep their order.
#[tokio::test]
async fn at_most_one_row_of_a_lane_is_chosen_and_it_is_the_oldest() {
    let (database, pool) = database().await;
    insert_published(&pool, 12, "messaging.clock()").await;
    // Three lanes, each with rows of every urgency; the first row is overdue no more.
    let lanes = "update messaging.outbox
         set partition_key = ('00000000-0000-0000-0000-00000000000' || seq % 3)::uuid,
             urgent_at = messaging.clock() - make_interval(mins => seq::int),
             overdue = seq > 1";
    execute(&pool, lanes.to_owned()).await;
    let mut conn = pool.acquire().await.unwrap();
    // Most urgent are 12 (lane 0), 11 (lane 2), 10 (lane 1); oldest of those lanes are 3, 2, 4.
    assert_eq!(soonest(&mut conn, 10).await, [3, 2, 4]);
    assert_eq!(soonest(&mut conn, 2).await, [3, 2]);
    drop(conn);
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn what_waits_for_its_receipt_and_is_not_overdue_is_not_read() {
    let (database, pool) = database().await;
    insert_published(&pool, MANY_ROWS, "messaging.clock() + interval '1 hour'").await;
    insert_published(&pool, 1, "messaging.clock()").await;
    let last = "update messaging.outbox set urgent_at = 'infinity' where seq = 100001;
         analyze messaging.outbox";
    execute(&pool, last.to_owned()).await;
    let mut tx = pool.begin().await.unwrap();
    let before = rows_read(&mut tx).await;
    overdue::notice(&mut tx, TOKEN, 5000).await.unwrap();
    assert_eq!(soonest(&mut tx, 10).await, [MANY_ROWS + 1]);
    let read = rows_read(&mut tx).await - before;
    assert!(read < FEW_ROWS, "{read} rows were read to find the one that is overdue");
    tx.rollback().await.unwrap();
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn of_very_many_overdue_rows_each_is_read_a_few_times_and_the_most_urgent_chosen() {
    let (database, pool) = database().await;
    // The most urgent is overdue for the shortest time: it is the last to be noticed.
    let overdue_longer = "messaging.clock() - make_interval(secs => n)";
    insert_published(&pool, MANY_ROWS, overdue_longer).await;
    execute(&pool, "analyze messaging.outbox".to_owned()).await;
    let mut conn = pool.acquire().await.unwrap();
    let noticed = "select count(*) from messaging.outbox where overdue";
    let mut read = 0;
    for batch in 1..=MANY_ROWS / 5000 {
        let mut tx = conn.begin().await.unwrap();
        let before = rows_read(&mut tx).await;
        overdue::notice(&mut tx, TOKEN, 5000).await.unwrap();
        read += rows_read(&mut tx).await - before;
        tx.commit().await.unwrap();
        assert_eq!(scalar(&mut conn, noticed).await, batch * 5000);
    }
    println!("{read} rows read to notice {MANY_ROWS}");
    assert!(read < 5 * MANY_ROWS, "{read} rows were read to notice {MANY_ROWS}");
    let mut tx = conn.begin().await.unwrap();
    let before = rows_read(&mut tx).await;
    overdue::notice(&mut tx, TOKEN, 5000).await.unwrap();
    assert_eq!(soonest(&mut tx, 3).await, [1, 2, 3]);
    let read = rows_read(&mut tx).await - before;
    assert!(read < FEW_ROWS, "{read} rows were read to choose 3");
    tx.rollback().await.unwrap();
    drop(conn);
    pool.close().await;
    database.drop().await;
}

/// Whatever waits: each of three kinds has more rows than are counted, and more than would be gone through
/// in time.
#[tokio::test]
async fn what_a_scrape_reads_of_a_long_outbox_is_bounded() {
    const MOST: i64 = 25;
    let (database, pool) = database().await;
    insert_published(&pool, MANY_ROWS, "messaging.clock() + interval '1 hour'").await;
    let kinds =
        "update messaging.outbox set published_at = null, resend_at = null where seq % 3 = 0;
         update messaging.outbox set overdue = true where seq % 3 = 1;
         analyze messaging.outbox";
    execute(&pool, kinds.to_owned()).await;
    let mut tx = pool.begin().await.unwrap();
    let before = rows_read(&mut tx).await;
    let read = backlog::read(&mut tx, MOST).await.unwrap();
    assert_eq!((read.unpublished_rows, read.unreceipted_rows), (MOST, 2 * MOST));
    let read = rows_read(&mut tx).await - before;
    assert!(read <= 3 * MOST, "{read} rows were read to count {MOST} of each kind");
    tx.rollback().await.unwrap();
    pool.close().await;
    database.drop().await;
}

#[tokio::test]
async fn the_backlog_is_as_old_as_its_oldest_row_and_of_nothing_it_is_nothing() {
    let (database, pool) = database().await;
    let mut conn = pool.acquire().await.unwrap();
    let empty = Backlog {
        unpublished_rows: 0,
        oldest_unpublished_secs: None,
        unreceipted_rows: 0,
        oldest_unreceipted_secs: None,
    };
    assert_eq!(backlog::read(&mut conn, 10).await.unwrap(), empty);
    insert_published(&pool, 4, "messaging.clock()").await;
    // The second and the fourth are the older ones of each kind; one of the two that wait is overdue.
    let ages = "update messaging.outbox set published_at = null,
             occurred_at = messaging.clock() - make_interval(mins => seq::int) where seq < 3;
         update messaging.outbox set overdue = seq = 4,
             published_at = messaging.clock() - make_interval(hours => seq::int) where seq > 2";
    execute(&pool, ages.to_owned()).await;
    let read = backlog::read(&mut conn, 10).await.unwrap();
    assert_eq!((read.unpublished_rows, read.unreceipted_rows), (2, 2));
    let unpublished = read.oldest_unpublished_secs.unwrap();
    assert!((120.0..600.0).contains(&unpublished), "{read:?}");
    let unreceipted = read.oldest_unreceipted_secs.unwrap();
    assert!((4.0 * 3600.0..5.0 * 3600.0).contains(&unreceipted), "{read:?}");
    drop(conn);
    pool.close().await;
    database.drop().await;
}
