//! What chat-api says of tasks: facts, each with the whole state after it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::user::TIME_OF_DAY;
use crate::wire::{Instant, Nullable, OptionalInstant};
use crate::{
    Basis, Due, ListId, Nominal, RecurrenceRule, ReminderId, ReminderSpec, SubtaskId, TaskId,
    TaskVersion, TimeZone, UserId,
};

/// How much a task matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum Priority {
    /// Before others.
    High,
    /// As it comes.
    #[default]
    Medium,
    /// When there is time.
    Low,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(inline)]
pub enum Status {
    /// Not begun.
    #[default]
    Todo,
    /// Begun.
    InProgress,
    /// Completed; reminds no more.
    Done,
}

/// A reminder that was put off to another instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Snooze {
    /// The reminder that was put off.
    pub reminder_id: ReminderId,
    /// When it comes instead.
    #[serde(with = "Instant")]
    pub until: DateTime<Utc>,
    /// Of a recurring task: the occurrence that the reminder is of. Left out: the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Nominal>,
}

/// A step of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subtask {
    /// The step, as long as the task has it.
    pub subtask_id: SubtaskId,
    /// What is to be done, 1 to 500 characters.
    pub title: String,
    /// Whether it is done.
    pub done: bool,
}

/// A task as it stands after an event; the payload of `task-created`.
///
/// The architecture's fields are required; what is added to them is optional to a reader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskState {
    /// The task.
    pub task_id: TaskId,
    /// What is to be done, 1 to 500 characters.
    pub title: String,
    /// More about it; Markdown.
    #[serde(with = "Nullable::<String>")]
    pub description: Option<String>,
    /// How much it matters.
    pub priority: Priority,
    /// How far it is.
    pub status: Status,
    /// When it is due; of a recurring task, its oldest occurrence not yet done.
    #[serde(with = "Nullable::<Due>")]
    pub due_date: Option<Due>,
    /// How it repeats.
    #[serde(with = "Nullable::<RecurrenceRule>")]
    pub recurrence: Option<RecurrenceRule>,
    /// Its tags, without `#`.
    pub tags: Vec<String>,
    /// Whose it is.
    pub user_id: UserId,
    /// When it was made.
    #[serde(with = "Instant")]
    pub created_at: DateTime<Utc>,
    /// Orders what is said of this task; a reader takes only a higher one.
    #[serde(default)]
    pub version: TaskVersion,
    /// The zone in which its whole days lie.
    #[serde(default)]
    pub time_zone: TimeZone,
    /// When it reminds. Left out: at the due time. Empty: never.
    #[serde(default = "at_due")]
    pub reminders: Vec<ReminderSpec>,
    /// Reminders that were put off.
    #[serde(default)]
    pub snoozes: Vec<Snooze>,
    /// Reminders that were dismissed.
    #[serde(default)]
    pub dismissed: Vec<ReminderId>,
    /// Of a recurring task: the nominal local time of the occurrence that `due_date` means.
    #[serde(default)]
    pub occurrence: Option<Nominal>,
    /// The local time from which the reminders of a whole day count; 09:00 where it is left out.
    #[serde(default = "nine_in_the_morning", skip_serializing_if = "is_nine_in_the_morning")]
    #[schemars(with = "String", regex(pattern = TIME_OF_DAY))]
    pub day_time: NaiveTime,
    /// When the due date, the recurrence, the reminders or the zone last changed. What would have
    /// reminded before that does not remind.
    #[serde(default, with = "OptionalInstant")]
    pub schedule_since: Option<DateTime<Utc>>,
    /// The list that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_id: Option<ListId>,
    /// Where it stands in its list: before those with a greater text, compared byte by byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// Its steps, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtasks: Vec<Subtask>,
}

impl TaskState {
    /// The rule and the current occurrence of a recurring task whose later occurrences are known, and so
    /// remind as well: one that counts from the completion has none before that.
    #[must_use]
    pub fn series(&self) -> Option<(&RecurrenceRule, Nominal)> {
        let rule = self.recurrence.as_ref().filter(|rule| rule.basis() == Basis::DueDate)?;
        Some((rule, self.occurrence?))
    }
}

/// From which local time the reminders of a whole day count unless their owner says otherwise: 09:00.
pub const DEFAULT_DAY_TIME: NaiveTime = match NaiveTime::from_hms_opt(9, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

const fn nine_in_the_morning() -> NaiveTime {
    DEFAULT_DAY_TIME
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_nine_in_the_morning(time: &NaiveTime) -> bool {
    *time == DEFAULT_DAY_TIME
}

fn at_due() -> Vec<ReminderSpec> {
    vec![ReminderSpec::AT_DUE]
}

/// A field before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// Its value before.
    pub old: Value,
    /// Its value after.
    pub new: Value,
}

/// A task changed. With `changed_fields` empty it is a refresh: the state again, at the same version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskUpdated {
    /// The task.
    pub task_id: TaskId,
    /// The names of the fields that changed.
    pub changed_fields: Vec<String>,
    /// Those fields before and after.
    pub changes: BTreeMap<String, FieldChange>,
    /// When it changed.
    #[serde(with = "Instant")]
    pub updated_at: DateTime<Utc>,
    /// Orders what is said of this task.
    #[serde(default)]
    pub version: TaskVersion,
    /// Whose task it is.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// The whole state after.
    #[serde(default)]
    pub task: Option<Box<TaskState>>,
}

/// A task, or one occurrence of a recurring one, was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskCompleted {
    /// The task.
    pub task_id: TaskId,
    /// Whose task it is.
    pub user_id: UserId,
    /// When it was done.
    #[serde(with = "Instant")]
    pub completed_at: DateTime<Utc>,
    /// Of a recurring task: when it is due next.
    #[serde(with = "Nullable::<Due>")]
    pub next_due_date: Option<Due>,
    /// Orders what is said of this task.
    #[serde(default)]
    pub version: TaskVersion,
    /// Of a recurring task: the occurrence that was done.
    #[serde(default)]
    pub occurrence: Option<Nominal>,
    /// The whole state after.
    #[serde(default)]
    pub task: Option<Box<TaskState>>,
}

/// A task was deleted; a tombstone for every version up to this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskDeleted {
    /// The task.
    pub task_id: TaskId,
    /// Whose task it was.
    pub user_id: UserId,
    /// When it was deleted.
    #[serde(with = "Instant")]
    pub deleted_at: DateTime<Utc>,
    /// Orders what is said of this task.
    #[serde(default)]
    pub version: TaskVersion,
}
