//! From a firing to a person's webhook.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use chrono::TimeDelta;
use events::{
    ChannelKind, ChannelTestRequested, DeliveryOutcome, Event, EventType, Payload, UserId,
};
use reminder_worker::delivery::{MAX_IN_FLIGHT_PER_CHANNEL, MAX_LANES_PER_PERSON, sign};
use sqlx::AssertSqlSafe;

use crate::support::{
    Worker, completed, created, deleted, event, notification, settings_with, task,
};

const SECRET: &str = "whsec_AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// A webhook's target that answers as it is told and remembers what it got.
pub(crate) struct Target {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<Got>>>,
    pub(crate) server: ServerHandle,
}

#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) id: String,
    timestamp: i64,
    signature: String,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Ok,
    FailFirst,
    Always(u16),
    Hang,
}

impl Target {
    pub(crate) fn start(answer: Answer) -> Self {
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let seen = got.clone();
        let server = HttpServer::new(move || {
            let seen = seen.clone();
            App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
                respond(seen.clone(), answer, request, body)
            }))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}/hook", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, got, server: handle }
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn respond(
    seen: Arc<Mutex<Vec<Got>>>,
    answer: Answer,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let header =
        |name| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let count = {
        let mut seen = seen.lock().unwrap();
        seen.push(Got {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp").parse().unwrap_or(0),
            signature: header("webhook-signature"),
            body: body.to_vec(),
        });
        seen.len()
    };
    match answer {
        Answer::FailFirst if count == 1 => HttpResponse::ServiceUnavailable().finish(),
        Answer::Ok | Answer::FailFirst => HttpResponse::NoContent().finish(),
        Answer::Always(status) => {
            HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).finish()
        }
        Answer::Hang => std::future::pending().await,
    }
}

pub(crate) fn settings(user: UserId, version: i64, urls: &[&str]) -> Event {
    let webhooks = urls.iter().map(|url| (ChannelKind::Webhook, *url, Some(SECRET)));
    settings_with(user, version, &webhooks.collect::<Vec<_>>())
}

#[tokio::test]
async fn a_firing_reaches_the_webhook_signed_and_the_outcome_is_said() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    worker.run_scheduler();
    worker.run_deliveries();
    let now = worker.now().await;
    let task = task(now + TimeDelta::milliseconds(300), now);
    worker.receive(&settings(task.user_id, 1, &[&target.url])).await;
    let creation = created(&task);
    worker.receive(&creation).await;

    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let delivered = notification(&said[0]);
    assert_eq!((delivered.outcome, delivered.attempts), (DeliveryOutcome::Delivered, 1));
    assert_eq!(delivered.task_id, Some(task.task_id));
    assert_eq!(said[0].correlation_id, creation.correlation_id);
    let got = target.got();
    assert_eq!(got.len(), 1);
    let expected = sign(SECRET, &got[0].id, got[0].timestamp, &got[0].body).unwrap();
    assert_eq!(got[0].signature, expected);
    let body: serde_json::Value = serde_json::from_slice(&got[0].body).unwrap();
    assert_eq!(body["type"], "reminder-triggered");
    assert_eq!(body["data"]["title"], "Water the plants");
    assert_eq!(body["data"]["task_id"], task.task_id.to_string());
    target.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_firing_waits_for_settings_that_come_later() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    worker.run_scheduler();
    worker.run_deliveries();
    let now = worker.now().await;
    let task = task(now, now);
    worker.receive(&created(&task)).await;
    worker.eventually_said(EventType::ReminderTriggered, 1).await;
    assert_eq!(target.got().len(), 0);
    worker.receive(&settings(task.user_id, 1, &[&target.url])).await;
    worker.eventually_said(EventType::NotificationDelivered, 1).await;
    assert_eq!(target.got().len(), 1);
    target.server.stop(false).await;
    worker.stop().await;
}

/// Settings and tasks come by two topics: the settings that name a channel may come later than what
/// was made after them, and fired.
#[tokio::test]
async fn what_fires_after_a_channel_was_made_reaches_it_however_late_the_settings_come() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    worker.run_scheduler();
    worker.run_deliveries();
    let now = worker.now().await;
    let fires = task(now, now);
    let user = fires.user_id;
    worker.receive(&settings(user, 1, &[])).await;
    let mut before = task(now, now);
    before.user_id = user;
    worker.receive(&created(&before)).await;
    worker.eventually_said(EventType::ReminderTriggered, 1).await;
    let made_at = worker.now().await;
    let mut done = task(now, now);
    done.user_id = user;
    worker.receive(&created(&fires)).await;
    worker.receive(&created(&done)).await;
    worker.eventually_said(EventType::ReminderTriggered, 3).await;
    worker.receive(&completed(&mut done)).await;

    let named = Event { timestamp: made_at, ..settings(user, 2, &[&target.url]) };
    worker.receive(&named).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    assert_eq!(notification(&said[0]).task_id, Some(fires.task_id));
    // The one from before the channel, and the one that is done, are for nobody: a later one is the
    // next that comes.
    let mut last = task(now, now);
    last.user_id = user;
    worker.receive(&created(&last)).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 2).await;
    assert_eq!(notification(&said[1]).task_id, Some(last.task_id));
    assert_eq!(target.got().len(), 2);
    target.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_firing_that_waits_for_settings_is_given_up_when_the_task_is_done() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    worker.run_scheduler();
    worker.run_deliveries();
    let now = worker.now().await;
    let mut done = task(now, now);
    let mut open = task(now, now);
    open.user_id = done.user_id;
    worker.receive(&created(&done)).await;
    worker.receive(&created(&open)).await;
    worker.eventually_said(EventType::ReminderTriggered, 2).await;
    worker.receive(&completed(&mut done)).await;
    worker.receive(&settings(done.user_id, 1, &[&target.url])).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    assert_eq!(notification(&said[0]).task_id, Some(open.task_id));
    let deliveries: i64 =
        sqlx::query_scalar("select count(*) from delivery").fetch_one(&worker.pool).await.unwrap();
    assert_eq!(deliveries, 1);
    target.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_failed_attempt_is_repeated_under_the_same_key() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::FailFirst);
    worker.run_scheduler();
    worker.run_deliveries();
    let now = worker.now().await;
    let task = task(now, now);
    worker.receive(&settings(task.user_id, 1, &[&target.url])).await;
    worker.receive(&created(&task)).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    assert_eq!(notification(&said[0]).attempts, 2);
    let got = target.got();
    assert_eq!(got.len(), 2);
    assert_eq!((&got[0].id, &got[0].body), (&got[1].id, &got[1].body));
    assert!(got[1].timestamp > got[0].timestamp, "the second attempt is signed at its own time");
    target.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_target_that_is_gone_fails_at_once_with_its_reason() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Always(410));
    worker.run_scheduler();
    worker.run_deliveries();
    let now = worker.now().await;
    let task = task(now, now);
    worker.receive(&settings(task.user_id, 1, &[&target.url])).await;
    worker.receive(&created(&task)).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let failed = notification(&said[0]);
    assert_eq!((failed.outcome, failed.attempts), (DeliveryOutcome::Failed, 1));
    assert_eq!(failed.error.as_deref(), Some("the target answered 410"));
    target.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_pending_retry_is_dropped_when_the_task_is_deleted() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Always(503));
    worker.run_scheduler();
    worker.run_deliveries();
    let now = worker.now().await;
    let mut task = task(now, now);
    worker.receive(&settings(task.user_id, 1, &[&target.url])).await;
    worker.receive(&created(&task)).await;
    testing::eventually("the first attempt to fail", || async {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from delivery where last_error is not null and state = 'pending'",
        )
        .fetch_one(&worker.pool)
        .await
        .unwrap();
        (waiting == 1).then_some(())
    })
    .await;
    worker.receive(&deleted(&mut task)).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    assert_eq!(notification(&said[0]).outcome, DeliveryOutcome::Dropped);
    target.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_hanging_target_delays_nobody_else() {
    const OTHERS: usize = 30;
    let mut worker = Worker::start().await;
    let hanging = Target::start(Answer::Hang);
    let prompt = Target::start(Answer::Ok);
    worker.run_scheduler();
    let now = worker.now().await;
    let slow = task(now, now);
    worker.receive(&settings(slow.user_id, 1, &[&hanging.url])).await;
    // The hanging one's are the longest overdue, and more than may be under way to one channel.
    for _ in 0..OTHERS {
        let mut another = task(now, now);
        another.user_id = slow.user_id;
        worker.receive(&created(&another)).await;
    }
    worker.eventually_said(EventType::ReminderTriggered, OTHERS).await;
    for _ in 0..OTHERS {
        let another = task(now, now);
        worker.receive(&settings(another.user_id, 1, &[&prompt.url])).await;
        worker.receive(&created(&another)).await;
    }
    worker.run_deliveries();
    testing::eventually("everybody else's", || async {
        (prompt.got().len() == OTHERS).then_some(())
    })
    .await;
    let ended = worker.said_of(EventType::NotificationDelivered).await;
    assert!(
        ended.iter().all(|event| notification(event).user_id != slow.user_id),
        "the hanging target's had not even timed out"
    );
    assert!(hanging.got().len() <= 4, "{} at once to one channel", hanging.got().len());
    hanging.server.stop(false).await;
    prompt.server.stop(false).await;
    worker.stop().await;
}

/// Twenty targets of one person that hang, with much to deliver each, hold neither everybody's places
/// nor everybody's look.
#[tokio::test]
async fn a_person_with_many_hanging_targets_delays_nobody_else() {
    const CHANNELS: usize = 20;
    const TASKS: usize = 60;
    let mut worker = Worker::start().await;
    let hanging = Target::start(Answer::Hang);
    let prompt = Target::start(Answer::Ok);
    worker.run_scheduler();
    let now = worker.now().await;
    let slow = task(now, now);
    worker.receive(&settings(slow.user_id, 1, &[hanging.url.as_str(); CHANNELS])).await;
    for _ in 0..TASKS {
        let mut another = task(now, now);
        another.user_id = slow.user_id;
        worker.receive(&created(&another)).await;
    }
    worker.eventually_said(EventType::ReminderTriggered, TASKS).await;
    worker.run_deliveries();
    testing::eventually("the hanging ones to be under way", || async {
        (!hanging.got().is_empty()).then_some(())
    })
    .await;
    let other = task(now, now);
    worker.receive(&settings(other.user_id, 1, &[&prompt.url])).await;
    worker.receive(&created(&other)).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    assert_eq!(notification(&said[0]).user_id, other.user_id, "before any of them timed out");
    let most = MAX_LANES_PER_PERSON * MAX_IN_FLIGHT_PER_CHANNEL;
    let under_way = hanging.got().len();
    assert!(under_way <= most, "{under_way} under way to one person, {most} are allowed");
    hanging.server.stop(false).await;
    prompt.server.stop(false).await;
    worker.stop().await;
}

/// Once an attempt has failed, a target is tried with one notification at a time.
#[tokio::test]
async fn a_target_that_fails_is_tried_with_one_at_a_time() {
    const TASKS: usize = 12;
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Always(503));
    worker.run_scheduler();
    let now = worker.now().await;
    let user = UserId::random();
    worker.receive(&settings(user, 1, &[&target.url])).await;
    for _ in 0..TASKS {
        let mut task = task(now, now);
        task.user_id = user;
        worker.receive(&created(&task)).await;
    }
    worker.eventually_said(EventType::ReminderTriggered, TASKS).await;
    worker.run_deliveries();
    // What the leases took is what the token says: the first took several, all others one.
    let (leases, attempts) = testing::eventually("each to be tried once", || async {
        let (leases, attempts, untried): (i64, i64, i64) = sqlx::query_as(
            "select (select token from lane), sum(attempts)::bigint,
                 count(*) filter (where attempts = 0) from delivery",
        )
        .fetch_one(&worker.pool)
        .await
        .unwrap();
        (untried == 0).then_some((leases, attempts))
    })
    .await;
    let first = MAX_IN_FLIGHT_PER_CHANNEL as i64;
    assert!(leases > attempts - first, "{leases} leases for {attempts} attempts");
    target.server.stop(false).await;
    worker.stop().await;
}

/// Rows of the queue that were read so far, by any plan.
pub(crate) async fn rows_read(worker: &Worker) -> i64 {
    worker.database.break_connections().await;
    sqlx::query_scalar(
        "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_user_tables
         where relname in ('delivery', 'lane')",
    )
    .fetch_one(&worker.pool)
    .await
    .unwrap()
}

/// What is read grows with what is delivered, also where all of it goes to one channel.
#[tokio::test]
async fn delivering_much_to_one_channel_reads_each_a_few_times() {
    const DELIVERIES: i64 = 2000;
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    worker.receive(&settings(UserId::random(), 1, &[&target.url])).await;
    let queue = format!(
        "insert into delivery (delivery_id, user_id, channel_id, correlation_id)
             select gen_random_uuid(), user_id, channel_id, gen_random_uuid()
             from channel, generate_series(1, {DELIVERIES});
         insert into lane (channel_id, user_id, next_attempt_at)
             select channel_id, user_id, now() from channel;
         analyze delivery, lane"
    );
    sqlx::raw_sql(AssertSqlSafe(queue)).execute(&worker.pool).await.unwrap();
    let before = rows_read(&worker).await;
    worker.run_deliveries();
    // Asked of the target, so that the queue's own reads are all that is counted.
    testing::eventually("all to be delivered", || async {
        (target.got().len() as i64 == DELIVERIES).then_some(())
    })
    .await;
    let read = rows_read(&worker).await - before;
    println!("{DELIVERIES} deliveries to one channel: {read} rows read");
    assert!(read < 40 * DELIVERIES, "{read} rows were read for {DELIVERIES} deliveries");
    target.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn an_address_that_is_not_public_is_refused_unless_allowed() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    worker.run_scheduler();
    worker.run_deliveries_under(Default::default());
    let now = worker.now().await;
    let task = task(now, now);
    let by_name = target.url.replace("127.0.0.1", "localhost");
    worker.receive(&settings(task.user_id, 1, &[&target.url, &by_name])).await;
    worker.receive(&created(&task)).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 2).await;
    for event in &said {
        let failed = notification(event);
        assert_eq!(failed.outcome, DeliveryOutcome::Failed);
        let error = failed.error.as_deref().unwrap();
        assert_eq!(error, "the channel leads to an address that is not permitted");
    }
    assert_eq!(target.got().len(), 0);
    target.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_test_of_a_channel_is_delivered() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    worker.run_deliveries();
    let user = UserId::random();
    let settings = settings(user, 1, &[&target.url]);
    let Payload::NotificationSettingsUpdated(told) = &settings.payload else { panic!() };
    let channel_id = told.channels[0].channel_id;
    worker.receive(&settings).await;
    let requested_at = worker.now().await;
    worker.receive(&event(ChannelTestRequested { user_id: user, channel_id, requested_at })).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    assert_eq!(notification(&said[0]).reminder_id, None);
    let body: serde_json::Value = serde_json::from_slice(&target.got()[0].body).unwrap();
    assert_eq!(body["type"], "channel-test");
    target.server.stop(false).await;
    worker.stop().await;
}
