//! Taking an act back: a task's fields as they were before it, as a new version.
//!
//! What is put back is told as an ordinary change with the whole state after it. Where that brings an
//! earlier occurrence back, or what is not done after all, the schedule begins anew: what reminded stays
//! said, and what would have come until now does not come late.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use events::{Nominal, TaskVersion};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Decided, Moment, Refusal, Task,
    change::{changes, told},
    delete, restore,
};

/// What a task was before an act, as far as the act changed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Former {
    /// Not there: the act made it.
    Absent,
    /// Not in the trash, where the act put it.
    Live,
    /// Otherwise in these fields, by their names.
    Otherwise {
        fields: BTreeMap<String, Value>,
        /// When it was done, while it was.
        completed_at: Option<DateTime<Utc>>,
    },
}

/// What an occurrence is brought back by that was done or skipped, while nothing has changed since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Passed {
    pub(super) occurrence: Nominal,
    /// The version that passing over it has made.
    pub(super) version: TaskVersion,
    pub(super) former: Former,
}

impl Passed {
    /// What an act has passed over; `None` where that was nothing.
    pub(super) fn over(occurrence: Nominal, before: &Task, after: &Task) -> Option<Self> {
        let version = after.state.version;
        former(before, after).map(|former| Self { occurrence, version, former })
    }
}

/// Fields that stay where an act is taken back: where a task stands is nothing that it says.
const OF_ITS_PLACE: [&str; 3] = ["list_id", "position", "day_time"];

/// What an act on a task is taken back by; `None` where it changed nothing.
pub(crate) fn former(before: &Task, after: &Task) -> Option<Former> {
    if before.state.version == after.state.version {
        return None;
    }
    if after.is_deleted() && !before.is_deleted() {
        return Some(Former::Live);
    }
    let old = changes(before, after).into_iter().map(|(field, change)| (field, change.old));
    let fields = old.filter(|(field, _)| !OF_ITS_PLACE.contains(&field.as_str())).collect();
    Some(Former::Otherwise { fields, completed_at: before.completed_at })
}

/// Takes back the last act on a task, whose state is still the one that the act left.
pub(crate) fn take_back(task: &Task, former: &Former, moment: Moment) -> Result<Decided, Refusal> {
    let (fields, completed_at) = match former {
        Former::Absent => return delete(task, moment),
        Former::Live => return restore(task, moment),
        Former::Otherwise { fields, completed_at } => (fields, *completed_at),
    };
    if task.is_deleted() {
        return Err(Refusal::NotFound);
    }
    let mut after = task.clone();
    for (field, value) in fields {
        put_back(&mut after, field, value)?;
    }
    after.completed_at = completed_at;
    // Put off until a time that is over: it would come at once.
    let standing = &task.state.snoozes;
    after.state.snoozes.retain(|snooze| snooze.until > moment.now || standing.contains(snooze));
    Ok(told(task, after, moment))
}

fn put_back(task: &mut Task, field: &str, value: &Value) -> Result<(), Refusal> {
    macro_rules! fields {
        ($($name:ident),*) => {
            match field {
                $(stringify!($name) => task.state.$name = read(value)?,)*
                // What only a later release knows, it alone can put back.
                _ => {}
            }
        };
    }
    fields!(
        title,
        description,
        priority,
        status,
        due_date,
        time_zone,
        occurrence,
        recurrence,
        reminders,
        tags,
        subtasks,
        snoozes,
        dismissed
    );
    Ok(())
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Refusal> {
    T::deserialize(value).map_err(|_other_shape| Refusal::field("task", "can't be put back"))
}

#[cfg(test)]
mod tests {
    use events::{Due, Nominal, Payload, Priority, ReminderSpec, Status, TaskUpdated};

    use super::*;
    use crate::domain::task::{
        TaskPatch, Wait, change as decide_change, complete, reopen,
        series_tests::{every_day_at_nine, given, moment, occurrence, rule},
        skip, snooze,
    };

    /// What is told where an act is taken back: the whole state, as of now.
    fn taken_back(before: &Task, acted: &Decided, now: &str) -> Decided {
        let former = former(before, &acted.task).expect("something has changed");
        // As it is kept.
        let kept = serde_json::to_string(&former).expect("JSON");
        let former = serde_json::from_str(&kept).expect("a former state");
        let back = take_back(&acted.task, &former, moment(now)).expect("taken back");
        assert!(back.task.state.version > acted.task.state.version);
        back
    }

    fn update(decided: &Decided) -> &TaskUpdated {
        match decided.facts.as_slice() {
            [Payload::TaskUpdated(updated)] => updated,
            other => panic!("no task-updated but {other:?}"),
        }
    }

    /// The state without what every change makes anew.
    fn said(task: &Task) -> events::TaskState {
        events::TaskState { version: 0.into(), schedule_since: None, ..task.state.clone() }
    }

    #[test]
    fn given_an_occurrence_done_when_it_is_taken_back_then_it_is_the_current_one_again() {
        let mut task = every_day_at_nine();
        task.state.status = Status::InProgress;
        let done = occurrence("2027-03-26T09:00:00");
        let acted = complete(&task, done, moment("2027-03-26T08:10:00Z")).expect("done");
        assert_ne!(acted.task.state.occurrence, task.state.occurrence);
        let back = taken_back(&task, &acted, "2027-03-26T08:11:00Z");
        assert_eq!(said(&back.task), said(&task));
        assert_eq!(update(&back).task.as_deref(), Some(&back.task.state));
        let fields = &update(&back).changed_fields;
        assert!(fields.iter().any(|field| field == "occurrence"), "{fields:?}");
    }

    #[test]
    fn given_that_it_is_taken_back_then_nothing_reminds_for_what_was_before() {
        let task = every_day_at_nine();
        let done = occurrence("2027-03-26T09:00:00");
        let acted = complete(&task, done, moment("2027-03-26T08:10:00Z")).expect("done");
        let back = taken_back(&task, &acted, "2027-03-26T08:11:00Z");
        let now = moment("2027-03-26T08:11:00Z").now;
        assert_eq!(back.task.state.schedule_since, Some(now));
    }

    #[test]
    fn given_a_rule_that_counts_from_the_completion_then_it_counts_as_before() {
        let task =
            given(rule("FREQ=DAILY;INTERVAL=3;COUNT=4", "2027-03-26T09:00:00", "completion"));
        let done = occurrence("2027-03-26T09:00:00");
        let acted = complete(&task, done, moment("2027-03-28T18:30:00Z")).expect("done");
        assert_ne!(acted.task.state.recurrence, task.state.recurrence);
        let back = taken_back(&task, &acted, "2027-03-28T18:31:00Z");
        assert_eq!(said(&back.task), said(&task));
    }

    #[test]
    fn given_the_last_occurrence_done_or_skipped_then_the_task_is_open_again() {
        let task = given(rule("FREQ=DAILY;COUNT=1", "2027-03-26T09:00:00", "due_date"));
        let now = moment("2027-03-26T08:00:00Z");
        for act in [complete, skip] {
            let acted = act(&task, occurrence("2027-03-26T09:00:00"), now).expect("acted");
            assert!(acted.task.is_done());
            let back = taken_back(&task, &acted, "2027-03-26T08:01:00Z");
            assert_eq!(said(&back.task), said(&task));
            assert_eq!(back.task.completed_at, None);
        }
    }

    #[test]
    fn given_one_skipped_then_it_is_an_occurrence_again() {
        let task = every_day_at_nine();
        let acted = skip(&task, occurrence("2027-03-26T09:00:00"), moment("2027-03-25T08:00:00Z"));
        let back = taken_back(&task, &acted.expect("skipped"), "2027-03-25T08:01:00Z");
        assert_eq!(said(&back.task), said(&task));
        let rule = back.task.state.recurrence.expect("a rule");
        assert!(rule.is_occurrence("2027-03-26T09:00:00".parse::<Nominal>().expect("a time")));
    }

    #[test]
    fn given_what_was_reopened_then_it_is_done_since_when_it_was() {
        let open = plain();
        let done_at = moment("2027-03-02T08:00:00Z");
        let done = complete(&open, None, done_at).expect("done").task;
        let acted = reopen(&done, None, moment("2027-03-03T08:00:00Z")).expect("reopened");
        let back = taken_back(&done, &acted, "2027-03-03T08:01:00Z");
        assert_eq!((back.task.is_done(), back.task.completed_at), (true, Some(done_at.now)));
    }

    #[test]
    fn given_changed_fields_then_they_alone_are_put_back() {
        let task = plain();
        let patch = TaskPatch {
            priority: Some(Priority::High),
            due_date: Some(Some(Due::On("2027-03-09".parse().expect("a day")))),
            reminders: Some(Some(vec![])),
            ..TaskPatch::default()
        };
        let acted = decide_change(&task, patch, None, moment("2027-03-02T08:00:00Z"));
        let back = taken_back(&task, &acted.expect("changed"), "2027-03-02T08:01:00Z");
        assert_eq!(said(&back.task), said(&task));
        assert_eq!(update(&back).changed_fields, ["due_date", "priority", "reminders"]);
    }

    #[test]
    fn given_a_reminder_that_was_put_off_then_it_stands_where_it_stood() {
        let task = every_day_at_nine();
        let id = events::ReminderId::derive(
            task.state.task_id,
            &ReminderSpec::AT_DUE,
            task.state.occurrence,
        );
        let until = |text: &str| Wait::Until(text.parse().expect("an instant"));
        let first =
            snooze(&task, id, until("2027-03-26T12:00:00Z"), moment("2027-03-26T08:10:00Z"))
                .expect("put off");
        let second =
            snooze(&first.task, id, until("2027-03-26T18:00:00Z"), moment("2027-03-26T08:20:00Z"))
                .expect("put off again");
        let back = taken_back(&first.task, &second, "2027-03-26T08:21:00Z");
        assert_eq!(back.task.state.snoozes, first.task.state.snoozes);
        let late = taken_back(&first.task, &second, "2027-03-26T12:00:01Z");
        assert!(late.task.state.snoozes.is_empty(), "it would come at once");
    }

    #[test]
    fn given_a_task_made_or_deleted_then_it_goes_or_comes_back() {
        let task = plain();
        let gone = take_back(&task, &Former::Absent, moment("2027-03-02T08:00:00Z"));
        assert!(gone.expect("deleted").task.is_deleted());
        let acted = delete(&task, moment("2027-03-02T08:00:00Z")).expect("deleted");
        let back = taken_back(&task, &acted, "2027-03-02T08:01:00Z");
        assert_eq!((back.task.is_deleted(), said(&back.task)), (false, said(&task)));
    }

    #[test]
    fn given_an_occurrence_that_was_done_then_reopening_it_brings_it_back_whole() {
        let mut task = every_day_at_nine();
        task.state.subtasks = vec![events::Subtask {
            subtask_id: events::SubtaskId::random(),
            title: "fill the can".to_owned(),
            done: true,
        }];
        let patch = TaskPatch {
            due_date: Some(Some(Due::At("2027-03-26T15:00:00Z".parse().expect("an instant")))),
            ..TaskPatch::default()
        };
        let moved = decide_change(&task, patch, None, moment("2027-03-26T07:00:00Z"));
        let moved = moved.expect("moved").task;
        let named = task.state.occurrence;
        for pass_over in [complete, skip] {
            let passed = pass_over(&moved, named, moment("2027-03-26T15:10:00Z")).expect("passed");
            assert_eq!(passed.task.state.occurrence, occurrence("2027-03-27T09:00:00"));
            let back = reopen(&passed.task, named, moment("2027-03-26T15:11:00Z")).expect("back");
            assert_eq!(said(&back.task), said(&moved));
            assert_eq!(back.task.state.schedule_since, Some(moment("2027-03-26T15:11:00Z").now));
            // Its answer was lost, and it is asked for again.
            let again = reopen(&back.task, named, moment("2027-03-26T15:12:00Z")).expect("again");
            assert!(again.facts.is_empty());
        }
    }

    #[test]
    fn given_that_the_task_has_changed_since_then_its_last_occurrence_stays_over() {
        let task = every_day_at_nine();
        let named = task.state.occurrence;
        let done = complete(&task, named, moment("2027-03-26T08:10:00Z")).expect("done").task;
        let patch = TaskPatch { priority: Some(Priority::High), ..TaskPatch::default() };
        let changed = decide_change(&done, patch, None, moment("2027-03-26T08:11:00Z"));
        let changed = changed.expect("changed").task;
        let late = moment("2027-03-26T08:12:00Z");
        assert_eq!(reopen(&changed, named, late), Err(Refusal::ChangedSince));
        // As the worker's answers move it on.
        let overtaken = Task {
            state: events::TaskState { version: late.version, ..done.state.clone() },
            ..done.clone()
        };
        assert_eq!(reopen(&overtaken, named, late), Err(Refusal::ChangedSince));
        let other = occurrence("2027-03-25T09:00:00");
        assert_eq!(reopen(&done, other, late), Err(Refusal::ChangedSince));
        assert!(reopen(&done, None, late).expect("a decision").facts.is_empty());
    }

    #[test]
    fn given_the_last_occurrence_then_reopening_it_leaves_it_to_be_done() {
        let task = given(rule("FREQ=DAILY;COUNT=1", "2027-03-26T09:00:00", "due_date"));
        let named = task.state.occurrence;
        for pass_over in [complete, skip] {
            let over = pass_over(&task, named, moment("2027-03-26T08:10:00Z")).expect("over").task;
            assert!(over.is_done());
            let back = reopen(&over, named, moment("2027-03-26T08:11:00Z")).expect("back").task;
            assert_eq!((back.is_done(), said(&back)), (false, said(&task)));
        }
    }

    #[test]
    fn given_a_completion_that_a_rule_counts_from_then_it_counts_from_the_one_before_again() {
        let task = given(rule("FREQ=DAILY;INTERVAL=3", "2027-03-26T09:00:00", "completion"));
        let named = task.state.occurrence;
        let done = complete(&task, named, moment("2027-03-29T08:10:00Z")).expect("done").task;
        assert_ne!(done.state.recurrence, task.state.recurrence);
        let back = reopen(&done, named, moment("2027-03-29T08:11:00Z")).expect("back").task;
        assert_eq!(said(&back), said(&task));
    }

    #[test]
    fn given_that_nothing_changed_then_there_is_nothing_to_take_back() {
        let task = plain();
        let same = reopen(&task, None, moment("2027-03-02T08:00:00Z")).expect("a decision");
        assert_eq!(former(&task, &same.task), None);
    }

    /// Without a due date.
    fn plain() -> Task {
        let mut task = every_day_at_nine();
        task.state.recurrence = None;
        task.state.occurrence = None;
        task.state.due_date = None;
        task
    }
}
