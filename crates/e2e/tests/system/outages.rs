//! Parts that are away for long.

use std::time::Duration;

use e2e::{Kafka, Options, Person, Sink, Stack, in_seconds, records};
use testing::{eventually, skipped};
use tokio::time::{Instant, sleep};

use crate::story::{Acknowledged, all_notified, all_settled, assert_promise, insist_on_task};

/// The consumer is down for ten (simulated) minutes in which every receipt is overdue many times.
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_was_down_for_minutes_is_not_flooded() {
    const TASKS: usize = 200;
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    all_settled(&stack).await;
    stack.workers[0].service.kill();
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let answer = person.create_task("While it is down", &in_seconds(900)).await;
        tasks.push(Acknowledged::of(&answer));
    }
    eventually("everything to be published", || async {
        (records(&stack.bus, "task-events").await.len() >= TASKS).then_some(())
    })
    .await;
    stack.chat_database.set_clock_offset_secs(600).await;
    // A probe goes out; that the others don't is seen when the first receipts come back.
    eventually("a probe", || async {
        (records(&stack.bus, "task-events").await.len() > TASKS).then_some(())
    })
    .await;
    stack.workers[0].service.start();
    all_settled(&stack).await;
    let published = records(&stack.bus, "task-events").await.len();
    println!("{TASKS} events, {} sent again", published - TASKS);
    assert!(published - TASKS <= 10, "{} resendings are a flood", published - TASKS);
    sink.stop().await;
    stack.stop().await;
}

/// Nothing but the worker and its database runs.
#[tokio::test(flavor = "multi_thread")]
async fn reminders_fire_while_everything_else_is_down() {
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let mut tasks = Vec::new();
    for _ in 0..5 {
        tasks.push(insist_on_task(&person, "Alone", 6).await);
    }
    all_settled(&stack).await;
    stack.chat_apis[0].service.kill();
    stack.chat_apis[0].sidecar.kill();
    stack.workers[0].sidecar.kill();
    all_notified(&sink, &tasks).await;
    assert_promise(&sink, &tasks);
    sink.stop().await;
    stack.stop().await;
}

/// An API answer never depends on the bus.
#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_while_no_sidecar_runs_and_all_catches_up() {
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    stack.chat_apis[0].sidecar.kill();
    let mut tasks = Vec::new();
    for _ in 0..20 {
        tasks.push(insist_on_task(&person, "Without a bus", 1).await);
    }
    stack.chat_apis[0].sidecar.start();
    all_notified(&sink, &tasks).await;
    assert_promise(&sink, &tasks);
    sink.stop().await;
    stack.stop().await;
}

/// How long the broker is away, in seconds.
const BROKER_AWAY_SECS: u64 = 60;
/// By how much a service may grow meanwhile, in bytes: what waits, waits in the database.
const MAX_GROWTH_BYTES: u64 = 32 * 1024 * 1024;

/// On the real bus. Every write is answered, what is scheduled fires, nothing piles up in memory, and all
/// catches up.
#[tokio::test(flavor = "multi_thread")]
async fn a_minute_without_the_broker_costs_no_answer_and_no_reminder() {
    let Some(kafka) = Kafka::start().await else { return skipped("needs daprd and Kafka") };
    let mut stack = Stack::start_on(kafka, Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let mut scheduled = Vec::new();
    for seconds in 1..=10 {
        scheduled.push(insist_on_task(&person, "Scheduled before", 15 + 3 * seconds).await);
    }
    all_settled(&stack).await;
    let resident = |stack: &Stack| {
        [&stack.chat_apis[0], &stack.workers[0]].map(|one| one.service.resident_bytes())
    };

    let kafka = stack.kafka.as_mut().expect("a broker");
    kafka.kill().await;
    let back = Instant::now() + Duration::from_secs(BROKER_AWAY_SECS);
    let before = resident(&stack);
    let mut written = Vec::new();
    while Instant::now() < back {
        // Each is answered, or this fails.
        let answer = person.create_task("While it is away", &in_seconds(75)).await;
        written.push(Acknowledged::of(&answer));
        sleep(Duration::from_millis(200)).await;
    }
    all_notified(&sink, &scheduled).await;
    let after = resident(&stack);
    println!(
        "{} writes answered and {} reminders fired without the broker; chat-api and the worker grew from \
         {before:?} to {after:?} bytes",
        written.len(),
        scheduled.len(),
    );
    for (before, after) in before.into_iter().zip(after) {
        assert!(after.saturating_sub(before) < MAX_GROWTH_BYTES, "{before} to {after} bytes");
    }
    assert_promise(&sink, &scheduled);

    stack.kafka.as_mut().expect("a broker").start_again().await;
    all_notified(&sink, &written).await;
    all_settled(&stack).await;
    assert_promise(&sink, &written);
    sink.stop().await;
    stack.stop().await;
}
