//! What the worker says of reminders.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::{Instant, Nullable};
use crate::{Due, RecurrenceRule, ReminderId, Revision, TaskId, TaskVersion, UserId};

/// A reminder stands: it will come at `reminder_time`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderScheduled {
    /// The task.
    pub task_id: TaskId,
    /// The reminder.
    pub reminder_id: ReminderId,
    /// When the occurrence is due; `reminder_time` where the task has no due date.
    pub due_date: Due,
    /// When it comes.
    #[serde(with = "Instant")]
    pub reminder_time: DateTime<Utc>,
    /// How the task repeats.
    #[serde(with = "Nullable::<RecurrenceRule>")]
    pub recurrence: Option<RecurrenceRule>,
    /// Whose it is.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// The version of the task that it follows from.
    #[serde(default)]
    pub task_version: TaskVersion,
    /// Orders what is said of this task's reminders at one version of the task.
    #[serde(default)]
    pub revision: Revision,
}

/// An earlier firing that one firing stands for as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Folded {
    /// The reminder that was missed.
    pub reminder_id: ReminderId,
    /// When it would have come.
    #[serde(with = "Instant")]
    pub reminder_time: DateTime<Utc>,
}

/// The most missed occurrences that a firing lists; what it stands for besides is counted only.
pub const MAX_FOLDED: usize = 100;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A reminder fired: once per reminder and time, never early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderTriggered {
    /// The task.
    pub task_id: TaskId,
    /// The reminder.
    pub reminder_id: ReminderId,
    /// Whose it is.
    pub user_id: UserId,
    /// The task's title.
    pub title: String,
    /// When the occurrence is due; `reminder_time` where the task has no due date.
    pub due_date: Due,
    /// When it was to come.
    #[serde(with = "Instant")]
    pub reminder_time: DateTime<Utc>,
    /// When it came, by the database's clock.
    #[serde(with = "Instant")]
    pub triggered_at: DateTime<Utc>,
    /// How the task repeats.
    #[serde(with = "Nullable::<RecurrenceRule>")]
    pub recurrence: Option<RecurrenceRule>,
    /// The version of the task that it follows from.
    #[serde(default)]
    pub task_version: TaskVersion,
    /// Orders what is said of this task's reminders at one version of the task.
    #[serde(default)]
    pub revision: Revision,
    /// It came late because the worker was down or learned of it late.
    #[serde(default)]
    pub late: bool,
    /// Missed occurrences that this firing stands for: the latest of them, at most 100.
    #[serde(default)]
    pub folded: Vec<Folded>,
    /// How many missed occurrences it stands for, those that are not listed too.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub folded_count: u32,
}

/// Why a reminder will not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum CancelReason {
    /// The task was done.
    Completed,
    /// The task was deleted.
    Deleted,
    /// The task's due date, recurrence, reminders or zone changed.
    Changed,
    /// It was put off to another instant.
    Snoozed,
    /// It was dismissed.
    Dismissed,
    /// It was missed for longer than `catch_up_max_age_hours`.
    Expired,
    /// The account was deleted.
    UserDeleted,
}

/// A reminder that stood will not come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderCancelled {
    /// The task.
    pub task_id: TaskId,
    /// The reminder.
    pub reminder_id: ReminderId,
    /// Whose it was.
    pub user_id: UserId,
    /// Why it will not come.
    pub reason: CancelReason,
    /// When that was settled, by the database's clock.
    #[serde(with = "Instant")]
    pub cancelled_at: DateTime<Utc>,
    /// The version of the task that it follows from.
    #[serde(default)]
    pub task_version: TaskVersion,
    /// Orders what is said of this task's reminders at one version of the task.
    #[serde(default)]
    pub revision: Revision,
}
