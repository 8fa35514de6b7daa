//! Recurring tasks over HTTP, and what is told of them.

use events::{Folded, Payload, ReminderId, ReminderSpec, TaskId, Topic};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    stack::{Person, Stack},
    worker::{Reminding, event},
};

/// Every day at nine in Berlin, from far ahead on: none of it passes while a test runs.
async fn every_day(person: &Person) -> Value {
    let recurrence = json!({
        "rrule": "FREQ=DAILY", "dtstart": "2099-03-27T09:00:00", "time_zone": "Europe/Berlin"
    });
    person.make_task(json!({"title": "x", "recurrence": recurrence})).await
}

fn path(task: &Value, act: &str) -> String {
    format!("/tasks/{}/{act}", task["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn an_occurrence_is_done_once_and_each_completion_is_told_and_kept() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = every_day(&ada).await;
    let complete = path(&task, "complete");
    for (done, next) in [
        ("2099-03-27T09:00:00", "2099-03-28T08:00:00Z"),
        ("2099-03-27T09:00:00", "2099-03-28T08:00:00Z"),
        // The clocks go forward on the 29th.
        ("2099-03-28T09:00:00", "2099-03-29T07:00:00Z"),
    ] {
        let answer = ada.post(&complete, json!({"occurrence": done})).await;
        let (status, due) = (&answer.body["status"], &answer.body["due_date"]);
        assert_eq!((answer.status, status), (StatusCode::OK, &json!("TODO")), "{answer:?}");
        assert_eq!(due, next);
    }
    let told = stack.published(Topic::TaskEvents).await;
    let completions: Vec<(&Value, &Value)> = told
        .iter()
        .filter(|row| row.json["event_type"] == "task-completed")
        .map(|row| (&row.json["payload"]["occurrence"], &row.json["payload"]["next_due_date"]))
        .collect();
    let expected = [
        (json!("2099-03-27T09:00:00"), json!("2099-03-28T08:00:00Z")),
        (json!("2099-03-28T09:00:00"), json!("2099-03-29T07:00:00Z")),
    ];
    let expected: Vec<(&Value, &Value)> = expected.iter().map(|(a, b)| (a, b)).collect();
    assert_eq!(completions, expected);
    let timeline = ada.get(&path(&task, "timeline")).await.body;
    let kinds = timeline["items"].as_array().expect("entries").iter();
    assert_eq!(kinds.filter(|entry| entry["event_type"] == "task-completed").count(), 2);
    stack.stop().await;
}

#[tokio::test]
async fn an_occurrence_that_is_skipped_is_passed_over_without_a_completion() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = every_day(&ada).await;
    let skip = path(&task, "skip");
    ada.post(&skip, json!({})).await.assert_problem(422, "occurrence_required");
    let wrong = json!({"occurrence": "2099-03-28T10:00:00"});
    ada.post(&skip, wrong).await.assert_refuses("occurrence");
    let later = ada.post(&skip, json!({"occurrence": "2099-03-28T09:00:00"})).await.body;
    assert_eq!(later["occurrence"], "2099-03-27T09:00:00");
    assert_eq!(later["recurrence"]["exdates"], json!(["2099-03-28T09:00:00"]));
    let current = ada.post(&skip, json!({"occurrence": "2099-03-27T09:00:00"})).await.body;
    assert_eq!(current["occurrence"], "2099-03-29T09:00:00");
    let once = ada.make_task(json!({"title": "y", "due_date": "2099-03-27"})).await;
    let none = ada.post(&path(&once, "skip"), json!({"occurrence": "2099-03-27"})).await;
    none.assert_refuses("occurrence");
    stack.stop().await;
}

#[tokio::test]
async fn an_occurrence_that_was_done_or_skipped_is_gone_back_to_until_something_else_happens() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = every_day(&ada).await;
    let first = json!({"occurrence": "2099-03-27T09:00:00"});
    for act in ["complete", "skip"] {
        ada.post(&path(&task, act), first.clone()).await;
        // The second time its answer was lost.
        for _ in 0..2 {
            let back = ada.post(&path(&task, "reopen"), first.clone()).await.body;
            for field in ["occurrence", "due_date", "recurrence", "status", "subtasks"] {
                assert_eq!(back[field], task[field], "{act}: {field}");
            }
        }
    }
    let items = json!([{"id": task["id"], "occurrence": first["occurrence"]}]);
    let many = |action: &str| json!({"action": action, "tasks": items});
    ada.post("/tasks/bulk", many("complete")).await;
    let back = ada.post("/tasks/bulk", many("reopen")).await.body;
    assert_eq!(back["items"][0]["occurrence"], first["occurrence"]);

    ada.post(&path(&task, "complete"), first.clone()).await;
    let changed = format!("/tasks/{}", task["id"].as_str().expect("an id"));
    let changed = ada.patch(&changed, json!({"priority": "HIGH"})).await.body;
    ada.post(&path(&task, "reopen"), first).await.assert_problem(409, "changed_since");
    ada.post("/tasks/bulk", many("reopen")).await.assert_refuses("tasks[0].occurrence");
    assert_eq!(ada.post(&path(&task, "reopen"), json!({})).await.body, changed);
    let wrong = json!({"occurrence": "soon"});
    ada.post(&path(&task, "reopen"), wrong).await.assert_refuses("occurrence");
    stack.stop().await;
}

#[tokio::test]
async fn a_reminder_is_put_off_until_tomorrow_morning() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let settings = json!({"time_zone": "Asia/Tokyo", "day_time": "08:15"});
    assert_eq!(ada.put("/settings", settings).await.status, StatusCode::OK);
    let task = ada.make_task(json!({"title": "x", "due_date": "2199-01-01T12:00:00Z"})).await;
    let task_id: TaskId = task["id"].as_str().expect("an id").parse().expect("a UUID");
    let reminder_id = ReminderId::derive(task_id, &ReminderSpec::AT_DUE, None);
    let reminding = Reminding { reminder_id, ..Reminding::of(&task, ada.user_id) };
    stack.replica.deliver(Topic::Reminders, &reminding.scheduled()).await;
    let snooze = format!("/reminders/{reminder_id}/snooze");
    let snoozed = ada.post(&snooze, json!({"until": "tomorrow_morning"})).await;
    assert_eq!(snoozed.status, StatusCode::OK, "{snoozed:?}");
    let until = snoozed.body["snoozes"][0]["until"].as_str().expect("a time");
    let until: chrono::DateTime<chrono::Utc> = until.parse().expect("an instant");
    let tokyo: events::TimeZone = "Asia/Tokyo".parse().expect("a zone");
    assert_eq!(tokyo.local(until).time().to_string(), "08:15:00");
    let now: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select now()").fetch_one(&stack.admin).await.expect("a time");
    assert_eq!((tokyo.local(until).date() - tokyo.local(now).date()).num_days(), 1);
    ada.post(&snooze, json!({"until": "someday"})).await.assert_refuses("until");
    stack.stop().await;
}

#[tokio::test]
async fn what_repeats_and_whole_days_follow_their_owner_to_another_zone_unless_told_to_stay() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let berlin = json!({"time_zone": "Europe/Berlin"});
    assert_eq!(ada.put("/settings", berlin).await.status, StatusCode::OK);
    let repeats = every_day(&ada).await;
    let day = ada.make_task(json!({"title": "day", "due_date": "2099-01-02"})).await;
    let at = ada.make_task(json!({"title": "at", "due_date": "2099-01-02T12:00:00Z"})).await;
    let mut told = stack.published(Topic::TaskEvents).await.len();

    let stay = json!({"time_zone": "Asia/Tokyo", "keep_task_zones": true});
    assert_eq!(ada.put("/settings", stay).await.status, StatusCode::OK);
    assert_eq!(stack.published(Topic::TaskEvents).await.len(), told);
    let back = json!({"time_zone": "Europe/Berlin", "keep_task_zones": true});
    assert_eq!(ada.put("/settings", back).await.status, StatusCode::OK);

    let moves = json!({"time_zone": "America/New_York", "day_time": "07:00"});
    assert_eq!(ada.put("/settings", moves).await.status, StatusCode::OK);
    let now = |task: &Value| format!("/tasks/{}", task["id"].as_str().expect("an id"));
    let moved = ada.get(&now(&repeats)).await.body;
    assert_eq!(moved["due_date"], "2099-03-27T13:00:00Z", "nine in New York");
    assert_eq!(moved["recurrence"]["time_zone"], "America/New_York");
    assert_eq!(ada.get(&now(&day)).await.body["time_zone"], "America/New_York");
    let stays = ada.get(&now(&at)).await.body;
    assert_eq!((&stays["due_date"], &stays["version"]), (&at["due_date"], &at["version"]));
    let rows = stack.published(Topic::TaskEvents).await;
    told += 2;
    assert_eq!(rows.len(), told, "of the two that it means something to");
    assert_eq!(rows[told - 1].json["payload"]["task"]["day_time"], "07:00:00");

    // From then on it is the others' too.
    let patch = json!({"due_date": "2099-01-03"});
    assert_eq!(ada.patch(&now(&at), patch).await.status, StatusCode::OK);
    let rows = stack.published(Topic::TaskEvents).await;
    assert_eq!(rows[told].json["payload"]["task"]["day_time"], "07:00:00");
    stack.stop().await;
}

#[tokio::test]
async fn what_a_firing_tells_of_stands_no_longer() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = every_day(&ada).await;
    let missed = Reminding::of(&task, ada.user_id);
    stack.replica.deliver(Topic::Reminders, &missed.scheduled()).await;
    let latest = Reminding::of(&task, ada.user_id).at_revision(2);
    let Payload::ReminderTriggered(mut triggered) = latest.triggered().payload else { panic!() };
    let reminder_time = triggered.reminder_time;
    triggered.folded = vec![Folded { reminder_id: missed.reminder_id, reminder_time }];
    stack.replica.deliver(Topic::Reminders, &event(triggered)).await;
    let standing = ada.get("/reminders?status=scheduled").await.body;
    assert_eq!(standing["items"], json!([]));
    let came = ada.get("/reminders?status=triggered").await.body;
    assert_eq!(came["items"].as_array().map(Vec::len), Some(2), "{came}");
    stack.stop().await;
}
