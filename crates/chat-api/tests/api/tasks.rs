use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stack::{Answer, Stack};

fn path(task: &Value) -> String {
    format!("/tasks/{}", task["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn a_new_task_has_what_was_said_and_sensible_values_for_the_rest() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let least = ada.make_task(json!({"title": "water the plants"})).await;
    assert_eq!(least["status"], "TODO");
    assert_eq!(least["priority"], "MEDIUM");
    assert_eq!(least["time_zone"], "Europe/Berlin", "the person's own");
    assert_eq!(least["reminders"], json!([{"offset": "PT0S"}]));
    assert_eq!(least["tags"], json!([]));
    for field in ["description", "due_date", "recurrence", "occurrence", "completed_at"] {
        assert!(least[field].is_null(), "{field}");
    }
    let most = ada
        .make_task(json!({
            "title": "water the plants", "description": "all *three*", "priority": "HIGH",
            "status": "IN_PROGRESS", "due_date": "2026-11-24T18:00:00+01:00",
            "time_zone": "Asia/Tokyo", "tags": ["home", "garden"], "unknown": true,
            "reminders": [{"offset": "-PT30M"}, {"at": "2026-11-24T08:00:00.5Z"}],
        }))
        .await;
    assert_eq!(most["due_date"], "2026-11-24T17:00:00Z");
    assert_eq!(
        most["reminders"],
        json!([{"offset": "-PT30M"}, {"at": "2026-11-24T08:00:00.500Z"}])
    );
    assert_eq!(most["time_zone"], "Asia/Tokyo");
    assert!(most["unknown"].is_null());
    assert_eq!(ada.get(&path(&most)).await.body, most, "it reads as it was written");
    stack.stop().await;
}

#[tokio::test]
async fn a_whole_day_stays_a_day() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x", "due_date": "2026-11-24"})).await;
    assert_eq!(task["due_date"], "2026-11-24");
    assert_eq!(ada.get(&path(&task)).await.body["due_date"], "2026-11-24");
    stack.stop().await;
}

#[tokio::test]
async fn a_recurring_task_is_due_at_its_first_occurrence_and_passes_on_by_naming_one() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let recurrence = json!({
        "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", "dtstart": "2026-11-29T18:00:00",
        "time_zone": "Europe/Berlin"
    });
    let task = ada.make_task(json!({"title": "x", "recurrence": recurrence})).await;
    assert_eq!(task["due_date"], "2026-11-29T17:00:00Z");
    assert_eq!(task["occurrence"], "2026-11-29T18:00:00");
    let complete = format!("{}/complete", path(&task));
    ada.post(&complete, json!({})).await.assert_problem(422, "occurrence_required");
    let without_body = Answer::of(ada.request(Method::POST, &complete)).await;
    without_body.assert_problem(422, "occurrence_required");
    ada.patch(&path(&task), json!({"status": "DONE"}))
        .await
        .assert_problem(422, "occurrence_required");
    let earlier = ada.post(&complete, json!({"occurrence": "2026-11-15T18:00:00"})).await;
    assert_eq!((earlier.status, &earlier.body), (StatusCode::OK, &task), "nothing changed");
    let wrong = ada.post(&complete, json!({"occurrence": "2026-12-06T18:00:00"})).await;
    wrong.assert_refuses("occurrence");
    let done = ada.post(&complete, json!({"occurrence": "2026-12-13T18:00:00"})).await;
    assert_eq!((done.status, &done.body["status"]), (StatusCode::OK, &json!("TODO")));
    let next = (&done.body["due_date"], &done.body["occurrence"]);
    assert_eq!(next, (&json!("2026-12-27T17:00:00Z"), &json!("2026-12-27T18:00:00")));
    stack.stop().await;
}

#[tokio::test]
async fn a_merge_patch_changes_what_it_names_and_null_removes() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada
        .make_task(
            json!({"title": "x", "description": "d", "due_date": "2026-11-24", "tags": ["a"],
            "reminders": []}),
        )
        .await;
    let patch = json!({"title": "y", "description": null, "due_date": null, "reminders": null});
    let answer = ada.patch(&path(&task), patch).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.body["title"], "y");
    assert!(answer.body["description"].is_null() && answer.body["due_date"].is_null());
    assert_eq!(answer.body["reminders"], json!([{"offset": "PT0S"}]));
    assert_eq!(answer.body["tags"], json!(["a"]));
    assert!(answer.body["version"].as_i64() > task["version"].as_i64());
    for field in ["title", "priority", "status", "time_zone"] {
        ada.patch(&path(&task), json!({field: null})).await.assert_refuses(field);
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_version_that_passed_is_refused_and_the_present_one_taken() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let first = ada.get(&path(&task)).await.header("etag").to_owned();
    assert_eq!(first, format!("\"{}\"", task["version"]));
    let patch = |tag: String, title: &str| {
        let body = json!({"title": title});
        Answer::of(ada.request(Method::PATCH, &path(&task)).header("If-Match", tag).json(&body))
    };
    let second = patch(first.clone(), "y").await;
    assert_eq!(second.status, StatusCode::OK);
    assert_ne!(second.header("etag"), first);
    patch(first.clone(), "z").await.assert_problem(412, "version_mismatch");
    let delete = ada.request(Method::DELETE, &path(&task)).header("If-Match", first);
    Answer::of(delete).await.assert_problem(412, "version_mismatch");
    assert_eq!(ada.get(&path(&task)).await.body["title"], "y");
    assert_eq!(patch(second.header("etag").to_owned(), "z").await.status, StatusCode::OK);
    assert_eq!(patch("*".to_owned(), "w").await.status, StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn completing_and_reopening_go_both_ways_by_patch_too() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let complete = format!("{}/complete", path(&task));
    let done = ada.post(&complete, json!({})).await.body;
    assert_eq!(done["status"], "DONE");
    assert!(done["completed_at"].is_string());
    assert_eq!(ada.post(&complete, json!({})).await.body, done, "done is done");
    let open = ada.post(&format!("{}/reopen", path(&task)), json!({})).await.body;
    assert_eq!((&open["status"], &open["completed_at"]), (&json!("TODO"), &Value::Null));
    let done = ada.patch(&path(&task), json!({"status": "DONE"})).await.body;
    assert!(done["completed_at"].is_string());
    let open = ada.patch(&path(&task), json!({"status": "IN_PROGRESS"})).await.body;
    assert_eq!((&open["status"], &open["completed_at"]), (&json!("IN_PROGRESS"), &Value::Null));
    stack.stop().await;
}

#[tokio::test]
async fn the_trash_hides_a_task_until_it_is_restored() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let restore = format!("{}/restore", path(&task));
    ada.post(&restore, json!({})).await.assert_problem(404, "not_found");
    assert_eq!(ada.delete(&path(&task)).await.status, StatusCode::NO_CONTENT);
    ada.get(&path(&task)).await.assert_problem(404, "not_found");
    ada.patch(&path(&task), json!({"title": "y"})).await.assert_problem(404, "not_found");
    ada.delete(&path(&task)).await.assert_problem(404, "not_found");
    for command in ["complete", "reopen"] {
        let answer = ada.post(&format!("{}/{command}", path(&task)), json!({})).await;
        answer.assert_problem(404, "not_found");
    }
    for query in ["", "?status=TODO"] {
        assert_eq!(ada.get(&format!("/tasks{query}")).await.body["items"], json!([]));
    }
    let restored = ada.post(&restore, json!({})).await;
    assert_eq!(restored.status, StatusCode::OK, "{restored:?}");
    assert!(restored.body["version"].as_i64() > task["version"].as_i64());
    assert_eq!(ada.get(&path(&task)).await.body["title"], "x");
    stack.stop().await;
}

#[tokio::test]
async fn a_list_is_read_in_pages_newest_first_without_gap_or_repetition() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut made = vec![];
    for number in 0..7 {
        made.push(ada.make_task(json!({"title": number.to_string()})).await["id"].clone());
    }
    // As if all were made in the same microsecond: the id decides.
    sqlx::query("update task set created_at = (select min(created_at) from task)")
        .execute(&stack.admin)
        .await
        .expect("updated");
    let (mut seen, mut query) = (vec![], "?limit=3".to_owned());
    loop {
        let page = ada.get(&format!("/tasks{query}")).await;
        assert_eq!(page.header("x-feed-position"), "7");
        seen.extend(page.body["items"].as_array().expect("items").iter().map(|t| t["id"].clone()));
        match page.body["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    let mut expected = made.clone();
    expected.sort_by_key(|id| std::cmp::Reverse(id.as_str().expect("an id").to_owned()));
    assert_eq!(seen, expected);
    let done = format!("/tasks/{}/complete", made[0].as_str().expect("an id"));
    ada.post(&done, json!({})).await;
    assert_eq!(ada.get("/tasks?status=DONE").await.body["items"][0]["id"], made[0]);
    let all = ada.get("/tasks?unknown=1").await.body["items"].as_array().expect("items").len();
    assert_eq!(all, 7, "without a status those that are DONE too");
    stack.stop().await;
}

#[tokio::test]
async fn a_timeline_tells_what_happened_and_by_which_request() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let renamed = ada.patch(&path(&task), json!({"title": "y"})).await;
    ada.delete(&path(&task)).await;
    let timeline = ada.get(&format!("{}/timeline", path(&task))).await.body;
    let items = timeline["items"].as_array().expect("items");
    let types: Vec<&Value> = items.iter().map(|item| &item["event_type"]).collect();
    assert_eq!(types, ["task-created", "task-updated", "task-deleted"]);
    assert_eq!(items[1]["correlation_id"], renamed.header("x-correlation-id"));
    assert_eq!(items[1]["details"]["changes"]["title"], json!({"old": "x", "new": "y"}));
    assert!(items[1]["details"]["task"].is_null(), "the whole state is not kept twice");
    let page = ada.get(&format!("{}/timeline?limit=2", path(&task))).await.body;
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let rest = ada.get(&format!("{}/timeline?cursor={cursor}", path(&task))).await.body;
    assert_eq!(rest["items"][0]["event_type"], "task-deleted");
    stack.stop().await;
}

#[tokio::test]
async fn every_documented_route_is_there_and_answers_a_stranger_401() {
    let stack = Stack::start().await;
    let document = stack.replica.get("/api/openapi.json").await.body;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "chat-api");
    let mut routes = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let path = path.replace("{task_id}", "x").replace("{token_id}", "x");
            let path = path.replace("{channel_id}", "x").replace("{list_id}", "x");
            let path = path.replace("{reminder_id}", "x").replace("{feed_id}", "x");
            let path = path.replace("{conversation_id}", "x");
            let path = path.replace("{session_id}", "x").replace("{dead_letter_id}", "x");
            let answer = Answer::of(stack.replica.request(method.clone(), &path)).await;
            let public = ["/api/v1/auth/register", "/api/v1/auth/login"].contains(&path.as_str());
            let expected = match path.as_str() {
                "/calendar/{feed}" => 404,
                _ if public => 400,
                _ => 401,
            };
            assert_eq!(answer.status.as_u16(), expected, "{method} {path}");
            routes += 1;
        }
    }
    assert_eq!(routes, 64);
    let docs = stack.replica.request(Method::GET, "/api/docs").send().await.expect("an answer");
    assert!(docs.text().await.expect("a page").contains("swagger"));
    stack.stop().await;
}
