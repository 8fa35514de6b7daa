use std::process::Output;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, TimeDelta, Utc};
use events::{CorrelationId, DeadLetterId, Event, EventType, ReceiptOutcome, Service, Topic};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testing::eventually;
use tokio::process::Command;

use crate::{
    stack::{Answer, Person, Replica, Row, Stack},
    worker::{self, Reminding},
};

/// As many bytes of a record are shown.
const HEAD_BYTES: usize = 256 * 1024;

async fn start() -> (Stack, Person) {
    let stack = Stack::start_with(&["--first-account-is-admin", "true"]).await;
    let ada = stack.register("ada").await;
    (stack, ada)
}

/// Lets the worker announce a letter.
async fn announce(stack: &Stack, at: DateTime<Utc>) -> String {
    let letter = worker::dead_letter();
    let id = letter.id.to_string();
    let event = Event::new(Service::ReminderWorker, CorrelationId::random(), at, letter);
    assert_eq!(stack.replica.deliver(Topic::DeadLetter, &event).await, "SUCCESS");
    id
}

async fn listed(ada: &Person, query: &str) -> Vec<Value> {
    let list = ada.get(&format!("/dead-letters{query}")).await.body;
    list["items"].as_array().expect("items").clone()
}

async fn redrive(ada: &Person, id: &str) -> Answer {
    ada.post(&format!("/dead-letters/{id}/redrive"), json!({})).await
}

async fn discard(ada: &Person, id: &str) -> Answer {
    ada.delete(&format!("/dead-letters/{id}")).await
}

/// Lets the worker answer to what it was asked for.
async fn answer(stack: &Stack, requests: &[Row], outcome: ReceiptOutcome) {
    let receipts = worker::receipts(requests, &outcome);
    assert_eq!(stack.replica.deliver(Topic::Receipts, &receipts).await, "SUCCESS");
}

fn refusal() -> ReceiptOutcome {
    ReceiptOutcome::Rejected { reason: "still not".to_owned() }
}

fn text<'a>(letter: &'a Value, field: &str) -> &'a str {
    letter[field].as_str().expect("a text")
}

/// A reminder that chat-api's database refuses for now; its letter's id.
async fn refused_reminder(stack: &Stack, ada: &Person) -> (Value, String) {
    let task = ada.make_task(json!({"title": "x"})).await;
    stack.forget_outbox().await;
    stack.run("alter table reminder add constraint mistake check (false) not valid").await;
    let scheduled = Reminding::of(&task, ada.user_id).scheduled();
    assert_eq!(stack.replica.deliver(Topic::Reminders, &scheduled).await, "SUCCESS");
    let letters = listed(ada, "?state=kept").await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    (task, text(&letters[0], "id").to_owned())
}

async fn mend(stack: &Stack) {
    stack.run("alter table reminder drop constraint mistake").await;
}

#[tokio::test]
async fn both_services_letters_are_listed_the_newest_first_page_by_page() {
    let (stack, ada) = start().await;
    stack.replica.deliver_bytes(Topic::Reminders, b"garbage".to_vec()).await;
    let own = listed(&ada, "").await.remove(0);
    let at: DateTime<Utc> = text(&own, "kept_at").parse().expect("an instant");
    let older = announce(&stack, at - TimeDelta::seconds(1)).await;
    let newer = announce(&stack, at + TimeDelta::seconds(1)).await;
    let all = listed(&ada, "").await;
    let column = |name: &str| all.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("id"), [newer.as_str(), text(&own, "id"), older.as_str()]);
    assert_eq!(column("consumer"), ["reminder-worker", "chat-api", "reminder-worker"]);
    assert_eq!(column("state"), ["kept"; 3]);
    assert!(all.iter().all(|letter| letter.get("head_base64").is_none()), "a list is short");
    let (mut pages, mut cursor) = (vec![], String::new());
    loop {
        let page = ada.get(&format!("/dead-letters?limit=1{cursor}")).await.body;
        pages.extend(page["items"].as_array().expect("items").clone());
        assert!(pages.len() <= 3, "each comes once");
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(pages, all);
    assert_eq!(discard(&ada, text(&own, "id")).await.status, StatusCode::OK);
    assert_eq!(listed(&ada, "?state=kept").await.len(), 2);
    assert_eq!(listed(&ada, "?state=discarded").await[0]["id"], own["id"]);
    ada.get("/dead-letters?state=lost").await.assert_refuses("state");
    ada.get("/dead-letters?cursor=x").await.assert_refuses("cursor");
    stack.stop().await;
}

#[tokio::test]
async fn a_letter_shows_where_it_came_from_why_it_was_refused_and_how_it_begins() {
    let (stack, ada) = start().await;
    let record: Vec<u8> = (0..=u8::MAX).cycle().take(HEAD_BYTES + 1).collect();
    stack.replica.deliver_bytes(Topic::Reminders, record.clone()).await;
    let own = listed(&ada, "").await.remove(0);
    let mut shown = ada.get(&format!("/dead-letters/{}", text(&own, "id"))).await.body;
    let head = shown.as_object_mut().expect("a letter").remove("head_base64").expect("a head");
    assert_eq!(shown, own);
    let head = BASE64.decode(head.as_str().expect("a text")).expect("base64");
    assert!(head == record[..HEAD_BYTES], "{} bytes", head.len());
    assert_eq!((&own["size"], &own["topic"]), (&json!(HEAD_BYTES + 1), &json!("reminders")));
    assert_eq!(own["reason"], "the record is not JSON");

    let id = announce(&stack, worker::time()).await;
    let shown = ada.get(&format!("/dead-letters/{id}")).await.body;
    let expected = json!({
        "id": id, "topic": "task-events", "partition": 1, "offset": 7,
        "consumer": "reminder-worker", "reason": "the record is not JSON",
        "sha256": "00".repeat(32), "size": 3, "state": "kept", "problem": null,
        "kept_at": "2026-11-24T17:00:00Z", "head_base64": "YWJj",
    });
    assert_eq!(shown, expected);
    stack.stop().await;
}

#[tokio::test]
async fn letters_are_for_administrators_and_what_is_not_there_is_not_found() {
    let (stack, ada) = start().await;
    let bob = stack.register("bob").await;
    let id = announce(&stack, worker::time()).await;
    let path = format!("/dead-letters/{id}");
    for answer in [bob.get("/dead-letters").await, bob.get(&path).await, discard(&bob, &id).await] {
        answer.assert_problem(403, "admins_only");
    }
    redrive(&bob, &id).await.assert_problem(403, "admins_only");
    for id in [DeadLetterId::random().to_string(), "x".to_owned()] {
        ada.get(&format!("/dead-letters/{id}")).await.assert_problem(404, "not_found");
        redrive(&ada, &id).await.assert_problem(404, "not_found");
        discard(&ada, &id).await.assert_problem(404, "not_found");
    }
    assert_eq!(listed(&ada, "").await[0]["state"], "kept");
    stack.stop().await;
}

#[tokio::test]
async fn a_letter_of_its_own_that_can_be_taken_now_is_redriven_at_once_and_shows_once() {
    let (stack, ada) = start().await;
    let (task, id) = refused_reminder(&stack, &ada).await;
    let again = redrive(&ada, &id).await;
    assert_eq!((again.status, &again.body["state"]), (StatusCode::OK, &json!("kept")));
    assert!(text(&again.body, "problem").contains("mistake"), "{again:?}");
    assert_eq!(stack.count("select count(*) from reminder").await, 0);
    mend(&stack).await;
    for _ in 0..2 {
        let done = redrive(&ada, &id).await;
        assert_eq!((done.status, &done.body["state"]), (StatusCode::OK, &json!("redriven")));
        assert_eq!(done.body["problem"], Value::Null);
    }
    let reminders = ada.get("/reminders").await.body;
    assert_eq!(reminders["items"].as_array().map(Vec::len), Some(1), "{reminders}");
    let timeline = ada.get(&format!("/tasks/{}/timeline", text(&task, "id"))).await.body;
    let told = timeline["items"].as_array().expect("items").iter();
    assert_eq!(told.filter(|entry| entry["event_type"] == "reminder-scheduled").count(), 1);
    let rejected = stack.count(
        "select count(*) from messaging.receipt_owed where outcome->>'outcome' = 'rejected'",
    );
    let applied = stack
        .count("select count(*) from messaging.receipt_owed where outcome->>'outcome' = 'applied'");
    assert_eq!((rejected.await, applied.await), (1, 1), "its producer hears both");
    stack.stop().await;
}

#[tokio::test]
async fn a_letter_of_the_workers_is_requested_until_the_worker_has_answered() {
    let (stack, ada) = start().await;
    let id = announce(&stack, worker::time()).await;
    stack.forget_outbox().await;
    let asked = redrive(&ada, &id).await;
    assert_eq!((asked.status, &asked.body["state"]), (StatusCode::ACCEPTED, &json!("requested")));
    let requests = stack.published(Topic::DeadLetter).await;
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].event.event_type(), EventType::DeadLetterRedriveRequested);
    assert_eq!(requests[0].json["payload"]["id"], json!(id));
    assert_eq!(requests[0].json["correlation_id"], asked.header("x-correlation-id"));
    assert!(requests[0].needs_receipt);

    answer(&stack, &requests, refusal()).await;
    let letter = listed(&ada, "").await.remove(0);
    assert_eq!((&letter["state"], &letter["problem"]), (&json!("kept"), &json!("still not")));
    assert_eq!(stack.count("select count(*) from messaging.rejected").await, 0);

    // Asked twice, the answer to the first says nothing of the second.
    for _ in 0..2 {
        let asked = redrive(&ada, &id).await.body;
        assert_eq!((&asked["state"], &asked["problem"]), (&json!("requested"), &Value::Null));
    }
    let requests = stack.published(Topic::DeadLetter).await;
    answer(&stack, &requests[..1], refusal()).await;
    assert_eq!(listed(&ada, "").await[0]["state"], "requested");
    answer(&stack, &requests[1..], ReceiptOutcome::Applied).await;
    assert_eq!(listed(&ada, "").await[0]["state"], "redriven");

    for answer in [redrive(&ada, &id).await, discard(&ada, &id).await] {
        assert_eq!((answer.status, &answer.body["state"]), (StatusCode::OK, &json!("redriven")));
    }
    assert!(stack.published(Topic::DeadLetter).await.is_empty(), "nothing is left to ask for");
    stack.stop().await;
}

#[tokio::test]
async fn what_was_discarded_is_not_redriven_any_more() {
    let (stack, ada) = start().await;
    let id = announce(&stack, worker::time()).await;
    stack.forget_outbox().await;
    assert_eq!(discard(&ada, &id).await.status, StatusCode::ACCEPTED);
    let requests = stack.published(Topic::DeadLetter).await;
    assert_eq!(requests[0].event.event_type(), EventType::DeadLetterDiscardRequested);
    // It has none: its database may have gone back.
    answer(&stack, &requests, ReceiptOutcome::Stale { version: 0 }).await;
    assert_eq!(listed(&ada, "").await[0]["state"], "discarded");
    stack.replica.deliver_bytes(Topic::Reminders, b"garbage".to_vec()).await;
    let own = text(&listed(&ada, "?state=kept").await[0], "id").to_owned();
    assert_eq!(discard(&ada, &own).await.body["state"], "discarded");
    for id in [&id, &own] {
        redrive(&ada, id).await.assert_problem(409, "dead_letter_discarded");
        let again = discard(&ada, id).await;
        assert_eq!((again.status, &again.body["state"]), (StatusCode::OK, &json!("discarded")));
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_task_that_was_refused_and_is_taken_after_all_has_no_problem_left() {
    let (stack, ada) = start().await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let path = format!("/tasks/{}", text(&task, "id"));
    let told = stack.published(Topic::TaskEvents).await;
    answer(&stack, &told, refusal()).await;
    assert_eq!(ada.get(&path).await.body["delivery_problem"], "still not");
    answer(&stack, &told, ReceiptOutcome::Applied).await;
    assert_eq!(ada.get(&path).await.body["delivery_problem"], Value::Null);
    stack.stop().await;
}

#[tokio::test]
async fn the_workers_letters_are_forgotten_30_days_after_they_were_decided_on() {
    let (stack, ada) = start().await;
    let kept = announce(&stack, worker::time() - TimeDelta::days(3650)).await;
    for days in ["29 days", "31 days"] {
        let id = announce(&stack, worker::time()).await;
        let decided = "update dead_letter_view set state = 'discarded',
             settled_at = messaging.clock() - $2::text::interval where id = $1::text::uuid";
        let done = sqlx::query(decided).bind(id).bind(days).execute(&stack.admin).await;
        assert_eq!(done.expect("an update").rows_affected(), 1);
    }
    // A process tidies when it starts.
    let second = Replica::start(&stack.settings);
    let left = eventually("one to be forgotten", || async {
        let left = listed(&ada, "").await;
        (left.len() < 3).then_some(left)
    })
    .await;
    assert_eq!(left.len(), 2);
    assert_eq!(left[1]["id"], json!(kept));
    second.stop().await;
    stack.stop().await;
}

/// Runs the subcommand as an operator does.
async fn operate(stack: &Stack, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chat-api"))
        .arg("dead-letters")
        .args(args)
        .env("DATABASE_URL", stack.database.owner_url())
        .env("SEALING_KEYS", "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .output()
        .await
        .expect("chat-api")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[tokio::test]
async fn an_operator_lists_reads_redrives_and_discards_without_the_api() {
    let (stack, ada) = start().await;
    let (_, id) = refused_reminder(&stack, &ada).await;
    let garbage = b"garbage \xff\x1b[2J".to_vec();
    stack.replica.deliver_bytes(Topic::Reminders, garbage.clone()).await;
    let other = text(&listed(&ada, "").await[0], "id").to_owned();
    let list = said(&operate(&stack, &["list"]).await);
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 2, "{list}");
    assert!(lines[0].starts_with(&other) && lines[1].starts_with(&id), "{list}");
    assert!(lines[0].contains("kept") && lines[0].contains("the record is not JSON"), "{list}");
    assert_eq!(said(&operate(&stack, &["list", "--limit", "1"]).await).lines().count(), 1);

    let shown = said(&operate(&stack, &["show", &other]).await);
    assert!(shown.contains("the record is not JSON") && !shown.contains('\x1b'), "{shown}");
    assert_eq!(operate(&stack, &["show", &other, "--record"]).await.stdout, garbage);

    let refused = operate(&stack, &["redrive", &id]).await;
    let reason = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(reason.contains("refused again, and kept") && reason.contains("mistake"), "{reason}");
    mend(&stack).await;
    assert_eq!(said(&operate(&stack, &["redrive", &id]).await), format!("redriven: {id}\n"));
    assert_eq!(stack.count("select count(*) from reminder").await, 1);
    assert_eq!(said(&operate(&stack, &["discard", &other]).await), format!("discarded: {other}\n"));
    assert_eq!(said(&operate(&stack, &["list"]).await), "");
    assert_eq!(said(&operate(&stack, &["list", "--all"]).await).lines().count(), 2);
    for command in ["show", "redrive", "discard"] {
        let id = DeadLetterId::random().to_string();
        assert_eq!(operate(&stack, &[command, &id]).await.status.code(), Some(1));
    }
    stack.stop().await;
}
