//! The gaps that counting messages can't be sure to hit: here the system is stopped inside of them,
//! by a target that holds its answer and by a bus that is closed.

use e2e::{BusRecord, Options, Person, Sink, Stack, in_seconds, records};
use serde_json::Value;
use testing::eventually;

use crate::story::{
    Acknowledged, all_notified, all_settled, assert_promise, firings, insist_on_task,
};

/// Longer than a notification is leased, in seconds.
const PAST_THE_LEASE_SECS: i64 = 60;

/// deliver ↔ mark, by a cut: the target has taken the request and answers when the sender can't reach
/// its database any more. Another worker sends the notification again.
#[tokio::test(flavor = "multi_thread")]
async fn a_notification_whose_mark_is_cut_off_comes_again_under_its_key() {
    let mut stack = Stack::start(Options { workers: 2, ..Options::default() }).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    all_settled(&stack).await;
    stack.workers[1].service.kill();
    stack.workers[1].sidecar.kill();

    let task = held_in_the_gap(&person, &sink).await;
    stack.workers[0].database_proxy.close();
    sink.release();
    assert_unmarked(&stack).await;
    stack.worker_database.set_clock_offset_secs(PAST_THE_LEASE_SECS).await;
    stack.workers[1].sidecar.start();
    stack.workers[1].service.start();
    assert_comes_again(&sink, &task).await;

    // The first sender is back with a mark that is nobody's any more.
    stack.workers[0].database_proxy.open();
    stack.workers[0].ready().await;
    assert_seen_once(&stack, &sink, task).await;
    sink.stop().await;
    stack.stop().await;
}

/// deliver ↔ mark, by kill -9.
#[tokio::test(flavor = "multi_thread")]
async fn a_notification_whose_sender_is_killed_before_the_mark_comes_again_under_its_key() {
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    all_settled(&stack).await;

    let task = held_in_the_gap(&person, &sink).await;
    stack.workers[0].service.kill();
    sink.release();
    assert_unmarked(&stack).await;
    stack.worker_database.set_clock_offset_secs(PAST_THE_LEASE_SECS).await;
    stack.workers[0].service.start();
    assert_comes_again(&sink, &task).await;
    assert_seen_once(&stack, &sink, task).await;
    sink.stop().await;
    stack.stop().await;
}

/// A task whose notification the target has taken and not answered.
async fn held_in_the_gap(person: &Person, sink: &Sink) -> Acknowledged {
    sink.hold();
    let task = insist_on_task(person, "Held in the gap", 1).await;
    all_notified(sink, std::slice::from_ref(&task)).await;
    assert_eq!(sink.got().len(), 1);
    task
}

/// Nobody has written down that the target took it.
async fn assert_unmarked(stack: &Stack) {
    let of_firings = "select state from delivery where firing_id is not null";
    let states: Vec<String> =
        sqlx::query_scalar(of_firings).fetch_all(&stack.worker).await.unwrap();
    assert_eq!(states, ["pending"]);
}

async fn assert_comes_again(sink: &Sink, task: &Acknowledged) {
    let got = eventually("the notification to come again", || async {
        let got = sink.got();
        (got.len() > 1).then_some(got)
    })
    .await;
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(!got[0].key.is_empty());
    assert_eq!(got[1].key, got[0].key);
    assert_eq!(got[1].body, got[0].body);
    assert_eq!(got[0].body["data"]["task_id"], task.id.as_str());
}

/// For a receiver that honours the key it came once, and the bus says so.
async fn assert_seen_once(stack: &Stack, sink: &Sink, task: Acknowledged) {
    let outcomes = eventually("the outcome to be told", || async {
        let outcomes = said(stack, "notifications", "notification-delivered", &task.id).await;
        (!outcomes.is_empty()).then_some(outcomes)
    })
    .await;
    all_settled(stack).await;
    assert_promise(sink, std::slice::from_ref(&task));
    assert_eq!(sink.distinct().len(), 1);
    let (firings, events) = firings(stack).await;
    assert_eq!((firings.len(), events.len()), (1, 1));
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert_eq!(outcomes[0]["payload"]["outcome"], "delivered");
}

/// inbox ↔ receipt: the worker has taken a task and dies before anybody learns of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_between_inbox_and_receipt_takes_the_task_once_and_receipts_it() {
    let mut stack = Stack::start(Options::default()).await;
    let person = Person::register(stack.base()).await;
    all_settled(&stack).await;

    stack.workers[0].publish_proxy.close();
    let created = person.create_task("Taken", &in_seconds(3600)).await;
    let task = Acknowledged::of(&created).id;
    let event = eventually("the worker to have taken the task", || async {
        let event = said(&stack, "task-events", "task-created", &task).await.pop()?;
        inbox_has(&stack.worker, &event).await.then_some(event)
    })
    .await;
    stack.workers[0].service.kill();
    assert_owed(&stack.worker).await;
    assert!(!is_receipted(&stack, "reminder-worker", &event).await);

    stack.workers[0].publish_proxy.open();
    stack.workers[0].service.start();
    all_settled(&stack).await;
    assert!(is_receipted(&stack, "reminder-worker", &event).await);
    assert_eq!(said(&stack, "reminders", "reminder-scheduled", &task).await.len(), 1);
    assert_eq!(person.reminders("scheduled").await.len(), 1);
    stack.stop().await;
}

/// The same on the other side: chat-api has taken a firing.
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_api_killed_between_inbox_and_receipt_takes_the_firing_once_and_receipts_it() {
    let mut stack = Stack::start(Options::default()).await;
    let person = Person::register(stack.base()).await;
    let created = person.create_task("Fires", &in_seconds(3600)).await;
    let task = Acknowledged::of(&created).id;
    eventually("the reminder to be scheduled", || async {
        (person.reminders("scheduled").await.len() == 1).then_some(())
    })
    .await;
    all_settled(&stack).await;

    stack.chat_apis[0].publish_proxy.close();
    stack.worker_database.set_clock_offset_secs(3700).await;
    let event = eventually("chat-api to have taken the firing", || async {
        let event = said(&stack, "reminders", "reminder-triggered", &task).await.pop()?;
        inbox_has(&stack.chat, &event).await.then_some(event)
    })
    .await;
    stack.chat_apis[0].service.kill();
    assert_owed(&stack.chat).await;
    assert!(!is_receipted(&stack, "chat-api", &event).await);

    stack.chat_apis[0].publish_proxy.open();
    stack.chat_apis[0].service.start();
    stack.chat_apis[0].ready().await;
    all_settled(&stack).await;
    assert!(is_receipted(&stack, "chat-api", &event).await);
    assert_eq!(person.reminders("triggered").await.len(), 1);
    let told: i64 =
        sqlx::query_scalar("select count(*) from timeline where event_type = 'reminder-triggered'")
            .fetch_one(&stack.chat)
            .await
            .unwrap();
    assert_eq!(told, 1);
    stack.stop().await;
}

/// The distinct events of a type about a task on a topic.
async fn said(stack: &Stack, topic: &str, event_type: &str, task: &str) -> Vec<Value> {
    let mut said: Vec<Value> = Vec::new();
    for envelope in records(&stack.bus, topic).await.iter().map(BusRecord::envelope) {
        let is_meant =
            envelope["event_type"] == event_type && envelope["payload"]["task_id"] == task;
        if is_meant && said.iter().all(|other| other["event_id"] != envelope["event_id"]) {
            said.push(envelope.clone());
        }
    }
    said
}

async fn inbox_has(pool: &sqlx::PgPool, envelope: &Value) -> bool {
    sqlx::query_scalar("select exists (select from messaging.inbox where event_id::text = $1)")
        .bind(envelope["event_id"].as_str())
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Whether a consumer has said on the bus that it has the event.
async fn is_receipted(stack: &Stack, consumer: &str, event: &Value) -> bool {
    let said = records(&stack.bus, "receipts").await;
    said.iter().map(|record| &record.envelope()["payload"]).any(|payload| {
        let receipts = payload["receipts"].as_array().expect("a list");
        payload["consumer"] == consumer
            && receipts.iter().any(|receipt| receipt["event_id"] == event["event_id"])
    })
}

/// A receipt waits in the database of a service that is down.
async fn assert_owed(pool: &sqlx::PgPool) {
    let owed: i64 = sqlx::query_scalar(
        "select (select count(*) from messaging.receipt_owed)
             + (select count(*) from messaging.outbox where event_type = 'events-received')",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert!(owed > 0, "the receipt is lost");
}
