use events::{EventType, NotificationDelivered, Payload, Topic};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testing::eventually;

use crate::{
    act,
    stack::{Answer, PASSWORD, Person, Stack},
    worker::{self, Reminding},
};

/// As if a language model had answered everybody.
const MODEL_USE: &str = "insert into model_use (user_id, day, tokens)
    select user_id, current_date, 1 from person on conflict do nothing";

/// Somebody with something in every table, and one of their tasks.
async fn settled(stack: &Stack, name: &str) -> (Person, Value) {
    let person = stack.register(name).await;
    let task = person.make_task(json!({"title": "x"})).await;
    let once = person.request(Method::POST, "/tasks").header("Idempotency-Key", "y");
    let trashed = Answer::of(once.json(&json!({"title": "y"}))).await.body;
    person.delete(&format!("/tasks/{}", trashed["id"].as_str().expect("an id"))).await;
    person.post("/channels", json!({"kind": "webhook", "url": "http://a.test"})).await;
    person.post("/tokens", json!({"name": "x"})).await;
    person.post("/calendar-feeds", json!({"name": "x"})).await;
    person.post("/chat", json!({"message": "x"})).await;
    stack.run(MODEL_USE).await;
    act::use_one(stack, &person).await;
    let reminding = Reminding::of(&task, person.user_id);
    stack.replica.deliver(Topic::Reminders, &reminding.scheduled()).await;
    (person, task)
}

async fn delete(person: &Person) {
    let deleted = person.delete_with("/me", json!({"current_password": PASSWORD})).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{deleted:?}");
    assert!(deleted.header("set-cookie").starts_with("session=;"), "{deleted:?}");
}

/// How many rows each table has of a person.
async fn rows_of(stack: &Stack, person: &Person) -> Vec<(String, i64)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
             and a.attname = 'user_id' order by 1",
    )
    .fetch_all(&stack.admin)
    .await
    .expect("tables");
    let mut rows = vec![];
    for table in tables {
        let count = AssertSqlSafe(format!("select count(*) from {table} where user_id = $1"));
        let count = sqlx::query_scalar(count).bind(person.user_id.uuid());
        rows.push((table, count.fetch_one(&stack.admin).await.expect("a count")));
    }
    rows
}

#[tokio::test]
async fn a_deleted_account_leaves_a_tombstone_and_nothing_else() {
    let stack = Stack::start().await;
    let (ada, _) = settled(&stack, "ada").await;
    let (bob, _) = settled(&stack, "bob").await;
    let program = ada.with_token(json!({"name": "x"})).await;
    let bobs = rows_of(&stack, &bob).await;
    let empty: Vec<&String> = bobs.iter().filter(|row| row.1 == 0).map(|row| &row.0).collect();
    assert_eq!(empty, ["person_tombstone", "task_tombstone"], "bob has something of all else");
    delete(&ada).await;
    for (table, rows) in rows_of(&stack, &ada).await {
        assert_eq!(rows, i64::from(table == "person_tombstone"), "{table}");
    }
    assert_eq!(rows_of(&stack, &bob).await, bobs);
    for gone in [&ada, &program] {
        gone.get("/me").await.assert_problem(401, "not_signed_in");
    }
    ada.log_in(PASSWORD).await.assert_problem(401, "invalid_credentials");
    stack.stop().await;
}

#[tokio::test]
async fn the_worker_is_told_of_a_deleted_account_above_all_that_it_was_told_before() {
    let stack = Stack::start().await;
    let (ada, _) = settled(&stack, "ada").await;
    let before = stack.published(Topic::UserEvents).await;
    delete(&ada).await;
    let told = stack.published(Topic::UserEvents).await;
    assert_eq!(told.len(), before.len() + 1);
    let last = told.last().expect("an event");
    let Payload::UserDeleted(deleted) = &last.event.payload else { panic!("{last:?}") };
    assert_eq!(deleted.user_id, ada.user_id);
    assert!(last.needs_receipt);
    for row in &before {
        assert!(row.event.payload.version() < Some(deleted.version.get()));
    }
    stack.stop().await;
}

#[tokio::test]
async fn the_address_of_a_deleted_account_can_be_registered_anew_by_another_person() {
    let stack = Stack::start().await;
    let (ada, _) = settled(&stack, "ada").await;
    delete(&ada).await;
    let other = stack.register("ada").await;
    assert_ne!(other.user_id, ada.user_id);
    assert_eq!(other.get("/tasks").await.body["items"], json!([]));
    stack.stop().await;
}

#[tokio::test]
async fn what_is_said_late_of_a_deleted_person_brings_nothing_back() {
    let stack = Stack::start().await;
    let (ada, task) = settled(&stack, "ada").await;
    delete(&ada).await;
    stack.forget_outbox().await;
    let said = Reminding::of(&task, ada.user_id);
    let delivered = worker::event(NotificationDelivered {
        delivery_id: events::DeliveryId::random(),
        reminder_id: Some(said.reminder_id),
        task_id: Some(said.task_id),
        user_id: ada.user_id,
        channel: events::ChannelKind::Webhook,
        channel_id: None,
        outcome: events::DeliveryOutcome::Delivered,
        attempts: 1,
        error: None,
        held_until: None,
        digest_day: None,
        at: worker::time(),
    });
    for event in [said.scheduled(), said.at_revision(2).triggered()] {
        assert_eq!(stack.replica.deliver(Topic::Reminders, &event).await, "SUCCESS");
    }
    assert_eq!(stack.replica.deliver(Topic::Notifications, &delivered).await, "SUCCESS");
    for (table, rows) in rows_of(&stack, &ada).await {
        assert_eq!(rows, i64::from(table == "person_tombstone"), "{table}");
    }
    assert!(stack.outbox().await.iter().all(|row| row.topic == Topic::Receipts.name()));
    stack.stop().await;
}

#[tokio::test]
async fn a_worker_that_has_forgotten_an_accounts_end_is_told_again_and_not_too_often() {
    let stack = Stack::start().await;
    let (ada, task) = settled(&stack, "ada").await;
    delete(&ada).await;
    let version =
        stack.published(Topic::UserEvents).await.last().expect("told").json["payload"]["version"]
            .clone();
    stack.forget_outbox().await;
    stack.run("update person_tombstone set answered_at = now() - interval '1 minute'").await;
    let said = Reminding::of(&task, ada.user_id);
    for revision in 1..4 {
        let event = said.at_revision(revision).scheduled();
        stack.replica.deliver(Topic::Reminders, &event).await;
    }
    let told = stack.published(Topic::UserEvents).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].event.event_type(), EventType::UserDeleted);
    assert_eq!(told[0].json["payload"]["version"], version);
    assert!(stack.published(Topic::TaskEvents).await.is_empty());
    stack.forget_outbox().await;
    let said = chat_api::reconcile(&stack.settings, &stack.role).await.expect("reconciled");
    assert_eq!((said.deleted_people, said.settings, said.tasks), (1, 0, 0));
    let told = stack.published(Topic::UserEvents).await;
    assert_eq!(told[0].json["payload"]["version"], version);
    stack.stop().await;
}

/// A command has a task's row and then needs its owner's, which a deletion has.
#[tokio::test]
async fn a_deletion_lets_what_is_under_way_on_a_task_come_to_its_end() {
    let stack = Stack::start().await;
    let (ada, _) = settled(&stack, "ada").await;
    ada.get("/me").await;
    let mut command = stack.admin.begin().await.expect("a transaction");
    sqlx::query("select task_id from task for update")
        .execute(&mut *command)
        .await
        .expect("locked");
    let commanding = async {
        eventually("the deletion to wait for the task", || async {
            let waiting = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
            (stack.count(waiting).await > 0).then_some(())
        })
        .await;
        let entry = "insert into timeline (user_id, task_id, event_id, event_type, correlation_id,
                 at, details)
             select user_id, task_id, gen_random_uuid(), 'x', gen_random_uuid(), now(), '{}'
             from task";
        sqlx::query(entry).execute(&mut *command).await.expect("no deadlock");
        command.commit().await.expect("committed");
    };
    tokio::join!(delete(&ada), commanding);
    assert_eq!(stack.count("select count(*) from timeline").await, 0);
    stack.stop().await;
}
