//! What the sidecar may bring to the worker's own route and no worker can take: it is kept,
//! announced and acknowledged, blocks nothing and changes nothing else. A person reads it, and decides.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use e2e::{APP_TOKEN, BusRecord, Options, Person, Stack, in_seconds, records};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testing::eventually;
use uuid::Uuid;

use crate::story::all_settled;

const TOPIC: &str = "task-events";
/// An event that is valid.
const GOLDEN: &str = include_str!("../../../events/goldens/v1/task-created.json");
const MIB: usize = 1024 * 1024;
/// What the route takes of a body.
const MAX_DELIVERY_BYTES: usize = 8 * MIB;
/// What the announcement shows of a record.
const HEAD_BYTES: usize = MIB / 4;
/// Where no real record of the test lies.
const FIRST_OFFSET: usize = 1_000_000;

/// A body that is delivered, and what must be kept of it.
struct Poison {
    body: Vec<u8>,
    record: Vec<u8>,
    reason: &'static str,
}

impl Poison {
    /// How many bytes there were, also of one that was read in part.
    fn size(&self) -> usize {
        if self.body.len() > MAX_DELIVERY_BYTES { self.body.len() } else { self.record.len() }
    }

    fn bare(body: impl Into<Vec<u8>>, reason: &'static str) -> Self {
        let body = body.into();
        Self { record: body.clone(), body, reason }
    }
}

fn poison() -> Vec<Poison> {
    let numeric_trace = json!({
        "specversion": "1.0", "id": "x", "source": "x", "type": "x", "traceid": 5,
        "data": { "event_type": "task-created", "event_version": "v1" },
    });
    // As daprd wraps a raw record: three quarters of the body.
    let large = format!("\"{}\"", "x".repeat(7 * MIB * 3 / 4)).into_bytes();
    let wrapped = json!({
        "specversion": "1.0", "id": "x", "source": "x", "type": "com.dapr.event.sent",
        "data_base64": BASE64.encode(&large),
    });
    let mut invalid: Value = serde_json::from_str(GOLDEN).unwrap();
    invalid["payload"]["due_date"] = json!("soon");
    let oversized = format!("\"{}\"", "x".repeat(MAX_DELIVERY_BYTES + MIB)).into_bytes();
    vec![
        Poison::bare(*b"garbage \xff\x00", "not JSON"),
        Poison::bare(numeric_trace.to_string(), "no envelope"),
        Poison::bare(invalid.to_string(), "the payload is no task-created"),
        Poison { body: wrapped.to_string().into_bytes(), record: large, reason: "no envelope" },
        Poison {
            record: oversized[..MAX_DELIVERY_BYTES].to_vec(),
            body: oversized,
            reason: "8388608 are read and kept",
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_worker_can_never_take_is_kept_announced_and_acknowledged() {
    let stack = Stack::start(Options::default()).await;
    let person = Person::register(stack.base()).await;
    person.create_task("Stands", &in_seconds(3600)).await;
    eventually("the reminder to be scheduled", || async {
        (person.reminders("scheduled").await.len() == 1).then_some(())
    })
    .await;
    all_settled(&stack).await;
    let before = snapshot(&stack).await;

    let poison = poison();
    for (number, poison) in poison.iter().enumerate() {
        let position = position(FIRST_OFFSET + number);
        // It comes again where the answer was lost, and is kept once.
        for _ in 0..2 {
            let body = poison.body.clone();
            let answer = stack.workers[0].deliver(TOPIC, Some(APP_TOKEN), &position, body).await;
            assert_eq!(answer.status(), StatusCode::OK, "{number}");
            assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "status": "SUCCESS" }));
        }
    }
    let kept = dead_letters(&stack).await;
    assert_eq!(kept.len(), poison.len());
    for (number, (letter, poison)) in kept.iter().zip(&poison).enumerate() {
        assert_eq!(letter.record_offset, i64::try_from(FIRST_OFFSET + number).unwrap());
        assert_eq!(letter.topic, TOPIC);
        assert!(letter.record == poison.record, "{number}: {} bytes", letter.record.len());
        assert!(letter.reason.contains(poison.reason), "{number}: {}", letter.reason);
    }
    let announced = eventually("all to be announced", || async {
        let announced = announced(&stack).await;
        (announced.len() >= kept.len()).then_some(announced)
    })
    .await;
    all_settled(&stack).await;
    assert_eq!(announced.len(), kept.len());
    for (letter, poison) in kept.iter().zip(&poison) {
        let id = letter.id.to_string();
        let said = announced.iter().find(|payload| payload["id"] == id.as_str()).unwrap();
        assert_eq!(said["topic"], TOPIC);
        assert_eq!(said["offset"], letter.record_offset);
        assert_eq!(said["consumer"], "reminder-worker");
        assert_eq!(said["reason"], letter.reason.as_str());
        assert_eq!(said["size"], poison.size());
        let head = BASE64.decode(said["head_base64"].as_str().unwrap()).unwrap();
        assert!(head == letter.record[..letter.record.len().min(HEAD_BYTES)]);
    }
    assert_eq!(snapshot(&stack).await, before, "nothing else changed");

    // The partition goes on.
    person.create_task("Behind it", &in_seconds(3600)).await;
    eventually("the next task's reminder", || async {
        (person.reminders("scheduled").await.len() == 2).then_some(())
    })
    .await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_reads_what_the_worker_could_not_take_and_discards_it() {
    let (stack, admin) = start_administered().await;
    let poison = poison();
    for (number, poison) in poison.iter().enumerate() {
        let (position, body) = (position(FIRST_OFFSET + number), poison.body.clone());
        let answer = stack.workers[0].deliver(TOPIC, Some(APP_TOKEN), &position, body).await;
        assert_eq!(answer.status(), StatusCode::OK, "{number}");
    }
    let listed = eventually("all to be listed", || async {
        let listed = letters(&admin, "?state=kept").await;
        (listed.len() == poison.len()).then_some(listed)
    })
    .await;
    for (number, poison) in poison.iter().enumerate() {
        let is_of = |one: &&Value| one["offset"] == FIRST_OFFSET + number;
        let listed = listed.iter().find(is_of).unwrap();
        let path = format!("/dead-letters/{}", listed["id"].as_str().unwrap());
        let shown = admin.must(Method::GET, &path, None).await.body;
        assert_eq!((&shown["topic"], &shown["partition"]), (&json!(TOPIC), &json!(0)));
        assert_eq!(shown["consumer"], "reminder-worker");
        assert_eq!(shown["size"], poison.size());
        assert!(shown["reason"].as_str().unwrap().contains(poison.reason), "{number}");
        let head = BASE64.decode(shown["head_base64"].as_str().unwrap()).unwrap();
        assert!(head == poison.record[..poison.record.len().min(HEAD_BYTES)], "{number}");

        // To try it again does not help.
        let asked = admin.must(Method::POST, &format!("{path}/redrive"), None).await;
        assert_eq!(
            (asked.status, &asked.body["state"]),
            (StatusCode::ACCEPTED, &json!("requested"))
        );
        let problem = eventually("the worker's answer", || async {
            let letter = admin.must(Method::GET, &path, None).await.body;
            (letter["state"] == "kept").then(|| letter["problem"].as_str().unwrap().to_owned())
        })
        .await;
        let is_cut = poison.body.len() > MAX_DELIVERY_BYTES;
        let again = if is_cut { "it was too large" } else { poison.reason };
        assert!(problem.contains(again), "{number}: {problem}");
        assert_eq!(admin.must(Method::DELETE, &path, None).await.status, StatusCode::ACCEPTED);
    }
    eventually("all to be discarded", || async {
        (letters(&admin, "?state=discarded").await.len() == poison.len()).then_some(())
    })
    .await;
    assert!(letters(&admin, "?state=kept").await.is_empty());
    all_settled(&stack).await;
    let states: Vec<String> =
        sqlx::query_scalar("select distinct state from messaging.dead_letter")
            .fetch_all(&stack.worker)
            .await
            .unwrap();
    assert_eq!(states, ["discarded"], "where they are kept, and no decision became another");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_refused_is_redriven_when_the_cause_is_mended() {
    let (stack, admin) = start_administered().await;
    let mistake = "alter table task add constraint mistake check (false) not valid";
    sqlx::query(mistake).execute(&stack.worker).await.unwrap();
    let task = admin.create_task("Refused", &in_seconds(3600)).await.body;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    eventually("the task to have a problem", || async {
        let task = admin.must(Method::GET, &path, None).await.body;
        task["delivery_problem"].as_str().is_some_and(|why| why.contains("mistake")).then_some(())
    })
    .await;
    let letter = eventually("the letter", || async { letters(&admin, "").await.pop() }).await;
    sqlx::query("alter table task drop constraint mistake").execute(&stack.worker).await.unwrap();

    let letter = format!("/dead-letters/{}", letter["id"].as_str().unwrap());
    admin.must(Method::POST, &format!("{letter}/redrive"), None).await;
    eventually("the letter to be redriven", || async {
        let letter = admin.must(Method::GET, &letter, None).await.body;
        (letter["state"] == "redriven").then_some(())
    })
    .await;
    eventually("the task to have no problem any more", || async {
        let task = admin.must(Method::GET, &path, None).await.body;
        task["delivery_problem"].is_null().then_some(())
    })
    .await;
    let again = admin.must(Method::POST, &format!("{letter}/redrive"), None).await;
    assert_eq!((again.status, &again.body["state"]), (StatusCode::OK, &json!("redriven")));
    eventually("its reminder", || async {
        (!admin.reminders("scheduled").await.is_empty()).then_some(())
    })
    .await;
    all_settled(&stack).await;
    assert_eq!(admin.reminders("scheduled").await.len(), 1);
    let said = records(&stack.bus, "reminders").await;
    assert_eq!(said.len(), 1, "said once: {said:?}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_without_the_sidecars_token_is_turned_away_and_leaves_nothing() {
    let stack = Stack::start(Options::default()).await;
    let before = snapshot(&stack).await;
    for token in [None, Some(""), Some("another-token")] {
        let answer =
            stack.workers[0].deliver(TOPIC, token, &position(0), b"garbage".to_vec()).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{token:?}");
    }
    assert!(dead_letters(&stack).await.is_empty());
    assert_eq!(snapshot(&stack).await, before);
    stack.stop().await;
}

/// A 404 would be an acknowledgement, and the record lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_by_a_route_that_is_none_is_to_come_again() {
    let stack = Stack::start(Options::default()).await;
    for topic in ["no-topic-of-ours", "task-events/more"] {
        let body = b"garbage".to_vec();
        let answer = stack.workers[0].deliver(topic, Some(APP_TOKEN), &[], body).await;
        assert_eq!(answer.status(), StatusCode::OK, "{topic}");
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "status": "RETRY" }));
    }
    assert!(dead_letters(&stack).await.is_empty());
    stack.stop().await;
}

/// Only the trace is lost.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_with_a_numeric_trace_id_is_taken_all_the_same() {
    let mut stack = Stack::start(Options::default()).await;
    let person = Person::register(stack.base()).await;
    all_settled(&stack).await;
    stack.workers[0].sidecar.kill();
    person.create_task("By hand", &in_seconds(3600)).await;
    let mut event = eventually("the task on the bus", || async {
        records(&stack.bus, TOPIC).await.pop().map(|record| record.cloud_event)
    })
    .await;
    event["traceid"] = json!(5);
    event["traceparent"] = json!(7);
    let body = event.to_string().into_bytes();
    let answer = stack.workers[0].deliver(TOPIC, Some(APP_TOKEN), &position(0), body).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "status": "SUCCESS" }));
    let pending: Vec<Uuid> =
        sqlx::query_scalar("select task_id from reminder where status = 'pending'")
            .fetch_all(&stack.worker)
            .await
            .unwrap();
    assert_eq!(
        pending.iter().map(Uuid::to_string).collect::<Vec<_>>(),
        [event["subject"].as_str().unwrap()]
    );
    assert!(dead_letters(&stack).await.is_empty());

    // As the sidecar brings it, it is a repetition.
    stack.workers[0].sidecar.start();
    all_settled(&stack).await;
    assert_eq!(person.reminders("scheduled").await.len(), 1);
    stack.stop().await;
}

/// A system whose first account administers.
async fn start_administered() -> (Stack, Person) {
    let mut stack = Stack::start(Options::default()).await;
    stack.chat_apis[0].service.set("FIRST_ACCOUNT_IS_ADMIN", "true");
    stack.chat_apis[0].service.restart();
    stack.chat_apis[0].ready().await;
    let admin = Person::register_admin(stack.base()).await;
    (stack, admin)
}

/// What an administrator sees of the dead letters.
async fn letters(admin: &Person, query: &str) -> Vec<Value> {
    let list = admin.must(Method::GET, &format!("/dead-letters{query}"), None).await;
    list.body["items"].as_array().unwrap().clone()
}

struct DeadLetter {
    id: Uuid,
    topic: String,
    record_offset: i64,
    record: Vec<u8>,
    reason: String,
}

/// Those that the worker keeps, in the order of their places.
async fn dead_letters(stack: &Stack) -> Vec<DeadLetter> {
    let rows: Vec<(Uuid, String, i64, Vec<u8>, String)> = sqlx::query_as(
        "select id, topic, record_offset, record, reason from messaging.dead_letter
         order by record_offset",
    )
    .fetch_all(&stack.worker)
    .await
    .unwrap();
    rows.into_iter()
        .map(|(id, topic, record_offset, record, reason)| DeadLetter {
            id,
            topic,
            record_offset,
            record,
            reason,
        })
        .collect()
}

/// The payloads of `event-dead-lettered` on the bus.
async fn announced(stack: &Stack) -> Vec<Value> {
    let said = records(&stack.bus, "dead-letter").await;
    said.iter()
        .map(BusRecord::envelope)
        .filter(|envelope| envelope["event_type"] == "event-dead-lettered")
        .map(|envelope| envelope["payload"].clone())
        .collect()
}

/// All that the worker knows, but for dead letters and what is on its way out.
async fn snapshot(stack: &Stack) -> Vec<(&'static str, String)> {
    let mut tables = Vec::new();
    for table in [
        "task",
        "reminder",
        "fired_snooze",
        "firing",
        "person",
        "channel",
        "delivery",
        "messaging.inbox",
        "messaging.receipt_owed",
    ] {
        let rows = format!(
            "select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {table} t"
        );
        let rows =
            sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(&stack.worker).await.unwrap();
        tables.push((table, rows));
    }
    tables
}

fn position(offset: usize) -> [(&'static str, String); 2] {
    [("__partition", "0".to_owned()), ("__offset", offset.to_string())]
}
