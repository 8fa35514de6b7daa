//! What a phrase says, over HTTP, before anything is done.

use reqwest::StatusCode;
use serde_json::json;

use crate::stack::Stack;

const NOW: &str = "2026-11-24T09:30:00Z";

#[tokio::test]
async fn a_phrase_is_understood_with_the_spans_that_say_it_and_nothing_is_done() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let text = "water the plants every other Sunday at 6pm #garden";
    let answer =
        ada.post("/parse", json!({"text": text, "now": NOW, "time_zone": "Europe/Berlin"})).await;
    assert_eq!(answer.status, StatusCode::OK);
    let expected = json!({
        "intent": "add", "title": "water the plants", "due_date": "2026-11-29T17:00:00Z",
        "recurrence": {
            "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", "time_zone": "Europe/Berlin",
            "dtstart": "2026-11-29T18:00:00", "basis": "due_date",
        },
        "reminders": [], "priority": null, "tags": ["garden"], "target": null,
        "spans": [
            {"start": 17, "end": 35, "kind": "recurrence"},
            {"start": 36, "end": 42, "kind": "due"},
            {"start": 43, "end": 50, "kind": "tag"},
        ],
        "is_understood": true, "further_commands": 0,
    });
    assert_eq!(answer.body, expected);
    assert_eq!(ada.get("/tasks").await.body["items"], json!([]));
}

#[tokio::test]
async fn what_is_left_out_is_the_persons_own() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let settings = json!({
        "time_zone": "America/New_York",
        "language": {"date_order": "day_first", "morning": "07:30"},
    });
    assert_eq!(ada.put("/settings", settings).await.status, StatusCode::OK);
    let due = async |body| ada.post("/parse", body).await.body["due_date"].clone();
    let said = "dentist on 3/4 in the morning";
    assert_eq!(due(json!({"text": said, "now": NOW})).await, "2027-04-03T11:30:00Z");
    let month_first = json!({"date_order": "month_first"});
    assert_eq!(
        due(json!({"text": said, "now": NOW, "preferences": month_first})).await,
        "2027-03-04T12:30:00Z"
    );
    assert_eq!(
        due(json!({"text": said, "now": NOW, "time_zone": "UTC"})).await,
        "2027-04-03T07:30:00Z"
    );
    // Without a moment it is now.
    let year = due(json!({"text": "in 2 days"})).await;
    assert!(year.as_str().is_some_and(|day| day.len() == 10), "{year}");
}

#[tokio::test]
async fn a_phrase_that_is_none_is_refused_field_by_field() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for (body, field) in [
        (json!({}), "text"),
        (json!({"text": 5}), "text"),
        (json!({"text": "x".repeat(2_001)}), "text"),
        (json!({"text": "nul\u{0}"}), "text"),
        (json!({"text": "x", "now": "tomorrow"}), "now"),
        (json!({"text": "x", "now": "0999-01-01T00:00:00Z"}), "now"),
        (json!({"text": "x", "time_zone": "Mars/Olympus"}), "time_zone"),
        (json!({"text": "x", "preferences": {"morning": "25:00"}}), "preferences"),
        (json!({"text": "x", "preferences": {"week_start": "friday"}}), "preferences"),
    ] {
        let answer = ada.post("/parse", body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.body["errors"][0]["field"], field, "{body}: {}", answer.body);
    }
}
