//! Changing a task's fields.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, Utc};
use events::{
    Basis, Due, FieldChange, Nominal, Priority, RecurrenceRule, ReminderSpec, Status, TaskState,
    TaskUpdated, TimeZone,
};
use serde_json::{Value, json};

use super::{
    Decided, Moment, Place, Refusal, Task, complete, create,
    series::{follow_clock, next_from},
};
use crate::domain::{
    subtask::Subtasks,
    tag::Tags,
    text::{Description, TaskTitle},
};

/// A merge patch: what is `None` stays; of what may be absent, `Some(None)` removes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaskPatch {
    pub(crate) title: Option<TaskTitle>,
    pub(crate) description: Option<Option<Description>>,
    pub(crate) priority: Option<Priority>,
    pub(crate) status: Option<Status>,
    pub(crate) due_date: Option<Option<Due>>,
    pub(crate) time_zone: Option<TimeZone>,
    pub(crate) recurrence: Option<Option<RecurrenceRule>>,
    /// Removed: one at the due time.
    pub(crate) reminders: Option<Option<Vec<ReminderSpec>>>,
    pub(crate) tags: Option<Tags>,
    pub(crate) subtasks: Option<Subtasks>,
    /// Which occurrence, where the status becomes DONE.
    pub(crate) occurrence: Option<Nominal>,
}

/// Puts a task into another place.
pub(crate) fn put(task: &Task, place: Place, moment: Moment) -> Result<Decided, Refusal> {
    change(task, TaskPatch::default(), Some(place), moment)
}

/// Changes fields, and the place if there is another. A status that becomes DONE is a completion,
/// told after the other changes.
pub(crate) fn change(
    task: &Task,
    patch: TaskPatch,
    place: Option<Place>,
    moment: Moment,
) -> Result<Decided, Refusal> {
    if task.is_deleted() {
        return Err(Refusal::NotFound);
    }
    let completes = patch.status == Some(Status::Done) && !task.is_done();
    let occurrence = patch.occurrence;
    let mut after = task.clone();
    apply(&mut after.state, patch, moment.now)?;
    if let Some(Place { list_id, position }) = place {
        after.state.list_id = Some(list_id);
        after.state.position = Some(position.into_inner());
    }
    if completes {
        after.state.status = task.state.status;
    }
    let changed = told(task, after, moment);
    if !completes {
        return Ok(changed);
    }
    let at = if changed.facts.is_empty() { moment } else { moment.next() };
    let completed = complete(&changed.task, occurrence, at)?;
    Ok(Decided { task: completed.task, facts: [changed.facts, completed.facts].concat() })
}

fn apply(state: &mut TaskState, patch: TaskPatch, now: DateTime<Utc>) -> Result<(), Refusal> {
    if let Some(title) = patch.title {
        state.title = title.into_inner();
    }
    if let Some(description) = patch.description {
        state.description = description.map(Description::into_inner);
    }
    if let Some(priority) = patch.priority {
        state.priority = priority;
    }
    if let Some(status) = patch.status {
        state.status = status;
    }
    if let Some(zone) = patch.time_zone {
        state.time_zone = zone;
    }
    if let Some(reminders) = patch.reminders {
        state.reminders = reminders.unwrap_or_else(|| vec![ReminderSpec::AT_DUE]);
    }
    if let Some(tags) = patch.tags {
        state.tags = tags.into_inner();
    }
    if let Some(subtasks) = patch.subtasks {
        state.subtasks = subtasks.into_inner();
    }
    if let Some(due_date) = patch.due_date {
        state.due_date = due_date;
    }
    if let Some(recurrence) = patch.recurrence
        && recurrence != state.recurrence
    {
        let due_is_given = patch.due_date.is_some();
        set_recurrence(state, recurrence, due_is_given, now)?;
    }
    create::check_kinds(state.recurrence.as_ref(), state.due_date)
}

/// Lets a task recur by another rule, or not at all.
///
/// Where the due date is given with it, that is the current occurrence. Otherwise the current one stays
/// where the new rule has it too (moved or not), else the first to come is the current one.
fn set_recurrence(
    state: &mut TaskState,
    recurrence: Option<RecurrenceRule>,
    due_is_given: bool,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let Some(rule) = recurrence else {
        state.recurrence = None;
        state.occurrence = None;
        return Ok(());
    };
    let stays =
        |occurrence: &Nominal| state.recurrence.is_some() && rule.is_occurrence(*occurrence);
    let current = state.occurrence.filter(stays);
    if due_is_given {
        state.occurrence = create::occurrence(Some(&rule), state.due_date);
    } else if current.is_none() {
        let given = create::occurrence(Some(&rule), state.due_date);
        let given = given.filter(|given| rule.is_occurrence(*given));
        let next = given.or_else(|| next_from(&rule, now)).or_else(|| rule.first());
        let next = next.ok_or_else(create::never_occurs)?;
        state.occurrence = Some(next);
        state.due_date = Some(rule.due(next));
    }
    state.recurrence = Some(rule);
    Ok(())
}

/// What a task's owner's clock means for it, after it has changed: nothing where it follows another.
pub(crate) fn follow(
    task: &Task,
    zones: (TimeZone, TimeZone),
    day_time: NaiveTime,
    moment: Moment,
) -> Decided {
    let mut after = task.clone();
    follow_clock(&mut after.state, zones, day_time);
    told(task, after, moment)
}

/// What is to be told of the way from one state to another; nothing where they are the same.
pub(super) fn told(before: &Task, mut after: Task, moment: Moment) -> Decided {
    let changes = changes(before, &after);
    if changes.is_empty() {
        return Decided::unchanged(before);
    }
    // What an occurrence leaves behind that is passed over is no new schedule: what came due before that
    // and has not come yet is still owed.
    let schedules = |field: &str| match field {
        "due_date" | "occurrence" => !passes_on(&before.state, &after.state),
        "recurrence" => !skips_only(&before.state, &after.state),
        "reminders" | "time_zone" | "day_time" | "deleted_at" => true,
        "status" => before.is_done(),
        _ => false,
    };
    if changes.keys().any(|field| schedules(field)) {
        after.state.schedule_since = Some(moment.now);
    }
    if !after.is_done() {
        after.completed_at = None;
    }
    after.passed = None;
    after.state.version = moment.version;
    after.updated_at = moment.now;
    let fact = TaskUpdated {
        task_id: after.state.task_id,
        changed_fields: changes.keys().cloned().collect(),
        changes,
        updated_at: moment.now,
        version: moment.version,
        user_id: Some(after.state.user_id),
        task: Some(Box::new(after.state.clone())),
    };
    Decided { task: after, facts: vec![fact.into()] }
}

/// Whether a recurring task has passed on to a later occurrence, by the same rule.
fn passes_on(before: &TaskState, after: &TaskState) -> bool {
    before.occurrence < after.occurrence
        && skips_only(before, after)
        && before.recurrence.as_ref().is_some_and(|rule| rule.basis() == Basis::DueDate)
}

/// Whether the rule is the same but for occurrences that it passes over besides, or need not name any
/// more.
fn skips_only(before: &TaskState, after: &TaskState) -> bool {
    let (Some(old), Some(new)) = (&before.recurrence, &after.recurrence) else {
        return before.recurrence == after.recurrence;
    };
    let (mut gone, kept) = (old.exdates().iter(), new.exdates());
    let is_over = |exdate: &Nominal| Some(*exdate) < after.occurrence;
    old.same_but_for_exdates(new) && gone.all(|exdate| kept.contains(exdate) || is_over(exdate))
}

/// The fields that differ.
pub(super) fn changes(before: &Task, after: &Task) -> BTreeMap<String, FieldChange> {
    let values = |task: &Task| -> [(&'static str, Value); 17] {
        let state = &task.state;
        [
            ("title", json!(state.title)),
            ("description", json!(state.description)),
            ("priority", json!(state.priority)),
            ("status", json!(state.status)),
            ("due_date", json!(state.due_date)),
            ("time_zone", json!(state.time_zone)),
            ("day_time", json!(state.day_time)),
            ("occurrence", json!(state.occurrence)),
            ("recurrence", json!(state.recurrence)),
            ("reminders", json!(state.reminders)),
            ("tags", json!(state.tags)),
            ("list_id", json!(state.list_id)),
            ("position", json!(state.position)),
            ("subtasks", json!(state.subtasks)),
            ("snoozes", json!(state.snoozes)),
            ("dismissed", json!(state.dismissed)),
            ("deleted_at", json!(task.deleted_at)),
        ]
    };
    std::iter::zip(values(before), values(after))
        .filter(|((_, old), (_, new))| old != new)
        .map(|((field, old), (_, new))| (field.to_owned(), FieldChange { old, new }))
        .collect()
}
