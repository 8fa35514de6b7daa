//! One thing done to many tasks: to all, or to none.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stack::{Answer, Person, Stack};

async fn three(person: &Person) -> Vec<Value> {
    let mut tasks = vec![];
    for title in ["a", "b", "c"] {
        tasks.push(person.make_task(json!({"title": title})).await);
    }
    tasks
}

fn named(tasks: &[Value]) -> Value {
    tasks.iter().map(|task| json!({"id": task["id"]})).collect()
}

#[tokio::test]
async fn every_action_is_done_to_all_in_the_order_in_which_they_were_named() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let list = ada.post("/lists", json!({"name": "Garden"})).await.body;
    let mut tasks = three(&ada).await;
    tasks.reverse();
    for (action, fields, field, value) in [
        ("complete", json!({}), "status", json!("DONE")),
        ("reopen", json!({}), "status", json!("TODO")),
        ("reschedule", json!({"due_date": "2026-11-24"}), "due_date", json!("2026-11-24")),
        ("reschedule", json!({"due_date": null}), "due_date", Value::Null),
        ("move", json!({"list_id": list["id"]}), "list_id", list["id"].clone()),
        ("delete", json!({}), "title", json!("")),
        ("restore", json!({}), "title", json!("")),
    ] {
        let mut body = fields;
        body["action"] = json!(action);
        body["tasks"] = named(&tasks);
        let answer = ada.post("/tasks/bulk", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{action}: {answer:?}");
        let items = answer.body["items"].as_array().expect("items");
        for (task, item) in tasks.iter().zip(items) {
            assert_eq!(task["id"], item["id"], "{action}");
            if field != "title" {
                assert_eq!(item[field], value, "{action}");
            }
        }
        let left = ada.get("/tasks").await.body["items"].as_array().map(Vec::len);
        assert_eq!(left, Some(if action == "delete" { 0 } else { 3 }), "{action}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn where_one_refuses_none_is_changed_and_nothing_is_told() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let tasks = three(&ada).await;
    let weekly =
        json!({"rrule": "FREQ=WEEKLY", "dtstart": "2026-11-29T18:00:00", "time_zone": "UTC"});
    let recurring = ada.make_task(json!({"title": "r", "recurrence": weekly})).await;
    let before = ada.get("/tasks").await.body;
    let told = stack.outbox().await.len();
    let with = |last: Value| {
        let mut all = named(&tasks);
        all.as_array_mut().expect("an array").push(last);
        all
    };
    let complete = |tasks: Value| json!({"action": "complete", "tasks": tasks});
    let nobodys = with(json!({"id": uuid::Uuid::new_v4()}));
    ada.post("/tasks/bulk", complete(nobodys)).await.assert_refuses("tasks[3]");
    let unnamed = with(json!({"id": recurring["id"]}));
    ada.post("/tasks/bulk", complete(unnamed)).await.assert_refuses("tasks[3].occurrence");
    let stale = with(json!({"id": recurring["id"], "version": 1}));
    let answer = ada.post("/tasks/bulk", complete(stale)).await;
    answer.assert_problem(412, "version_mismatch");
    assert!(answer.body["detail"].as_str().is_some_and(|detail| detail.contains("tasks[3]")));
    let undue = json!({"action": "reschedule", "due_date": null, "tasks": with(json!({"id": recurring["id"]}))});
    ada.post("/tasks/bulk", undue).await.assert_refuses("tasks[3].due_date");
    for (body, field) in [
        (json!({"tasks": named(&tasks)}), "action"),
        (json!({"action": "burn", "tasks": named(&tasks)}), "action"),
        (json!({"action": "delete", "tasks": []}), "tasks"),
        (json!({"action": "delete", "tasks": [{"id": "x"}]}), "tasks"),
        (json!({"action": "delete", "tasks": with(json!({"id": tasks[0]["id"]}))}), "tasks"),
        (json!({"action": "move", "tasks": named(&tasks)}), "list_id"),
        (json!({"action": "reschedule", "tasks": named(&tasks)}), "due_date"),
        (
            json!({"action": "move", "tasks": named(&tasks), "list_id": uuid::Uuid::new_v4()}),
            "tasks[0].list_id",
        ),
    ] {
        let answer = ada.post("/tasks/bulk", body).await;
        if field == "tasks[0].list_id" {
            // Which one is met first depends on the ids.
            answer.assert_problem(422, "invalid");
        } else {
            answer.assert_refuses(field);
        }
    }
    assert_eq!(ada.get("/tasks").await.body, before);
    assert_eq!(stack.outbox().await.len(), told);
    stack.stop().await;
}

/// Two who do much at once to the same tasks, in opposite orders, do not wait for each other for ever.
#[tokio::test]
async fn two_at_once_in_opposite_orders_both_come_through() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut tasks = vec![];
    for number in 0..40 {
        tasks.push(ada.make_task(json!({"title": number.to_string()})).await);
    }
    let turned: Vec<Value> = tasks.iter().rev().cloned().collect();
    for _ in 0..5 {
        let complete = json!({"action": "complete", "tasks": named(&tasks)});
        let reopen = json!({"action": "reopen", "tasks": named(&turned)});
        let (one, other) =
            tokio::join!(ada.post("/tasks/bulk", complete), ada.post("/tasks/bulk", reopen));
        assert_eq!((one.status, other.status), (StatusCode::OK, StatusCode::OK));
    }
    stack.stop().await;
}

/// Who takes an event of a task locks the task, and then the feed's head.
#[tokio::test]
async fn many_tasks_are_locked_before_anything_is_told_of_one() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let list = ada.post("/lists", json!({"name": "x"})).await.body["id"].clone();
    let mut ids = vec![];
    for title in ["one", "two"] {
        let task = json!({"title": title, "list_id": list});
        ids.push(ada.make_task(task).await["id"].clone());
    }
    ids.sort_by_key(ToString::to_string);
    let body = json!({"action": "complete", "tasks": [{"id": ids[0]}, {"id": ids[1]}]});
    let bulk = ada.request(Method::POST, "/tasks/bulk").json(&body);
    let path = format!("/lists/{}?tasks=trash", list.as_str().expect("an id"));
    let end_of_list = ada.request(Method::DELETE, &path);
    let last: uuid::Uuid = ids[1].as_str().expect("an id").parse().expect("a UUID");
    for acting in [bulk, end_of_list] {
        let mut other = stack.admin.begin().await.expect("a transaction");
        let lock = "select 1 from task where task_id = $1 for update";
        sqlx::query(lock).bind(last).execute(&mut *other).await.expect("the task");
        let acting = tokio::spawn(Answer::of(acting));
        testing::eventually("it to wait for the task", || async {
            let waiting = "select count(*) from pg_stat_activity where datname = current_database()
                and wait_event_type = 'Lock'";
            let waiting = sqlx::query_scalar(waiting).fetch_one(&stack.admin).await;
            let waiting: i64 = waiting.expect("the connections");
            (waiting > 0).then_some(())
        })
        .await;
        let head = "select 1 from feed_head for update nowait";
        sqlx::query(head).execute(&mut *other).await.expect("nobody holds the feed's head");
        other.rollback().await.expect("rolled back");
        let answer = acting.await.expect("no panic");
        assert!(answer.status.is_success(), "{answer:?}");
    }
    stack.stop().await;
}
