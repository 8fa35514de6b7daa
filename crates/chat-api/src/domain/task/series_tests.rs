//! Given a recurring task, when an occurrence is done, passed over or put off, then this follows.

use events::{Due, EventType, Nominal, Payload, ReminderId, ReminderSpec, TaskCompleted, UserId};
use serde_json::json;

use super::*;
use crate::domain::{
    position::Position, settings::Settings, subtask::Subtasks, tag::Tags, text::TaskTitle,
};

pub(crate) fn moment(now: &str) -> Moment {
    let now: DateTime<Utc> = now.parse().expect("an instant");
    Moment { now, version: TaskVersion::from(now.timestamp_micros()) }
}

pub(crate) fn occurrence(text: &str) -> Option<Nominal> {
    Some(text.parse().expect("an occurrence"))
}

pub(crate) fn rule(rrule: &str, dtstart: &str, basis: &str) -> events::RecurrenceRule {
    serde_json::from_value(json!({
        "rrule": rrule, "dtstart": dtstart, "time_zone": "Europe/Berlin", "basis": basis
    }))
    .expect("a rule")
}

/// A task of a Berliner's, made on 1 March 2027 at noon.
pub(crate) fn given(recurrence: events::RecurrenceRule) -> Task {
    let new = NewTask {
        title: TaskTitle::parse("water the plants".to_owned()).expect("a title"),
        description: None,
        priority: events::Priority::Medium,
        status: Status::Todo,
        due_date: None,
        time_zone: None,
        recurrence: Some(recurrence),
        reminders: None,
        tags: Tags::default(),
        list_id: None,
        subtasks: Subtasks::default(),
    };
    let place =
        Place { list_id: events::ListId::random(), position: Position::between(None, None) };
    let owner =
        Settings { time_zone: "Europe/Berlin".parse().expect("a zone"), ..Settings::in_utc() };
    let made = moment("2027-03-01T11:00:00Z");
    create(new, events::TaskId::random(), UserId::random(), &owner, place, made)
        .expect("a task")
        .task
}

pub(crate) fn every_day_at_nine() -> Task {
    given(rule("FREQ=DAILY", "2027-03-26T09:00:00", "due_date"))
}

fn completion(decided: &Decided) -> &TaskCompleted {
    match decided.facts.as_slice() {
        [Payload::TaskCompleted(completed)] => completed,
        other => panic!("no task-completed but {other:?}"),
    }
}

fn due(task: &Task) -> String {
    task.state.due_date.expect("a due date").to_string()
}

fn current(task: &Task) -> String {
    task.state.occurrence.expect("an occurrence").to_string()
}

#[test]
fn completing_passes_on_to_the_next_occurrence_at_the_same_time_of_day_on_both_sides_of_a_change() {
    let mut task = every_day_at_nine();
    let mut dues = vec![due(&task)];
    for day in ["26", "27", "28"] {
        let done = occurrence(&format!("2027-03-{day}T09:00:00"));
        let now = moment(&format!("2027-03-{day}T07:30:00Z"));
        let decided = complete(&task, done, now).expect("done");
        let said = completion(&decided);
        assert_eq!(said.occurrence, done);
        assert_eq!(said.next_due_date, decided.task.state.due_date);
        assert_eq!(said.task.as_deref(), Some(&decided.task.state));
        task = decided.task;
        assert!(!task.is_done());
        dues.push(due(&task));
    }
    // The clocks went forward on the 28th.
    assert_eq!(
        dues,
        [
            "2027-03-26T08:00:00Z",
            "2027-03-27T08:00:00Z",
            "2027-03-28T07:00:00Z",
            "2027-03-29T07:00:00Z"
        ]
    );
}

#[test]
fn completing_the_same_occurrence_again_changes_nothing() {
    let task = every_day_at_nine();
    let done = occurrence("2027-03-26T09:00:00");
    let first = complete(&task, done, moment("2027-03-26T08:10:00Z")).expect("done");
    let again = complete(&first.task, done, moment("2027-03-26T08:11:00Z")).expect("a decision");
    assert_eq!(again, Decided { task: first.task, facts: vec![] });
}

#[test]
fn completing_late_passes_on_to_the_first_that_has_not_passed() {
    let task = every_day_at_nine();
    let done = occurrence("2027-03-26T09:00:00");
    let decided = complete(&task, done, moment("2027-03-30T07:00:01Z")).expect("done");
    assert_eq!(current(&decided.task), "2027-03-31T09:00:00");
    let in_time = complete(&task, done, moment("2027-03-30T06:59:59Z")).expect("done");
    assert_eq!(current(&in_time.task), "2027-03-30T09:00:00");
}

#[test]
fn a_day_has_not_passed_before_it_ends() {
    let task = given(rule("FREQ=DAILY", "2027-03-26", "due_date"));
    let yesterdays = occurrence("2027-03-26");
    let decided = complete(&task, yesterdays, moment("2027-03-27T20:00:00Z")).expect("done");
    assert_eq!(current(&decided.task), "2027-03-27");
    // Midnight in Berlin.
    let decided = complete(&task, yesterdays, moment("2027-03-27T23:00:00Z")).expect("done");
    assert_eq!(current(&decided.task), "2027-03-28");
}

#[test]
fn completing_early_passes_on_by_one() {
    let task = every_day_at_nine();
    let done = occurrence("2027-03-26T09:00:00");
    let decided = complete(&task, done, moment("2027-03-20T08:00:00Z")).expect("done");
    assert_eq!(current(&decided.task), "2027-03-27T09:00:00");
}

#[test]
fn a_later_occurrence_passes_over_those_before_it() {
    let task = every_day_at_nine();
    let later = occurrence("2027-03-29T09:00:00");
    let decided = complete(&task, later, moment("2027-03-26T08:00:00Z")).expect("done");
    assert_eq!(completion(&decided).occurrence, later);
    assert_eq!(current(&decided.task), "2027-03-30T09:00:00");
}

#[test]
fn completing_names_an_occurrence_of_the_task() {
    let task = every_day_at_nine();
    let now = moment("2027-03-26T08:00:00Z");
    assert_eq!(complete(&task, None, now), Err(Refusal::OccurrenceRequired));
    for other in ["2027-03-27T10:00:00", "2027-03-26"] {
        let refused = complete(&task, occurrence(other), now);
        assert!(matches!(refused, Err(Refusal::Field { field: "occurrence", .. })), "{other}");
    }
    let before = complete(&task, occurrence("2027-03-25T09:00:00"), now).expect("a decision");
    assert!(before.facts.is_empty());
}

#[test]
fn the_last_occurrence_ends_the_task() {
    let mut task = given(rule("FREQ=DAILY;COUNT=2", "2027-03-26T09:00:00", "due_date"));
    for (done, is_done) in [("2027-03-26T09:00:00", false), ("2027-03-27T09:00:00", true)] {
        let decided = complete(&task, occurrence(done), moment("2027-03-26T08:00:00Z"));
        let decided = decided.expect("done");
        assert_eq!(completion(&decided).next_due_date.is_none(), is_done);
        task = decided.task;
        assert_eq!((task.is_done(), task.completed_at.is_some()), (is_done, is_done));
    }
    let again = complete(&task, occurrence("2027-03-27T09:00:00"), moment("2027-03-29T08:00:00Z"));
    assert!(again.expect("a decision").facts.is_empty());
}

#[test]
fn the_next_occurrence_is_to_be_done_from_the_beginning() {
    let mut task = every_day_at_nine();
    task.state.status = Status::InProgress;
    task.state.subtasks = vec![events::Subtask {
        subtask_id: events::SubtaskId::random(),
        title: "fill the can".to_owned(),
        done: true,
    }];
    let done = occurrence("2027-03-26T09:00:00");
    let after = complete(&task, done, moment("2027-03-26T08:00:00Z")).expect("done").task;
    assert_eq!((after.state.status, after.state.subtasks[0].done), (Status::Todo, false));
}

#[test]
fn completing_is_no_new_schedule_so_that_what_was_missed_is_still_owed() {
    let task = every_day_at_nine();
    let done = occurrence("2027-03-26T09:00:00");
    let after = complete(&task, done, moment("2027-03-26T08:00:00Z")).expect("done").task;
    assert_eq!(after.state.schedule_since, task.state.schedule_since);
}

#[test]
fn what_counts_from_the_completion_is_due_so_long_after_it_at_the_same_time_of_day() {
    let task = given(rule("FREQ=DAILY;INTERVAL=3", "2027-03-26T09:00:00", "completion"));
    let done = occurrence("2027-03-26T09:00:00");
    let now = moment("2027-03-28T18:30:00Z");
    let after = complete(&task, done, now).expect("done").task;
    assert_eq!(due(&after), "2027-03-31T07:00:00Z");
    assert_eq!(after.state.schedule_since, Some(now.now));
    let again = complete(&after, done, now).expect("a decision");
    assert!(again.facts.is_empty(), "{again:?}");
    let ahead = complete(&after, occurrence("2027-04-03T09:00:00"), now);
    assert!(matches!(ahead, Err(Refusal::Field { field: "occurrence", .. })));
}

#[test]
fn hours_after_the_completion_count_from_its_minute() {
    let task = given(rule("FREQ=HOURLY;INTERVAL=6", "2027-03-26T09:00:00", "completion"));
    let done = occurrence("2027-03-26T09:00:00");
    let after = complete(&task, done, moment("2027-03-26T10:21:40Z")).expect("done").task;
    assert_eq!(due(&after), "2027-03-26T16:21:00Z");
}

#[test]
fn a_count_that_goes_by_completions_ends_after_so_many() {
    let mut task =
        given(rule("FREQ=DAILY;INTERVAL=3;COUNT=3", "2027-03-26T09:00:00", "completion"));
    let mut dues = vec![];
    for _ in 0..3 {
        assert!(!task.is_done(), "{dues:?}");
        dues.push(due(&task));
        let Some(Due::At(now)) = task.state.due_date else { panic!("no time") };
        let now = Moment { now, version: TaskVersion::from(now.timestamp_micros()) };
        task = complete(&task, task.state.occurrence, now).expect("done").task;
    }
    assert!(task.is_done(), "{task:?}");
    assert_eq!(dues, ["2027-03-26T08:00:00Z", "2027-03-29T07:00:00Z", "2027-04-01T07:00:00Z"]);
}

#[test]
fn skipping_the_current_occurrence_passes_on_without_a_completion() {
    let task = every_day_at_nine();
    let skipped = occurrence("2027-03-26T09:00:00");
    let decided = skip(&task, skipped, moment("2027-03-25T08:00:00Z")).expect("a decision");
    let kinds: Vec<EventType> = decided.facts.iter().map(Payload::event_type).collect();
    assert_eq!(kinds, [EventType::TaskUpdated]);
    assert_eq!(current(&decided.task), "2027-03-27T09:00:00");
    assert_eq!(decided.task.state.schedule_since, task.state.schedule_since);
    let again = skip(&decided.task, skipped, moment("2027-03-25T08:01:00Z")).expect("a decision");
    assert!(again.facts.is_empty());
}

#[test]
fn skipping_a_later_occurrence_leaves_the_current_one_and_is_passed_over_when_it_comes() {
    let task = every_day_at_nine();
    let later = occurrence("2027-03-27T09:00:00");
    let skipping = skip(&task, later, moment("2027-03-25T08:00:00Z")).expect("a decision").task;
    assert_eq!(current(&skipping), "2027-03-26T09:00:00");
    assert_eq!(skipping.state.schedule_since, task.state.schedule_since);
    let done = occurrence("2027-03-26T09:00:00");
    let after = complete(&skipping, done, moment("2027-03-26T08:00:00Z")).expect("done").task;
    assert_eq!(current(&after), "2027-03-28T09:00:00");
    let exdates = after.state.recurrence.as_ref().expect("a rule").exdates().to_vec();
    assert_eq!(exdates, [], "what is over is forgotten");
}

#[test]
fn skipping_the_last_occurrence_ends_the_task() {
    let task = given(rule("FREQ=DAILY;COUNT=1", "2027-03-26T09:00:00", "due_date"));
    let skipped = occurrence("2027-03-26T09:00:00");
    let ended = skip(&task, skipped, moment("2027-03-25T08:00:00Z")).expect("a decision").task;
    assert!(ended.is_done() && ended.completed_at.is_some());
}

#[test]
fn only_a_task_that_recurs_has_something_to_skip() {
    let mut task = every_day_at_nine();
    task.state.recurrence = None;
    task.state.occurrence = None;
    let now = moment("2027-03-25T08:00:00Z");
    let refused = skip(&task, occurrence("2027-03-26T09:00:00"), now);
    assert!(matches!(refused, Err(Refusal::Field { field: "occurrence", .. })));
    assert_eq!(skip(&task, None, now), Err(Refusal::OccurrenceRequired));
}

#[test]
fn another_rule_keeps_the_occurrence_that_it_has_too_and_else_begins_with_the_next_to_come() {
    let task = every_day_at_nine();
    let now = moment("2027-03-26T07:00:00Z");
    let by = |rrule: &str| {
        let recurrence = Some(Some(rule(rrule, "2027-03-01T09:00:00", "due_date")));
        let patch = TaskPatch { recurrence, ..TaskPatch::default() };
        change(&task, patch, None, now).expect("a decision").task
    };
    assert_eq!(current(&by("FREQ=WEEKLY;BYDAY=FR")), "2027-03-26T09:00:00");
    assert_eq!(current(&by("FREQ=WEEKLY;BYDAY=MO")), "2027-03-29T09:00:00");
    assert_eq!(due(&by("FREQ=WEEKLY;BYDAY=MO")), "2027-03-29T07:00:00Z");
    let mut moved = task.clone();
    moved.state.due_date = "2027-03-26T15:00:00Z".parse().ok();
    let recurrence = Some(Some(rule("FREQ=WEEKLY;BYDAY=FR", "2027-03-26T09:00:00", "due_date")));
    let patch = TaskPatch { recurrence, ..TaskPatch::default() };
    let after = change(&moved, patch, None, now).expect("a decision").task;
    assert_eq!(due(&after), "2027-03-26T15:00:00Z", "the moved one stays where it was put");
}

#[test]
fn a_rule_that_never_occurs_is_refused() {
    let never = rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2027-03-26T09:00:00", "due_date");
    let patch = TaskPatch { recurrence: Some(Some(never)), ..TaskPatch::default() };
    let refused = change(&every_day_at_nine(), patch, None, moment("2027-03-26T07:00:00Z"));
    assert!(matches!(refused, Err(Refusal::Field { field: "recurrence", .. })), "{refused:?}");
}

#[test]
fn without_a_rule_the_task_stays_due_and_recurs_no_more() {
    let task = every_day_at_nine();
    let patch = TaskPatch { recurrence: Some(None), ..TaskPatch::default() };
    let ended = change(&task, patch, None, moment("2027-03-26T07:00:00Z")).expect("a decision");
    assert_eq!(due(&ended.task), "2027-03-26T08:00:00Z");
    let now = moment("2027-03-26T09:00:00Z");
    assert!(complete(&ended.task, None, now).expect("done").task.is_done());
}

fn reminder_of(task: &Task, at: &str) -> ReminderId {
    ReminderId::derive(task.state.task_id, &ReminderSpec::AT_DUE, occurrence(at))
}

#[test]
fn a_reminder_that_came_for_a_later_occurrence_is_put_off_for_that_one() {
    let task = every_day_at_nine();
    // Left undone for two days.
    let now = moment("2027-03-28T08:00:00Z");
    let todays = reminder_of(&task, "2027-03-28T09:00:00");
    let after = snooze(&task, todays, Wait::TomorrowMorning, now).expect("a decision").task;
    let [snooze_of_today] = after.state.snoozes.as_slice() else { panic!("{after:?}") };
    assert_eq!(snooze_of_today.occurrence, occurrence("2027-03-28T09:00:00"));
    assert_eq!(snooze_of_today.until.to_rfc3339(), "2027-03-29T07:00:00+00:00");
    assert_eq!(after.state.schedule_since, task.state.schedule_since);
    let tomorrows = reminder_of(&task, "2027-03-29T09:00:00");
    assert!(dismiss(&task, tomorrows, now).is_ok(), "the next to come");
    let next_weeks = reminder_of(&task, "2027-04-04T09:00:00");
    assert_eq!(dismiss(&task, next_weeks, now), Err(Refusal::ReminderGone));
}

#[test]
fn what_was_said_of_reminders_that_are_over_is_forgotten() {
    let task = every_day_at_nine();
    let now = moment("2027-03-26T08:10:00Z");
    let first = reminder_of(&task, "2027-03-26T09:00:00");
    let task = dismiss(&task, first, now).expect("a decision").task;
    let next = reminder_of(&task, "2027-03-27T09:00:00");
    let wait = Wait::For(chrono::TimeDelta::days(2));
    let task = snooze(&task, next, wait, now).expect("a decision").task;
    let after = complete(&task, occurrence("2027-03-26T09:00:00"), now).expect("done").task;
    assert_eq!(after.state.dismissed, []);
    assert_eq!(after.state.snoozes.len(), 1, "of what is to come it stays");
    let after = complete(&after, occurrence("2027-03-27T09:00:00"), now).expect("done").task;
    assert_eq!(after.state.snoozes, []);
}

#[test]
fn what_repeats_and_whole_days_follow_their_owner_to_another_zone() {
    let zones =
        ("Europe/Berlin".parse().expect("a zone"), "America/New_York".parse().expect("a zone"));
    let eight = "08:00:00".parse().expect("a time");
    let now = moment("2027-03-20T08:00:00Z");
    let task = every_day_at_nine();
    let after = follow(&task, zones, eight, now).task;
    assert_eq!(due(&after), "2027-03-26T13:00:00Z", "nine in New York");
    assert_eq!((after.state.day_time, after.state.schedule_since), (eight, Some(now.now)));
    let mut moved = task.clone();
    moved.state.due_date = "2027-03-26T15:00:00Z".parse().ok();
    assert_eq!(due(&follow(&moved, zones, eight, now).task), "2027-03-26T15:00:00Z");
    let elsewhere = ("Asia/Tokyo".parse().expect("a zone"), zones.1);
    let stays = follow(&task, elsewhere, task.state.day_time, now);
    assert!(stays.facts.is_empty(), "it was never in Tokyo");
}
