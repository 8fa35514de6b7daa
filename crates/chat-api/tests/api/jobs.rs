use events::{EventType, Payload, Topic};
use serde_json::{Value, json};

use crate::{stack::Stack, worker::Reminding};

fn path(task: &Value) -> String {
    format!("/tasks/{}", task["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn reconciling_says_every_task_tombstone_and_persons_settings_at_the_same_version() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    bob.post("/channels", json!({"kind": "webhook", "url": "http://bob.test"})).await;
    let live = ada.make_task(json!({"title": "live"})).await;
    let done = ada.make_task(json!({"title": "done"})).await;
    let done = ada.post(&format!("{}/complete", path(&done)), json!({})).await.body;
    let trashed = bob.make_task(json!({"title": "trashed"})).await;
    bob.delete(&path(&trashed)).await;
    let unknown =
        Reminding { task_id: events::TaskId::random(), ..Reminding::of(&live, ada.user_id) };
    stack.replica.deliver(Topic::Reminders, &unknown.scheduled()).await;
    let before = stack.outbox().await;
    stack.forget_outbox().await;

    let said = chat_api::reconcile(&stack.settings, &stack.role).await.expect("reconciled");
    assert_eq!((said.tasks, said.tombstones, said.settings), (3, 1, 2));
    let tasks = stack.published(Topic::TaskEvents).await;
    let find = |task: &Value| {
        let id = task["id"].as_str().expect("an id");
        let row = tasks.iter().find(|row| row.json["payload"]["task_id"] == id);
        row.expect("said again").clone()
    };
    for task in [&live, &done] {
        let row = find(task);
        assert_eq!(row.event.event_type(), EventType::TaskUpdated);
        assert_eq!(row.json["payload"]["changed_fields"], json!([]));
        assert_eq!(row.json["payload"]["version"], task["version"]);
        assert_eq!(row.json["payload"]["task"]["status"], task["status"]);
    }
    assert_eq!(find(&trashed).event.event_type(), EventType::TaskDeleted);
    assert_eq!(tasks.len(), 4);
    let settings = stack.published(Topic::UserEvents).await;
    let of_bob = settings.iter().find_map(|row| match &row.event.payload {
        Payload::NotificationSettingsUpdated(said) if said.user_id == bob.user_id => Some(said),
        _ => None,
    });
    assert_eq!(of_bob.expect("bob's").channels.len(), 1);
    let fresh = |row: &crate::stack::Row| {
        before.iter().all(|earlier| earlier.event.event_id != row.event.event_id)
    };
    assert!(stack.outbox().await.iter().all(fresh), "each is a new event");
    stack.stop().await;
}

#[tokio::test]
async fn reconciling_goes_through_more_than_one_batch() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    ada.make_task(json!({"title": "x"})).await;
    sqlx::query(
        "insert into task (task_id, user_id, title, priority, status, time_zone, reminders, tags,
             schedule_since, created_at, updated_at, version, refresh_minute, list_id)
         select gen_random_uuid(), user_id, title, priority, status, time_zone, reminders, tags,
             schedule_since, created_at, updated_at, version, refresh_minute, list_id
         from task, generate_series(1, 1199)",
    )
    .execute(&stack.admin)
    .await
    .expect("many tasks");
    stack.forget_outbox().await;
    let said = chat_api::reconcile(&stack.settings, &stack.role).await.expect("reconciled");
    assert_eq!(said.tasks, 1200);
    let distinct = stack
        .count("select count(distinct subject) from messaging.outbox where topic = 'task-events'")
        .await;
    assert_eq!(distinct, 1200);
    stack.stop().await;
}

#[tokio::test]
async fn the_daily_refresh_says_live_tasks_and_settings_once_a_day() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let live = ada.make_task(json!({"title": "live"})).await;
    let done = ada.make_task(json!({"title": "done"})).await;
    ada.post(&format!("{}/complete", path(&done)), json!({})).await;
    let trashed = ada.make_task(json!({"title": "trashed"})).await;
    ada.delete(&path(&trashed)).await;
    stack.forget_outbox().await;
    sqlx::query("update refresh_state set through = now() - interval '1 day'")
        .execute(&stack.admin)
        .await
        .expect("a day ago");
    for _ in 0..2 {
        chat_api::refresh(&stack.settings, &stack.role).await.expect("refreshed");
        let told = stack.published(Topic::TaskEvents).await;
        assert_eq!(told.len(), 1, "once, and only what lives");
        assert_eq!(told[0].json["payload"]["task_id"], live["id"]);
        assert_eq!(told[0].json["payload"]["version"], live["version"]);
        assert_eq!(stack.published(Topic::UserEvents).await.len(), 1);
    }
    assert_eq!(stack.count("select count(*) from feed").await, 5, "nothing new for a person");
    stack.stop().await;
}

#[tokio::test]
async fn each_task_has_a_minute_of_the_day_of_its_own() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for number in 0..20 {
        ada.make_task(json!({"title": number.to_string()})).await;
    }
    assert!(stack.count("select count(distinct refresh_minute) from task").await > 10);
    stack.forget_outbox().await;
    sqlx::query(
        "update refresh_state set through = date_trunc('minute', now()) - interval '1 hour'",
    )
    .execute(&stack.admin)
    .await
    .expect("an hour ago");
    let due = stack
        .count(
            "select count(*) from task where refresh_minute in (
                 select extract(hour from t) * 60 + extract(minute from t)
                 from generate_series(1, 60) back,
                     lateral (select now() at time zone 'utc' - make_interval(mins => back) as t) x)",
        )
        .await;
    chat_api::refresh(&stack.settings, &stack.role).await.expect("refreshed");
    assert_eq!(stack.published(Topic::TaskEvents).await.len() as i64, due);
    stack.stop().await;
}

#[tokio::test]
async fn the_refresh_waits_while_the_outbox_is_full() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    ada.make_task(json!({"title": "x"})).await;
    stack.forget_outbox().await;
    sqlx::query(
        "insert into messaging.outbox (event_id, topic, event_type, partition_key, producer,
             occurred_at, envelope, needs_receipt, held, urgent_at)
         select gen_random_uuid(), 'task-events', 'x', gen_random_uuid(), 'chat-api', now(), '{}',
             true, false, 'infinity' from generate_series(1, 10001)",
    )
    .execute(&stack.admin)
    .await
    .expect("many rows");
    sqlx::query("update refresh_state set through = now() - interval '1 day'")
        .execute(&stack.admin)
        .await
        .expect("a day ago");
    chat_api::refresh(&stack.settings, &stack.role).await.expect("refreshed");
    assert_eq!(stack.count("select count(*) from messaging.outbox").await, 10_001);
    stack.forget_outbox().await;
    chat_api::refresh(&stack.settings, &stack.role).await.expect("refreshed");
    assert_eq!(stack.published(Topic::TaskEvents).await.len(), 1, "it lost nothing by waiting");
    stack.stop().await;
}
