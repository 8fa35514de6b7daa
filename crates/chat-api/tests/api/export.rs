//! Files that go out.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testing::{EVENTUALLY_SECS, eventually};

use crate::{raw::Raw, stack::Stack};

fn id(thing: &Value) -> &str {
    thing["id"].as_str().expect("an id")
}

/// 6 MB of tasks: more than goes into a socket that nobody reads.
fn long_file() -> String {
    let tasks: Vec<Value> = (0..2_000)
        .map(|number| {
            json!({"id": uuid::Uuid::new_v4(), "title": number.to_string(),
                "description": "long ".repeat(600)})
        })
        .collect();
    json!({"format": "todo.export", "version": 1, "tasks": tasks}).to_string()
}

#[tokio::test]
async fn an_export_has_all_that_is_ones_own_and_nothing_else() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    bob.make_task(json!({"title": "not hers"})).await;
    let quiet =
        json!({"time_zone": "Europe/Berlin", "quiet_hours": {"from": "22:00", "to": "06:30"}});
    ada.put("/settings", quiet).await;
    ada.post("/channels", json!({"kind": "webhook", "url": "https://hook.example.test/x"})).await;
    let garden = ada.post("/lists", json!({"name": "Garden"})).await.body;
    let open = ada.make_task(json!({"title": "open", "list_id": id(&garden), "tags": ["t"],
        "subtasks": [{"title": "step"}], "due_date": "2030-01-01T12:00:00Z"}));
    let open = open.await;
    let done = ada.make_task(json!({"title": "done"})).await;
    ada.post(&format!("/tasks/{}/complete", id(&done)), json!({})).await;
    let trashed = ada.make_task(json!({"title": "trashed"})).await;
    ada.delete(&format!("/tasks/{}", id(&trashed))).await;

    let answer = ada.get("/export").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let disposition = answer.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"tasks-"), "{disposition}");
    let file = answer.body;
    assert_eq!((&file["format"], &file["version"]), (&json!("todo.export"), &json!(1)));
    assert_eq!(file["settings"]["quiet_hours"], json!({"from": "22:00:00", "to": "06:30:00"}));
    assert_eq!(
        file["channels"],
        json!([{"kind": "webhook", "url": "https://hook.example.test/x"}])
    );
    let lists = file["lists"].as_array().expect("lists");
    let names: Vec<&Value> = lists.iter().map(|list| &list["name"]).collect();
    assert_eq!(names, ["Inbox", "Garden"]);
    let tasks = file["tasks"].as_array().expect("tasks");
    let found = |title: &str| tasks.iter().find(|task| task["title"] == title).expect("a task");
    assert_eq!(tasks.len(), 3);
    // What is exported of a task is what the API says of it, but what is not a person's.
    let mut view = ada.get(&format!("/tasks/{}", id(&open))).await.body;
    for field in ["version", "delivery_problem"] {
        view.as_object_mut().expect("an object").remove(field);
    }
    view["deleted_at"] = Value::Null;
    assert_eq!(found("open"), &view);
    assert!(found("done")["completed_at"].is_string());
    assert!(found("trashed")["deleted_at"].is_string());
    let text = ada.export("").await;
    assert!(!text.contains("whsec_") && !text.contains("not hers"));
    stack.stop().await;
}

#[tokio::test]
async fn a_calendar_has_what_is_not_in_the_trash_and_comes_back_as_it_went() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let trashed = ada.make_task(json!({"title": "trashed"})).await;
    ada.delete(&format!("/tasks/{}", id(&trashed))).await;
    // A page of which nothing is written does not end the file.
    let empty = ada.export("?format=ical").await;
    assert!(empty.ends_with("CALSCALE:GREGORIAN\r\nEND:VCALENDAR\r\n"), "{empty}");
    let made = ada.make_task(json!({"title": "Call, at last", "due_date": "2030-01-06T08:00:00Z",
        "reminders": [{"offset": "-PT30M"}], "tags": ["home"], "subtasks": [{"title": "Number"}],
        "recurrence": {"rrule": "FREQ=WEEKLY", "dtstart": "2029-12-30T09:00:00",
            "time_zone": "Europe/Berlin"}}));
    let made = made.await;
    let answer = ada.request(Method::GET, "/export?format=ical").send().await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/calendar; charset=utf-8");
    let file = answer.text().await.expect("whole");
    assert!(file.contains("DTSTART;TZID=Europe/Berlin:20300106T090000\r\n"), "{file}");
    // Here it is known by its id; for another it is another task.
    let again = ada.import("", file.clone()).await.body;
    assert_eq!(again["tasks"], json!({"new": 0, "already_there": 1}), "{again}");
    let taken = bob.import("", file).await.body;
    assert_eq!((&taken["format"], &taken["notes"]), (&json!("ical"), &json!([])));
    let bobs = bob.get("/tasks").await.body["items"][0].clone();
    for field in ["title", "due_date", "reminders", "tags", "occurrence", "priority", "status"] {
        assert_eq!(bobs[field], made[field], "{field}");
    }
    assert_eq!(bobs["recurrence"]["rrule"], "FREQ=WEEKLY");
    assert_eq!(bobs["subtasks"][0]["title"], "Number");
    ada.get("/export?format=todoist").await.assert_refuses("format");
    stack.stop().await;
}

#[tokio::test]
async fn an_export_reads_as_much_as_its_client_takes() {
    let (stack, proxy) = Stack::start_behind_a_proxy_with(&["--write-timeout-secs", "3"]).await;
    let ada = stack.register("ada").await;
    // 30 MB of tasks: far more than the sockets hold.
    sqlx::query(
        "insert into task (task_id, user_id, title, description, priority, status, time_zone,
             reminders, tags, schedule_since, created_at, updated_at, version, refresh_minute, list_id)
         select gen_random_uuid(), user_id, 'x', repeat('long ', 3000), 'LOW', 'TODO', 'UTC', '[]', '{}',
             now(), now(), now(), 1, 0, list_id from list, generate_series(1, 2000)",
    )
    .execute(&stack.admin)
    .await
    .expect("tasks");
    let before = proxy.statements();
    let mut slow = Raw::connect_narrow(&stack.replica, 16 * 1024).await;
    let request =
        format!("GET /api/v1/export HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", ada.cookie);
    slow.send(&request).await;
    assert!(slow.is_answered_within(Duration::from_secs(EVENTUALLY_SECS)).await);
    // It takes nothing more: the socket's deadline ends it, and by then hardly a page was read.
    eventually("it is cut", async || slow.is_cut().then_some(())).await;
    let for_slow = proxy.statements() - before;
    assert!(for_slow < 40, "{for_slow} statements for a client that reads nothing");
    // Its seat is free again, and one that reads gets all of it.
    let before = proxy.statements();
    let file: Value = serde_json::from_str(&ada.export("").await).expect("whole");
    assert_eq!(file["tasks"].as_array().map(Vec::len), Some(2000));
    let for_all = proxy.statements() - before;
    assert!(for_all > 100 && for_all > 3 * for_slow, "{for_all} against {for_slow}");
    stack.stop().await;
}

#[tokio::test]
async fn an_export_that_breaks_off_is_no_whole_file() {
    let (stack, proxy) = Stack::start_behind_a_proxy().await;
    let ada = stack.register("ada").await;
    assert_eq!(ada.import("", long_file()).await.status, StatusCode::OK);
    let mut response = ada.request(Method::GET, "/export").send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    response.chunk().await.expect("the beginning").expect("something");
    proxy.close();
    let rest = async {
        while let Some(_chunk) = response.chunk().await? {}
        Ok::<(), reqwest::Error>(())
    };
    assert!(rest.await.is_err(), "it must not end as if it were whole");
    proxy.open();
    stack.stop().await;
}

#[tokio::test]
async fn a_person_has_two_transfers_at_once() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    assert_eq!(ada.import("", long_file()).await.status, StatusCode::OK);
    let mut unread = vec![];
    for _ in 0..2 {
        unread.push(ada.request(Method::GET, "/export").send().await.expect("an answer"));
    }
    ada.get("/export").await.assert_problem(409, "too_many");
    ada.import("", "{}").await.assert_problem(409, "too_many");
    assert_eq!(bob.get("/export").await.status, StatusCode::OK);
    drop(unread);
    eventually("they are free again", async || {
        (ada.get("/export").await.status == StatusCode::OK).then_some(())
    })
    .await;
    ada.get("/export?format=nonsense").await.assert_refuses("format");
    stack.stop().await;
}
