//! Parts that are away for long.

use e2e::{Options, Sink, Stack, in_seconds, records};
use testing::eventually;

use crate::story::{
    Acknowledged, all_notified, all_settled, assert_promise, insist_on_task, person_with_webhook,
};

/// The consumer is down for ten (simulated) minutes in which every receipt is overdue many times.
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_was_down_for_minutes_is_not_flooded() {
    const TASKS: usize = 200;
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = person_with_webhook(stack.base(), &sink).await;
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
    let person = person_with_webhook(stack.base(), &sink).await;
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
    let person = person_with_webhook(stack.base(), &sink).await;
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
