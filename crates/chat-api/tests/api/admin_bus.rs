//! What an administrator sees of the way out: what waits in the outbox, and what failed.

use events::{Event, ReceiptOutcome, Topic};
use serde_json::{Value, json};

use crate::{
    stack::{Person, Stack},
    worker,
};

const ADMIN: [&str; 2] = ["--admin-emails", "ada@example.test"];

fn items(listed: &Value) -> Vec<Value> {
    listed["items"].as_array().expect("items").clone()
}

fn column(listed: &Value, name: &str) -> Vec<Value> {
    items(listed).iter().map(|item| item[name].clone()).collect()
}

fn of_topic(listed: &Value, topic: &str) -> Value {
    let topics = listed["topics"].as_array().expect("topics");
    topics.iter().find(|of| of["topic"] == topic).cloned().unwrap_or_default()
}

/// All of a list, one by one.
async fn one_by_one(admin: &Person, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (vec![], String::new());
    loop {
        let page = admin.get(&format!("{path}?limit=1{cursor}")).await.body;
        all.extend(items(&page));
        assert!(all.len() < 100, "each comes once");
        let Some(next) = page["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn what_is_for_administrators_is_refused_to_others() {
    let stack = Stack::start_with(&ADMIN).await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let program = ada.with_token(json!({"name": "x", "scopes": ["read", "account"]})).await;
    for path in ["/admin/outbox", "/admin/delivery-failures"] {
        bob.get(path).await.assert_problem(403, "admins_only");
        program.get(path).await.assert_problem(403, "insufficient_scope");
        ada.get(&format!("{path}?limit=0")).await.assert_refuses("limit");
        ada.get(&format!("{path}?cursor=x")).await.assert_refuses("cursor");
    }
    ada.get("/admin/outbox?state=lost").await.assert_refuses("state");
    stack.stop().await;
}

#[tokio::test]
async fn the_outbox_shows_what_the_bus_has_not_taken_the_oldest_first() {
    let stack = Stack::start_with(&ADMIN).await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "a secret wish"})).await;
    let told = stack.outbox().await;
    stack
        .run(
            "update messaging.outbox set attempts = 3, last_error = 'no such topic'
             where topic = 'user-events'",
        )
        .await;
    let listed = &ada.get("/admin/outbox").await.body;
    let ids: Vec<Value> = told.iter().map(|row| json!(row.event.event_id)).collect();
    assert_eq!(column(listed, "event_id"), ids);
    let topics: Vec<Value> = told.iter().map(|row| json!(row.topic)).collect();
    assert_eq!(column(listed, "topic"), topics);
    assert!(column(listed, "state").iter().all(|state| state == "unpublished"));
    assert_eq!(items(listed).last().expect("a row")["key"], task["id"]);
    let refused: Vec<Value> =
        items(listed).into_iter().filter(|item| item["problem"] == "no such topic").collect();
    assert_eq!(refused.len(), 1);
    assert_eq!((&refused[0]["topic"], &refused[0]["attempts"]), (&json!("user-events"), &json!(3)));
    let events = of_topic(listed, "task-events");
    assert_eq!((&events["unpublished"], &events["unreceipted"]), (&json!(1), &json!(0)));
    assert_eq!(events["oldest_unpublished_at"], task["created_at"]);
    assert_eq!(listed["last_receipt_at"], Value::Null);
    assert!(!listed.to_string().contains("a secret wish"), "what it says is not shown");
    assert_eq!(one_by_one(&ada, "/admin/outbox").await, items(listed));
    stack.stop().await;
}

#[tokio::test]
async fn the_outbox_shows_what_was_published_until_its_receipt_has_come() {
    let stack = Stack::start_with(&ADMIN).await;
    let ada = stack.register("ada").await;
    ada.make_task(json!({"title": "x"})).await;
    ada.make_task(json!({"title": "y"})).await;
    stack
        .run(
            "update messaging.outbox set published_at = '2026-11-24T08:00:00Z'::timestamptz
                 + make_interval(secs => seq), resend_at = messaging.clock(), resends = 2,
                 overdue = event_type = 'task-created' and version = (
                     select min(version) from messaging.outbox where event_type = 'task-created')
             where topic = 'task-events'",
        )
        .await;
    let listed = ada.get("/admin/outbox").await.body;
    let events = of_topic(&listed, "task-events");
    assert_eq!((&events["unpublished"], &events["unreceipted"]), (&json!(0), &json!(2)));
    let published = ada.get("/admin/outbox?state=unreceipted").await.body;
    assert_eq!(column(&published, "topic"), ["task-events", "task-events"]);
    assert_eq!(column(&published, "state"), ["unreceipted", "unreceipted"]);
    assert_eq!(column(&published, "resends"), [2, 2]);
    let times = column(&published, "published_at");
    assert_eq!(events["oldest_unreceipted_at"], times[0]);
    let waiting = ada.get("/admin/outbox?state=unpublished").await.body;
    assert!(column(&waiting, "topic").iter().all(|topic| topic != "task-events"));
    assert_eq!(items(&waiting).len() + 2, items(&listed).len());

    let rows = stack.published(Topic::TaskEvents).await;
    let receipts = worker::receipts(&rows[..1], &ReceiptOutcome::Applied);
    stack.replica.deliver(Topic::Receipts, &receipts).await;
    let listed = ada.get("/admin/outbox").await.body;
    assert_eq!(of_topic(&listed, "task-events")["unreceipted"], 1);
    assert!(listed["last_receipt_at"].is_string());
    stack.stop().await;
}

/// Tells chat-api that a notification failed, so many minutes after another.
async fn fail(stack: &Stack, mut failed: Event, minutes: i64) -> Event {
    failed.timestamp += chrono::TimeDelta::minutes(minutes);
    assert_eq!(stack.replica.deliver(Topic::Notifications, &failed).await, "SUCCESS");
    failed
}

#[tokio::test]
async fn notifications_that_failed_are_listed_with_whose_they_are_the_newest_first() {
    let stack = Stack::start_with(&ADMIN).await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let task = bob.make_task(json!({"title": "x"})).await;
    let task_id = task["id"].as_str().expect("an id").parse().ok();
    let of_task = || worker::event(worker::failed(bob.user_id, task_id));
    let first = fail(&stack, of_task(), 0).await;
    let second = fail(&stack, of_task(), 5).await;
    let test = fail(&stack, worker::event(worker::failed(ada.user_id, None)), 0).await;
    let mut delivered = worker::failed(bob.user_id, task_id);
    delivered.outcome = events::DeliveryOutcome::Delivered;
    fail(&stack, worker::event(delivered), 9).await;

    let listed = ada.get("/admin/delivery-failures").await.body;
    // A test of a channel counts from when it became known here.
    let order = [&test, &second, &first].map(|event| json!(event.event_id));
    assert_eq!(column(&listed, "event_id"), order);
    assert_eq!(
        column(&listed, "email"),
        [&ada.email, &bob.email, &bob.email].map(|email| json!(email))
    );
    assert_eq!(column(&listed, "task_id"), [Value::Null, task["id"].clone(), task["id"].clone()]);
    assert_eq!(column(&listed, "at")[1..], ["2026-11-24T17:05:00Z", "2026-11-24T17:00:00Z"]);
    let last = items(&listed).pop().expect("one");
    assert_eq!(last["user_id"], json!(bob.user_id));
    assert_eq!((&last["channel"], &last["attempts"]), (&json!("webhook"), &json!(8)));
    assert_eq!(last["error"], "the webhook answered 500");
    assert_eq!(one_by_one(&ada, "/admin/delivery-failures").await, items(&listed));
    stack.stop().await;
}

/// The questions are asked of everybody's rows, so they must not go through all of them.
#[tokio::test]
async fn failures_are_found_by_indexes_of_their_own() {
    let stack = Stack::start().await;
    let plan = |table: &'static str, at: &'static str, details: &'static str, and: &'static str| {
        format!(
            "explain select event_id from {table} where event_type = 'notification-delivered'
             and {details} ->> 'outcome' = 'failed' {and} order by {at} desc, event_id desc limit 51"
        )
    };
    for (sql, index) in [
        (plan("timeline", "at", "details", ""), "timeline_failed_delivery"),
        (
            plan("feed", "created_at", "payload", "and payload ->> 'task_id' is null"),
            "feed_failed_test",
        ),
    ] {
        // As the role of the service, to whom row-level security applies.
        let mut tx = stack.role.begin().await.expect("a transaction");
        for set in ["set local app.system = 'on'", "set local enable_seqscan = off"] {
            sqlx::query(set).execute(&mut *tx).await.expect("set");
        }
        let plan: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *tx).await.expect("a plan");
        let plan = plan.join("\n");
        assert!(plan.contains(index) && !plan.contains("Sort"), "{plan}");
    }
    stack.stop().await;
}
