//! Putting a reminder off, and doing without it: state of the task.

use chrono::{DateTime, TimeDelta, Utc};
use events::{ReminderId, ReminderSpec, TaskId, Topic};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    stack::{Person, Stack},
    worker::Reminding,
};

/// A task due far ahead, its one reminder, and what chat-api knows of that from the worker.
async fn reminded(stack: &Stack, person: &Person) -> (Value, Reminding) {
    let task = person.make_task(json!({"title": "x", "due_date": "2199-01-01T12:00:00Z"})).await;
    let task_id: TaskId = task["id"].as_str().expect("an id").parse().expect("a UUID");
    let reminder_id = ReminderId::derive(task_id, &ReminderSpec::AT_DUE, None);
    let reminding = Reminding { reminder_id, ..Reminding::of(&task, person.user_id) };
    stack.replica.deliver(Topic::Reminders, &reminding.scheduled()).await;
    (task, reminding)
}

fn path(reminding: &Reminding, act: &str) -> String {
    format!("/reminders/{}/{act}", reminding.reminder_id)
}

#[tokio::test]
async fn a_snooze_is_told_with_the_task_and_replaces_the_one_before() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let (task, reminding) = reminded(&stack, &ada).await;
    let began: DateTime<Utc> = sqlx::query_scalar("select messaging.clock()")
        .fetch_one(&stack.admin)
        .await
        .expect("a time");
    let snoozed = ada.post(&path(&reminding, "snooze"), json!({"for": "PT10M"})).await;
    assert_eq!(snoozed.status, StatusCode::OK, "{snoozed:?}");
    let until: DateTime<Utc> =
        snoozed.body["snoozes"][0]["until"].as_str().expect("a time").parse().expect("an instant");
    assert!(until >= began + TimeDelta::minutes(10));
    assert!(until < began + TimeDelta::minutes(11));
    let again = json!({"until": "2027-01-01T09:00:00+01:00"});
    let again = ada.post(&path(&reminding, "snooze"), again).await.body;
    let expected = json!([{"reminder_id": reminding.reminder_id, "until": "2027-01-01T08:00:00Z"}]);
    assert_eq!(again["snoozes"], expected);
    let told = stack.published(Topic::TaskEvents).await;
    let payload = &told.last().expect("an event").json["payload"];
    assert_eq!(payload["changed_fields"], json!(["snoozes"]));
    assert_eq!(payload["task"]["snoozes"], expected);
    assert_eq!(payload["task"]["schedule_since"], told[0].json["payload"]["schedule_since"]);
    assert_eq!(again["due_date"], task["due_date"], "only the reminder moves");

    let dismissed = ada.post(&path(&reminding, "dismiss"), json!({})).await.body;
    assert_eq!(dismissed["snoozes"], json!([]));
    assert_eq!(dismissed["dismissed"], json!([reminding.reminder_id]));
    let back = ada.post(&path(&reminding, "snooze"), json!({"for": "PT1H"})).await.body;
    assert_eq!(back["dismissed"], json!([]), "putting off takes a dismissal back");
    stack.stop().await;
}

#[tokio::test]
async fn what_can_not_be_put_off_says_why() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let (task, reminding) = reminded(&stack, &ada).await;
    let snooze = path(&reminding, "snooze");
    for (body, field) in [
        (json!({}), ""),
        (json!({"for": "PT1M", "until": "2030-01-01T00:00:00Z"}), ""),
        (json!({"for": "-PT1M"}), "until"),
        (json!({"for": "soon"}), "for"),
        (json!({"until": "2001-01-01T00:00:00Z"}), "until"),
        (json!({"until": "2190-01-01T00:00:00Z"}), "until"),
        (json!({"until": "tomorrow"}), "until"),
    ] {
        ada.post(&snooze, body).await.assert_refuses(field);
    }
    ada.post(&format!("/reminders/{}/snooze", uuid::Uuid::new_v4()), json!({"for": "PT1M"}))
        .await
        .assert_problem(404, "not_found");
    let done = format!("/tasks/{}/complete", task["id"].as_str().expect("an id"));
    ada.post(&done, json!({})).await;
    ada.post(&snooze, json!({"for": "PT1M"})).await.assert_problem(409, "reminder_gone");
    ada.post(&path(&reminding, "dismiss"), json!({})).await.assert_problem(409, "reminder_gone");
    stack.stop().await;
}
