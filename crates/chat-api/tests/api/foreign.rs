//! Files of other programs that come in.

use std::io::{Cursor, Write as _};

use events::Topic;
use reqwest::StatusCode;
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    stack::{Answer, Stack},
    transfer::row_counts,
};

const TODOIST: &str = concat!(
    "\u{feff}TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE,",
    "DURATION,DURATION_UNIT,DEADLINE,DEADLINE_LANG\r\n",
    "task,Buy paint @shop,\"White,\nmatt\",1,1,Ada (1),,2030-12-24 17:00,en,Europe/Berlin,,,,\r\n",
    "task,Brushes,,4,2,Ada (1),,,,,,,,\r\n",
    ",,,,,,,,,,,,,\r\n",
    "section,Garden,,,,,,,,,,,,\r\n",
    "task,Mow,,4,1,Ada (1),,every monday,en,Europe/Berlin,,,,\r\n",
    "task,Sow,,4,1,Ada (1),,when it is warm,en,Europe/Berlin,,,,\r\n",
);

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(vec![]));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        zip.write_all(content).expect("written");
    }
    zip.finish().expect("an archive").into_inner()
}

fn vikunja() -> Vec<u8> {
    let none = "0001-01-01T00:00:00Z";
    let data = json!([{"id": 3, "title": "Garden", "created": "2024-01-01T00:00:00Z", "tasks": [
        {"id": 1, "title": "Mow", "done": false, "done_at": none, "due_date": "2030-05-01T08:00:00Z",
            "repeat_after": 604_800, "repeat_mode": 0, "created": "2024-02-01T00:00:00Z",
            "reminders": [{"reminder": "2030-05-01T07:30:00Z", "relative_period": -1800,
                "relative_to": "due_date"}], "labels": null, "related_tasks": {}},
        {"id": 2, "title": "Dug", "done": true, "done_at": "2024-03-01T00:00:00Z", "due_date": none,
            "created": "2024-02-01T00:00:00Z"},
    ]}]);
    archive(&[("data.json", data.to_string().as_bytes()), ("VERSION", b"v0.24.6")])
}

#[track_caller]
fn assert_counts(answer: &Answer, format: &str, lists: (u64, u64), tasks: (u64, u64)) {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.body["format"], format);
    let counts = |counts: (u64, u64)| json!({"new": counts.0, "already_there": counts.1});
    assert_eq!(answer.body["lists"], counts(lists), "{answer:?}");
    assert_eq!(answer.body["tasks"], counts(tasks), "{answer:?}");
}

async fn find(person: &crate::stack::Person, word: &str) -> Value {
    let found = person.get(&format!("/tasks?q={word}")).await.body;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");
    found["items"][0].clone()
}

#[tokio::test]
async fn a_project_of_todoist_arrives_and_comes_once() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let garden = ada.post("/lists", json!({"name": "Garden"})).await.body;
    let home = ada.post("/lists", json!({"name": "Home"})).await.body;
    let query = format!("?list={}", home["id"].as_str().expect("an id"));
    let before = row_counts(&stack).await;
    let dry = ada.import(&format!("{query}&dry_run=true"), TODOIST).await;
    assert_counts(&dry, "todoist", (0, 1), (3, 0));
    assert_eq!(row_counts(&stack).await, before);
    let note = &dry.body["notes"][0];
    assert_eq!((&note["at"], &note["severity"]), (&json!("line 8"), &json!("warning")));
    let real = ada.import(&query, TODOIST).await;
    assert_eq!(
        (&real.body["tasks"], &real.body["notes"]),
        (&dry.body["tasks"], &dry.body["notes"])
    );

    let paint = find(&ada, "paint").await;
    assert_eq!(paint["title"], "Buy paint");
    assert_eq!((&paint["priority"], &paint["tags"]), (&json!("HIGH"), &json!(["shop"])));
    assert_eq!((&paint["list_id"], &paint["description"]), (&home["id"], &json!("White,\nmatt")));
    assert_eq!(paint["due_date"], "2030-12-24T16:00:00Z");
    assert_eq!(paint["subtasks"][0]["title"], "Brushes");
    let mow = find(&ada, "mow").await;
    assert_eq!(
        (&mow["list_id"], &mow["recurrence"]["rrule"]),
        (&garden["id"], &json!("FREQ=WEEKLY;BYDAY=MO"))
    );
    assert_eq!(find(&ada, "sow").await["description"], "Date: when it is warm");
    assert_counts(&ada.import(&query, TODOIST).await, "todoist", (0, 1), (0, 3));
    stack.stop().await;
}

#[tokio::test]
async fn an_export_of_vikunja_arrives_and_its_reminders_are_told() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    stack.forget_outbox().await;
    assert_counts(&ada.import("", vikunja()).await, "vikunja", (1, 0), (2, 0));
    let told = stack.published(Topic::TaskEvents).await;
    let mow = told.iter().find(|row| row.json["payload"]["title"] == "Mow").expect("told");
    let payload = &mow.json["payload"];
    assert_eq!(payload["reminders"], json!([{"offset": "-PT30M"}]));
    assert_eq!(payload["recurrence"]["rrule"], "FREQ=WEEKLY");
    assert_eq!(payload["occurrence"], "2030-05-01T10:00:00");
    let dug = find(&ada, "dug").await;
    assert_eq!(
        (&dug["status"], &dug["completed_at"]),
        (&json!("DONE"), &json!("2024-03-01T00:00:00Z"))
    );
    assert_eq!(dug["created_at"], "2024-02-01T00:00:00Z");
    // Renamed meanwhile, the list is still that one.
    let lists = ada.get("/lists").await.body;
    let path = format!("/lists/{}", lists["items"][1]["id"].as_str().expect("an id"));
    assert_eq!(ada.patch(&path, json!({"name": "Yard"})).await.status, StatusCode::OK);
    assert_counts(&ada.import("", vikunja()).await, "vikunja", (0, 1), (0, 2));
    stack.stop().await;
}

#[tokio::test]
async fn what_is_no_file_of_theirs_is_refused_and_never_an_error_of_ours() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let bomb = archive(&[("data.json", &vec![b' '; 40 * 1024 * 1024])]);
    let whole = vikunja();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("todoist", b"".to_vec()),
        ("todoist", b"TYPE,CONTENT\ntask,caf\xe9\n".to_vec()),
        ("todoist", b"NAME,WHEN\nx,y\n".to_vec()),
        ("todoist", whole.clone()),
        ("todoist", b"TYPE,CONTENT\ntask,nul\0\n".to_vec()),
        ("todoist", b"TYPE,CONTENT\nnote,\"open\n".to_vec()),
        ("todoist", format!("TYPE,CONTENT\n{}", "task,x\n".repeat(10_001)).into_bytes()),
        ("vikunja", b"PK\x03\x04".to_vec()),
        ("vikunja", whole[..whole.len() / 2].to_vec()),
        ("vikunja", bomb),
        ("vikunja", archive(&[("VERSION", b"1")])),
        ("vikunja", archive(&[("data.json", b"{}")])),
        ("vikunja", archive(&[("data.json", b"[{\"id\": \"x\"}]")])),
        ("vikunja", archive(&[("data.json", b"\xff\xfe")])),
        ("vikunja", vec![0; 100]),
        ("ical", b"BEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VCALENDAR\n".to_vec()),
        ("ical", b"x".to_vec()),
        ("ical", format!("BEGIN:VCALENDAR\n{}", "BEGIN:X\n".repeat(200_000)).into_bytes()),
        ("ical", b"BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:\0\nEND:VTODO\nEND:VCALENDAR\n".to_vec()),
        ("ical", b"BEGIN:VCALENDAR\nX:\xe9\nEND:VCALENDAR\n".to_vec()),
        ("ical", vec![b'\n'; 1_000_000]),
    ];
    let before = row_counts(&stack).await;
    for (index, (format, content)) in files.into_iter().enumerate() {
        let answer = ada.import(&format!("?format={format}"), content).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{index}: {answer:?}");
    }
    assert_eq!(row_counts(&stack).await, before);
    stack.stop().await;
}
