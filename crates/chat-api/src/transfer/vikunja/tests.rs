use std::io::Write as _;

use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(vec![]));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        zip.write_all(content).expect("written");
    }
    zip.finish().expect("an archive").into_inner()
}

fn parse(projects: &Value) -> Incoming {
    let data = projects.to_string();
    let bytes = archive(&[
        ("files/1", b"picture"),
        (DATA, data.as_bytes()),
        ("filters.json", b"[]"),
        ("VERSION", b"v0.24.6"),
    ]);
    read(&bytes, &reader()).expect("a file")
}

fn reader() -> Reader {
    Reader {
        now: "2026-11-24T14:00:00Z".parse().expect("an instant"),
        zone: "Europe/Berlin".parse().expect("a zone"),
    }
}

#[test]
fn projects_come_with_what_their_tasks_hold() {
    let none = "0001-01-01T00:00:00Z";
    let incoming = parse(&json!([
        {"id": -1, "title": "Favorites", "tasks": null},
        {"id": 7, "title": "Garden", "created": "2024-01-01T00:00:00Z", "buckets": null, "tasks": [
            {"id": 1, "title": "Mow", "description": "<p>Front &amp; back</p><p>Slowly</p>",
                "done": false, "done_at": none, "due_date": "2026-12-01T08:00:00Z",
                "reminders": [{"reminder": "2026-12-01T07:00:00Z", "relative_period": -3600,
                    "relative_to": "due_date"}, {"reminder": "2026-11-30T07:00:00Z"},
                    {"reminder": "2024-01-01T07:00:00Z", "relative_period": -99_999_999,
                        "relative_to": "due_date"}],
                "repeat_after": 1209600, "repeat_mode": 2, "priority": 5, "percent_done": 0.5,
                "labels": [{"id": 1, "title": "to do"}], "created": "2024-02-01T10:00:00Z",
                "updated": "2024-02-02T10:00:00Z", "attachments": [{"id": 1}],
                "comments": [{"comment": "<p>Soon</p>", "author": {"username": "bob"}}],
                "related_tasks": {"subtask": [{"id": 2, "title": "Fuel"}, {"id": 3}],
                    "blocking": [{"id": 9}]}},
            {"id": 2, "title": "Fuel", "done": true, "due_date": none, "reminders": null,
                "labels": null, "related_tasks": {"parenttask": [{"id": 1}]}},
            {"id": 3, "title": "Blades", "due_date": "2026-11-30T08:00:00Z", "priority": 0},
            {"id": 4, "title": "Old", "done": true, "done_at": "2024-05-01T00:00:00Z",
                "repeat_after": 100, "due_date": "2024-05-01T00:00:00Z"},
        ]},
    ]));
    assert_eq!(incoming.lists.len(), 1);
    let [mow, blades, old] = &incoming.tasks[..] else { panic!("{:?}", incoming.tasks) };
    let task = &mow.task;
    let text = task.description.as_ref().expect("a text").as_ref();
    assert_eq!(text, "Front & back\n\nSlowly\n\nbob: Soon");
    assert_eq!((task.priority, task.status), (Priority::High, Status::InProgress));
    assert_eq!(task.tags.clone().into_inner(), ["to-do"]);
    let hour_before = ReminderSpec::Offset("-PT1H".parse().expect("an offset"));
    let at = ReminderSpec::At("2026-11-30T07:00:00Z".parse().expect("an instant"));
    let early = ReminderSpec::At("2024-01-01T07:00:00Z".parse().expect("an instant"));
    assert_eq!(task.reminders, [hour_before, at, early]);
    let rule = task.recurrence.as_ref().expect("a rule");
    assert_eq!((rule.rrule(), rule.basis()), ("FREQ=WEEKLY;INTERVAL=2", Basis::Completion));
    assert_eq!(rule.dtstart().to_string(), "2026-12-01T09:00:00");
    let steps = task.subtasks.clone().into_inner();
    assert_eq!((steps.len(), steps[0].title.as_str(), steps[0].done), (1, "Fuel", true));
    let text = blades.task.description.as_ref().expect("a text").as_ref();
    assert_eq!((text, blades.task.priority), ("Part of: Mow", Priority::Medium));
    assert!(blades.task.reminders.is_empty(), "as there, none");
    assert!(old.task.completed_at.is_some() && old.task.recurrence.is_none());
    let places: Vec<&str> = incoming.notes.kept.iter().map(|note| note.at.as_str()).collect();
    let (one, three) = ("projects[1].tasks[0]", "projects[1].tasks[2]");
    assert_eq!(places, [one, one, one, three, "projects[1].tasks[3]"], "{:?}", incoming.notes);
}

#[test]
fn a_time_at_the_end_of_the_calendar_is_refused() {
    for due in ["+262142-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"] {
        let incoming = parse(&json!([{"id": 1, "title": "x", "tasks": [
            {"id": 1, "title": "y", "due_date": due, "start_date": due, "repeat_after": 86_400}]}]));
        assert_eq!((incoming.tasks.len(), incoming.notes.refused), (0, 1), "{due} {incoming:?}");
    }
}

#[test]
fn what_repeats_becomes_a_rule_where_it_can() {
    let rule = |after, mode| {
        let due = "2026-12-01T08:00:00Z".parse().ok();
        rule_of(after, mode, due, &reader()).0.map(|rule| rule.rrule().to_owned())
    };
    assert_eq!(rule(86_400, 0).as_deref(), Some("FREQ=DAILY"));
    assert_eq!(rule(10_800, 0).as_deref(), Some("FREQ=HOURLY;INTERVAL=3"));
    assert_eq!(rule(300, 0).as_deref(), Some("FREQ=MINUTELY;INTERVAL=5"));
    assert_eq!(rule(0, 1).as_deref(), Some("FREQ=MONTHLY"));
    for after in [0, -5, 240, 301, i64::MAX] {
        assert_eq!(rule(after, 0), None, "{after}");
    }
}

#[test]
fn an_archive_is_unpacked_no_further_than_the_limit() {
    let zeros = vec![b' '; usize::try_from(MAX_UNPACKED_BYTES).expect("small") + 1];
    let bomb = archive(&[(DATA, &zeros)]);
    assert!(bomb.len() < 100_000, "{} bytes", bomb.len());
    let refused = read(&bomb, &reader()).expect_err("too much").to_string();
    assert!(refused.contains("unpacks to more than"), "{refused}");
    // One that lies about its size is no larger for it.
    let mut lying = bomb.clone();
    let central = lying.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").expect("one");
    lying[central + 24..central + 28].copy_from_slice(&10u32.to_le_bytes());
    assert!(read(&lying, &reader()).is_err());
    let whole = archive(&[(DATA, b"[]")]);
    for end in 0..whole.len() {
        assert!(read(&whole[..end], &reader()).is_err(), "{end} bytes");
    }
    assert!(read(&archive(&[("other", b"[]")]), &reader()).is_err());
}
