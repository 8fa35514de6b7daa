//! Given a task, when a command comes, then these facts.

use events::{Due, EventType, ListId, Payload, ReminderSpec, Status, TaskId, TaskVersion, UserId};
use serde_json::json;

use super::*;
use crate::domain::{
    position::Position, settings::Settings, subtask::Subtasks, tag::Tags, text::TaskTitle,
};

fn moment(seconds: i64) -> Moment {
    let now = DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("an instant");
    Moment { now, version: TaskVersion::from(now.timestamp_micros()) }
}

fn title(text: &str) -> TaskTitle {
    TaskTitle::parse(text.to_owned()).expect("a title")
}

fn new_task() -> NewTask {
    NewTask {
        title: title("water the plants"),
        description: None,
        priority: events::Priority::Medium,
        status: Status::Todo,
        due_date: None,
        time_zone: None,
        recurrence: None,
        reminders: None,
        tags: Tags::default(),
        list_id: None,
        subtasks: Subtasks::default(),
    }
}

fn recurrence(dtstart: &str) -> events::RecurrenceRule {
    serde_json::from_value(json!({
        "rrule": "FREQ=WEEKLY", "dtstart": dtstart, "time_zone": "Europe/Berlin"
    }))
    .expect("a rule")
}

fn place() -> Place {
    Place { list_id: ListId::random(), position: Position::between(None, None) }
}

fn make(new: NewTask) -> Result<Decided, Refusal> {
    create(new, TaskId::random(), UserId::random(), &Settings::in_utc(), place(), moment(0))
}

fn given_a_task() -> Task {
    make(new_task()).expect("a task").task
}

fn given_a_recurring_task() -> Task {
    let new = NewTask { recurrence: Some(recurrence("2026-11-29T18:00:00")), ..new_task() };
    make(new).expect("a task").task
}

fn kinds(decided: &Decided) -> Vec<EventType> {
    decided.facts.iter().map(Payload::event_type).collect()
}

fn changed_fields(decided: &Decided) -> Vec<String> {
    match decided.facts.first() {
        Some(Payload::TaskUpdated(updated)) => updated.changed_fields.clone(),
        other => panic!("no task-updated but {other:?}"),
    }
}

#[test]
fn a_new_task_reminds_at_its_due_time_unless_told_otherwise() {
    assert_eq!(given_a_task().state.reminders, [ReminderSpec::AT_DUE]);
    let silent = NewTask { reminders: Some(vec![]), ..new_task() };
    assert!(make(silent).expect("a task").task.state.reminders.is_empty());
}

#[test]
fn a_recurring_task_without_a_due_date_is_due_at_its_first_occurrence() {
    let task = given_a_recurring_task();
    let first = "2026-11-29T17:00:00Z".parse().expect("a due date");
    assert_eq!(task.state.due_date, Some(first));
    assert_eq!(
        task.state.occurrence.map(|o| o.to_string()).as_deref(),
        Some("2026-11-29T18:00:00")
    );
}

#[test]
fn a_rule_of_times_is_not_due_on_a_day() {
    let new = NewTask {
        recurrence: Some(recurrence("2026-11-29T18:00:00")),
        due_date: "2026-11-29".parse().ok(),
        ..new_task()
    };
    assert!(matches!(make(new), Err(Refusal::Field { field: "due_date", .. })));
}

#[test]
fn a_task_does_not_begin_done() {
    let new = NewTask { status: Status::Done, ..new_task() };
    assert!(matches!(make(new), Err(Refusal::Field { field: "status", .. })));
}

#[test]
fn a_patch_that_changes_nothing_tells_nothing() {
    let task = given_a_task();
    let patch = TaskPatch { title: Some(title("water the plants")), ..TaskPatch::default() };
    let decided = change(&task, patch, None, moment(5)).expect("a decision");
    assert_eq!(decided, Decided { task, facts: vec![] });
}

#[test]
fn another_title_leaves_the_schedule_where_it_was() {
    let task = given_a_task();
    let patch = TaskPatch { title: Some(title("feed the cat")), ..TaskPatch::default() };
    let decided = change(&task, patch, None, moment(5)).expect("a decision");
    assert_eq!(changed_fields(&decided), ["title"]);
    assert_eq!(decided.task.state.schedule_since, task.state.schedule_since);
    assert_eq!(decided.task.state.version, moment(5).version);
}

#[test]
fn what_concerns_the_schedule_begins_it_anew() {
    let due = Due::At(moment(1000).now);
    let patches = [
        TaskPatch { due_date: Some(Some(due)), ..TaskPatch::default() },
        TaskPatch { time_zone: "Asia/Tokyo".parse().ok(), ..TaskPatch::default() },
        TaskPatch { reminders: Some(Some(vec![])), ..TaskPatch::default() },
        TaskPatch { recurrence: Some(Some(recurrence("2026-11-29"))), ..TaskPatch::default() },
    ];
    for patch in patches {
        let decided = change(&given_a_task(), patch, None, moment(5)).expect("a decision");
        assert_eq!(decided.task.state.schedule_since, Some(moment(5).now), "{decided:?}");
    }
}

#[test]
fn moving_the_due_date_of_a_recurring_task_keeps_its_occurrence() {
    let task = given_a_recurring_task();
    let due = Due::At(moment(1000).now);
    let patch = TaskPatch { due_date: Some(Some(due)), ..TaskPatch::default() };
    let decided = change(&task, patch, None, moment(5)).expect("a decision");
    assert_eq!(decided.task.state.due_date, Some(due));
    assert_eq!(decided.task.state.occurrence, task.state.occurrence);
}

#[test]
fn a_recurring_task_keeps_a_due_date() {
    let patch = TaskPatch { due_date: Some(None), ..TaskPatch::default() };
    let refused = change(&given_a_recurring_task(), patch, None, moment(5));
    assert!(matches!(refused, Err(Refusal::Field { field: "due_date", .. })));
}

#[test]
fn a_status_that_becomes_done_is_a_completion_told_after_the_other_changes() {
    let patch = TaskPatch {
        title: Some(title("feed the cat")),
        status: Some(Status::Done),
        ..TaskPatch::default()
    };
    let decided = change(&given_a_task(), patch, None, moment(5)).expect("a decision");
    assert_eq!(kinds(&decided), [EventType::TaskUpdated, EventType::TaskCompleted]);
    assert_eq!(decided.facts[0].version(), Some(moment(5).version.get()));
    assert_eq!(decided.facts[1].version(), Some(moment(5).version.get() + 1));
    assert_eq!(decided.task.state.version.get(), moment(5).version.get() + 1);
    assert_eq!(decided.task.completed_at, Some(moment(5).now));
}

#[test]
fn a_task_done_stays_done_without_another_word() {
    let done = complete(&given_a_task(), None, moment(5)).expect("done").task;
    let again = complete(&done, None, moment(6)).expect("a decision");
    assert_eq!(again, Decided { task: done, facts: vec![] });
}

#[test]
fn reopening_begins_the_schedule_anew_so_that_nothing_reminds_for_the_past() {
    let done = complete(&given_a_task(), None, moment(5)).expect("done").task;
    let decided = reopen(&done, None, moment(9)).expect("a decision");
    assert_eq!(changed_fields(&decided), ["status"]);
    assert_eq!(decided.task.state.schedule_since, Some(moment(9).now));
    assert_eq!(decided.task.completed_at, None);
    let again = reopen(&decided.task, None, moment(10)).expect("a decision");
    assert!(again.facts.is_empty());
}

#[test]
fn what_lies_in_the_trash_takes_no_command_but_restore() {
    let deleted = delete(&given_a_task(), moment(5)).expect("deleted");
    assert_eq!(kinds(&deleted), [EventType::TaskDeleted]);
    let trashed = deleted.task;
    assert_eq!(delete(&trashed, moment(6)), Err(Refusal::NotFound));
    assert_eq!(complete(&trashed, None, moment(6)), Err(Refusal::NotFound));
    assert_eq!(reopen(&trashed, None, moment(6)), Err(Refusal::NotFound));
    assert_eq!(change(&trashed, TaskPatch::default(), None, moment(6)), Err(Refusal::NotFound));
    let restored = restore(&trashed, moment(7)).expect("restored");
    assert_eq!(changed_fields(&restored), ["deleted_at"]);
    assert_eq!(restored.task.state.version, moment(7).version);
    assert_eq!(restored.task.state.schedule_since, Some(moment(7).now));
    assert_eq!(restore(&restored.task, moment(8)), Err(Refusal::NotFound));
}

#[test]
fn restating_says_the_state_at_the_same_version() {
    let task = given_a_task();
    let Payload::TaskUpdated(said) = task.restate() else { panic!("no task-updated") };
    assert_eq!((said.version, said.changed_fields.len()), (task.state.version, 0));
    assert_eq!(said.task.as_deref(), Some(&task.state));
    let trashed = delete(&task, moment(5)).expect("deleted").task;
    assert_eq!(trashed.restate().event_type(), EventType::TaskDeleted);
    assert_eq!(trashed.restate().version(), Some(moment(5).version.get()));
}
