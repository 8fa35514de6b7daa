use events::{Basis, ListId, ReminderSpec, Status, TaskId, TaskVersion, UserId};
use icalendar::parser::{read_calendar, unfold};

use super::*;
use crate::{
    domain::{
        position::Position,
        settings::Settings,
        task::{Moment, Place, Task},
    },
    transfer::{Incoming, IncomingTask, Reader, json},
};

fn reader() -> Reader {
    Reader {
        now: "2026-11-24T14:00:00Z".parse().expect("an instant"),
        zone: "Europe/Berlin".parse().expect("a zone"),
    }
}

fn parse(todos: &str) -> Incoming {
    let file =
        format!("BEGIN:VCALENDAR\nVERSION:2.0\n{todos}END:VCALENDAR\n").replace('\n', "\r\n");
    read(file.as_bytes(), &reader()).expect("a file")
}

fn todo(properties: &str) -> Incoming {
    parse(&format!("BEGIN:VTODO\nUID:1\nSUMMARY:x\n{properties}END:VTODO\n"))
}

fn only(incoming: &Incoming) -> &IncomingTask {
    let [task] = &incoming.tasks[..] else { panic!("{incoming:?}") };
    task
}

fn tasks() -> Vec<Task> {
    let file = serde_json::json!({"format": json::FORMAT, "version": 1, "tasks": [
        {"id": "00000000-0000-4000-8000-000000000001",
            "title": "Cut; the \\ hedge, neatly:\r\nall of it, and rather more than goes into one line — äöü €",
            "description": "One\nTwo\u{7}", "priority": "HIGH", "status": "IN_PROGRESS", "tags": ["a,b", "c"],
            "due_date": "2026-12-01T08:00:00Z", "reminders": [{"offset": "-PT30M"},
                {"at": "2026-11-30T10:00:00Z"}],
            "subtasks": [{"title": "Shears"}, {"title": "Ladder", "done": true}]},
        {"id": "00000000-0000-4000-8000-000000000002", "title": "Bins", "due_date": "2026-12-01",
            "recurrence": {"rrule": "FREQ=WEEKLY;UNTIL=20301231T000000Z", "dtstart": "2026-11-24",
                "time_zone": "Europe/Berlin", "exdates": ["2026-12-15"]}, "occurrence": "2026-12-01"},
        {"id": "00000000-0000-4000-8000-000000000003", "title": "Call",
            "due_date": "2026-12-06T17:00:00Z", "reminders": [{"offset": "-P1D"}],
            "recurrence": {"rrule": "FREQ=WEEKLY;INTERVAL=2;COUNT=5", "dtstart": "2026-11-22T18:00:00",
                "time_zone": "Europe/Berlin"}},
        {"id": "00000000-0000-4000-8000-000000000004", "title": "Done", "status": "DONE",
            "completed_at": "2026-01-02T03:04:05Z", "due_date": "2026-01-03", "reminders": []},
        {"id": "00000000-0000-4000-8000-000000000005", "title": "Gone",
            "deleted_at": "2026-01-02T03:04:05Z"},
    ]});
    let read = json::read(file.to_string().as_bytes()).expect("a file");
    assert!(read.notes.kept.is_empty(), "{:?}", read.notes);
    let moment = Moment { now: reader().now, version: TaskVersion::from(1) };
    let place = || Place { list_id: ListId::random(), position: Position::between(None, None) };
    let make = |task: IncomingTask| {
        let id = TaskId::from(task.source.own.expect("an id"));
        task.task.make(id, UserId::random(), &Settings::in_utc(), place(), moment).task
    };
    read.tasks.into_iter().map(make).collect()
}

fn written() -> String {
    let mut writer = Writer::default();
    let mut file = writer.head();
    for task in tasks() {
        writer.task(&task, &mut file);
    }
    file + END
}

#[test]
fn what_is_written_is_read_by_others() {
    let file = written();
    let unfolded = unfold(&file);
    let calendar = read_calendar(&unfolded).expect("a calendar");
    let names: Vec<&str> = calendar.components.iter().map(|each| each.name.as_str()).collect();
    assert_eq!(names, ["VTODO", "VTODO", "VTODO", "VTODO", "VTIMEZONE", "VTODO", "VTODO"]);
    for line in file.split_inclusive("\r\n") {
        assert!(line.ends_with("\r\n") && line.len() <= 77, "{line:?}");
        assert!(!line.trim_end_matches("\r\n").contains(['\r', '\n', '\u{7}']), "{line:?}");
    }
    let hedge = &calendar.components[0];
    let value = |name: &str| hedge.find_prop(name).map_or("", |property| property.val.as_str());
    assert_eq!(
        value("SUMMARY"),
        "Cut; the \\ hedge, neatly:\nall of it, and rather more than goes into one line — äöü €"
    );
    assert_eq!((value("DUE"), value("CATEGORIES")), ("20261201T080000Z", "a\\,b,c"));
    let has =
        |line: &str| assert!(unfolded.contains(&format!("\n{line}\r\n")), "{line}: {unfolded}");
    has("DTSTART;VALUE=DATE:20261201");
    has("RRULE:FREQ=WEEKLY;UNTIL=20301231");
    has("EXDATE;VALUE=DATE:20261215");
    // A COUNT begins where it began.
    has("DTSTART;TZID=Europe/Berlin:20261122T180000");
    has("TRIGGER;RELATED=START:-P1D");
    has("TRIGGER;RELATED=END:-PT30M");
    has("TRIGGER;VALUE=DATE-TIME:20261130T100000Z");
    has("RELATED-TO;RELTYPE=PARENT:00000000-0000-4000-8000-000000000001");
    assert!(!unfolded.contains("Gone"), "nothing of the trash");
}

#[test]
fn what_is_written_is_read_again() {
    let read = read(written().as_bytes(), &reader()).expect("a file");
    assert!(read.notes.kept.is_empty(), "{:?}", read.notes);
    let before = tasks();
    assert_eq!(read.tasks.len(), 4);
    for (task, before) in read.tasks.iter().zip(&before) {
        let (task, state) = (&task.task, &before.state);
        assert_eq!(task.title.as_ref(), state.title.replace("\r\n", "\n"));
        assert_eq!(
            (task.priority, task.status, &task.reminders),
            (state.priority, state.status, &state.reminders)
        );
        let (steps, own): (Vec<_>, Vec<_>) =
            (task.subtasks.clone().into_inner(), state.subtasks.clone());
        let said = |steps: Vec<events::Subtask>| -> Vec<(String, bool)> {
            steps.into_iter().map(|step| (step.title, step.done)).collect()
        };
        assert_eq!(said(steps), said(own));
        assert_eq!(task.completed_at, before.completed_at);
    }
    let [hedge, bins, call, _done] = &read.tasks[..] else { panic!("{:?}", read.tasks) };
    assert_eq!(hedge.task.tags.clone().into_inner(), ["a,b", "c"]);
    assert_eq!(hedge.task.due_date, before[0].state.due_date);
    assert_eq!(bins.task.due_date, before[1].state.due_date);
    let rule = bins.task.recurrence.as_ref().expect("a rule");
    assert_eq!(rule.exdates(), ["2026-12-15".parse().expect("a day")]);
    let rule = call.task.recurrence.as_ref().expect("a rule");
    assert_eq!(Some(rule.rrule()), before[2].state.recurrence.as_ref().map(|rule| rule.rrule()));
    assert_eq!((rule.time_zone().name(), rule.basis()), ("Europe/Berlin", Basis::DueDate));
}

#[test]
fn times_are_read_in_the_zone_that_they_name() {
    for (line, due) in [
        ("DUE:20261224T170000Z", "2026-12-24T17:00:00Z"),
        ("DUE;TZID=America/New_York:20261224T170000", "2026-12-24T22:00:00Z"),
        ("DUE;TZID=\"/example.org/Asia/Tokyo\":20261224T170000", "2026-12-24T08:00:00Z"),
        ("DUE:20261224T170000", "2026-12-24T16:00:00Z"),
        ("DUE;VALUE=DATE:20261224", "2026-12-24"),
        ("due;value=date:20261224", "2026-12-24"),
        ("DTSTART:20261224T170000Z\nDURATION:PT1H30M", "2026-12-24T18:30:00Z"),
        ("DUE:2026122\n 4T1700\n\t00Z", "2026-12-24T17:00:00Z"),
    ] {
        let incoming = todo(&format!("{line}\n"));
        assert!(
            incoming.notes.kept.is_empty() || line.starts_with("DTSTART"),
            "{line}: {incoming:?}"
        );
        assert_eq!(
            only(&incoming).task.due_date.map(|due| due.to_string()).as_deref(),
            Some(due),
            "{line}"
        );
    }
    let unknown = todo("DUE;TZID=W. Europe Standard Time:20261224T170000\n");
    assert_eq!(unknown.notes.kept.len(), 1, "{unknown:?}");
    assert_eq!(only(&unknown).task.due_date, "2026-12-24T16:00:00Z".parse().ok());
    for text in ["DUE:soon", "DUE:20261324", "DUE:20261224T256000Z", "DUE:+20261224"] {
        let incoming = todo(&format!("{text}\n"));
        assert_eq!((only(&incoming).task.due_date, incoming.notes.kept.len()), (None, 1), "{text}");
    }
}

#[test]
fn alarms_count_from_where_they_say() {
    let reminders = |lines: &str, trigger: &str| -> Vec<ReminderSpec> {
        let alarm = format!("{lines}BEGIN:VALARM\nACTION:DISPLAY\n{trigger}\nEND:VALARM\n");
        only(&todo(&alarm)).task.reminders.clone()
    };
    let offset = |text: &str| vec![ReminderSpec::Offset(text.parse().expect("an offset"))];
    let both = "DTSTART:20261224T100000Z\nDUE:20261224T120000Z\n";
    assert_eq!(reminders(both, "TRIGGER:-PT30M"), offset("-PT150M"));
    assert_eq!(reminders(both, "TRIGGER;RELATED=START:-PT30M"), offset("-PT150M"));
    assert_eq!(reminders(both, "TRIGGER;RELATED=END:-PT30M"), offset("-PT30M"));
    assert_eq!(reminders("DUE;VALUE=DATE:20261224\n", "TRIGGER:PT9H"), offset("PT0S"));
    let at = vec![ReminderSpec::At("2026-12-24T08:00:00Z".parse().expect("an instant"))];
    assert_eq!(reminders("", "TRIGGER;VALUE=DATE-TIME:20261224T080000Z"), at);
    assert_eq!(reminders("DTSTART:20261224T090000Z\n", "TRIGGER:-PT1H"), at);
    assert!(reminders("", "TRIGGER:-PT1H").is_empty());
    assert!(only(&todo("DUE:20261224T120000Z\n")).task.reminders.is_empty());
}

#[test]
fn what_belongs_to_another_is_a_step_where_it_can_be() {
    let incoming = parse(concat!(
        "BEGIN:VEVENT\nUID:e\nSUMMARY:Party\nEND:VEVENT\n",
        "BEGIN:VTODO\nUID:a\nRECURRENCE-ID:20261224T170000Z\nSUMMARY:Other\nEND:VTODO\n",
        "BEGIN:VTODO\nUID:a\nSUMMARY:Paint\nEND:VTODO\n",
        "BEGIN:VTODO\nUID:b\nSUMMARY:Brush\nRELATED-TO:a\nSTATUS:COMPLETED\nEND:VTODO\n",
        "BEGIN:VTODO\nUID:c\nSUMMARY:Ladder\nRELATED-TO;RELTYPE=PARENT:a\nDUE:20261224T170000Z\nEND:VTODO\n",
        "BEGIN:VTODO\nUID:d\nSUMMARY:Off\nSTATUS:CANCELLED\nLAST-MODIFIED:20260101T000000Z\nEND:VTODO\n",
        "BEGIN:VTODO\nUID:f\nEND:VTODO\n",
        "BEGIN:VTODO\nUID:g\nSUMMARY:Lamp\nPRIORITY:1\nRELATED-TO:a\nEND:VTODO\n",
    ));
    let [paint, ladder, off, _lamp] = &incoming.tasks[..] else { panic!("{:?}", incoming.tasks) };
    let steps = paint.task.subtasks.clone().into_inner();
    assert_eq!((steps.len(), steps[0].title.as_str(), steps[0].done), (1, "Brush", true));
    let text = ladder.task.description.as_ref().map(AsRef::<str>::as_ref);
    assert_eq!(text, Some("Part of: Paint"));
    assert_eq!(off.task.deleted_at, "2026-01-01T00:00:00Z".parse().ok());
    assert_eq!(off.task.status, Status::Todo);
    let places: Vec<&str> = incoming.notes.kept.iter().map(|note| note.at.as_str()).collect();
    assert_eq!(
        places,
        ["", "line 7", "line 22", "line 28", "line 34", "line 37"],
        "{:?}",
        incoming.notes
    );
    assert_eq!(incoming.notes.refused, 1, "one has no title");
}

#[test]
fn a_rule_ends_when_it_ended_there() {
    for (lines, until) in [
        ("DUE;VALUE=DATE:20261224\nRRULE:FREQ=DAILY;UNTIL=20270101", "20270101T000000Z"),
        ("DUE:20261224T170000Z\nRRULE:FREQ=DAILY;UNTIL=20270101T170000Z", "20270101T170000Z"),
        ("DUE:20261224T170000\nRRULE:FREQ=DAILY;UNTIL=20270101T170000", "20270101T160000Z"),
        ("DUE:20261224T170000\nRRULE:FREQ=DAILY;UNTIL=20270101", "20270101T225959Z"),
    ] {
        let incoming = todo(&format!("{lines}\n"));
        let rule = only(&incoming).task.recurrence.as_ref().map(|rule| rule.rrule().to_owned());
        assert_eq!(rule, Some(format!("FREQ=DAILY;UNTIL={until}")), "{lines}");
    }
}

#[test]
fn a_rule_that_cant_be_taken_stays_as_text() {
    let incoming = todo("DUE:20261224T170000Z\nRRULE:FREQ=SECONDLY\n");
    let text = only(&incoming).task.description.as_ref().map(AsRef::<str>::as_ref);
    assert_eq!((text, incoming.notes.kept.len()), (Some("Repeats: FREQ=SECONDLY"), 1));
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    let whole = written();
    for end in [0, 5, 40, whole.len() / 2, whole.len() - 4] {
        assert!(read(&whole.as_bytes()[..end], &reader()).is_err(), "{end}");
    }
    let nested = |depth| {
        let [begin, end] = ["BEGIN:X\n", "END:X\n"].map(|line| line.repeat(depth));
        format!("BEGIN:VCALENDAR\n{begin}{end}END:VCALENDAR\n")
    };
    assert!(read(nested(7).as_bytes(), &reader()).is_ok());
    let deep = nested(8);
    for text in ["", "x", "BEGIN:VTODO\nEND:VTODO\n", "BEGIN:VCALENDAR\nEND:VTODO\n", &deep] {
        assert!(read(text.as_bytes(), &reader()).is_err());
    }
    // A fold may part a character.
    let mut bytes = b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:1\r\nSUMMARY:caf\xc3".to_vec();
    bytes.extend(b"\r\n \xa9\r\nEND:VTODO\r\nEND:VCALENDAR\r\n");
    let incoming = read(&bytes, &reader()).expect("a file");
    assert_eq!(only(&incoming).task.title.as_ref(), "café");
    assert!(read(b"BEGIN:VCALENDAR\nX:caf\xe9\nEND:VCALENDAR\n", &reader()).is_err());
}
