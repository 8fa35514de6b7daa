//! Making a task.

use events::{
    Due, ListId, Priority, RecurrenceRule, ReminderSpec, Status, TaskId, TaskState, TimeZone,
    UserId,
};

use super::{Decided, Moment, Refusal, Task};
use crate::domain::{
    position::Position,
    schedule::{is_same_kind, occurrence_of},
    settings::Settings,
    subtask::Subtasks,
    tag::Tags,
    text::{Description, TaskTitle},
};

/// A task that somebody asks for.
#[derive(Clone, Debug)]
pub(crate) struct NewTask {
    pub(crate) title: TaskTitle,
    pub(crate) description: Option<Description>,
    pub(crate) priority: Priority,
    pub(crate) status: Status,
    pub(crate) due_date: Option<Due>,
    pub(crate) time_zone: Option<TimeZone>,
    pub(crate) recurrence: Option<RecurrenceRule>,
    /// Left out: one at the due time.
    pub(crate) reminders: Option<Vec<ReminderSpec>>,
    pub(crate) tags: Tags,
    /// Left out: the inbox.
    pub(crate) list_id: Option<ListId>,
    pub(crate) subtasks: Subtasks,
}

/// Where a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) list_id: ListId,
    pub(crate) position: Position,
}

/// Makes a task; of a recurring one without a due date, its first occurrence is due.
pub(crate) fn create(
    new: NewTask,
    task_id: TaskId,
    user_id: UserId,
    owner: &Settings,
    place: Place,
    moment: Moment,
) -> Result<Decided, Refusal> {
    if new.status == Status::Done {
        return Err(Refusal::field("status", "of a new task is TODO or IN_PROGRESS"));
    }
    let due_date = first_due(new.due_date, new.recurrence.as_ref())?;
    check_kinds(new.recurrence.as_ref(), due_date)?;
    let state = TaskState {
        task_id,
        title: new.title.into_inner(),
        description: new.description.map(Description::into_inner),
        priority: new.priority,
        status: new.status,
        due_date,
        occurrence: occurrence(new.recurrence.as_ref(), due_date),
        recurrence: new.recurrence,
        tags: new.tags.into_inner(),
        user_id,
        created_at: moment.now,
        version: moment.version,
        time_zone: new.time_zone.unwrap_or(owner.time_zone),
        reminders: new.reminders.unwrap_or_else(|| vec![ReminderSpec::AT_DUE]),
        snoozes: vec![],
        dismissed: vec![],
        day_time: owner.day_time,
        schedule_since: Some(moment.now),
        list_id: Some(place.list_id),
        position: Some(place.position.into_inner()),
        subtasks: new.subtasks.into_inner(),
    };
    let task = Task {
        state,
        updated_at: moment.now,
        completed_at: None,
        deleted_at: None,
        delivery_problem: None,
        passed: None,
    };
    Ok(Decided { facts: vec![task.state.clone().into()], task })
}

/// When a new task is due: of a recurring one where nothing else is said, at its first occurrence.
pub(super) fn first_due(
    given: Option<Due>,
    recurrence: Option<&RecurrenceRule>,
) -> Result<Option<Due>, Refusal> {
    let Some(rule) = recurrence else { return Ok(given) };
    let first = rule.first().ok_or_else(never_occurs)?;
    Ok(given.or_else(|| Some(rule.due(first))))
}

pub(super) fn never_occurs() -> Refusal {
    Refusal::field("recurrence", "never occurs")
}

/// A rule of days has due days, a rule of times has due times.
pub(super) fn check_kinds(
    recurrence: Option<&RecurrenceRule>,
    due_date: Option<Due>,
) -> Result<(), Refusal> {
    match (recurrence, due_date) {
        (Some(rule), Some(due)) if !is_same_kind(rule, due) => {
            Err(Refusal::field("due_date", "and recurrence.dtstart are both days or both times"))
        }
        (Some(_), None) => Err(Refusal::field("due_date", "of a recurring task can't be removed")),
        _ => Ok(()),
    }
}

pub(super) fn occurrence(
    recurrence: Option<&RecurrenceRule>,
    due_date: Option<Due>,
) -> Option<events::Nominal> {
    Some(occurrence_of(recurrence?, due_date?))
}
