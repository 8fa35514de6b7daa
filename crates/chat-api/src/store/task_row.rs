//! A row of `task` and the task that it holds.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use events::{
    Due, Priority, RecurrenceRule, ReminderId, ReminderSpec, Snooze, Status, Subtask, TaskState,
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::task::{Passed, Task};

/// The row as the database has it.
#[derive(sqlx::FromRow)]
pub(crate) struct TaskRow {
    pub(crate) task_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) priority: String,
    pub(crate) status: String,
    pub(crate) due_at: Option<DateTime<Utc>>,
    pub(crate) due_on: Option<NaiveDate>,
    pub(crate) time_zone: String,
    pub(crate) recurrence: Option<Json<RecurrenceRule>>,
    pub(crate) occurrence: Option<String>,
    pub(crate) reminders: Json<Vec<ReminderSpec>>,
    pub(crate) snoozes: Json<Vec<Snooze>>,
    pub(crate) dismissed: Json<Vec<ReminderId>>,
    pub(crate) tags: Vec<String>,
    pub(crate) day_time: NaiveTime,
    pub(crate) schedule_since: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    pub(crate) list_id: Uuid,
    pub(crate) position: String,
    pub(crate) subtasks: Json<Vec<Subtask>>,
    pub(crate) version: i64,
    pub(crate) receipted_version: i64,
    pub(crate) rejected_reason: Option<String>,
    pub(crate) passed: Option<Json<Passed>>,
    /// The version that a change would make now.
    pub(crate) next_version: i64,
    /// When the row was read.
    pub(crate) now: DateTime<Utc>,
}

impl TryFrom<TaskRow> for Task {
    type Error = sqlx::Error;

    fn try_from(row: TaskRow) -> sqlx::Result<Self> {
        let due_date = row.due_at.map(Due::At).or(row.due_on.map(Due::On));
        let state = TaskState {
            task_id: row.task_id.into(),
            title: row.title,
            description: row.description,
            priority: parse_priority(&row.priority)?,
            status: parse_status(&row.status)?,
            due_date,
            recurrence: row.recurrence.map(|Json(rule)| rule),
            tags: row.tags,
            user_id: row.user_id.into(),
            created_at: row.created_at,
            version: row.version.into(),
            time_zone: row.time_zone.parse().map_err(undecodable)?,
            reminders: row.reminders.0,
            snoozes: row.snoozes.0,
            dismissed: row.dismissed.0,
            occurrence: row.occurrence.map(|text| text.parse().map_err(undecodable)).transpose()?,
            day_time: row.day_time,
            schedule_since: Some(row.schedule_since),
            list_id: Some(row.list_id.into()),
            position: Some(row.position),
            subtasks: row.subtasks.0,
        };
        Ok(Self {
            state,
            updated_at: row.updated_at,
            completed_at: row.completed_at,
            deleted_at: row.deleted_at,
            delivery_problem: row.rejected_reason,
            passed: row.passed.map(|Json(passed)| passed),
        })
    }
}

/// A task's due date in its two columns.
pub(super) const fn due_columns(due: Option<Due>) -> (Option<DateTime<Utc>>, Option<NaiveDate>) {
    match due {
        None => (None, None),
        Some(Due::At(time)) => (Some(time), None),
        Some(Due::On(day)) => (None, Some(day)),
    }
}

pub(super) const fn priority_name(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "HIGH",
        Priority::Medium => "MEDIUM",
        Priority::Low => "LOW",
    }
}

fn parse_priority(name: &str) -> sqlx::Result<Priority> {
    [Priority::High, Priority::Medium, Priority::Low]
        .into_iter()
        .find(|priority| priority_name(*priority) == name)
        .ok_or_else(|| sqlx::Error::Decode(format!("{name:?} is no priority").into()))
}

pub(super) const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Todo => "TODO",
        Status::InProgress => "IN_PROGRESS",
        Status::Done => "DONE",
    }
}

fn parse_status(name: &str) -> sqlx::Result<Status> {
    [Status::Todo, Status::InProgress, Status::Done]
        .into_iter()
        .find(|status| status_name(*status) == name)
        .ok_or_else(|| sqlx::Error::Decode(format!("{name:?} is no status").into()))
}

fn undecodable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
