//! An example of each body, in requests and answers, by the name of its schema.
//!
//! That each is valid by its schema and that none is missing, `make check` finds out.

use serde_json::{Value, json};
use utoipa::{
    Modify,
    openapi::{Content, OpenApi as Spec, RefOr},
};

use super::operations;

pub(super) const TASK_ID: &str = "6f1c0f6e-8a57-4a0a-9a53-3f2a8a3c1b10";
pub(super) const LIST_ID: &str = "0b9d3f52-5c1e-4f0e-8f4e-6a1f2f7f9c11";
pub(super) const REMINDER_ID: &str = "318f8d37-1a86-5196-92c0-14432b9a5a2a";
pub(super) const CHANNEL_ID: &str = "2d1a5b0e-6c0b-4b53-9f5e-7a2f4f0c9d33";
pub(super) const TOKEN_ID: &str = "93c2a7de-0f5d-4c8a-8b6e-1e4d6a5b7c44";
pub(super) const SESSION_ID: &str = "e7f40b6c-2a9d-4e1f-a3c5-8d7b9e0f1a55";
pub(super) const DEAD_LETTER_ID: &str = "5a0b7c1d-3e2f-4a6b-9c8d-0f1e2d3c4b66";
pub(super) const CONVERSATION_ID: &str = "7c9e2f14-5b3a-4d8c-a1e6-0d2b4f6a8c88";
pub(super) const FEED_ID: &str = "b3d8a6f0-7c1e-4d2b-9a5f-4e6c8b0d1f77";
pub(super) const FEED: &str = "bTRvZ3JkX2V4YW1wbGVfb2ZfYV9zZWNyZXRfdXJsXzE.ics";
const OTHER_ID: &str = "c8b0e1a4-41a7-4d0e-a2a9-5a3d5c1f7e22";
const MORNING: &str = "2026-11-24T08:00:00Z";
const EVENING: &str = "2026-11-24T17:00:00Z";
/// Of RFC 8292's own example.
const PUBLIC_KEY: &str =
    "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const STREAM: &str = "event: task-created\nid: 7\ndata: {\"event_type\":\"task-created\",…}\n\n";
const CHAT_STREAM: &str = "event: action\ndata: {\"tool\":\"add_task\",…}\n\n\
    event: message\ndata: {\"delta\":\"Added “Water the plants”, due tomorrow at 18:00.\"}\n\n\
    event: done\ndata: {\"conversation_id\":\"7c9e2f14-5b3a-4d8c-a1e6-0d2b4f6a8c88\",…}\n\n";
const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\nBEGIN:VTODO\r\n\
    UID:1\r\nSUMMARY:Water the plants\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
const EVENTS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\nBEGIN:VEVENT\r\n\
    UID:1\r\nDTSTAMP:20261124T080000Z\r\nDTSTART:20261124T170000Z\r\nSUMMARY:Water the plants\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";
const CSV: &str = "TYPE,CONTENT,PRIORITY,INDENT,DATE\r\ntask,Water the plants,1,1,2030-01-15\r\n";

pub(super) struct Examples;

impl Modify for Examples {
    fn modify(&self, document: &mut Spec) {
        for (_, _, operation) in operations(document) {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.content.values_mut().for_each(add);
            }
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    response.content.values_mut().for_each(add);
                }
            }
        }
    }
}

fn add(content: &mut RefOr<Content>) {
    let example = schema_name(content).and_then(|name| example(&name));
    if let RefOr::T(content) = content {
        content.example = example;
    }
}

/// The name of the schema of some content.
pub(super) fn schema_name(content: &RefOr<Content>) -> Option<String> {
    let RefOr::T(content) = content else { return None };
    match content.schema.as_ref()? {
        RefOr::Ref(reference) => reference.ref_location.rsplit('/').next().map(str::to_owned),
        RefOr::T(_) => None,
    }
}

fn example(schema: &str) -> Option<Value> {
    Some(match schema {
        "AccountDeletion" => json!({"current_password": "correct horse battery"}),
        "BulkAction" => json!({"action": "complete", "tasks": [{"id": TASK_ID}]}),
        "ChatRequest" => json!({
            "message": "Water the plants tomorrow at 6pm", "conversation_id": CONVERSATION_ID,
        }),
        "Completion" => json!({"occurrence": "2026-11-29T18:00:00"}),
        "EmailChange" => {
            json!({"current_password": "correct horse battery", "email": "ada@example.org"})
        }
        "NewCalendarFeed" => json!({"name": "Phone"}),
        "ListMove" => json!({"after": OTHER_ID}),
        "ListName" => json!({"name": "Garden"}),
        "LogIn" => json!({"email": "ada@example.test", "password": "correct horse battery"}),
        "NewChannel" => json!({"kind": "webhook", "url": "https://example.test/hook"}),
        "NewTask" => json!({
            "title": "Water the plants", "due_date": EVENING,
            "reminders": [{"offset": "-PT30M"}], "tags": ["garden"],
        }),
        "NewToken" => json!({"name": "backup", "scopes": ["read"]}),
        "PasswordChange" => json!({
            "current_password": "correct horse battery", "new_password": "battery horse correct",
        }),
        "Registration" => json!({
            "email": "ada@example.test", "password": "correct horse battery",
            "time_zone": "Europe/Berlin",
        }),
        "Phrase" => json!({
            "text": "water the plants every other Sunday at 6pm #garden", "time_zone": "Europe/Berlin",
        }),
        "UnderstoodPhrase" => understood(),
        "SettingsReplacement" => json!({
            "time_zone": "Europe/Berlin", "quiet_hours": {"from": "22:00", "to": "07:00"},
            "day_time": "09:00", "digest": {"at": "07:30"},
            "language": {"date_order": "day_first"},
        }),
        "SnoozeRequest" => json!({"for": "PT10M"}),
        "TaskFile" => json!({
            "format": "todo.export", "version": 1, "exported_at": EVENING,
            "settings": {"time_zone": "Europe/Berlin", "quiet_hours": null}, "channels": [],
            "lists": [{"id": LIST_ID, "name": "Garden"}],
            "tasks": [{"id": TASK_ID, "title": "Water the plants", "list_id": LIST_ID}],
        }),
        "CalendarFile" => json!(CALENDAR),
        "EventCalendar" => json!(EVENTS),
        "CsvFile" => json!(CSV),
        "WebPushKey" => json!({"public_key": PUBLIC_KEY}),
        "ZipFile" => json!("PK…"),
        "TaskMove" => json!({"list_id": LIST_ID}),
        "TaskPatch" => json!({"title": "Water the roses", "due_date": null}),

        "Account" => json!({
            "user_id": OTHER_ID, "email": "ada@example.test", "time_zone": "Europe/Berlin",
            "is_admin": false,
        }),
        "BulkResult" => json!({"items": [task()]}),
        "CalendarFeedPage" => json!({"items": [feed()], "next_cursor": null}),
        "CalendarFeedWithUrl" => {
            with(feed(), "url", &format!("https://todo.example.test/calendar/{FEED}"))
        }
        "ChannelPage" => json!({"items": [channel()], "next_cursor": null}),
        "ChannelWithSecret" => with(channel(), "secret", SECRET),
        "ChatAnswer" => json!({
            "conversation_id": CONVERSATION_ID, "message_id": OTHER_ID,
            "reply": "Added “Water the plants”, due tomorrow at 18:00.", "actions": [action()],
            "engine": "grammar",
        }),
        "ChatStream" => json!(CHAT_STREAM),
        "ConversationPage" => json!({"items": [conversation()], "next_cursor": null}),
        "ConversationWithMessages" => {
            let mut conversation = conversation();
            conversation["items"] = json!([message()]);
            conversation["next_cursor"] = Value::Null;
            conversation
        }
        "DeadLetter" => dead_letter(),
        "DeadLetterPage" => json!({"items": [dead_letter()], "next_cursor": null}),
        "DeadLetterWithHead" => with(dead_letter(), "head_base64", "Z2FyYmFnZQ=="),
        "DeliveryFailurePage" => json!({"items": [delivery_failure()], "next_cursor": null}),
        "EventStream" => json!(STREAM),
        "ImportResult" => json!({
            "format": "json", "dry_run": false, "lists": {"new": 1, "already_there": 0},
            "tasks": {"new": 1, "already_there": 0}, "refused": 0, "settings_changed": false,
            "notes": [], "notes_left_out": 0,
        }),
        "List" => list(),
        "ListPage" => json!({"items": [list()], "next_cursor": null}),
        "OutboxPage" => json!({
            "last_receipt_at": MORNING,
            "topics": [{
                "topic": "task-events", "unpublished": 1, "oldest_unpublished_at": MORNING,
                "unreceipted": 0, "oldest_unreceipted_at": null,
            }],
            "items": [{
                "event_id": OTHER_ID, "event_type": "task-created", "topic": "task-events",
                "key": TASK_ID, "state": "unpublished", "occurred_at": MORNING, "attempts": 3,
                "problem": "the sidecar can't be reached", "published_at": null, "resends": 0,
            }],
            "next_cursor": null,
        }),
        "PersonPage" => json!({
            "items": [{
                "user_id": OTHER_ID, "email": "ada@example.test", "created_at": MORNING,
                "tasks": 7, "last_used_at": EVENING,
            }],
            "next_cursor": null,
        }),
        "ReminderPage" => json!({"items": [reminder()], "next_cursor": null}),
        "SessionPage" => json!({"items": [session()], "next_cursor": null}),
        "Settings" => settings(),
        "Task" => task(),
        "TaskPage" => json!({"items": [task()], "next_cursor": null}),
        "TimelinePage" => json!({"items": [entry()], "next_cursor": null}),
        "TokenPage" => json!({"items": [token()], "next_cursor": null}),
        "TokenWithSecret" => with(token(), "token", "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        _ => return None,
    })
}

fn task() -> Value {
    json!({
        "id": TASK_ID, "title": "Water the plants", "description": null, "priority": "MEDIUM",
        "status": "TODO", "due_date": EVENING, "time_zone": "Europe/Berlin", "recurrence": null,
        "occurrence": null, "reminders": [{"offset": "-PT30M"}], "snoozes": [], "dismissed": [],
        "tags": ["garden"], "list_id": LIST_ID, "position": "80",
        "subtasks": [{"id": OTHER_ID, "title": "Fill the can", "done": true}],
        "version": 1_795_161_600_000_000_i64, "created_at": MORNING, "updated_at": MORNING,
        "completed_at": null, "delivery_problem": null,
    })
}

fn list() -> Value {
    json!({
        "id": LIST_ID, "name": "Garden", "is_inbox": false, "position": "80",
        "created_at": MORNING, "updated_at": MORNING,
    })
}

fn reminder() -> Value {
    json!({
        "id": REMINDER_ID, "task_id": TASK_ID, "title": "Water the plants", "status": "scheduled",
        "due_date": EVENING, "reminder_time": "2026-11-24T16:30:00Z", "triggered_at": null,
        "late": false, "cancelled_at": null, "reason": null,
    })
}

fn dead_letter() -> Value {
    json!({
        "id": DEAD_LETTER_ID, "topic": "task-events", "partition": 1, "offset": 4711,
        "consumer": "reminder-worker", "reason": "the record is not JSON",
        "sha256": "795b6904e54f82411df4b0e27a373a55eea3f9d66dac5a9bce1dd92f7b401da5", "size": 7,
        "state": "kept", "problem": null, "kept_at": MORNING,
    })
}

fn delivery_failure() -> Value {
    json!({
        "event_id": "4c6e8a02-1b3d-4f57-9a7c-5e0d2f4b6c99", "user_id": OTHER_ID,
        "email": "ada@example.test", "task_id": TASK_ID, "at": EVENING, "channel": "webhook",
        "attempts": 8, "error": "the webhook answered 500",
    })
}

fn entry() -> Value {
    json!({
        "task_id": TASK_ID, "event_id": OTHER_ID, "event_type": "task-created",
        "correlation_id": "00000000-0000-0000-0000-000000000000", "at": MORNING,
        "text": "Made, due Tue 24 Nov 2026 18:00", "details": {"task_id": TASK_ID},
    })
}

fn action() -> Value {
    json!({
        "tool": "add_task", "arguments": {"title": "Water the plants", "due_date": EVENING},
        "result": {"outcome": "done", "tasks": [{"id": TASK_ID, "title": "Water the plants"}]},
    })
}

fn understood() -> Value {
    json!({
        "intent": "add", "title": "water the plants", "due_date": "2026-11-29T17:00:00Z",
        "recurrence": {
            "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", "time_zone": "Europe/Berlin",
            "dtstart": "2026-11-29T18:00:00", "basis": "due_date",
        },
        "reminders": [], "priority": null, "tags": ["garden"], "target": null,
        "spans": [
            {"start": 17, "end": 35, "kind": "recurrence"}, {"start": 36, "end": 42, "kind": "due"},
            {"start": 43, "end": 50, "kind": "tag"},
        ],
        "is_understood": true, "further_commands": 0,
    })
}

fn conversation() -> Value {
    json!({
        "id": CONVERSATION_ID, "title": "Water the plants tomorrow at 6pm", "message_count": 2,
        "created_at": MORNING, "updated_at": MORNING,
    })
}

fn message() -> Value {
    json!({
        "id": OTHER_ID, "author": "assistant",
        "text": "Added “Water the plants”, due tomorrow at 18:00.", "actions": [action()],
        "engine": "grammar", "created_at": MORNING,
    })
}

fn session() -> Value {
    json!({
        "id": SESSION_ID, "created_at": MORNING, "last_used_at": EVENING,
        "expires_at": "2026-12-24T08:00:00Z", "user_agent": "Mozilla/5.0", "current": true,
    })
}

fn token() -> Value {
    json!({
        "id": TOKEN_ID, "name": "backup", "scopes": ["read"], "created_at": MORNING,
        "expires_at": null, "last_used_at": null,
    })
}

fn feed() -> Value {
    json!({"id": FEED_ID, "name": "Phone", "created_at": MORNING, "last_used_at": null})
}

fn channel() -> Value {
    json!({
        "id": CHANNEL_ID, "kind": "webhook", "url": "https://example.test/hook", "email": null,
    })
}

fn settings() -> Value {
    json!({
        "time_zone": "Europe/Berlin", "quiet_hours": {"from": "22:00:00", "to": "07:00:00"},
        "day_time": "09:00", "digest": {"at": "07:30:00"},
        "language": {
            "date_order": "month_first", "week_start": "monday", "morning": "09:00:00",
            "afternoon": "15:00:00", "evening": "18:00:00", "night": "20:00:00",
            "end_of_day": "17:00:00",
        },
    })
}

fn with(mut object: Value, name: &str, value: &str) -> Value {
    object[name] = value.into();
    object
}

#[cfg(test)]
mod tests {
    use utoipa::OpenApi;

    use super::*;
    use crate::http::openapi::Document;

    #[test]
    fn every_body_has_an_example() {
        let document = serde_json::to_value(Document::openapi()).expect("JSON");
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let answers = operation["responses"].as_object().expect("responses").values();
                for body in answers.chain([&operation["requestBody"]]) {
                    for (media_type, content) in body["content"].as_object().into_iter().flatten() {
                        assert!(content["example"] != Value::Null, "{method} {path} {media_type}");
                    }
                }
            }
        }
    }
}
