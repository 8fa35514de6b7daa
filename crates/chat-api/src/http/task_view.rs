//! A task as people see it, and the schemas of what the events crate names.

use chrono::{DateTime, Utc};
use events::{
    Due, ListId, Nominal, Priority, RecurrenceRule, ReminderId, ReminderSpec, Snooze, Status,
    Subtask, SubtaskId, TaskId, TimeZone,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;

use crate::domain::task::Task;

/// A task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub(super) struct TaskView {
    #[schema(value_type = String, format = Uuid)]
    id: TaskId,
    title: String,
    /// Markdown.
    description: Option<String>,
    #[schema(value_type = schemas::Priority)]
    priority: Priority,
    #[schema(value_type = schemas::TaskStatus)]
    status: Status,
    /// Of a recurring task: its oldest occurrence not yet done.
    #[schema(value_type = Option<schemas::DueDate>)]
    due_date: Option<Due>,
    #[schema(value_type = schemas::TimeZoneName)]
    time_zone: TimeZone,
    #[schema(value_type = Option<RecurrenceView>)]
    recurrence: Option<RecurrenceRule>,
    /// Of a recurring task: the nominal local time of the occurrence that `due_date` means. It is
    /// named to complete it.
    #[schema(value_type = Option<schemas::LocalTime>)]
    occurrence: Option<Nominal>,
    #[schema(value_type = Vec<schemas::ReminderSpec>)]
    reminders: Vec<ReminderSpec>,
    #[schema(value_type = Vec<SnoozeView>)]
    snoozes: Vec<Snooze>,
    #[schema(value_type = Vec<uuid::Uuid>)]
    dismissed: Vec<ReminderId>,
    tags: Vec<String>,
    /// The list that it is in.
    #[schema(value_type = Option<uuid::Uuid>)]
    list_id: Option<ListId>,
    /// Where it stands in its list, compared byte by byte.
    position: Option<String>,
    subtasks: Vec<SubtaskView>,
    /// The entity tag: a number that only grows.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    /// In the trash since; what is there is seen in the trash only.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<DateTime<Utc>>,
    /// Why the reminder service will not take this task, if it won't.
    delivery_problem: Option<String>,
}

/// How a task repeats.
#[derive(ToSchema)]
#[schema(as = Recurrence)]
#[expect(dead_code, reason = "describes events::RecurrenceRule to OpenAPI")]
pub(super) struct RecurrenceView {
    #[schema(value_type = schemas::Rrule)]
    rrule: String,
    /// Where the rule begins, in local time, or on a date: its first occurrence, if the rule names it.
    #[schema(value_type = schemas::LocalTime)]
    dtstart: String,
    #[schema(value_type = schemas::TimeZoneName)]
    time_zone: String,
    #[schema(value_type = schemas::Exdates, required = false)]
    exdates: Vec<String>,
    #[schema(value_type = schemas::Basis, required = false)]
    basis: String,
}

/// A reminder that was put off.
#[derive(ToSchema)]
#[schema(as = Snooze)]
#[expect(dead_code, reason = "describes events::Snooze to OpenAPI")]
pub(super) struct SnoozeView {
    reminder_id: uuid::Uuid,
    until: DateTime<Utc>,
    /// Of a recurring task: the occurrence that the reminder is of.
    #[schema(value_type = Option<schemas::LocalTime>, nullable = false, required = false)]
    occurrence: Option<String>,
}

/// A step of a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subtask)]
pub(super) struct SubtaskView {
    #[schema(value_type = uuid::Uuid)]
    id: SubtaskId,
    title: String,
    done: bool,
}

impl From<Subtask> for SubtaskView {
    fn from(Subtask { subtask_id, title, done }: Subtask) -> Self {
        Self { id: subtask_id, title, done }
    }
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        let state = task.state;
        Self {
            id: state.task_id,
            title: state.title,
            description: state.description,
            priority: state.priority,
            status: state.status,
            due_date: state.due_date,
            time_zone: state.time_zone,
            recurrence: state.recurrence,
            occurrence: state.occurrence,
            reminders: state.reminders,
            snoozes: state.snoozes,
            dismissed: state.dismissed,
            tags: state.tags,
            list_id: state.list_id,
            position: state.position,
            subtasks: state.subtasks.into_iter().map(SubtaskView::from).collect(),
            version: state.version.get(),
            created_at: state.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
            deleted_at: task.deleted_at,
            delivery_problem: task.delivery_problem,
        }
    }
}

impl TaskView {
    /// The value of the `ETag` header.
    pub(super) fn entity_tag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}
