//! Every gap between two writes, found by cutting each connection after its Nth message and by
//! killing each process.

use std::{collections::HashSet, time::Duration};

use e2e::{BusRecord, Options, Person, Sink, Stack, records};
use events::Topic;
use testing::{CuttingProxy, Direction, eventually};

use crate::story::{all_notified, all_settled, assert_promise, firings, insist_on_task};

/// More messages than pass on any of the connections while one task goes all its way.
const MESSAGES: u64 = 36;

fn databases(stack: &Stack) -> [&CuttingProxy; 2] {
    [&stack.chat_apis[0].database_proxy, &stack.workers[0].database_proxy]
}

fn http(stack: &Stack) -> [&CuttingProxy; 4] {
    let (chat_api, worker) = (&stack.chat_apis[0], &stack.workers[0]);
    [
        &chat_api.publish_proxy,
        &worker.publish_proxy,
        &chat_api.delivery_proxy,
        &worker.delivery_proxy,
    ]
}

/// commit ↔ publish ↔ mark, inbox ↔ receipt, deliver ↔ mark: the connections to both databases are
/// cut in turn before the Nth statement and before the Nth answer, while tasks go all their way.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_connection_cut_after_any_message_loses_and_doubles_nothing() {
    let stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let mut tasks = Vec::new();
    for passing in 0..MESSAGES {
        for proxy in databases(&stack) {
            for direction in [Direction::ToServer, Direction::ToClient] {
                let cuts = proxy.cuts();
                proxy.cut_after(passing, direction);
                tasks.push(insist_on_task(&person, "Cut", 1).await);
                eventually("the cut", || async { (proxy.cuts() > cuts).then_some(()) }).await;
            }
        }
    }
    all_notified(&sink, &tasks).await;
    all_settled(&stack).await;
    assert_promise(&sink, &tasks);
    let (firings, events) = firings(&stack).await;
    assert_eq!(firings.len(), events.len(), "a reminder and time fired twice");
    sink.stop().await;
    stack.stop().await;
}

/// The same on the connections to and from the sidecars: a request that is lost, and one whose answer
/// is lost, so that it happens twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_sidecars_connection_cut_after_any_message_loses_and_doubles_nothing() {
    let stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let mut tasks = Vec::new();
    for passing in 0..3 {
        for proxy in http(&stack) {
            for direction in [Direction::ToServer, Direction::ToClient] {
                let cuts = proxy.cuts();
                proxy.cut_after(passing, direction);
                tasks.push(insist_on_task(&person, "Cut", 1).await);
                eventually("the cut", || async { (proxy.cuts() > cuts).then_some(()) }).await;
            }
        }
    }
    all_notified(&sink, &tasks).await;
    all_settled(&stack).await;
    assert_promise(&sink, &tasks);
    let (firings, events) = firings(&stack).await;
    assert_eq!(firings.len(), events.len(), "a reminder and time fired twice");
    // The cuts did what they were for: some records are on the bus twice, with one event id.
    let mut published = Vec::new();
    for topic in Topic::ALL {
        published.extend(records(&stack.bus, topic.name()).await);
    }
    let places =
        |record: &BusRecord| (record.topic.clone(), record.envelope()["event_id"].to_string());
    let distinct: HashSet<_> = published.iter().map(places).collect();
    assert!(distinct.len() < published.len(), "no publication was repeated");
    sink.stop().await;
    stack.stop().await;
}

/// Each process is killed with -9 again and again while tasks are made and fire.
#[tokio::test(flavor = "multi_thread")]
async fn killing_any_process_loses_and_doubles_nothing() {
    const ROUNDS: usize = 3;
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let mut tasks = Vec::new();
    let parts = stack.processes().len();
    for _ in 0..ROUNDS {
        for part in 0..parts {
            let busy = person.clone();
            let making = tokio::spawn(async move {
                let mut made = Vec::new();
                for _ in 0..5 {
                    made.push(insist_on_task(&busy, "Killed", 1).await);
                }
                made
            });
            // In the middle of it, and without waiting for anything in particular.
            tokio::time::sleep(Duration::from_millis(37 * (part as u64 + 1))).await;
            stack.processes()[part].restart();
            tasks.extend(making.await.expect("tasks"));
        }
    }
    all_notified(&sink, &tasks).await;
    all_settled(&stack).await;
    assert_promise(&sink, &tasks);
    let (firings, events) = firings(&stack).await;
    assert_eq!(firings.len(), events.len(), "a reminder and time fired twice");
    sink.stop().await;
    stack.stop().await;
}
