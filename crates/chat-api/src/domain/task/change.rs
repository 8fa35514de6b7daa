//! Changing a task's fields.

use std::collections::BTreeMap;

use events::{
    Due, FieldChange, Nominal, Priority, RecurrenceRule, ReminderSpec, Status, TaskState,
    TaskUpdated, TimeZone,
};
use serde_json::{Value, json};

use super::{Decided, Moment, Place, Refusal, Task, complete, create};
use crate::domain::{
    schedule::first_due,
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
    apply(&mut after.state, patch)?;
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

fn apply(state: &mut TaskState, patch: TaskPatch) -> Result<(), Refusal> {
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
        if patch.due_date.is_none() && state.due_date.is_none() {
            state.due_date = recurrence.as_ref().map(first_due);
        }
        // Moving the due date moves this occurrence; only another rule names it anew.
        state.occurrence = create::occurrence(recurrence.as_ref(), state.due_date);
        state.recurrence = recurrence;
    }
    create::check_kinds(state.recurrence.as_ref(), state.due_date)
}

/// What is to be told of the way from one state to another; nothing where they are the same.
pub(super) fn told(before: &Task, mut after: Task, moment: Moment) -> Decided {
    let changes = changes(before, &after);
    if changes.is_empty() {
        return Decided::unchanged(before);
    }
    let schedules = |field: &str| {
        matches!(field, "due_date" | "recurrence" | "reminders" | "time_zone" | "deleted_at")
            || (field == "status" && before.is_done())
    };
    if changes.keys().any(|field| schedules(field)) {
        after.state.schedule_since = Some(moment.now);
    }
    if !after.is_done() {
        after.completed_at = None;
    }
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

fn changes(before: &Task, after: &Task) -> BTreeMap<String, FieldChange> {
    let values = |task: &Task| -> [(&'static str, Value); 15] {
        let state = &task.state;
        [
            ("title", json!(state.title)),
            ("description", json!(state.description)),
            ("priority", json!(state.priority)),
            ("status", json!(state.status)),
            ("due_date", json!(state.due_date)),
            ("time_zone", json!(state.time_zone)),
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
