//! What the relay looks at: each row a few times, and every lane (topic and key) soon.

use events::{Event, Service, TaskId, Topic, UserId};
use messaging::RelaySettings;
use serde_json::Value;
use testing::eventually;

use crate::support::{Bus, Party, event, user_event, versions};

/// Nothing is sent again, however long a test takes.
fn patient() -> RelaySettings {
    RelaySettings { receipt_timeout_secs: 3600.0, ..RelaySettings::new("kafka-pubsub".to_owned()) }
}

/// How many events went before one.
fn went_before(published: &[Value], event: &Event) -> Option<usize> {
    published.iter().position(|sent| sent["id"] == event.event_id.to_string())
}

#[tokio::test]
async fn an_event_is_published_while_another_task_that_came_first_still_has_most_of_its_rows() {
    const ROWS: usize = 2000;
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let (busy, other) = (TaskId::random(), event(TaskId::random(), 1));
    let rows: Vec<Event> = (1..=ROWS).map(|version| event(busy, version as i64)).collect();
    party.append(&rows).await;
    bus.hold();
    party.run_relay_with(&bus, patient());
    eventually("a look to begin", || async { (bus.waiting() == 1).then_some(()) }).await;
    party.append(std::slice::from_ref(&other)).await;
    bus.release();
    let before = eventually("the other task's event", || async {
        went_before(&bus.published(Topic::TaskEvents), &other)
    })
    .await;
    assert!(before < ROWS / 10, "it waited for {before} of {ROWS} rows");
    // Several looks later the busy task's rows still go in their order.
    let order = eventually("more of the busy task's rows", || async {
        let order = versions(&bus.published(Topic::TaskEvents), busy);
        (order.len() > ROWS / 5).then_some(order)
    })
    .await;
    assert_eq!(order, (1..=order.len() as i64).collect::<Vec<_>>());
    bus.stop().await;
    party.stop().await;
}

/// More lanes of a closed topic stand before it than one look goes through.
#[tokio::test]
async fn every_lane_behind_a_busy_one_has_its_turn() {
    const ROWS: usize = 2000;
    const CLOSED_LANES: usize = 600;
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    bus.close_topic(Topic::TaskEvents);
    let closed: Vec<Event> = (0..CLOSED_LANES).map(|_| event(TaskId::random(), 1)).collect();
    let (busy, other) = (UserId::random(), user_event(UserId::random(), 1));
    let rows: Vec<Event> = (1..=ROWS).map(|version| user_event(busy, version as i64)).collect();
    party.append(&closed).await;
    party.append(&rows).await;
    party.append(std::slice::from_ref(&other)).await;
    party.run_relay_with(&bus, patient());
    let before = eventually("the other person's event", || async {
        went_before(&bus.published(Topic::UserEvents), &other)
    })
    .await;
    assert!(before < ROWS / 10, "it waited for {before} of {ROWS} rows");
    bus.stop().await;
    party.stop().await;
}

/// The scan starts at the low-water mark: what lies below is not read again and again.
#[tokio::test]
async fn the_low_water_mark_follows_what_is_settled_and_never_passes_a_waiting_row() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let stuck = event(TaskId::random(), 1);
    bus.script.lock().unwrap().refused.insert(stuck.event_id.to_string());
    let before: Vec<Event> = (0..50).map(|_| event(TaskId::random(), 1)).collect();
    party.append(&before).await;
    party.append(&[stuck]).await;
    party.append(&before.iter().map(|_| event(TaskId::random(), 1)).collect::<Vec<_>>()).await;
    party.run_relay_with(&bus, patient());
    eventually("all others to be marked", || async {
        (party.count("select count(*) from messaging.outbox where published_at is null").await == 1)
            .then_some(())
    })
    .await;
    let stuck_at =
        party.count("select min(seq) from messaging.outbox where published_at is null").await;
    party.stop_relays().await;
    // The candidate was taken so long ago that no transaction of then can still be open.
    party
        .execute(
            "update messaging.relay_state set candidate_at = messaging.clock() - interval '1 hour',
                 candidate = (select max(seq) from messaging.outbox)",
        )
        .await;
    party.run_relay_with(&bus, patient());
    eventually("the mark to rise to the waiting row", || async {
        let mark = party.count("select low_water from messaging.relay_state").await;
        assert!(mark <= stuck_at, "{mark} is beyond {stuck_at}");
        (mark == stuck_at).then_some(())
    })
    .await;
    bus.stop().await;
    party.stop().await;
}

/// Rows of the outbox that were read so far, by any plan.
async fn rows_read(party: &Party) -> i64 {
    party
        .count(
            "select (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_user_tables
             where relname = 'outbox'",
        )
        .await
}

/// What is read grows with what is published, whether it is of many tasks or of one.
#[tokio::test]
async fn publishing_many_rows_reads_each_a_few_times() {
    const ROWS: usize = 2000;
    for tasks in [ROWS, 1] {
        let mut party = Party::start(Service::ChatApi).await;
        let bus = Bus::start();
        let ids: Vec<TaskId> = (0..tasks).map(|_| TaskId::random()).collect();
        let events: Vec<Event> =
            (0..ROWS).map(|n| event(ids[n % tasks], (n / tasks + 1) as i64)).collect();
        party.append(&events).await;
        party.execute("analyze messaging.outbox").await;
        party.database.break_connections().await;
        let before = rows_read(&party).await;
        party.run_relay_with(&bus, patient());
        eventually("all to be published", || async {
            (bus.published(Topic::TaskEvents).len() == ROWS).then_some(())
        })
        .await;
        party.stop_relays().await;
        party.database.break_connections().await;
        let read = rows_read(&party).await - before;
        println!("{ROWS} rows of {tasks} tasks: {read} rows read");
        assert!(
            read < 25 * ROWS as i64,
            "{read} rows were read to publish {ROWS} of {tasks} tasks"
        );
        bus.stop().await;
        party.stop().await;
    }
}
