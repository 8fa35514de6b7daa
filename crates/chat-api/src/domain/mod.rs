//! What a person may say, parsed, and what follows from it.
//!
//! Owns: types whose values are valid by construction, and the decisions on tasks. Promises: pure;
//! the same state, command and moment give the same answer. Never: SQL, HTTP, a clock, an event
//! published.

pub(crate) mod channel;
pub(crate) mod email;
pub(crate) mod language;
pub(crate) mod password;
pub(crate) mod position;
pub(crate) mod schedule;
pub(crate) mod scope;
pub(crate) mod search;
pub(crate) mod secret_token;
pub(crate) mod settings;
pub(crate) mod story;
pub(crate) mod subtask;
pub(crate) mod tag;
pub(crate) mod task;
pub(crate) mod text;
pub(crate) mod user_agent;

/// Why a value is refused, for the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(String);

impl Refused {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
