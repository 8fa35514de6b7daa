//! A task that comes from a file: it may be done, or in the trash, and was made at another time.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use events::{
    Due, Nominal, Priority, RecurrenceRule, ReminderId, ReminderSpec, Snooze, Status, TaskId,
    TaskState, TimeZone, UserId,
};

use super::{
    Decided, Moment, Place, Refusal, Task,
    create::{check_kinds, first_due, occurrence},
};
use crate::domain::{
    settings::Settings,
    subtask::Subtasks,
    tag::Tags,
    text::{Description, TaskTitle},
};

/// A task as a file has it. What a file does not say of it is `None`.
#[derive(Clone, Debug)]
pub(crate) struct Imported {
    /// What it was where it comes from; its snoozes and dismissed reminders go by that.
    pub(crate) task_id: Option<TaskId>,
    pub(crate) title: TaskTitle,
    pub(crate) description: Option<Description>,
    pub(crate) priority: Priority,
    pub(crate) status: Status,
    pub(crate) due_date: Option<Due>,
    pub(crate) time_zone: Option<TimeZone>,
    pub(crate) recurrence: Option<RecurrenceRule>,
    pub(crate) occurrence: Option<Nominal>,
    pub(crate) reminders: Vec<ReminderSpec>,
    pub(crate) snoozes: Vec<Snooze>,
    pub(crate) dismissed: Vec<ReminderId>,
    pub(crate) tags: Tags,
    pub(crate) subtasks: Subtasks,
    pub(crate) created_at: Option<DateTime<Utc>>,
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

impl Imported {
    /// Refuses what could be no task; of a recurring one without a due date, its first occurrence is
    /// due.
    pub(crate) fn check(mut self) -> Result<Self, Refusal> {
        self.due_date = first_due(self.due_date, self.recurrence.as_ref())?;
        check_kinds(self.recurrence.as_ref(), self.due_date)?;
        let is_day = |nominal: Nominal| matches!(nominal, Nominal::Day(_));
        if let Some((rule, named)) = self.recurrence.as_ref().zip(self.occurrence)
            && is_day(rule.dtstart()) != is_day(named)
        {
            return Err(Refusal::field("occurrence", "and recurrence.dtstart are of one kind"));
        }
        Ok(self)
    }

    /// The task that is made of it, under an id of its own.
    ///
    /// Nothing reminds for what was before the import: that was for whoever had the task then. No time
    /// of it lies ahead of now.
    pub(crate) fn make(
        self,
        task_id: TaskId,
        user_id: UserId,
        owner: &Settings,
        place: Place,
        moment: Moment,
    ) -> Decided {
        let past = |time: Option<DateTime<Utc>>| time.map(|time| time.min(moment.now));
        let recurrence = self.recurrence;
        let named = self.occurrence.filter(|_| recurrence.is_some());
        let occurrence = named.or_else(|| occurrence(recurrence.as_ref(), self.due_date));
        let created_at = past(self.created_at).unwrap_or(moment.now);
        let is_done = self.status == Status::Done;
        let renamed =
            renamed(self.task_id.unwrap_or(task_id), task_id, &self.reminders, occurrence);
        let snoozes = self.snoozes.into_iter().filter(|snooze| snooze.until > moment.now);
        let state = TaskState {
            task_id,
            title: self.title.into_inner(),
            description: self.description.map(Description::into_inner),
            priority: self.priority,
            status: self.status,
            due_date: self.due_date,
            recurrence,
            tags: self.tags.into_inner(),
            user_id,
            created_at,
            version: moment.version,
            time_zone: self.time_zone.unwrap_or(owner.time_zone),
            snoozes: snoozes
                .filter_map(|snooze| {
                    let reminder_id = *renamed.get(&snooze.reminder_id)?;
                    Some(Snooze { reminder_id, ..snooze })
                })
                .collect(),
            dismissed: self.dismissed.iter().filter_map(|id| renamed.get(id).copied()).collect(),
            reminders: self.reminders,
            occurrence,
            day_time: owner.day_time,
            schedule_since: Some(moment.now),
            list_id: Some(place.list_id),
            position: Some(place.position.into_inner()),
            subtasks: self.subtasks.into_inner(),
        };
        let created = state.clone().into();
        let mut task = Task {
            state,
            updated_at: past(self.updated_at).unwrap_or(created_at).max(created_at),
            completed_at: is_done.then(|| past(self.completed_at).unwrap_or(moment.now)),
            deleted_at: past(self.deleted_at),
            delivery_problem: None,
            passed: None,
        };
        let mut facts = vec![created];
        // Whoever follows hears of a task before it hears that it is gone.
        if let Some(deleted_at) = task.deleted_at {
            task.state.version = moment.next().version;
            facts.push(task.deleted(deleted_at).into());
        }
        Decided { task, facts }
    }
}

/// What the reminders of the current occurrence are called under another task's id.
fn renamed(
    from: TaskId,
    to: TaskId,
    reminders: &[ReminderSpec],
    occurrence: Option<Nominal>,
) -> HashMap<ReminderId, ReminderId> {
    let named = |task_id, spec| ReminderId::derive(task_id, spec, occurrence);
    reminders.iter().map(|spec| (named(from, spec), named(to, spec))).collect()
}
