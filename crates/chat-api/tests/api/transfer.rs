//! What tests of import and export share: files that are made up, and what of them must stay.

use std::collections::BTreeMap;

use events::{ReminderId, ReminderSpec, TaskId};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::stack::Stack;

/// What a file says that must be the same wherever it is taken over: lists by their place, tasks by
/// list and place, reminders by what they are. Ids are not; nor is the text of a position.
pub(crate) fn essence(file: &Value) -> Value {
    let lists = file["lists"].as_array().expect("lists");
    let names: BTreeMap<&str, usize> = lists
        .iter()
        .enumerate()
        .map(|(index, list)| (list["id"].as_str().expect("an id"), index))
        .collect();
    let mut tasks: Vec<&Value> = file["tasks"].as_array().expect("tasks").iter().collect();
    tasks.sort_by_key(|task| {
        let list = names[task["list_id"].as_str().expect("a list")];
        (list, task["position"].as_str().expect("a position").to_owned())
    });
    let tasks: Vec<Value> = tasks
        .into_iter()
        .map(|task| {
            let mut fields = task.as_object().expect("an object").clone();
            fields
                .insert("list".to_owned(), json!(names[task["list_id"].as_str().expect("a list")]));
            for field in ["snoozes", "dismissed"] {
                let named = fields[field].as_array().expect("a list").iter();
                let named = named.map(|entry| name_reminder(task, entry)).collect();
                fields.insert(field.to_owned(), named);
            }
            // Written in one way, however they were given.
            let reminders: Vec<ReminderSpec> =
                serde_json::from_value(task["reminders"].clone()).expect("reminders");
            fields.insert("reminders".to_owned(), json!(reminders));
            for field in ["id", "list_id", "position"] {
                fields.remove(field);
            }
            Value::Object(fields)
        })
        .collect();
    let lists: Vec<Value> = lists
        .iter()
        .map(|list| json!({"name": list["name"], "is_inbox": list["is_inbox"]}))
        .collect();
    json!({"settings": file["settings"], "lists": lists, "tasks": tasks})
}

/// A reminder's id as the place of what it follows from.
fn name_reminder(task: &Value, entry: &Value) -> Value {
    let id = entry.get("reminder_id").unwrap_or(entry);
    let id: ReminderId = id.as_str().expect("an id").parse().expect("a UUID");
    let derived = reminder_ids(task);
    let place = derived.iter().position(|derived| *derived == id).expect("one of the task's");
    json!({"reminder": place, "until": entry.get("until")})
}

fn reminder_ids(task: &Value) -> Vec<ReminderId> {
    let id: TaskId = task["id"].as_str().expect("an id").parse().expect("a UUID");
    let occurrence = task["occurrence"].as_str().map(|text| text.parse().expect("nominal"));
    let specs: Vec<ReminderSpec> =
        serde_json::from_value(task["reminders"].clone()).expect("reminders");
    specs.iter().map(|spec| ReminderId::derive(id, spec, occurrence)).collect()
}

/// How many rows each table has, the outbox's too.
pub(crate) async fn row_counts(stack: &Stack) -> BTreeMap<String, i64> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', schemaname, tablename) from pg_tables
         where schemaname in ('public', 'messaging') order by 1",
    )
    .fetch_all(&stack.admin)
    .await
    .expect("tables");
    assert!(tables.len() > 15, "{tables:?}");
    let mut counts = BTreeMap::new();
    for table in tables {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let count = sqlx::query_scalar(sql).fetch_one(&stack.admin).await.expect("a count");
        counts.insert(table, count);
    }
    counts
}

/// A file of ours, whole, with anything in it that can be there.
pub(crate) fn files() -> impl Strategy<Value = Value> {
    let lists = prop::collection::vec(line(100), 0..4);
    let tasks = prop::collection::vec(tasks(), 10..50);
    let quiet = prop::option::of((0..12u32, 12..24u32)).prop_map(|quiet| {
        quiet.map(|(from, to)| json!({"from": format!("{from:02}:00:00"), "to": format!("{to:02}:30:15")}))
    });
    (lists, tasks, zone(), quiet).prop_map(|(names, tasks, zone, quiet)| {
        let ids: Vec<String> = (0..=names.len()).map(|index| id(0xA000 + index as u128)).collect();
        let mut lists = vec![json!({"id": ids[0], "name": "Eingang", "is_inbox": true})];
        for (index, name) in names.iter().enumerate() {
            lists.push(json!({"id": ids[index + 1], "name": name, "is_inbox": false}));
        }
        let tasks: Vec<Value> = tasks
            .into_iter()
            .enumerate()
            .map(|(index, mut task)| {
                let list = task.remove("list").and_then(|list| list.as_u64()).expect("a number");
                let list = usize::try_from(list).expect("small") % ids.len();
                task.insert("list_id".to_owned(), json!(ids[list]));
                task.insert("id".to_owned(), json!(id(1 + index as u128)));
                // Not the order of the ids.
                task.insert("position".to_owned(), json!(format!("{:03}", (index * 7) % 50)));
                put_off(Value::Object(task))
            })
            .collect();
        json!({"format": "todo.export", "version": 1, "settings": {"time_zone": zone, "quiet_hours": quiet, "day_time": "07:45:00", "digest": {"at": "06:50:00"},
            "language": {"date_order": "day_first", "week_start": "sunday", "morning": "08:00:00",
                "afternoon": "14:30:00", "evening": "19:00:00", "night": "22:15:00", "end_of_day": "18:00:00"}},
            "lists": lists, "tasks": tasks})
    })
}

/// Names the reminders that are put off or dismissed by their ids.
fn put_off(mut task: Value) -> Value {
    let ids = reminder_ids(&task);
    let snoozes: Vec<Value> = ids
        .iter()
        .take(1)
        .map(|id| json!({"reminder_id": id, "until": "2199-06-01T00:00:00Z"}))
        .collect();
    let dismissed: Vec<Value> = ids.iter().skip(1).map(|id| json!(id)).collect();
    task["snoozes"] = snoozes.into();
    task["dismissed"] = dismissed.into();
    task
}

fn id(number: u128) -> String {
    uuid::Uuid::from_u128((0x4000_8000 << 64) | number).to_string()
}

fn zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
}

/// Any text with something to see in it.
fn line(max_chars: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>().prop_filter("no NUL", |c| *c != '\0'), 0..12).prop_map(
        move |chars| {
            let mut text: String = chars.into_iter().take(max_chars - 1).collect();
            text.push('x');
            text
        },
    )
}

fn instant(years: std::ops::Range<i64>) -> impl Strategy<Value = String> {
    let secs = (years.start - 1970) * 31_556_952..(years.end - 1970) * 31_556_952;
    (secs, 0..1_000_000u32).prop_map(|(secs, micros)| {
        let time = chrono::DateTime::from_timestamp(secs, micros * 1_000).expect("in range");
        serde_json::from_value(json!(time)).expect("a text")
    })
}

/// Due, rule and occurrence that go together.
fn schedule() -> impl Strategy<Value = (Value, Value, Value)> {
    let rule = prop::sample::select(vec![
        "FREQ=DAILY",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU",
        "FREQ=MONTHLY;BYDAY=-1FR;COUNT=10",
        "FREQ=YEARLY;UNTIL=21301231T000000Z",
    ]);
    let basis = prop::sample::select(vec!["due_date", "completion"]);
    prop_oneof![
        Just((Value::Null, Value::Null, Value::Null)),
        instant(1990..2190).prop_map(|due| (json!(due), Value::Null, Value::Null)),
        (1..28u32).prop_map(|day| (json!(format!("2027-02-{day:02}")), Value::Null, Value::Null)),
        (rule.clone(), basis.clone(), zone(), 1..28u32).prop_map(|(rrule, basis, zone, day)| (
            json!(format!("2027-03-{day:02}")),
            json!({"rrule": rrule, "dtstart": format!("2026-12-{day:02}"), "time_zone": zone,
                "exdates": ["2027-01-05"], "basis": basis}),
            json!(format!("2027-02-{day:02}")),
        )),
        (rule, basis, zone(), instant(2026..2040)).prop_map(|(rrule, basis, zone, due)| (
            json!(due),
            json!({"rrule": rrule, "dtstart": "2026-11-29T18:00:00", "time_zone": zone,
                "exdates": [], "basis": basis}),
            json!("2027-01-01T07:08:09"),
        )),
    ]
}

fn reminders() -> impl Strategy<Value = Vec<Value>> {
    let offset = (-1000i64..1000).prop_map(|minutes| {
        let sign = if minutes < 0 { "-" } else { "" };
        json!({"offset": format!("{sign}PT{}S", minutes.abs() * 61)})
    });
    let at = instant(1990..2190).prop_map(|at| json!({"at": at}));
    prop::collection::btree_map(any::<u8>(), prop_oneof![offset, at], 0..5).prop_map(|specs| {
        let mut distinct: Vec<Value> = vec![];
        for spec in specs.into_values() {
            let same = |one: &Value| {
                let read = |value: &Value| -> ReminderSpec {
                    serde_json::from_value(value.clone()).expect("a reminder")
                };
                read(one) == read(&spec)
            };
            if !distinct.iter().any(same) {
                distinct.push(spec);
            }
        }
        distinct
    })
}

fn tasks() -> impl Strategy<Value = Map<String, Value>> {
    let words = (line(500), prop::option::of(line(20_000)));
    let kind = (
        prop::sample::select(vec!["HIGH", "MEDIUM", "LOW"]),
        prop::sample::select(vec!["TODO", "IN_PROGRESS", "DONE"]),
        any::<bool>(),
    );
    let tags = prop::collection::btree_set("[a-zA-Zäß0-9_-]{1,20}", 0..4);
    let subtasks = prop::collection::vec((line(500), any::<bool>()), 0..4);
    let times = (instant(2000..2010), instant(2010..2020), instant(2020..2025));
    (words, kind, zone(), schedule(), reminders(), tags, subtasks, times, 0..9u64).prop_map(
        |(words, kind, zone, schedule, reminders, tags, subtasks, times, list)| {
            let subtasks: Vec<Value> = subtasks
                .into_iter()
                .enumerate()
                .map(|(index, (title, done))| {
                    json!({"id": id(0x5000 + index as u128), "title": title, "done": done})
                })
                .collect();
            let task = json!({"title": words.0, "description": words.1, "priority": kind.0,
                "status": kind.1, "due_date": schedule.0, "time_zone": zone,
                "recurrence": schedule.1, "occurrence": schedule.2, "reminders": reminders,
                "tags": tags, "subtasks": subtasks, "created_at": times.0, "updated_at": times.1,
                "completed_at": (kind.1 == "DONE").then_some(&times.2),
                "deleted_at": kind.2.then_some(&times.2), "list": list});
            let Value::Object(fields) = task else { unreachable!("an object was written") };
            fields
        },
    )
}
