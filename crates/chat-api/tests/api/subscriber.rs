use events::{
    CancelReason, ChannelKind, DeliveryId, DeliveryOutcome, Event, EventType,
    NotificationDelivered, Service, TaskId, Topic, UserId,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    stack::{Person, Stack},
    worker::{self, Reminding},
};

async fn reminders(person: &Person, query: &str) -> Vec<Value> {
    let list = person.get(&format!("/reminders{query}")).await.body;
    list["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn reminders_are_what_the_worker_says_last() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "water the plants"})).await;
    let said = Reminding::of(&task, ada.user_id);
    let replica = &stack.replica;
    assert_eq!(replica.deliver(Topic::Reminders, &said.scheduled()).await, "SUCCESS");
    let scheduled = reminders(&ada, "?status=scheduled").await;
    assert_eq!(scheduled[0]["id"], said.reminder_id.to_string());
    assert_eq!(scheduled[0]["task_id"], task["id"]);
    assert_eq!(scheduled[0]["title"], "water the plants");
    assert_eq!(scheduled[0]["reminder_time"], "2026-11-24T17:00:00Z");
    replica.deliver(Topic::Reminders, &said.at_revision(2).triggered()).await;
    assert!(reminders(&ada, "?status=scheduled").await.is_empty());
    assert_eq!(
        reminders(&ada, "?status=triggered").await[0]["triggered_at"],
        "2026-11-24T17:00:00Z"
    );
    let cancelled = said.at_revision(3).cancelled(CancelReason::Completed);
    replica.deliver(Topic::Reminders, &cancelled).await;
    let all = reminders(&ada, "").await;
    assert_eq!(all.len(), 1);
    assert_eq!((&all[0]["status"], &all[0]["reason"]), (&json!("cancelled"), &json!("completed")));
    assert_eq!(all[0]["reminder_time"], "2026-11-24T17:00:00Z", "it stays known");
    stack.stop().await;
}

#[tokio::test]
async fn what_comes_late_changes_no_reminder_but_is_told_all_the_same() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let said = Reminding::of(&task, ada.user_id).at_revision(5);
    let replica = &stack.replica;
    replica.deliver(Topic::Reminders, &said.triggered()).await;
    let older_version = said.at_version(said.task_version - 1).at_revision(9);
    for late in [said.scheduled(), said.at_revision(4).scheduled(), older_version.scheduled()] {
        assert_eq!(replica.deliver(Topic::Reminders, &late).await, "SUCCESS");
    }
    assert_eq!(reminders(&ada, "").await[0]["status"], "triggered");
    assert_eq!(stack.count("select count(*) from feed").await, 5);
    assert_eq!(stack.count("select count(*) from timeline").await, 5);
    let stale = stack
        .count("select count(*) from messaging.receipt_owed where outcome->>'outcome' = 'stale'")
        .await;
    assert_eq!(stale, 3);
    stack.stop().await;
}

#[tokio::test]
async fn an_event_that_comes_again_has_one_effect_and_a_receipt_each_time() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let triggered = Reminding::of(&task, ada.user_id).triggered();
    for _ in 0..3 {
        assert_eq!(stack.replica.deliver(Topic::Reminders, &triggered).await, "SUCCESS");
    }
    assert_eq!(stack.count("select count(*) from feed").await, 2);
    assert_eq!(stack.count("select count(*) from timeline").await, 2);
    assert_eq!(stack.count("select count(*) from messaging.receipt_owed").await, 3);
    stack.stop().await;
}

#[tokio::test]
async fn a_reminder_appears_in_the_timeline_with_the_correlation_id_that_it_came_with() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let triggered = Reminding::of(&task, ada.user_id).triggered();
    stack.replica.deliver(Topic::Reminders, &triggered).await;
    let delivered =
        worker::event(delivered(Some(triggered.payload.task_id().expect("a task")), ada.user_id));
    stack.replica.deliver(Topic::Notifications, &delivered).await;
    let path = format!("/tasks/{}/timeline", task["id"].as_str().expect("an id"));
    let items = ada.get(&path).await.body["items"].clone();
    assert_eq!(items[1]["event_type"], "reminder-triggered");
    assert_eq!(items[1]["correlation_id"], json!(triggered.correlation_id));
    assert_eq!(items[2]["event_type"], "notification-delivered");
    assert_eq!(items[2]["details"]["outcome"], "delivered");
    stack.stop().await;
}

fn delivered(task_id: Option<TaskId>, user_id: UserId) -> NotificationDelivered {
    NotificationDelivered {
        delivery_id: DeliveryId::random(),
        reminder_id: None,
        task_id,
        user_id,
        channel: ChannelKind::Webhook,
        channel_id: None,
        outcome: DeliveryOutcome::Delivered,
        attempts: 1,
        error: None,
        held_until: None,
        digest_day: None,
        at: worker::time(),
    }
}

#[tokio::test]
async fn what_becomes_of_a_channels_test_shows_in_the_feed() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let tested = worker::event(delivered(None, ada.user_id));
    assert_eq!(stack.replica.deliver(Topic::Notifications, &tested).await, "SUCCESS");
    let strangers = worker::event(delivered(None, UserId::random()));
    assert_eq!(stack.replica.deliver(Topic::Notifications, &strangers).await, "SUCCESS");
    assert_eq!(stack.count("select count(*) from feed").await, 1);
    stack.stop().await;
}

#[tokio::test]
async fn garbage_becomes_a_dead_letter_that_is_announced_and_acknowledged() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    stack.forget_outbox().await;
    let numeric_trace = json!({"specversion": "1.0", "id": "x", "source": "x", "type": "x",
        "traceid": 5, "data": {"event_type": "reminder-triggered", "event_version": "v1"}});
    let mut wrong =
        serde_json::to_value(Reminding::of(&task, ada.user_id).triggered()).expect("JSON");
    wrong["payload"]["reminder_time"] = json!("soon");
    let of_another = Reminding { user_id: UserId::random(), ..Reminding::of(&task, ada.user_id) };
    let mut nul = Reminding::of(&task, ada.user_id).triggered();
    if let events::Payload::ReminderTriggered(triggered) = &mut nul.payload {
        triggered.title = "a\0b".to_owned();
    }
    let oversized = vec![b'x'; 9 * 1024 * 1024];
    let records = [
        b"garbage \xff".to_vec(),
        numeric_trace.to_string().into_bytes(),
        wrong.to_string().into_bytes(),
        serde_json::to_vec(&of_another.scheduled()).expect("JSON"),
        serde_json::to_vec(&nul).expect("JSON"),
        oversized,
    ];
    let expected = i64::try_from(records.len()).expect("a few");
    for record in records.into_iter().chain([b"garbage \xff".to_vec()]) {
        assert_eq!(stack.replica.deliver_bytes(Topic::Reminders, record).await, "SUCCESS");
    }
    assert_eq!(stack.count("select count(*) from messaging.dead_letter").await, expected);
    let announced = stack.published(Topic::DeadLetter).await;
    assert_eq!(announced.len() as i64, expected);
    assert!(announced.iter().all(|row| row.event.event_type() == EventType::EventDeadLettered));
    assert_eq!(stack.count("select count(*) from reminder").await, 0);
    assert_eq!(stack.count("select count(*) from feed").await, 1, "only the task's own");
    stack.stop().await;
}

#[tokio::test]
async fn unknown_types_and_our_own_words_are_passed_over() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let mut unknown =
        serde_json::to_value(Reminding::of(&task, ada.user_id).triggered()).expect("JSON");
    unknown["event_type"] = json!("reminder-hummed");
    let own = Event { producer: Service::ChatApi, ..Reminding::of(&task, ada.user_id).triggered() };
    for record in [unknown.to_string().into_bytes(), serde_json::to_vec(&own).expect("JSON")] {
        assert_eq!(stack.replica.deliver_bytes(Topic::Reminders, record).await, "SUCCESS");
    }
    assert_eq!(stack.count("select count(*) from messaging.dead_letter").await, 0);
    assert_eq!(stack.count("select count(*) from reminder").await, 0);
    stack.stop().await;
}

#[tokio::test]
async fn the_workers_dead_letters_are_kept_for_an_administrator() {
    let stack = Stack::start().await;
    let letter = worker::event(worker::dead_letter());
    assert_eq!(stack.replica.deliver(Topic::DeadLetter, &letter).await, "SUCCESS");
    assert_eq!(
        stack.count("select count(*) from dead_letter_view where record_offset = 7").await,
        1
    );
    let unseen: i64 = sqlx::query_scalar("select count(*) from dead_letter_view")
        .fetch_one(&stack.role)
        .await
        .expect("a count");
    assert_eq!(unseen, 0, "nobody but the system sees it");
    stack.stop().await;
}

#[tokio::test]
async fn the_sidecars_route_wants_the_token_and_the_public_one_has_no_such_route() {
    let stack = Stack::start().await;
    let status = stack.replica.deliver_without_token(Topic::Reminders).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    stack.replica.post("/events/reminders", &json!({})).await.assert_problem(404, "not_found");
    stack.stop().await;
}
