use events::{EventType, Payload, Topic};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stack::{Answer, Stack};

fn path(task: &Value) -> String {
    format!("/tasks/{}", task["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn each_command_tells_its_fact_with_the_whole_state_after() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x", "due_date": "2026-11-24T17:00:00Z"})).await;
    ada.patch(&path(&task), json!({"title": "y", "priority": "LOW"})).await;
    ada.patch(&path(&task), json!({"title": "y"})).await;
    ada.post(&format!("{}/complete", path(&task)), json!({})).await;
    ada.post(&format!("{}/reopen", path(&task)), json!({})).await;
    ada.delete(&path(&task)).await;
    let restored = ada.post(&format!("{}/restore", path(&task)), json!({})).await.body;

    let told = stack.published(Topic::TaskEvents).await;
    let kinds: Vec<EventType> = told.iter().map(|row| row.event.event_type()).collect();
    use EventType as E;
    let expected = [
        E::TaskCreated,
        E::TaskUpdated,
        E::TaskCompleted,
        E::TaskUpdated,
        E::TaskDeleted,
        E::TaskUpdated,
    ];
    assert_eq!(kinds, expected);
    assert!(told.iter().all(|row| row.needs_receipt));
    let versions: Vec<Option<i64>> = told.iter().map(|row| row.event.payload.version()).collect();
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");

    let payloads: Vec<&Value> = told.iter().map(|row| &row.json["payload"]).collect();
    assert_eq!(payloads[1]["changed_fields"], json!(["priority", "title"]));
    assert_eq!(payloads[1]["changes"]["priority"], json!({"old": "MEDIUM", "new": "LOW"}));
    assert_eq!(payloads[1]["task"]["title"], "y");
    assert_eq!(payloads[2]["task"]["status"], "DONE");
    assert!(payloads[2]["next_due_date"].is_null());
    assert_eq!(payloads[3]["changed_fields"], json!(["status"]));
    assert_eq!(payloads[5]["changed_fields"], json!(["deleted_at"]));
    assert!(payloads[5]["changes"]["deleted_at"]["new"].is_null());
    assert_eq!(payloads[5]["task"]["version"], restored["version"]);
    let since =
        |payload: &Value| payload["schedule_since"].as_str().expect("an instant").to_owned();
    assert_eq!(since(&payloads[1]["task"]), since(payloads[0]), "a title moves no schedule");
    assert!(since(&payloads[3]["task"]) > since(payloads[0]), "reopening does");
    assert!(since(&payloads[5]["task"]) > since(&payloads[3]["task"]), "and restoring");

    let repeated = stack.published(Topic::TaskUpdates).await;
    let ids = |rows: &[crate::stack::Row]| -> Vec<_> {
        rows.iter().map(|row| row.event.event_id).collect()
    };
    let changes: Vec<_> = told
        .iter()
        .filter(|row| matches!(row.event.event_type(), E::TaskUpdated | E::TaskCompleted))
        .cloned()
        .collect();
    assert_eq!(ids(&repeated), ids(&changes), "the same ids on task-updates");
    assert!(repeated.iter().all(|row| !row.needs_receipt));
    stack.stop().await;
}

#[tokio::test]
async fn one_correlation_id_goes_from_the_request_into_everything_that_follows() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let id = "11111111-2222-4333-8444-555555555555";
    let request = |id: &'static str| {
        let request = ada.request(Method::POST, "/tasks").header("X-Correlation-Id", id);
        Answer::of(request.json(&json!({"title": "x"})))
    };
    let made = request(id).await;
    assert_eq!(made.header("x-correlation-id"), id);
    for row in stack.published(Topic::TaskEvents).await {
        assert_eq!(row.event.correlation_id.to_string(), id);
    }
    let timeline = ada.get(&format!("{}/timeline", path(&made.body))).await.body;
    assert_eq!(timeline["items"][0]["correlation_id"], id);
    let fed: String = sqlx::query_scalar("select payload->>'correlation_id' from feed")
        .fetch_one(&stack.admin)
        .await
        .expect("an entry");
    assert_eq!(fed, id);

    let replaced = request("no UUID").await;
    assert_ne!(replaced.header("x-correlation-id"), "no UUID");
    assert_eq!(replaced.header("x-correlation-id").len(), 36);
    let refused = ada
        .request(Method::POST, "/tasks")
        .header("X-Correlation-Id", id)
        .json(&json!({"title": 5}));
    let refused = Answer::of(refused).await;
    refused.assert_problem(422, "invalid");
    assert_eq!(refused.body["correlation_id"], id);
    stack.stop().await;
}

#[tokio::test]
async fn the_trace_of_a_request_travels_with_its_events() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    ada.make_task(json!({"title": "x"})).await;
    let malformed = stack
        .count(
            "select count(*) from messaging.outbox where traceparent is not null
                 and traceparent !~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'",
        )
        .await;
    assert_eq!(malformed, 0);
    stack.stop().await;
}

#[tokio::test]
async fn what_matters_soonest_is_marked_as_urgent() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let soon = json!({"title": "soon", "due_date": "2150-01-01T12:00:00Z",
        "reminders": [{"offset": "-PT2H"}, {"offset": "PT0S"}]});
    ada.make_task(soon).await;
    ada.make_task(json!({"title": "never"})).await;
    let urgent: Vec<(String, String)> = sqlx::query_as(
        "select envelope::jsonb->'payload'->>'title',
             to_char(urgent_at at time zone 'utc', 'YYYY-MM-DD HH24:MI')
         from messaging.outbox where topic = 'task-events' and urgent_at < 'infinity'",
    )
    .fetch_all(&stack.admin)
    .await
    .expect("rows");
    assert_eq!(urgent, [("soon".to_owned(), "2150-01-01 10:00".to_owned())]);
    stack.stop().await;
}

#[tokio::test]
async fn a_version_grows_also_when_the_clock_goes_back() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let first = task["version"].as_i64().expect("a version");
    stack.database.set_clock_offset_secs(-3600).await;
    let patched = testing::eventually("the pool to connect again", || async {
        let answer = ada.patch(&path(&task), json!({"title": "y"})).await;
        (answer.status == 200).then_some(answer.body)
    })
    .await;
    assert_eq!(patched["version"].as_i64(), Some(first + 1));
    let zone = ada.put("/settings", json!({"time_zone": "UTC"})).await;
    assert_eq!(zone.status, 200);
    let told = stack.published(Topic::UserEvents).await;
    let versions: Vec<Option<i64>> = told.iter().map(|row| row.event.payload.version()).collect();
    assert_eq!(versions[1], versions[0].map(|version| version + 1));
    let Payload::TaskUpdated(updated) = &stack.published(Topic::TaskUpdates).await[0].event.payload
    else {
        panic!()
    };
    assert_eq!(updated.version.get(), first + 1);
    stack.stop().await;
}
