//! What came of a turn.

use std::fmt;

use serde_json::Value;

use crate::{budget::Usage, error::ModelError, message::Message};

/// What came of a turn, however it ended.
pub struct Outcome {
    /// All that was told as it came, of all rounds together.
    pub text: String,
    /// The calls that the model asked for, in their order, also where the endpoint failed after them:
    /// what they did stays done.
    pub calls: Vec<CallRecord>,
    /// What to append to the conversation: each call in it has its result. An answer that broke is
    /// not among them.
    pub messages: Vec<Message>,
    /// What all rounds took together.
    pub usage: Usage,
    /// How many answers the model was asked for.
    pub rounds: u32,
    /// How it ended.
    pub ended: Ended,
}

/// A call that the model asked for.
#[derive(Clone, PartialEq)]
pub struct CallRecord {
    /// The tool's name as the model wrote it, known or not.
    pub name: String,
    /// The arguments; `null` where they were no JSON object.
    pub arguments: Value,
    /// What came of it.
    pub result: CallResult,
}

/// What came of a call.
#[derive(Clone, PartialEq, Eq)]
pub enum CallResult {
    /// It was done. The tool's answer.
    Done(String),
    /// The tool refused, and why.
    Refused(String),
    /// The tool asks the person this.
    Asked(String),
    /// There is no such tool.
    UnknownTool,
    /// The arguments were no JSON object.
    InvalidArguments,
    /// The turn had ended before it.
    NotRun,
}

/// How a turn ended.
pub enum Ended {
    /// The model was done. The text may be empty where it has called tools.
    Answered,
    /// A tool asks the person this.
    Asked(String),
    /// A limit was reached.
    Limited(Limit),
    /// The endpoint failed.
    Failed(ModelError),
}

/// Which limit a turn reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::rounds`](crate::Limits::rounds).
    Rounds,
    /// [`Limits::tool_calls`](crate::Limits::tool_calls).
    ToolCalls,
    /// [`Limits::turn_ms`](crate::Limits::turn_ms).
    Time,
    /// The [`Budget`](crate::Budget).
    Budget,
    /// The model repeated a call that had failed, and it failed again.
    RepeatedFailure,
    /// The model may write no more at once; the text is its beginning.
    Length,
    /// The endpoint's filter ended the answer.
    Filter,
}

impl CallResult {
    /// Whether the tool did what it was asked for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::UnknownTool | Self::InvalidArguments)
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Outcome")
            .field("text", &format_args!("{} bytes", self.text.len()))
            .field("calls", &self.calls)
            .field("messages", &self.messages)
            .field("usage", &self.usage)
            .field("rounds", &self.rounds)
            .field("ended", &self.ended)
            .finish()
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => formatter.write_str("Answered"),
            Self::Asked(_) => formatter.write_str("Asked"),
            Self::Limited(limit) => write!(formatter, "Limited({limit:?})"),
            Self::Failed(error) => write!(formatter, "Failed({error:?})"),
        }
    }
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CallRecord({:?})", self.result)
    }
}

impl fmt::Debug for CallResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Done(_) => "Done",
            Self::Refused(_) => "Refused",
            Self::Asked(_) => "Asked",
            Self::UnknownTool => "UnknownTool",
            Self::InvalidArguments => "InvalidArguments",
            Self::NotRun => "NotRun",
        };
        formatter.write_str(kind)
    }
}
