//! A task as a file has it, not yet checked.

use chrono::{DateTime, Utc};
use events::{
    Due, Nominal, Priority, RecurrenceRule, ReminderId, ReminderSpec, Snooze, Status, TaskId,
    TimeZone,
};

use crate::domain::{
    Refused,
    schedule::{MAX_REMINDERS, check_due, check_instant, check_recurrence, check_reminders},
    subtask::{GivenSubtask, Subtasks},
    tag::Tags,
    task::Imported,
    text::{Description, TaskTitle},
};

/// What a file says of a task, in our words.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) task_id: Option<TaskId>,
    pub(super) title: String,
    /// None where it is empty.
    pub(super) description: Option<String>,
    pub(super) priority: Priority,
    pub(super) status: Status,
    pub(super) due_date: Option<Due>,
    pub(super) time_zone: Option<TimeZone>,
    pub(super) recurrence: Option<RecurrenceRule>,
    pub(super) occurrence: Option<Nominal>,
    /// None: at the due time.
    pub(super) reminders: Option<Vec<ReminderSpec>>,
    pub(super) snoozes: Vec<Snooze>,
    pub(super) dismissed: Vec<ReminderId>,
    pub(super) tags: Vec<String>,
    pub(super) subtasks: Vec<GivenSubtask>,
    pub(super) created_at: Option<DateTime<Utc>>,
    pub(super) updated_at: Option<DateTime<Utc>>,
    pub(super) completed_at: Option<DateTime<Utc>>,
    pub(super) deleted_at: Option<DateTime<Utc>>,
}

/// Collects what is wrong with a draft.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn take<T>(&mut self, field: &str, checked: Result<T, Refused>) -> Option<T> {
        checked.map_err(|refused| self.0.push(format!("{field} {refused}"))).ok()
    }
}

impl Draft {
    /// Holds it against the rules that a new task is held against; all that is wrong with it.
    pub(super) fn check(self) -> Result<Imported, String> {
        let mut faults = Faults::default();
        let title = faults.take("title", TaskTitle::parse(self.title));
        let description = self.description.map(Description::parse).transpose();
        let description = faults.take("description", description);
        let due_date = faults.take("due_date", self.due_date.map(check_due).transpose());
        let rule = faults.take("recurrence", self.recurrence.map(check_recurrence).transpose());
        let reminders = self.reminders.unwrap_or_else(|| vec![ReminderSpec::AT_DUE]);
        let reminders = faults.take("reminders", check_reminders(reminders));
        let tags = faults.take("tags", Tags::parse(self.tags));
        let subtasks = faults.take("subtasks", Subtasks::parse(self.subtasks));
        let snoozes = faults.take("snoozes", check_snoozes(self.snoozes));
        let dismissed = faults.take("dismissed", at_most_reminders(self.dismissed));
        let mut time = |field, time: Option<DateTime<Utc>>| {
            faults.take(field, time.map(check_instant).transpose())
        };
        let created_at = time("created_at", self.created_at);
        let updated_at = time("updated_at", self.updated_at);
        let completed_at = time("completed_at", self.completed_at);
        let deleted_at = time("deleted_at", self.deleted_at);
        let parts = (title, description, due_date, rule, reminders, tags, subtasks);
        let times = (created_at, updated_at, completed_at, deleted_at);
        let (
            (Some(title), Some(description), Some(due_date), Some(recurrence), Some(reminders)),
            (Some(tags), Some(subtasks), Some(snoozes), Some(dismissed)),
            (Some(created_at), Some(updated_at), Some(completed_at), Some(deleted_at)),
        ) = (
            (parts.0, parts.1, parts.2, parts.3, parts.4),
            (parts.5, parts.6, snoozes, dismissed),
            times,
        )
        else {
            return Err(faults.0.join("; "));
        };
        Imported {
            task_id: self.task_id,
            title,
            description,
            priority: self.priority,
            status: self.status,
            due_date,
            time_zone: self.time_zone,
            recurrence,
            occurrence: self.occurrence,
            reminders,
            snoozes,
            dismissed,
            tags,
            subtasks,
            created_at,
            updated_at,
            completed_at,
            deleted_at,
        }
        .check()
        .map_err(|refusal| refusal.to_string())
    }
}

fn check_snoozes(snoozes: Vec<Snooze>) -> Result<Vec<Snooze>, Refused> {
    let checked: Result<Vec<Snooze>, Refused> = snoozes
        .into_iter()
        .map(|snooze| Ok(Snooze { until: check_instant(snooze.until)?, ..snooze }))
        .collect();
    at_most_reminders(checked?)
}

fn at_most_reminders<T>(items: Vec<T>) -> Result<Vec<T>, Refused> {
    if items.len() > MAX_REMINDERS {
        return Err(Refused::new(format!("a task has at most {MAX_REMINDERS} reminders")));
    }
    Ok(items)
}
