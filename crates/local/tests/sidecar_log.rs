//! The log beneath the local sidecar: what only a look into its database shows.

mod sidecar_support;

use std::time::Duration;

use local::sidecar::topics::{self, TopicSpec};
use reqwest::StatusCode;
use sidecar_support::{
    application::Application,
    bus::Bus,
    eventually,
    local_bus::LocalBus,
    scenario::{Running, Scenario},
};
use sqlx::{PgPool, Row};
use tokio::time::Instant;

async fn number(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query(query).fetch_one(pool).await.expect("an answer").get(0)
}

fn entries(count: usize) -> Vec<(String, String)> {
    (0..count).map(|n| (format!("key-{}", n % 50), n.to_string())).collect()
}

async fn publish_bulks(running: &Running, count: usize) {
    for bulk in entries(count).chunks(500) {
        assert_eq!(running.publish_bulk("a", bulk).await.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offsets_are_dense_whoever_publishes_at_the_same_time() {
    let bus = LocalBus::create().await;
    let scenario = Scenario::new(&bus, &[("a", 3)]).await;
    let application = Application::new();
    let one = scenario.start("one", &application).await;
    let other = scenario.start("other", &application).await;
    let publish = async |running: &Running| {
        for n in 0..10 {
            publish_bulks(running, 30).await;
            running.publish_raw("a", &n.to_string(), "single").await;
        }
    };
    tokio::join!(publish(&one), publish(&one), publish(&other), publish(&other));

    let pool = &bus.database.pool;
    assert_eq!(number(pool, "select count(*) from bus.record").await, 4 * 10 * 31);
    let gaps = "select count(*) from (
        select topic, partition, count(*) as records, min(\"offset\") as first, max(\"offset\") as last
        from bus.record group by topic, partition) as found
        join bus.partition_head using (topic, partition)
        where first <> 0 or last <> records - 1 or next_offset <> records";
    assert_eq!(number(pool, gaps).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_can_be_created_again_and_never_lose_partitions() {
    let bus = LocalBus::create().await;
    let pool = &bus.database.pool;
    for (partitions, retention_days) in [(3, 7), (1, 30), (4, 7)] {
        let topic = TopicSpec { name: "t".to_owned(), partitions, retention_days };
        topics::create(pool, &[topic]).await.expect("a topic");
        let heads = number(pool, "select count(*) from bus.partition_head").await;
        assert_eq!(heads, i64::from(partitions.max(3)));
        let partitions_of_topic = "select partitions::bigint from bus.topic";
        assert_eq!(number(pool, partitions_of_topic).await, heads);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_past_its_retention_is_deleted_and_the_next_ones_arrive() {
    let bus = LocalBus::create().await;
    let scenario = Scenario::new(&bus, &[("a", 1)]).await;
    let application = Application::new();
    let running = scenario.start("writer", &application).await;
    for text in ["old", "old too", "young"] {
        running.publish_raw("a", "k", text).await;
    }
    running.sidecar.stop().await;
    let pool = &bus.database.pool;
    sqlx::query(
        "update bus.record set appended_at = appended_at - interval '7 days 1 hour'
         where \"offset\" < 2",
    )
    .execute(pool)
    .await
    .expect("older records");

    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let _running = scenario.start("writer", &Application::new()).await;
    eventually("the deletion", async || {
        (number(pool, "select count(*) from bus.record").await == 1).then_some(())
    })
    .await;
    assert_eq!(number(pool, "select first_offset from bus.partition_head").await, 2);
    let running = scenario.start("reader", &application).await;
    running.publish_raw("a", "k", "new").await;
    application.receives(2).await;
    assert_eq!(application.texts(), ["young", "new"]);
    assert_eq!(application.deliveries()[0].offset(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_locks_an_instance_delivers_nothing() {
    let bus = LocalBus::create().await;
    let scenario = Scenario::new(&bus, &[("a", 2)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let pool = &bus.database.pool;
    let held = "select count(*) from pg_locks where locktype = 'advisory'
                and database = (select oid from pg_database where datname = current_database())";
    eventually("both partitions", async || (number(pool, held).await == 2).then_some(())).await;

    // Somebody else gets the locks at the moment that the connection which held them breaks.
    let mut thief = pool.acquire().await.expect("a connection");
    let keys: Vec<i64> = sqlx::query(
        "select (classid::bigint << 32) | objid::bigint as key from pg_locks where locktype = 'advisory'
         and database = (select oid from pg_database where datname = current_database())",
    )
    .map(|row: sqlx::postgres::PgRow| row.get("key"))
    .fetch_all(pool)
    .await
    .expect("the keys");
    let session = "select backend_pid::bigint from bus.group_member";
    let holder = number(pool, session).await;
    let broken = "select count(pg_terminate_backend(pid)) from (
                      select distinct pid from pg_locks where locktype = 'advisory' and granted
                      and database = (select oid from pg_database where datname = current_database())) as holders";
    let (broken, stolen) = tokio::join!(
        number(pool, broken),
        sqlx::query("select pg_advisory_lock(key) from unnest($1::bigint[]) as key")
            .bind(&keys)
            .execute(&mut *thief)
    );
    assert_eq!((broken, stolen.expect("the locks").rows_affected()), (1, 2));
    // The server frees the locks before the instance can have heard of it, so that one more delivery
    // is possible, as it is with Kafka. An instance that is back in a new session has heard.
    eventually("a new session", async || (number(pool, session).await != holder).then_some(()))
        .await;

    publish_bulks(&running, 20).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(application.texts(), [] as [String; 0]);
    sqlx::query("select pg_advisory_unlock_all()").execute(&mut *thief).await.expect("unlocked");
    application.receives(20).await;
    tokio::time::sleep(bus.redelivery_interval()).await;
    assert_eq!(application.deliveries().len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_successor_does_not_share_with_the_dead() {
    let bus = LocalBus::create().await;
    let scenario = Scenario::new(&bus, &[("a", 4)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    publish_bulks(&running, 20).await;
    application.receives(20).await;
    running.sidecar.kill();
    let killed = Instant::now();
    let running = scenario.start("app", &application).await;
    publish_bulks(&running, 20).await;
    application.receives(40).await;
    // A dead member's last heartbeat counts for ten seconds.
    assert!(killed.elapsed() < Duration::from_secs(7), "{:?}", killed.elapsed());
    println!("all partitions taken over after {:?}", killed.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_connection_to_the_log_loses_nothing() {
    let bus = LocalBus::create().await;
    let scenario = Scenario::new(&bus, &[("a", 3)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let pool = &bus.database.pool;
    let break_all = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                     where datname = current_database() and application_name like 'sidecar %'";
    let mut published = Vec::new();
    for n in 0..100 {
        if n % 20 == 10 {
            assert!(number(pool, break_all).await > 0);
        }
        let query = "metadata.rawPayload=true&metadata.partitionKey=k";
        let answer = running.publication("a", query).body(n.to_string()).send().await;
        if answer.expect("an answer").status() == StatusCode::NO_CONTENT {
            published.push(n.to_string());
        }
    }
    assert!(published.len() >= 80, "only {} got through", published.len());
    eventually("all that was acknowledged", async || {
        let came = application.texts();
        published.iter().all(|text| came.contains(text)).then_some(())
    })
    .await;
    let mut first_seen = application.texts();
    let mut seen = std::collections::HashSet::new();
    first_seen.retain(|text| published.contains(text) && seen.insert(text.clone()));
    assert_eq!(first_seen, published, "one key, one order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_record_is_read_once() {
    const RECORDS: usize = 3_000;
    let bus = LocalBus::create().await;
    let scenario = Scenario::new(&bus, &[("a", 3)]).await;
    scenario.subscribe_raw(&["a"]);
    let mut application = Application::new();
    let running = scenario.start("app", &application).await;
    let begun = Instant::now();
    publish_bulks(&running, RECORDS).await;
    let published = begun.elapsed();
    let begun = Instant::now();
    application.start().await;
    application.receives(RECORDS).await;
    println!("{RECORDS} records: published in {published:?}, delivered in {:?}", begun.elapsed());
    // Only a session that ends is sure to report what it read.
    assert!(running.sidecar.stop().await.success());
    let pool = &bus.database.pool;
    let read = number(
        pool,
        "select (idx_tup_fetch + seq_tup_read)::bigint from pg_stat_user_tables
         where schemaname = 'bus' and relname = 'record'",
    )
    .await;
    let records = i64::try_from(RECORDS).expect("a number");
    // Sessions report in the background: a few of the reads may be missing.
    assert!((records / 2..records * 2).contains(&read), "{read} rows read for {records} records");
    let behind = "select count(*) from bus.group_offset join bus.partition_head as head
                  using (topic, partition) where group_offset.next_offset <> head.next_offset";
    assert_eq!(number(pool, behind).await, 0);
}
