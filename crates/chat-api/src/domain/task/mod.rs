//! A task, and what each command makes of it.
//!
//! Every decision takes the state, the command and a [`Moment`], and gives the state after and the
//! facts to tell; no facts means that nothing changed.

mod change;
mod create;
mod import;
mod lifecycle;
mod reminding;
mod series;
#[cfg(test)]
pub(crate) mod series_tests;
#[cfg(test)]
mod tests;
mod undo;

use chrono::{DateTime, Utc};
use events::{Payload, Status, TaskDeleted, TaskState, TaskUpdated, TaskVersion};

use super::Refused;

pub(crate) use change::follow;
pub(crate) use change::{TaskPatch, change, put};
pub(crate) use create::{NewTask, Place, create};
pub(crate) use import::Imported;
pub(crate) use lifecycle::{complete, delete, reopen, restore, skip};
pub(crate) use reminding::{Wait, dismiss, put_off, snooze};
pub(crate) use undo::{Former, Passed, former, take_back};

/// A task as chat-api knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    /// What is told of it.
    pub(crate) state: TaskState,
    /// When it last changed.
    pub(crate) updated_at: DateTime<Utc>,
    /// When it was done, while it is.
    pub(crate) completed_at: Option<DateTime<Utc>>,
    /// In the trash since.
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    /// Why the worker will not take it.
    pub(crate) delivery_problem: Option<String>,
    /// The occurrence that its last change has passed over, done or skipped.
    pub(crate) passed: Option<Passed>,
}

/// When a decision is taken, by the database's clock, and the version that it makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: DateTime<Utc>,
    pub(crate) version: TaskVersion,
}

/// What a command makes of a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decided {
    /// The task after.
    pub(crate) task: Task,
    /// What there is to tell, in order; empty where nothing changed.
    pub(crate) facts: Vec<Payload>,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The task is not there, or in the trash, or not in the trash.
    #[error("there is no such task")]
    NotFound,
    /// Completing a recurring task names the occurrence.
    #[error("completing a recurring task names the occurrence")]
    OccurrenceRequired,
    /// The reminder does not follow from the task any more.
    #[error("the task no longer has this reminder")]
    ReminderGone,
    /// The task is not as it was when the occurrence was done or skipped.
    #[error("the task has changed since this occurrence was done or skipped")]
    ChangedSince,
    /// A field's value does not go with the others.
    #[error("{field} {reason}")]
    Field {
        /// The field in the request.
        field: &'static str,
        /// Why.
        reason: Refused,
    },
}

impl Refusal {
    fn field(field: &'static str, reason: &str) -> Self {
        Self::Field { field, reason: Refused::new(reason) }
    }
}

impl Task {
    pub(crate) fn is_done(&self) -> bool {
        self.state.status == Status::Done
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// The current state again, to whoever may have missed it: at the same version, nothing changed.
    pub(crate) fn restate(&self) -> Payload {
        match self.deleted_at {
            Some(deleted_at) => self.deleted(deleted_at).into(),
            None => TaskUpdated {
                task_id: self.state.task_id,
                changed_fields: vec![],
                changes: [].into(),
                updated_at: self.updated_at,
                version: self.state.version,
                user_id: Some(self.state.user_id),
                task: Some(Box::new(self.state.clone())),
            }
            .into(),
        }
    }

    fn deleted(&self, deleted_at: DateTime<Utc>) -> TaskDeleted {
        TaskDeleted {
            task_id: self.state.task_id,
            user_id: self.state.user_id,
            deleted_at,
            version: self.state.version,
        }
    }
}

impl Decided {
    fn unchanged(task: &Task) -> Self {
        Self { task: task.clone(), facts: vec![] }
    }
}

impl Moment {
    /// The moment of a second fact in the same transaction.
    fn next(self) -> Self {
        Self { version: TaskVersion::from(self.version.get() + 1), ..self }
    }
}
