use super::*;
use crate::transfer::Severity;

const HEADER: &str = "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,\
    TIMEZONE,DURATION,DURATION_UNIT,DEADLINE,DEADLINE_LANG\r\n";

fn parse(rows: &str) -> Incoming {
    let reader = Reader {
        now: "2026-11-24T14:00:00Z".parse().expect("an instant"),
        zone: "Europe/Berlin".parse().expect("a zone"),
    };
    read(format!("\u{feff}{HEADER}{rows}").as_bytes(), &reader).expect("a file")
}

#[test]
fn a_project_comes_with_its_sections_steps_and_notes() {
    let incoming = parse(concat!(
        "meta,view_style=list,,,,,,,,,,,,\r\n",
        "task,\"Buy paint, white @shop @home\",Two litres,1,1,Ada (1),,tomorrow at 5pm,en,",
        "Europe/London,,,,\r\n",
        "note,\"The one with\nthe green lid\",,,,Ada (1),,,,,,,,\r\n",
        ",,,,,,,,,,,,,\r\n",
        "section,Walls,,,,,,,,,,,,\r\n",
        "task,Paint them,,4,1,,,every other monday,en,,45,minute,2026-12-24,en\r\n",
        "task,Kitchen,,4,2,,,,,,,,,\r\n",
        "task,Ceiling,,4,3,,,,,,,,,\r\n",
        "task,Hall,,4,2,,,,,,,,,\r\n",
    ));
    let notes: Vec<&str> = incoming.notes.kept.iter().map(|note| note.at.as_str()).collect();
    assert_eq!(notes, ["line 9"], "{:?}", incoming.notes);
    assert_eq!(incoming.lists.len(), 1);
    let [paint, walls, kitchen] = &incoming.tasks[..] else { panic!("{:?}", incoming.tasks) };
    let task = &paint.task;
    assert_eq!(task.title.as_ref(), "Buy paint, white");
    assert_eq!(task.tags.clone().into_inner(), ["shop", "home"]);
    assert_eq!(task.priority, Priority::High);
    assert_eq!(task.due_date, "2026-11-25T17:00:00Z".parse().ok());
    let text = task.description.as_ref().expect("a text").as_ref();
    assert_eq!(text, "Two litres\n\nThe one with\nthe green lid");
    assert_eq!((paint.list, walls.list), (None, Some(0)));
    let text = walls.task.description.as_ref().expect("a text").as_ref();
    assert_eq!(text, "Duration: 45 minute\n\nDeadline: 2026-12-24");
    let rule = walls.task.recurrence.as_ref().expect("a rule");
    assert_eq!(rule.rrule(), "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO");
    let steps = walls.task.subtasks.clone().into_inner();
    assert_eq!(steps.iter().map(|step| &step.title).collect::<Vec<_>>(), ["Hall"]);
    let steps = kitchen.task.subtasks.clone().into_inner();
    assert_eq!(steps.iter().map(|step| &step.title).collect::<Vec<_>>(), ["Ceiling"]);
}

#[test]
fn what_is_not_understood_is_kept_as_text_with_a_word_about_it() {
    let incoming = parse(concat!(
        "task,One,,1,1,,,every blue moon,en,,,,,\n",
        "task,Zwei,,2,1,,,jeden Tag,de,Nowhere/City,,,,\n",
        "surprise,x,,,,,,,,,,,,\n",
        "task,,,1,1,,,,,,,,,\n",
    ));
    let said: Vec<(&str, Severity)> =
        incoming.notes.kept.iter().map(|note| (note.at.as_str(), note.severity)).collect();
    use Severity::{Refused, Warning};
    assert_eq!(
        said,
        [
            ("line 4", Warning),
            ("line 2", Warning),
            ("line 3", Warning),
            ("line 3", Warning),
            ("line 5", Refused)
        ]
    );
    let texts: Vec<&str> = incoming
        .tasks
        .iter()
        .filter_map(|task| Some(task.task.description.as_ref()?.as_ref()))
        .collect();
    assert_eq!(texts, ["Date: every blue moon", "Date: jeden Tag"]);
}

#[test]
fn the_same_row_has_the_same_name_each_time_and_two_alike_have_two() {
    let rows = "task,x,,1,1,,,,,,,,,\ntask,x,,1,1,,,,,,,,,\n";
    let keys = |incoming: Incoming| -> Vec<String> {
        incoming.tasks.into_iter().map(|task| task.source.key).collect()
    };
    let (first, again) = (keys(parse(rows)), keys(parse(rows)));
    assert_eq!(first, again);
    assert_ne!(first[0], first[1]);
}

#[test]
fn a_step_that_matters_stays_a_task() {
    let incoming = parse("task,x,,4,1,,,,,,,,,\ntask,y,,1,2,,,,,,,,,\ntask,z,,4,2,,,,,,,,,\n");
    let [x, y] = &incoming.tasks[..] else { panic!("{:?}", incoming.tasks) };
    assert_eq!((x.task.subtasks.clone().into_inner().len(), y.task.priority), (1, Priority::High));
    assert_eq!(incoming.notes.kept.len(), 1, "{:?}", incoming.notes);
}

#[test]
fn semicolons_part_as_commas_do() {
    let reader = Reader { now: chrono::DateTime::UNIX_EPOCH, zone: TimeZone::UTC };
    let incoming = read(b"TYPE;CONTENT\ntask;a, b\n", &reader).expect("a file");
    assert_eq!(incoming.tasks[0].task.title.as_ref(), "a, b");
    assert!(read(b"KIND,TEXT\ntask,x\n", &reader).is_err());
    assert!(read(b"TYPE,CONTENT\ntask,caf\xe9\n", &reader).is_err());
}
