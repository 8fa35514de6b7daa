//! Many reminders: what is read and done grows with what is due, not with what is pending.

use events::EventType;
use sqlx::{AssertSqlSafe, PgPool};
use testing::CuttingProxy;

use crate::support::Worker;

const PENDING: i64 = 100_000;
const DUE: i64 = 2_000;

/// Tasks with a reminder each, written straight into the tables as the subscriber would have left
/// them: `count` of them, due from `first_due` on, `apart` from each other.
async fn insert_tasks(pool: &PgPool, count: i64, first_due: &str, apart: &str) {
    let sql = format!(
        "with made as (
             select gen_random_uuid() as task_id, gen_random_uuid() as user_id,
                 messaging.clock() + interval '{first_due}' + interval '{apart}' * n as fire_at
             from generate_series(1, {count}) n
         ), inserted as (
             insert into task (task_id, user_id, version, deleted, state, tzdata_version, next_fire_at)
             select task_id, user_id, 1, false,
                 jsonb_build_object('task_id', task_id, 'user_id', user_id, 'title', 'Burst',
                     'description', null, 'priority', 'LOW', 'status', 'TODO', 'due_date', fire_at,
                     'recurrence', null, 'tags', '[]'::jsonb, 'created_at', fire_at, 'version', 1),
                 '', fire_at
             from made
         )
         insert into reminder (reminder_id, task_id, user_id, status, fire_at, snoozed,
             correlation_id, traceparent)
         select gen_random_uuid(), task_id, user_id, 'pending', fire_at, false, gen_random_uuid(),
             '00-' || md5(task_id::text) || '-' || left(md5(user_id::text), 16) || '-01'
         from made"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.unwrap();
}

/// Rows that were read of the worker's own tables, by sequential scans and by indexes.
async fn rows_read(pool: &PgPool) -> (i64, i64) {
    sqlx::query_scalar::<_, String>("select pg_stat_clear_snapshot()::text")
        .fetch_one(pool)
        .await
        .unwrap();
    sqlx::query_as(
        "select sum(seq_tup_read)::bigint, sum(coalesce(idx_tup_fetch, 0))::bigint
         from pg_stat_user_tables where relname in ('task', 'reminder', 'firing')",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_burst_reads_what_is_due_and_not_what_is_pending() {
    let mut worker = Worker::start().await;
    insert_tasks(&worker.pool, PENDING, "1 day", "1 second").await;
    insert_tasks(&worker.pool, DUE, "0 seconds", "0.0005 seconds").await;
    sqlx::raw_sql("analyze task, reminder").execute(&worker.pool).await.unwrap();
    // Statistics of the preparation are flushed when its connections end.
    worker.database.break_connections().await;
    let before = testing::eventually("a settled count", || async {
        let first = rows_read(&worker.pool).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        (rows_read(&worker.pool).await == first).then_some(first)
    })
    .await;

    let proxy = CuttingProxy::start(worker.database.address()).await;
    worker.run_scheduler_on(worker.database.pool_via(proxy.address(), 4));
    let said = testing::eventually("the burst to fire", || async {
        let fired: i64 = sqlx::query_scalar("select count(*) from messaging.outbox")
            .fetch_one(&worker.pool)
            .await
            .unwrap();
        (fired >= DUE).then_some(fired)
    })
    .await;
    assert_eq!(said, DUE);
    assert_eq!(worker.said_of(EventType::ReminderTriggered).await.len() as i64, DUE);
    // A backend reports its counts when it is idle or ends.
    worker.database.break_connections().await;
    let after = rows_read(&worker.pool).await;
    let statements = proxy.statements();
    let (sequential, indexed) = (after.0 - before.0, after.1 - before.1);
    println!(
        "a burst of {DUE} among {PENDING}: {indexed} rows read by index, {sequential} by scan, {statements} statements"
    );
    assert!(sequential < PENDING, "{sequential} rows were read by sequential scans");
    assert!(indexed < 40 * DUE, "{indexed} rows were read for {DUE} firings");
    // A dozen statements a tick of 250 tasks, whatever the traces.
    assert!(statements < DUE as u64 / 8, "{statements} statements for {DUE} firings");
    worker.stop().await;
}
