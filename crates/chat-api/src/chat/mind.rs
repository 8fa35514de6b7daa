//! What a conversation has in mind: what "it" is, what was shown, what was asked.

use events::TaskId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tools::{
    Use,
    arguments::{AddTask, ListTasks},
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
