//! How a burst of reminders fares when somebody's webhook hangs, and how fast a backlog is worked off: as
//! ratios to the same burst undisturbed, measured in turn in one process on one database server.
//!
//! `make bench` runs it, and `docs/benchmark.md` has what it printed. No test depends on that.

#![expect(clippy::unwrap_used, reason = "a benchmark ends where something is missing")]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

#[path = "../tests/worker/support.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, web};
use chrono::{DateTime, TimeDelta, Utc};
use events::{Basis, ChannelKind, RecurrenceRule, TaskState, TimeZone, UserId};
use futures_util::{StreamExt, stream};

use tokio::time::Instant;

use support::{Worker, created, settings_with, task};

/// How often each pair is measured; the medians count.
const ROUNDS: usize = 3;
/// People, and their reminders, of a burst.
const PEOPLE: usize = 100;
const REMINDERS_EACH: usize = 20;
/// Reminders of the person whose webhook hangs.
const HANGING: usize = 400;
/// How long it hangs, in seconds: longer than an attempt is waited for.
const HANG_SECS: u64 = 30;
/// Tasks of a backlog.
const BACKLOG: usize = 4_000;
/// Events under way at once while a burst is prepared.
const AT_ONCE: usize = 16;
/// How long before it is due a burst has to be prepared, in seconds.
const AHEAD_SECS: i64 = 25;
const SECRET: &str = "whsec_AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

#[actix_web::main]
async fn main() {
    // `cargo test --benches` asks too, and wants no measurement.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut others = (vec![], vec![]);
    for round in 0..ROUNDS {
        let (quiet, hung) = (p99_of_others(0).await, p99_of_others(HANGING).await);
        println!(
            "round {round}: p99 {quiet:.3} s undisturbed, {hung:.3} s while one webhook hangs"
        );
        others.0.push(quiet);
        others.1.push(hung);
    }
    let mut rates = (vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let burst = burst_rate().await;
        let ten_minutes = backlog_rate(TimeDelta::minutes(10)).await;
        let three_days = backlog_rate(TimeDelta::days(3)).await;
        println!(
            "round {round}: {burst:.0}/s in a burst, {ten_minutes:.0}/s after ten minutes, \
             {three_days:.0}/s after three days"
        );
        rates.0.push(burst);
        rates.1.push(ten_minutes);
        rates.2.push(three_days);
    }
    let ratio = |of: Vec<f64>, to: f64| median(of) / to;
    let (quiet, burst) = (median(others.0), median(rates.0));
    println!();
    println!("| ratio of medians | value | wanted |");
    println!("| --- | --- | --- |");
    println!(
        "| p99 of the others while one webhook hangs | {:.2} | at most 1.5 |",
        ratio(others.1, quiet)
    );
    println!("| rate after 10 minutes' downtime | {:.2} | at least 0.5 |", ratio(rates.1, burst));
    println!("| rate after 3 days' downtime | {:.2} | at least 0.5 |", ratio(rates.2, burst));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A webhook's target that answers after a while.
fn target(wait: Duration) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let server = HttpServer::new(move || {
        let counter = counter.clone();
        App::new().default_service(web::to(move |_: web::Bytes| {
            counter.fetch_add(1, Ordering::Relaxed);
            async move {
                actix_web::rt::time::sleep(wait).await;
                HttpResponse::NoContent().finish()
            }
        }))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let url = format!("http://{}/hook", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    (url, count)
}

/// The 99th percentile of the time from when a notification is due until it is delivered, in seconds, of
/// all but the person whose webhook hangs.
async fn p99_of_others(hanging: usize) -> f64 {
    let mut worker = Worker::start().await;
    let (good, _) = target(Duration::ZERO);
    let (bad, tried) = target(Duration::from_secs(HANG_SECS));
    let now = worker.now().await;
    let due = now + TimeDelta::seconds(AHEAD_SECS);
    let mut tasks: Vec<TaskState> = Vec::new();
    for _ in 0..PEOPLE {
        let person = UserId::random();
        let webhook = (ChannelKind::Webhook, good.as_str(), Some(SECRET));
        worker.receive(&settings_with(person, 1, &[webhook])).await;
        tasks.extend((0..REMINDERS_EACH).map(|_| TaskState { user_id: person, ..task(due, now) }));
    }
    let unlucky = UserId::random();
    let webhook = (ChannelKind::Webhook, bad.as_str(), Some(SECRET));
    worker.receive(&settings_with(unlucky, 1, &[webhook])).await;
    // It comes first, so that it is in the way if it can be.
    let first = due - TimeDelta::milliseconds(100);
    tasks.extend((0..hanging).map(|_| TaskState { user_id: unlucky, ..task(first, now) }));
    prepare(&worker, &tasks, due).await;
    worker.run_scheduler();
    worker.run_deliveries();
    let expected = i64::try_from(PEOPLE * REMINDERS_EACH).unwrap();
    let p99 = testing::eventually("the others' notifications", || async {
        let (count, p99): (i64, Option<f64>) = sqlx::query_as(
            "select count(*), percentile_cont(0.99) within group
                 (order by extract(epoch from d.ended_at - f.reminder_time))::float8
             from delivery d join firing f using (firing_id)
             where d.user_id <> $1 and d.state = 'delivered'",
        )
        .bind(unlucky.uuid())
        .fetch_one(&worker.pool)
        .await
        .ok()?;
        (count == expected).then_some(p99?)
    })
    .await;
    assert_eq!(hanging > 0, tried.load(Ordering::Relaxed) > 0, "the webhook that hangs is tried");
    abandon(worker).await;
    p99
}

/// Firings a second of tasks that come due together, with the worker up.
async fn burst_rate() -> f64 {
    let mut worker = Worker::start().await;
    let now = worker.now().await;
    let due = now + TimeDelta::seconds(AHEAD_SECS);
    let tasks: Vec<TaskState> = (0..BACKLOG).map(|_| task(due, now)).collect();
    prepare(&worker, &tasks, due).await;
    worker.run_scheduler();
    let wait = (due - worker.now().await).to_std().unwrap_or_default();
    tokio::time::sleep(wait).await;
    rate(worker, BACKLOG).await
}

/// Occurrences handled a second once the worker is back: each task is missed every so often, hourly.
async fn backlog_rate(down: TimeDelta) -> f64 {
    let mut worker = Worker::start().await;
    let now = worker.now().await;
    let local = now.naive_utc().date().and_time(now.time());
    let start = chrono::Timelike::with_nanosecond(&local, 0).unwrap() + TimeDelta::seconds(5);
    // As many occurrences in all as a burst has, whatever the time.
    let each = usize::try_from((down.num_hours() + 1).max(1)).unwrap();
    let rule = RecurrenceRule::new(
        "FREQ=HOURLY",
        events::Nominal::Time(start),
        TimeZone::UTC,
        vec![],
        Basis::DueDate,
    )
    .unwrap();
    let tasks: Vec<TaskState> = (0..BACKLOG.div_ceil(each))
        .map(|_| {
            let mut task = task(start.and_utc(), now);
            (task.recurrence, task.occurrence) = (Some(rule.clone()), rule.first());
            task
        })
        .collect();
    prepare(&worker, &tasks, start.and_utc() + TimeDelta::days(1)).await;
    worker.database.set_clock_offset_secs(down.num_seconds()).await;
    worker.run_scheduler();
    rate(worker, tasks.len() * each).await
}

/// Waits until nothing is due any more, and says how many a second that was.
async fn rate(worker: Worker, handled: usize) -> f64 {
    let began = Instant::now();
    testing::eventually("nothing to be due", || async {
        let due: i64 =
            sqlx::query_scalar("select count(*) from task where next_fire_at <= messaging.clock()")
                .fetch_one(&worker.pool)
                .await
                .ok()?;
        (due == 0).then_some(())
    })
    .await;
    let took = began.elapsed().as_secs_f64();
    abandon(worker).await;
    f64::from(u32::try_from(handled).unwrap()) / took
}

async fn prepare(worker: &Worker, tasks: &[TaskState], due: DateTime<Utc>) {
    stream::iter(tasks)
        .for_each_concurrent(AT_ONCE, |task| async { worker.receive(&created(task)).await })
        .await;
    assert!(worker.now().await < due, "this machine is too slow for a burst of this size");
}

/// Ends without waiting for what hangs.
async fn abandon(worker: Worker) {
    let _hanging = tokio::time::timeout(Duration::from_secs(HANG_SECS + 10), worker.stop()).await;
}
