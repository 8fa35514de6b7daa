//! A task as people see it, and the schemas of what the events crate names.

use chrono::{DateTime, Utc};
use events::{
    Due, ListId, Nominal, Priority, RecurrenceRule, ReminderId, ReminderSpec, Snooze, Status,
    Subtask, SubtaskId, TaskId, TimeZone,
};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, Schema, Type},
};

use crate::domain::task::Task;

/// A task.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskView {
    #[schema(value_type = String, format = Uuid)]
    id: TaskId,
    title: String,
    /// Markdown.
    description: Option<String>,
    #[schema(schema_with = priority_schema)]
    priority: Priority,
    #[schema(schema_with = status_schema)]
    status: Status,
    /// An instant in UTC, or a date for a whole day in `time_zone`. Of a recurring task: its oldest
    /// occurrence not yet done.
    #[schema(value_type = Option<String>, example = "2026-11-24T17:00:00Z")]
    due_date: Option<Due>,
    #[schema(value_type = String, example = "Europe/Berlin")]
    time_zone: TimeZone,
    #[schema(value_type = Option<RecurrenceView>)]
    recurrence: Option<RecurrenceRule>,
    /// Of a recurring task: the nominal local time of the occurrence that `due_date` means. It is
    /// named to complete it.
    #[schema(value_type = Option<String>, example = "2026-11-29T18:00:00")]
    occurrence: Option<Nominal>,
    #[schema(value_type = Vec<ReminderView>)]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<DateTime<Utc>>,
    /// Why the reminder service will not take this task, if it won't.
    delivery_problem: Option<String>,
}

/// How a task repeats.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes events::RecurrenceRule to OpenAPI")]
pub(super) struct RecurrenceView {
    /// RFC 5545; nothing more often than every 5 minutes.
    #[schema(example = "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", max_length = 500)]
    rrule: String,
    /// The first occurrence in local time, or a date.
    #[schema(example = "2026-11-29T18:00:00")]
    dtstart: String,
    /// An IANA time zone.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// Occurrences that are passed over.
    #[schema(required = false)]
    exdates: Vec<String>,
    #[schema(required = false, schema_with = basis_schema)]
    basis: String,
}

/// When to remind: either of the two.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes events::ReminderSpec to OpenAPI")]
pub(super) struct ReminderView {
    /// From the due time; negative is before it; at most 366 days.
    #[schema(example = "-PT30M")]
    offset: Option<String>,
    /// An instant.
    at: Option<DateTime<Utc>>,
}

/// A reminder that was put off.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes events::Snooze to OpenAPI")]
pub(super) struct SnoozeView {
    reminder_id: uuid::Uuid,
    until: DateTime<Utc>,
}

/// A step of a task.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SubtaskView {
    /// Left out of a new one.
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

pub(super) fn priority_schema() -> Schema {
    words(&["HIGH", "MEDIUM", "LOW"])
}

pub(super) fn status_schema() -> Schema {
    words(&["TODO", "IN_PROGRESS", "DONE"])
}

pub(super) fn channel_kind_schema() -> Schema {
    words(&["webhook"])
}

pub(super) fn reminder_status_schema() -> Schema {
    words(&["scheduled", "triggered", "cancelled"])
}

fn basis_schema() -> Schema {
    words(&["due_date", "completion"])
}

fn words(words: &'static [&'static str]) -> Schema {
    let object: Object = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().copied()))
        .build();
    Schema::Object(object)
}
