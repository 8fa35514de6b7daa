use events::{CancelReason, EventType, ReceiptOutcome, TaskId, Topic, UserId};
use serde_json::{Value, json};

use crate::{
    stack::{Person, Row, Stack},
    worker::{self, Reminding},
};

async fn stack_with_a_task() -> (Stack, Person, Value) {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    (stack, ada, task)
}

fn path(task: &Value) -> String {
    format!("/tasks/{}", task["id"].as_str().expect("an id"))
}

fn version(row: &Row) -> i64 {
    row.event.payload.version().expect("a version")
}

async fn answers(stack: &Stack) -> Vec<Row> {
    stack.published(Topic::TaskEvents).await
}

#[tokio::test]
async fn a_reminder_of_a_task_that_is_not_known_is_answered_with_its_deletion_once() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let now: i64 = stack.count("select (extract(epoch from now()) * 1000000)::bigint").await;
    let in_an_hour = now + 3_600_000_000;
    for user_id in [ada.user_id, UserId::random()] {
        stack.forget_outbox().await;
        let said = Reminding {
            task_id: TaskId::random(),
            user_id,
            reminder_id: events::ReminderId::random(),
            task_version: in_an_hour,
            revision: 1,
        };
        stack.replica.deliver(Topic::Reminders, &said.scheduled()).await;
        stack.replica.deliver(Topic::Reminders, &said.at_revision(2).triggered()).await;
        let told = answers(&stack).await;
        assert_eq!(told.len(), 1, "the same answer is not given twice at once");
        assert_eq!(told[0].event.event_type(), EventType::TaskDeleted);
        assert_eq!(told[0].json["payload"]["user_id"], user_id.to_string());
        assert!(version(&told[0]) > in_an_hour, "above what the worker has");
        let above = said.at_version(version(&told[0]) + 5);
        stack.replica.deliver(Topic::Reminders, &above.triggered()).await;
        let told = answers(&stack).await;
        assert!(version(&told[1]) > version(&told[0]) + 5, "a higher version is overtaken at once");
    }
    assert_eq!(stack.count("select count(*) from task_tombstone").await, 2);
    assert_eq!(stack.count("select count(*) from feed").await, 3, "a stranger has no feed");
    stack.stop().await;
}

#[tokio::test]
async fn a_cancellation_is_never_answered() {
    let (stack, ada, task) = stack_with_a_task().await;
    stack.forget_outbox().await;
    let ahead = task["version"].as_i64().expect("a version") + 3_600_000_000;
    let known = Reminding::of(&task, ada.user_id).at_version(ahead);
    let unknown = Reminding { task_id: TaskId::random(), ..known };
    for said in [known, unknown] {
        let cancelled = said.cancelled(CancelReason::Deleted);
        assert_eq!(stack.replica.deliver(Topic::Reminders, &cancelled).await, "SUCCESS");
    }
    assert!(answers(&stack).await.is_empty());
    stack.stop().await;
}

#[tokio::test]
async fn a_version_from_the_future_is_overtaken_with_the_present_state() {
    let (stack, ada, task) = stack_with_a_task().await;
    stack.forget_outbox().await;
    let ahead = task["version"].as_i64().expect("a version") + 3_600_000_000;
    let said = Reminding::of(&task, ada.user_id).at_version(ahead);
    stack.replica.deliver(Topic::Reminders, &said.scheduled()).await;
    let told = answers(&stack).await;
    assert_eq!(told.len(), 1);
    assert_eq!(version(&told[0]), ahead + 1);
    assert_eq!(told[0].json["payload"]["changed_fields"], json!([]));
    assert_eq!(told[0].json["payload"]["task"]["version"], json!(ahead + 1));
    assert_eq!(told[0].json["payload"]["task"]["title"], "x");
    assert_eq!(ada.get(&path(&task)).await.body["version"], json!(ahead + 1));
    let same = said.at_revision(2);
    stack.replica.deliver(Topic::Reminders, &same.scheduled()).await;
    assert_eq!(answers(&stack).await.len(), 1, "it is in the past now");
    stack.stop().await;
}

#[tokio::test]
async fn a_version_from_the_future_of_a_task_in_the_trash_is_answered_with_its_deletion() {
    let (stack, ada, task) = stack_with_a_task().await;
    ada.delete(&path(&task)).await;
    stack.forget_outbox().await;
    let ahead = task["version"].as_i64().expect("a version") + 3_600_000_000;
    let said = Reminding::of(&task, ada.user_id).at_version(ahead);
    stack.replica.deliver(Topic::Reminders, &said.triggered()).await;
    let told = answers(&stack).await;
    assert_eq!(told[0].event.event_type(), EventType::TaskDeleted);
    assert_eq!(version(&told[0]), ahead + 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_version_beyond_all_clocks_is_not_followed() {
    let (stack, ada, task) = stack_with_a_task().await;
    stack.forget_outbox().await;
    let said = Reminding::of(&task, ada.user_id).at_version(i64::MAX);
    for said in [said, Reminding { task_id: TaskId::random(), ..said }] {
        assert_eq!(stack.replica.deliver(Topic::Reminders, &said.scheduled()).await, "SUCCESS");
    }
    assert!(answers(&stack).await.is_empty());
    assert_eq!(ada.get(&path(&task)).await.body["version"], task["version"]);
    stack.stop().await;
}

#[tokio::test]
async fn who_follows_less_than_the_worker_had_is_told_the_present_state_and_not_too_often() {
    let (stack, ada, task) = stack_with_a_task().await;
    let old = Reminding::of(&task, ada.user_id);
    let renamed = ada.patch(&path(&task), json!({"title": "y"})).await.body;
    stack.replica.deliver(Topic::Reminders, &old.scheduled()).await;
    assert_eq!(answers(&stack).await.len(), 2, "no receipt yet: it is only late");
    let rows = answers(&stack).await;
    let receipts = worker::receipts(&rows, &ReceiptOutcome::Applied);
    assert_eq!(stack.replica.deliver(Topic::Receipts, &receipts).await, "SUCCESS");
    assert!(answers(&stack).await.is_empty(), "received");
    for revision in 2..5 {
        stack.replica.deliver(Topic::Reminders, &old.at_revision(revision).scheduled()).await;
    }
    let told = answers(&stack).await;
    assert_eq!(told.len(), 1);
    assert_eq!(json!(version(&told[0])), renamed["version"], "the same version again");
    assert_eq!(told[0].json["payload"]["task"]["title"], "y");
    let current = old.at_version(version(&told[0])).at_revision(9);
    stack.replica.deliver(Topic::Reminders, &current.scheduled()).await;
    stack.database.set_clock_offset_secs(11).await;
    testing::eventually("the answer after ten seconds", || async {
        stack.replica.deliver(Topic::Reminders, &old.at_revision(10).triggered()).await;
        (answers(&stack).await.len() == 2).then_some(())
    })
    .await;
    stack.stop().await;
}

#[tokio::test]
async fn a_refusal_shows_on_the_task_until_a_later_version_is_taken() {
    let (stack, ada, task) = stack_with_a_task().await;
    let first = answers(&stack).await;
    let refused = ReceiptOutcome::Rejected { reason: "no such zone here".to_owned() };
    stack.replica.deliver(Topic::Receipts, &worker::receipts(&first, &refused)).await;
    let shown = ada.get(&path(&task)).await.body;
    assert_eq!(shown["delivery_problem"], "no such zone here");
    assert_eq!(shown["version"], task["version"]);
    assert!(answers(&stack).await.is_empty(), "it is not sent again");
    ada.patch(&path(&task), json!({"title": "y"})).await;
    let second = answers(&stack).await;
    stack
        .replica
        .deliver(Topic::Receipts, &worker::receipts(&second, &ReceiptOutcome::Applied))
        .await;
    assert!(ada.get(&path(&task)).await.body["delivery_problem"].is_null());
    stack.stop().await;
}

#[tokio::test]
async fn a_receipt_of_a_higher_version_than_ours_proves_that_we_went_back() {
    let (stack, ada, task) = stack_with_a_task().await;
    let rows = answers(&stack).await;
    let ahead = task["version"].as_i64().expect("a version") + 3_600_000_000;
    let stale = ReceiptOutcome::Stale { version: ahead };
    stack.replica.deliver(Topic::Receipts, &worker::receipts(&rows, &stale)).await;
    let told = answers(&stack).await;
    assert_eq!(told.len(), 1);
    assert_eq!(version(&told[0]), ahead + 1);
    let settings = stack.published(Topic::UserEvents).await;
    stack.replica.deliver(Topic::Receipts, &worker::receipts(&settings, &stale)).await;
    let told = stack.published(Topic::UserEvents).await;
    assert_eq!(told.len(), 1);
    assert_eq!(version(&told[0]), ahead + 1);
    let ours = ReceiptOutcome::Stale { version: ahead + 1 };
    let rows = [answers(&stack).await, told].concat();
    stack.replica.deliver(Topic::Receipts, &worker::receipts(&rows, &ours)).await;
    assert!(stack.outbox().await.iter().all(|row| row.topic == Topic::TaskUpdates.name()));
    assert_eq!(ada.get("/me").await.status, 200);
    stack.stop().await;
}
