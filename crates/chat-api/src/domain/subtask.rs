//! The steps of a task.

use std::collections::HashSet;

use events::{Subtask, SubtaskId};
use serde::Deserialize;

use super::{Refused, text::TaskTitle};

/// The most steps of one task.
pub(crate) const MAX_SUBTASKS: usize = 100;

/// A step as somebody writes it.
#[derive(Debug, Deserialize)]
pub(crate) struct GivenSubtask {
    /// Left out of a new one.
    #[serde(default)]
    pub(crate) id: Option<SubtaskId>,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) done: bool,
}

/// A task's steps, in their order, each with an id of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subtasks(Vec<Subtask>);

impl Subtasks {
    /// Checks each step; one without an id is new.
    pub(crate) fn parse(given: Vec<GivenSubtask>) -> Result<Self, Refused> {
        if given.len() > MAX_SUBTASKS {
            return Err(Refused::new(format!("a task has at most {MAX_SUBTASKS} subtasks")));
        }
        let mut seen = HashSet::new();
        let subtasks: Result<Vec<Subtask>, Refused> = given
            .into_iter()
            .map(|GivenSubtask { id, title, done }| {
                let title = TaskTitle::parse(title)?.into_inner();
                Ok(Subtask { subtask_id: id.unwrap_or_else(SubtaskId::random), title, done })
            })
            .collect();
        let subtasks = subtasks?;
        if !subtasks.iter().all(|subtask| seen.insert(subtask.subtask_id)) {
            return Err(Refused::new("a subtask's id stands there twice"));
        }
        Ok(Self(subtasks))
    }

    pub(crate) fn into_inner(self) -> Vec<Subtask> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(id: Option<SubtaskId>, title: &str) -> GivenSubtask {
        GivenSubtask { id, title: title.to_owned(), done: false }
    }

    #[test]
    fn steps_keep_their_order_and_their_ids() {
        let known = SubtaskId::random();
        let steps = Subtasks::parse(vec![step(None, "first"), step(Some(known), "second")]);
        let steps = steps.expect("steps").into_inner();
        assert_eq!(steps[1].subtask_id, known);
        assert_eq!((steps[0].title.as_str(), steps[1].title.as_str()), ("first", "second"));
    }

    #[test]
    fn what_could_be_no_step_is_refused() {
        let id = Some(SubtaskId::random());
        assert!(Subtasks::parse(vec![step(None, " ")]).is_err());
        assert!(Subtasks::parse(vec![step(id, "a"), step(id, "b")]).is_err());
        let many = (0..=MAX_SUBTASKS).map(|_| step(None, "x")).collect();
        assert!(Subtasks::parse(many).is_err());
    }
}
