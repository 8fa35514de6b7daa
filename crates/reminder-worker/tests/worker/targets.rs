//! What one target may take up, whoever leads there: told by the order of what arrives, never by time.

use events::{ChannelKind, DeliveryOutcome, EventType, UserId};
use reminder_worker::delivery::{MAX_IN_FLIGHT_PER_CHANNEL, MAX_LANES_PER_TARGET};
use sqlx::AssertSqlSafe;

use crate::{
    delivering::{Answer, Target, rows_read, settings},
    support::{Worker, notification, settings_with},
};

/// Queues so many notifications to each channel there is, due so long ago, and remembers nothing else.
async fn queue(worker: &Worker, of: &[UserId], each: usize, ago: &str) {
    let people: Vec<String> = of.iter().map(|user| format!("'{user}'")).collect();
    let people = people.join(", ");
    let queue = format!(
        "insert into delivery (delivery_id, user_id, channel_id, kind, correlation_id, next_attempt_at)
             select gen_random_uuid(), user_id, channel_id, kind, gen_random_uuid(),
                 now() - interval '{ago}'
             from channel, generate_series(1, {each}) where user_id in ({people});
         insert into lane (channel_id, user_id, next_attempt_at)
             select channel_id, user_id, now() - interval '{ago}' from channel
             where user_id in ({people})
             on conflict (channel_id) do update set next_attempt_at = excluded.next_attempt_at;
         analyze delivery, lane"
    );
    sqlx::raw_sql(AssertSqlSafe(queue)).execute(&worker.pool).await.unwrap();
}

async fn people_with(worker: &Worker, count: usize, url: &str) -> Vec<UserId> {
    let mut people = Vec::new();
    for _ in 0..count {
        let user = UserId::random();
        worker.receive(&settings(user, 1, &[url])).await;
        people.push(user);
    }
    people
}

async fn number(worker: &Worker, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&worker.pool).await.unwrap()
}

const TRIED: &str = "select count(*) from delivery where last_error is not null";
const PARKED: &str = "select count(*) from lane where parked";

/// Hundreds of people lead to one host that hangs, with hundreds of notifications that are due before
/// anybody else's. Everybody else's arrive while the first of those still hang.
#[tokio::test]
async fn a_host_that_hangs_for_many_people_delays_nobody_who_leads_elsewhere() {
    const HANGING: usize = 150;
    const OTHERS: usize = 60;
    let mut worker = Worker::start().await;
    let (hanging, prompt) = (Target::start(Answer::Hang), Target::start(Answer::Ok));
    let stuck = people_with(&worker, HANGING, &hanging.url).await;
    let others = people_with(&worker, OTHERS, &prompt.url).await;
    queue(&worker, &stuck, 4, "1 hour").await;
    queue(&worker, &others, 4, "1 second").await;
    worker.run_deliveries();
    let all = OTHERS * 4;
    testing::eventually("everybody else's", || async { (prompt.got().len() == all).then_some(()) })
        .await;
    assert_eq!(number(&worker, TRIED).await, 0, "not one of the hanging ones had timed out");
    let most = MAX_LANES_PER_TARGET * MAX_IN_FLIGHT_PER_CHANNEL;
    let under_way = hanging.got().len();
    assert!(under_way <= most, "{under_way} under way to one target, {most} are allowed");
    hanging.server.stop(false).await;
    prompt.server.stop(false).await;
    worker.stop().await;
}

/// Those who have much waiting at a host do not keep its places from those who have one.
#[tokio::test]
async fn at_one_host_everybodys_first_comes_before_the_backlog_of_many() {
    const BUSY: usize = 20;
    const BACKLOG: usize = 200;
    const OTHERS: usize = 40;
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    let busy = people_with(&worker, BUSY, &target.url).await;
    let others = people_with(&worker, OTHERS, &target.url).await;
    queue(&worker, &busy, BACKLOG, "1 hour").await;
    queue(&worker, &others, 1, "1 second").await;
    worker.run_deliveries();
    let waiting = "select count(*) from delivery d where state = 'pending'
         and next_attempt_at > now() - interval '30 minutes'";
    testing::eventually("everybody's one", || async {
        (number(&worker, waiting).await == 0).then_some(())
    })
    .await;
    let left = number(&worker, "select count(*) from delivery where state = 'pending'").await;
    let all = (BUSY * BACKLOG) as i64;
    assert!(left > all / 2, "of a backlog of {all} only {left} still waited");
    target.server.stop(false).await;
    worker.stop().await;
}

/// What stands aside comes back when its target is there again, all of it, and once.
#[tokio::test]
async fn what_stood_aside_is_delivered_once_when_places_are_free() {
    const PEOPLE: usize = 120;
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    let people = people_with(&worker, PEOPLE, &target.url).await;
    queue(&worker, &people, 2, "1 minute").await;
    worker.run_deliveries();
    worker.run_deliveries();
    let said = worker.eventually_said(EventType::NotificationDelivered, PEOPLE * 2).await;
    assert!(said.iter().all(|said| notification(said).outcome == DeliveryOutcome::Delivered));
    assert_eq!(target.got().len(), PEOPLE * 2);
    assert_eq!(number(&worker, PARKED).await, 0);
    target.server.stop(false).await;
    worker.stop().await;
}

/// The notifications of a host that hangs are looked at once, and not by everybody who looks for what is
/// due.
#[tokio::test]
async fn what_stands_aside_is_not_read_again_at_each_look() {
    const STUCK: usize = 20;
    const ASIDE: i64 = 5000;
    const LOOKS: usize = 25;
    let mut worker = Worker::start().await;
    let (hanging, prompt) = (Target::start(Answer::Hang), Target::start(Answer::Ok));
    let stuck = people_with(&worker, STUCK, &hanging.url).await;
    let other = people_with(&worker, 1, &prompt.url).await;
    queue(&worker, &stuck, 4, "1 hour").await;
    worker.run_deliveries();
    testing::eventually("the target to be full", || async {
        (hanging.got().len() == MAX_LANES_PER_TARGET * MAX_IN_FLIGHT_PER_CHANNEL).then_some(())
    })
    .await;
    let more = format!(
        "insert into lane (channel_id, user_id, next_attempt_at, target)
             select gen_random_uuid(), gen_random_uuid(), now() - interval '1 minute',
                 (select max(target) from lane where leased_until is not null)
             from generate_series(1, {ASIDE});
         analyze lane"
    );
    sqlx::raw_sql(AssertSqlSafe(more)).execute(&worker.pool).await.unwrap();
    let aside = ASIDE + (STUCK - MAX_LANES_PER_TARGET) as i64;
    testing::eventually("the rest to stand aside", || async {
        (number(&worker, PARKED).await == aside).then_some(())
    })
    .await;
    sqlx::raw_sql("analyze lane, delivery").execute(&worker.pool).await.unwrap();
    let before = rows_read(&worker).await;
    for look in 1..=LOOKS {
        queue_one(&worker, other[0]).await;
        worker.wakes.deliveries.notify_one();
        testing::eventually("the other one's", || async {
            (prompt.got().len() == look).then_some(())
        })
        .await;
    }
    let read = rows_read(&worker).await - before;
    println!("{LOOKS} deliveries beside {aside} that stand aside: {read} rows read");
    assert_eq!(number(&worker, TRIED).await, 0, "not one of the hanging ones had timed out");
    assert!(read < ASIDE * 2, "{read} rows were read for {LOOKS} deliveries");
    hanging.server.stop(false).await;
    prompt.server.stop(false).await;
    worker.stop().await;
}

async fn queue_one(worker: &Worker, user: UserId) {
    let one = format!(
        "with made as (
             insert into delivery (delivery_id, user_id, channel_id, kind, correlation_id)
             select gen_random_uuid(), user_id, channel_id, kind, gen_random_uuid() from channel
             where user_id = '{user}' returning channel_id, user_id, next_attempt_at
         )
         insert into lane as l (channel_id, user_id, next_attempt_at)
         select channel_id, user_id, next_attempt_at from made
         on conflict (channel_id) do update
             set next_attempt_at = least(l.next_attempt_at, excluded.next_attempt_at)"
    );
    sqlx::raw_sql(AssertSqlSafe(one)).execute(&worker.pool).await.unwrap();
}

/// A look that was cut off after it had put lanes aside, or a process that was killed with all places
/// of a target, leaves nothing that nobody calls back.
#[tokio::test]
async fn a_process_that_dies_with_all_places_of_a_target_leaves_them_free() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    let people = people_with(&worker, 30, &target.url).await;
    queue(&worker, &people, 1, "1 minute").await;
    // As it stands when one that had leased some, and put the others aside, is gone.
    let killed = "update lane set target = 1, parked = true;
         update lane set parked = false, token = token + 1, leased_until = now() - interval '1 second'
         where channel_id in (select channel_id from lane limit 16)";
    sqlx::raw_sql(killed).execute(&worker.pool).await.unwrap();
    worker.run_deliveries();
    worker.eventually_said(EventType::NotificationDelivered, 30).await;
    target.server.stop(false).await;
    worker.stop().await;
}

/// A channel that nobody can open leads nowhere, and holds up nobody.
#[tokio::test]
async fn channels_that_lead_nowhere_share_no_target() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    for _ in 0..MAX_LANES_PER_TARGET * 2 {
        let user = UserId::random();
        let nowhere = [(ChannelKind::Webhook, "nonsense", None)];
        worker.receive(&settings_with(user, 1, &nowhere)).await;
        queue(&worker, &[user], 1, "1 minute").await;
    }
    worker.run_deliveries();
    let said =
        worker.eventually_said(EventType::NotificationDelivered, MAX_LANES_PER_TARGET * 2).await;
    assert!(said.iter().all(|said| notification(said).outcome == DeliveryOutcome::Failed));
    let targets = number(&worker, "select count(distinct target) from lane").await;
    assert_eq!(targets, MAX_LANES_PER_TARGET as i64 * 2);
    target.server.stop(false).await;
    worker.stop().await;
}
