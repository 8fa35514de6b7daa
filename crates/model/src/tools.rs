//! What the model may ask to be done.

use std::fmt;

use futures_util::future::BoxFuture;
use serde_json::Value;

/// The tools of a turn, and the person on whose behalf they act.
pub trait Tools: Send + Sync {
    /// The tools that there are. Asked once a turn.
    fn specs(&self) -> Vec<ToolSpec>;

    /// Does what a tool is for. `name` is one of [`Tools::specs`] and `arguments` is a JSON object,
    /// which is all that was checked: it was written by a model that may have read anything, so it is
    /// to be checked like any request. The future is run to its end, unless the turn is dropped.
    fn call<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, ToolAnswer>;
}

/// A tool, as the model is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpec {
    /// Letters, digits, `_` and `-`, 64 at the most.
    pub name: String,
    /// When to use it, in words.
    pub description: String,
    /// A JSON Schema of an object.
    pub parameters: Value,
}

/// What a tool answers, in words or JSON for the model.
#[derive(Clone, PartialEq, Eq)]
pub enum ToolAnswer {
    /// It is done, or found out.
    Done(String),
    /// It is not done, and why.
    Refused(String),
    /// The person has to decide first. Ends the turn with this question.
    Ask(String),
}

impl fmt::Debug for ToolAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, text) = match self {
            Self::Done(text) => ("Done", text),
            Self::Refused(text) => ("Refused", text),
            Self::Ask(text) => ("Ask", text),
        };
        write!(formatter, "{kind}({} bytes)", text.len())
    }
}
