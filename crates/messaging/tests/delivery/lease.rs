//! Who leads, and what one does who no longer does.

use events::{Event, Service, TaskId, Topic};
use testing::eventually;

use crate::support::{Bus, Party, event, versions};

const MARKED_BY_THE_DEPOSED: &str =
    "select count(*) from messaging.outbox, taken where published_at < at";

#[tokio::test]
async fn one_of_two_relays_publishes_and_the_other_takes_over() {
    let mut party = Party::start(Service::ChatApi).await;
    let (first, second) = (Bus::start(), Bus::start());
    let task = TaskId::random();
    party.run_relay(&first);
    party.append(&[event(task, 1)]).await;
    eventually("the first to lead", || async {
        (first.published(Topic::TaskEvents).len() == 1).then_some(())
    })
    .await;
    party.run_relay(&second);
    party.append(&[event(task, 2)]).await;
    eventually("the first to publish again", || async {
        (first.published(Topic::TaskEvents).len() == 2).then_some(())
    })
    .await;
    assert_eq!(second.published(Topic::TaskEvents).len(), 0);
    // Somebody else holds the lease now, as after a pause of the first's process.
    sqlx::raw_sql(
        "update messaging.lease set token = token + 1, holder = gen_random_uuid(),
             expires_at = messaging.clock()",
    )
    .execute(&party.pool)
    .await
    .unwrap();
    party.append(&[event(task, 3)]).await;
    eventually("one of them to publish", || async {
        let published =
            [first.published(Topic::TaskEvents), second.published(Topic::TaskEvents)].concat();
        versions(&published, task).contains(&3).then_some(())
    })
    .await;
    party.all_marked().await;
    first.stop().await;
    second.stop().await;
    party.stop().await;
}

/// Lets a relay's bulk be under way when its lease is taken away for so long; then the bus says that
/// it took all of it.
async fn lose_the_lease_during_a_bulk(party: &mut Party, bus: &Bus, seconds: i32) {
    let events: Vec<Event> = (0..3).map(|_| event(TaskId::random(), 1)).collect();
    bus.hold();
    party.append(&events).await;
    party.run_relay(bus);
    eventually("a bulk to be under way", || async { (bus.waiting() == 1).then_some(()) }).await;
    sqlx::query(
        "update messaging.lease set token = token + 1, holder = gen_random_uuid(),
             expires_at = messaging.clock() + make_interval(secs => $1)",
    )
    .bind(f64::from(seconds))
    .execute(&party.pool)
    .await
    .unwrap();
    party.execute("create table taken as select messaging.clock() as at").await;
    bus.release();
    eventually("the bus to take them", || async {
        (bus.published(Topic::TaskEvents).len() >= events.len()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_relay_that_lost_its_lease_marks_nothing_and_the_new_leader_publishes_again() {
    let mut party = Party::start(Service::ChatApi).await;
    let (deposed, leading) = (Bus::start(), Bus::start());
    lose_the_lease_during_a_bulk(&mut party, &deposed, 3600).await;
    party.run_relay(&leading);
    party.execute("update messaging.lease set expires_at = messaging.clock()").await;
    party.all_marked().await;
    assert_eq!(party.count(MARKED_BY_THE_DEPOSED).await, 0, "marked without the lease");
    let published = [&deposed, &leading].map(|bus| bus.published(Topic::TaskEvents)).concat();
    assert_eq!(published.len(), 6, "each by the one and by the other: {published:?}");
    deposed.stop().await;
    leading.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn a_relay_that_finds_its_lease_lost_publishes_no_more_until_it_has_a_new_one() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    lose_the_lease_during_a_bulk(&mut party, &bus, 0).await;
    party.all_marked().await;
    assert_eq!(party.count(MARKED_BY_THE_DEPOSED).await, 0, "marked without the lease");
    let published = bus.published(Topic::TaskEvents);
    assert_eq!(published.len(), 6, "each with the old lease and with the new: {published:?}");
    bus.stop().await;
    party.stop().await;
}
