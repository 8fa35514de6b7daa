//! What a conversation has in mind: what "it" is, what was shown, what was asked.

use chrono::{DateTime, TimeDelta, Utc};
use events::TaskId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tools::{
    Use,
    arguments::{AddTask, ListTasks},
    outcome::{Outcome, Shown},
};

/// What the next message may refer to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Mind {
    /// Spoken of last: it, them.
    pub(super) it: Vec<TaskId>,
    /// Shown last with numbers: the second one, both.
    pub(super) shown: Vec<TaskId>,
    /// What [`Mind::it`] is only the beginning of.
    pub(super) all: Option<ListTasks>,
    /// What was asked last, while nothing else was said.
    pub(super) question: Option<Question>,
    /// When programs have deleted tasks of late, once for each task, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) deletions: Vec<DateTime<Utc>>,
}

/// A question that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Question {
    /// Which of these; `act` is then done to them.
    Which {
        act: Use,
        tasks: Vec<TaskId>,
        /// Whether the act is for one task only.
        #[serde(default)]
        is_for_one: bool,
    },
    /// Whether this is to be done to these tasks, which had these versions.
    Confirm { act: Use, tasks: Vec<(TaskId, i64)> },
    /// Whether this task is to be added.
    Add(Box<AddTask>),
    /// What this task is to be called.
    Title(Box<AddTask>),
}

impl Mind {
    /// What was spoken of, and what was shown.
    pub(super) fn remember(&mut self, use_of: &Use, outcome: &Outcome) {
        let ids = |tasks: &[Shown]| tasks.iter().map(Shown::id).collect::<Vec<_>>();
        if !matches!(outcome, Outcome::Listed { tasks, .. } if tasks.is_empty()) {
            self.all = None;
        }
        match outcome {
            // Where there is nothing, what was spoken of before is still in mind.
            Outcome::Listed { tasks, .. } if tasks.is_empty() => {}
            Outcome::Listed { tasks, total } => {
                self.it = ids(tasks);
                self.shown.clone_from(&self.it);
                let is_all = usize::try_from(*total).is_ok_and(|total| total <= tasks.len());
                if let (Use::ListTasks(asked), false) = (use_of, is_all) {
                    self.all = Some(asked.clone());
                }
            }
            Outcome::Found { task } => self.it = vec![task.0.state.task_id],
            Outcome::Done(done) => {
                let all: Vec<TaskId> = done.tasks.iter().map(|task| task.after.id()).collect();
                if !all.is_empty() {
                    self.it = all;
                }
            }
            Outcome::NeedsConfirmation { tasks, .. } => {
                self.it = ids(tasks);
                self.shown.clone_from(&self.it);
                let version = |task: &Shown| (task.id(), task.0.state.version.get());
                let tasks: Vec<(TaskId, i64)> = tasks.iter().map(version).collect();
                let act = use_of.clone().with_tasks(vec![]);
                self.question = Some(Question::Confirm { act, tasks });
            }
            Outcome::Told { task, .. } => self.it = vec![task.id()],
            Outcome::TakenBack { tasks, .. } if !tasks.is_empty() => {
                let there = tasks.iter().filter(|taken| !taken.task.0.is_deleted());
                self.it = there.map(|taken| taken.task.id()).collect();
            }
            Outcome::TakenBack { .. } | Outcome::NothingToUndo => {}
        }
    }

    /// How many tasks programs have deleted after a time, as far as it is remembered.
    pub(super) fn deletions_since(&self, time: DateTime<Utc>) -> usize {
        self.deletions.iter().filter(|deleted_at| **deleted_at > time).count()
    }

    /// Remembers that programs have deleted so many tasks now, for as long as `window`.
    pub(super) fn remember_deletions(
        &mut self,
        tasks: usize,
        now: DateTime<Utc>,
        window: TimeDelta,
    ) {
        self.deletions.retain(|deleted_at| *deleted_at > now - window);
        self.deletions.extend(std::iter::repeat_n(now, tasks));
    }

    /// What was kept; nothing where an older release kept it otherwise.
    pub(super) fn read(kept: &Value) -> Self {
        Self::deserialize(kept).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_reads_back_and_what_is_not_ours_is_nothing() {
        let ids = vec![TaskId::random(), TaskId::random()];
        let act = Use::read("delete_tasks", json!({"task_ids": ids})).expect("a call");
        let mind = Mind {
            it: ids.clone(),
            question: Some(Question::Confirm { act, tasks: vec![(ids[0], 7)] }),
            ..Mind::default()
        };
        assert_eq!(Mind::read(&serde_json::to_value(&mind).expect("JSON")), mind);
        for other in [json!(null), json!({}), json!({"question": {"other": 1}}), json!("x")] {
            assert_eq!(Mind::read(&other), Mind::default());
        }
    }
}
