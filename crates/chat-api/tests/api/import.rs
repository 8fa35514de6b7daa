//! Files that come in.

use std::time::Duration;

use events::{EventType, Topic};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    stack::{Person, Stack},
    transfer::{essence, files, row_counts},
};

fn file(tasks: Value) -> String {
    json!({"format": "todo.export", "version": 1, "tasks": tasks}).to_string()
}

async fn exported(person: &Person) -> Value {
    serde_json::from_str(&person.export("").await).expect("a whole file")
}

#[track_caller]
fn counts(answer: &crate::stack::Answer) -> (u64, u64, u64) {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let count = |value: &Value| value.as_u64().expect("a number");
    let tasks = &answer.body["tasks"];
    (count(&tasks["new"]), count(&tasks["already_there"]), count(&answer.body["refused"]))
}

#[tokio::test]
async fn what_is_exported_is_the_same_in_another_account() {
    let stack = Stack::start().await;
    // The same cases each time; what a failure shows can be looked at again.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut tasks = 0;
    // One address makes 20 accounts.
    for case in 0..9 {
        let made = files().new_tree(&mut runner).expect("a file").current();
        let count = made["tasks"].as_array().map_or(0, Vec::len);
        tasks += count;
        let one = stack.register(&format!("one{case}")).await;
        let other = stack.register(&format!("other{case}")).await;
        let answer = one.import("?with_settings=true", made.to_string()).await;
        assert_eq!(counts(&answer), (count as u64, 0, 0), "{answer:?}");
        let first = exported(&one).await;
        assert_eq!(essence(&first), essence(&made), "{made}");
        let answer = other.import("?with_settings=true", first.to_string()).await;
        assert_eq!(counts(&answer), (count as u64, 0, 0), "{answer:?}");
        let second = exported(&other).await;
        assert_eq!(essence(&second), essence(&first), "{made}");
        // And nothing comes twice, from either of the two files.
        for file in [&made, &first] {
            let again = one.import("?with_settings=true", file.to_string()).await;
            assert_eq!(counts(&again), (0, count as u64, 0));
            assert_eq!(again.body["settings_changed"], false, "{again:?}");
        }
        let rest = exported(&one).await;
        assert_eq!((&rest["tasks"], &rest["lists"]), (&first["tasks"], &first["lists"]));
    }
    assert!(tasks > 100, "{tasks} tasks are no test");
    stack.stop().await;
}

#[tokio::test]
async fn every_field_that_a_file_has_arrives() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = json!({
        "id": uuid::Uuid::new_v4(), "title": "Water the plants", "description": "All *of* them",
        "priority": "HIGH", "status": "IN_PROGRESS", "due_date": "2030-01-06T08:00:00Z",
        "time_zone": "Asia/Tokyo",
        "recurrence": {"rrule": "FREQ=WEEKLY", "dtstart": "2029-12-30T17:00:00",
            "time_zone": "Asia/Tokyo", "exdates": ["2030-02-03T17:00:00"], "basis": "completion"},
        "occurrence": "2030-01-06T17:00:00",
        "reminders": [{"offset": "-PT30M"}, {"at": "2030-01-05T00:00:00Z"}],
        "snoozes": [], "dismissed": [], "tags": ["garden"],
        "subtasks": [{"id": uuid::Uuid::new_v4(), "title": "fetch", "done": true}],
        "created_at": "2020-02-03T04:05:06.123456Z", "updated_at": "2021-02-03T04:05:06Z",
        "completed_at": null, "deleted_at": null,
    });
    assert_eq!(counts(&ada.import("", file(json!([task]))).await), (1, 0, 0));
    let mut arrived = exported(&ada).await["tasks"][0].clone();
    for field in ["id", "list_id", "position"] {
        arrived.as_object_mut().expect("an object").remove(field);
    }
    let mut sent = task;
    sent.as_object_mut().expect("an object").remove("id");
    assert_eq!(arrived, sent);
    stack.stop().await;
}

#[tokio::test]
async fn a_task_that_is_imported_is_told_found_and_shown_like_any_other() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let at = |title: &str, rest: Value| {
        let mut task = json!({"id": uuid::Uuid::new_v4(), "title": title});
        task.as_object_mut().expect("an object").extend(rest.as_object().expect("one").clone());
        task
    };
    let tasks = json!([
        at("open", json!({"due_date": "2030-01-01T12:00:00Z"})),
        at("done", json!({"status": "DONE", "completed_at": "2024-01-01T00:00:00Z"})),
        at("trashed", json!({"deleted_at": "2024-01-01T00:00:00Z"})),
    ]);
    stack.forget_outbox().await;
    assert_eq!(counts(&ada.import("", file(tasks)).await), (3, 0, 0));
    let told = stack.published(Topic::TaskEvents).await;
    let of = |title: &str| -> Vec<EventType> {
        let created = told.iter().find(|row| row.json["payload"]["title"] == title);
        let id = &created.expect("told").json["payload"]["task_id"];
        let rows = told.iter().filter(|row| &row.json["payload"]["task_id"] == id);
        rows.map(|row| row.event.event_type()).collect()
    };
    assert_eq!(of("open"), [EventType::TaskCreated]);
    assert_eq!(of("done"), [EventType::TaskCreated]);
    assert_eq!(of("trashed"), [EventType::TaskCreated, EventType::TaskDeleted]);
    assert!(told.iter().all(|row| row.needs_receipt));
    let open = ada.get("/tasks?q=open").await.body["items"][0].clone();
    assert_eq!(open["title"], "open");
    let since = told.iter().find(|row| row.json["payload"]["title"] == "open").expect("told");
    let since = since.json["payload"]["schedule_since"].as_str().expect("an instant").to_owned();
    assert!(since.as_str() > "2026", "nothing reminds for what was before: {since}");
    let path = format!("/tasks/{}", open["id"].as_str().expect("an id"));
    let timeline = ada.get(&format!("{path}/timeline")).await.body;
    assert_eq!(timeline["items"][0]["event_type"], "task-created");
    let feed = stack.count("select count(*) from feed where event_type like 'task-%'").await;
    assert_eq!(feed, 4);
    // It takes commands, and its versions go on.
    assert_eq!(ada.patch(&path, json!({"title": "opened"})).await.status, StatusCode::OK);
    let trashed = ada.get("/trash").await.body["items"][0]["id"].clone();
    let restore = format!("/tasks/{}/restore", trashed.as_str().expect("an id"));
    assert_eq!(ada.post(&restore, json!({})).await.status, StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn a_dry_run_says_what_the_real_one_does_and_changes_nothing() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let known = ada.make_task(json!({"title": "known"})).await;
    let (list, id) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let content = json!({"format": "todo.export", "version": 1,
        "settings": {"time_zone": "Asia/Tokyo", "quiet_hours": {"from": "22:00", "to": "06:00"}},
        "channels": [{"kind": "webhook", "url": "https://hook.example.test"}],
        "lists": [{"id": list, "name": "Garden"}],
        "tasks": [{"id": known["id"], "title": "other"}, {"id": id, "title": "new", "list_id": list},
            {"id": id, "title": "again"}, {"id": uuid::Uuid::new_v4(), "title": " "}]});
    let content = content.to_string();
    let before = row_counts(&stack).await;
    let query = "?with_settings=true&skip_invalid=true";
    let dry = ada.import(&format!("{query}&dry_run=true"), content.clone()).await;
    assert_eq!(row_counts(&stack).await, before);
    assert_eq!(counts(&dry), (1, 2, 1));
    assert_eq!(dry.body["lists"], json!({"new": 1, "already_there": 0}));
    let notes = dry.body["notes"].as_array().expect("notes");
    let places: Vec<&str> = notes.iter().filter_map(|note| note["at"].as_str()).collect();
    assert_eq!(places, ["channels", "tasks[3]", "tasks[2]"], "{notes:?}");
    let mut real = ada.import(query, content).await;
    assert_ne!(row_counts(&stack).await, before);
    assert_eq!(real.body["dry_run"], false);
    real.body["dry_run"] = true.into();
    assert_eq!(real.body, dry.body);
    assert_eq!(ada.get("/settings").await.body["time_zone"], "Asia/Tokyo");
    let known = ada.get(&format!("/tasks/{}", known["id"].as_str().expect("an id"))).await.body;
    assert_eq!(known["title"], "known", "what is there is left alone");
    stack.stop().await;
}

#[tokio::test]
async fn where_something_is_refused_nothing_is_taken_unless_the_rest_is_asked_for() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let one = |title: &str, due: &str| json!({"id": uuid::Uuid::new_v4(), "title": title, "due_date": due});
    let content = file(json!([
        one("good", "2030-01-01"), one("", "2030-01-01"), one("late", "2300-01-01"),
        {"title": "no id"}, 5,
    ]));
    let before = row_counts(&stack).await;
    let refused = ada.import("", content.clone()).await;
    refused.assert_problem(422, "invalid");
    let errors = refused.body["errors"].as_array().expect("errors");
    let fields: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
    assert_eq!(fields, ["tasks[1]", "tasks[2]", "tasks[3]", "tasks[4]"]);
    assert!(errors[1]["message"].as_str().expect("a text").starts_with("due_date"), "{errors:?}");
    assert_eq!(row_counts(&stack).await, before);
    assert_eq!(counts(&ada.import("?skip_invalid=true", content).await), (1, 0, 4));
    stack.stop().await;
}

#[tokio::test]
async fn what_is_here_already_is_left_as_it_is_in_the_trash_or_not() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let kept = ada.make_task(json!({"title": "kept"})).await;
    let gone = ada.make_task(json!({"title": "gone"})).await;
    let file = ada.export("").await;
    let path = format!("/tasks/{}", gone["id"].as_str().expect("an id"));
    ada.delete(&path).await;
    assert_eq!(counts(&ada.import("", file.clone()).await), (0, 2, 0));
    assert_eq!(ada.get("/trash").await.body["items"].as_array().map(Vec::len), Some(1));
    // Deleted for good it comes back, as a new task; and that one is then known.
    ada.delete("/trash").await;
    assert_eq!(counts(&ada.import("", file.clone()).await), (1, 1, 0));
    assert_eq!(counts(&ada.import("", file.clone()).await), (0, 2, 0));
    let found = ada.get("/tasks?q=gone").await.body["items"][0].clone();
    assert_ne!(found["id"], gone["id"]);
    // So it does a second time, at a version above its tombstone's.
    let path = format!("/tasks/{}", found["id"].as_str().expect("an id"));
    ada.delete(&path).await;
    ada.delete("/trash").await;
    let buried = stack.count("select max(version) from task_tombstone").await;
    assert_eq!(counts(&ada.import("", file.clone()).await), (1, 1, 0));
    let back = ada.get(&path).await.body;
    assert!(back["version"].as_i64().expect("a number") > buried, "{back}");
    let tombstones = "select count(*) from task_tombstone join task using (task_id)";
    assert_eq!(stack.count(tombstones).await, 0);
    // Another person's file makes another person's tasks.
    assert_eq!(counts(&bob.import("", file).await), (2, 0, 0));
    let bobs = bob.get("/tasks?q=kept").await.body["items"][0].clone();
    assert_ne!(bobs["id"], kept["id"]);
    assert_eq!(ada.get("/tasks").await.body["items"].as_array().map(Vec::len), Some(2));
    stack.stop().await;
}

#[tokio::test]
async fn two_imports_of_one_file_at_once_make_everything_once() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let tasks: Vec<Value> = (0..300)
        .map(|number| json!({"id": uuid::Uuid::new_v4(), "title": number.to_string()}))
        .collect();
    let content = file(json!(tasks));
    let (one, other) = tokio::join!(ada.import("", content.clone()), ada.import("", content));
    let (one, other) = (counts(&one), counts(&other));
    assert_eq!((one.0 + other.0, one.1 + other.1), (300, 300), "{one:?} {other:?}");
    assert_eq!(stack.count("select count(*) from task").await, 300);
    stack.stop().await;
}

#[tokio::test]
async fn ten_thousand_tasks_are_taken_in_seconds_and_one_more_is_refused() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = |number: usize| {
        json!({"id": uuid::Uuid::from_u128(number as u128 + 1), "title": format!("Task number {number}"),
            "description": "with some words to be found by", "due_date": "2030-01-01T12:00:00Z",
            "tags": ["imported"]})
    };
    let tasks: Vec<Value> = (0..10_001).map(task).collect();
    let before = row_counts(&stack).await;
    ada.import("", file(json!(tasks))).await.assert_refuses("");
    assert_eq!(row_counts(&stack).await, before);
    let began = Instant::now();
    assert_eq!(counts(&ada.import("", file(json!(tasks[..10_000]))).await), (10_000, 0, 0));
    let took = began.elapsed();
    // Of a statement's 30 seconds; measured far below it, on a machine that others use too.
    assert!(took < Duration::from_secs(60), "{took:?}");
    println!("10,000 tasks in {took:?}");
    let read = exported(&ada).await;
    assert_eq!(read["tasks"].as_array().map(Vec::len), Some(10_000));
    assert_eq!(counts(&ada.import("", read.to_string()).await), (0, 10_000, 0));
    stack.stop().await;
}

#[tokio::test]
async fn a_file_of_nothing_but_words_is_taken_too() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    // As many different words as fit: each is a row of what tasks are found by.
    let tasks: Vec<Value> = (0..400)
        .map(|task| {
            let words: Vec<String> =
                (0..2_800).map(|word| format!("{:06x}", task * 4_096 + word)).collect();
            json!({"id": uuid::Uuid::new_v4(), "title": "x", "description": words.join(" ")})
        })
        .collect();
    let content = file(json!(tasks));
    assert!(content.len() > 7 * 1024 * 1024, "{} bytes", content.len());
    let began = Instant::now();
    assert_eq!(counts(&ada.import("", content).await), (400, 0, 0));
    println!(
        "{} words in {:?}",
        stack.count("select count(*) from task_word").await,
        began.elapsed()
    );
    assert!(began.elapsed() < Duration::from_secs(120), "{:?}", began.elapsed());
    stack.stop().await;
}

#[tokio::test]
async fn a_file_may_be_larger_than_other_bodies_and_has_a_limit_too() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let padded = |bytes: usize| {
        let mut content = file(json!([{"id": uuid::Uuid::new_v4(), "title": "x"}]));
        content.push_str(&" ".repeat(bytes - content.len()));
        content
    };
    let limit = 8 * 1024 * 1024;
    assert_eq!(counts(&ada.import("", padded(limit)).await), (1, 0, 0));
    ada.import("", padded(limit + 1)).await.assert_problem(413, "too_large");
    stack.stop().await;
}

#[tokio::test]
async fn what_is_no_file_is_refused_and_never_an_error_of_ours() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut random = vec![];
    let mut state = 0x1234_5678_u32;
    for _ in 0..4_096 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random.extend(state.to_be_bytes());
    }
    let deep = "[".repeat(100_000);
    let files: Vec<Vec<u8>> = vec![
        vec![],
        b"{}".to_vec(),
        b"null".to_vec(),
        vec![0; 1_000],
        random,
        deep.into_bytes(),
        b"{\"format\": \"todo.export\", \"version\": 2}".to_vec(),
        b"{\"format\": \"todo.export\", \"version\": 1, \"tasks\": 5}".to_vec(),
        b"\xff\xfe{\x00}\x00".to_vec(),
        b"{\"format\": \"caf\xe9\"}".to_vec(),
    ];
    let before = row_counts(&stack).await;
    for content in files {
        for format in ["", "?format=json"] {
            let answer = ada.import(format, content.clone()).await;
            let start = String::from_utf8_lossy(&content[..content.len().min(40)]).into_owned();
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{start}: {answer:?}");
        }
    }
    for (query, field) in [
        ("?format=xml", "format"),
        ("?dry_run=maybe", "dry_run"),
        ("?list=inbox", "list"),
        ("?list=00000000-0000-4000-8000-000000000000", "list"),
    ] {
        ada.import(query, file(json!([]))).await.assert_refuses(field);
    }
    let nul = file(json!([{"id": uuid::Uuid::new_v4(), "title": "a\0b"}]));
    ada.import("", nul).await.assert_refuses("tasks[0]");
    let marked = format!("\u{feff}{}", file(json!([])));
    assert_eq!(counts(&ada.import("", marked).await), (0, 0, 0));
    assert_eq!(row_counts(&stack).await, before);
    stack.stop().await;
}

#[tokio::test]
async fn reading_does_for_an_export_and_an_import_needs_writing() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let reader = ada.with_token(json!({"name": "r", "scopes": ["read"]})).await;
    let writer = ada.with_token(json!({"name": "w", "scopes": ["write"]})).await;
    assert_eq!(reader.get("/export").await.status, StatusCode::OK);
    reader.import("", file(json!([]))).await.assert_problem(403, "insufficient_scope");
    writer.get("/export").await.assert_problem(403, "insufficient_scope");
    assert_eq!(counts(&writer.import("", file(json!([]))).await), (0, 0, 0));
    stack.stop().await;
}
