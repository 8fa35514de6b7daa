//! A language model behind an OpenAI-compatible endpoint.
//!
//! Owns: the request and its stream, the rounds between the model and the tools, and every limit of
//! both. Promises: each call ends within its time-outs; no part of an answer is kept without a bound; a
//! tool call is run only out of a whole answer; what goes wrong is a typed error; neither the key nor
//! what anybody wrote is logged, printed for debugging, or part of an error. Never: a database, a
//! meaning of a tool, a second request of its own but the one retry and the one that leaves
//! `stream_options` out.
//!
//! Start at [`Model::converse`].
//!
//! # Why not `async-openai`
//!
//! It streams tool calls from an address of one's own well. But version 0.43, as its source has it:
//!
//! - logs what people write: a 5xx body at `warn`, and each body or event that it can't read at
//!   `error`, which is also in its error's words;
//! - reads into a queue without a bound, by a decoder of lines without one, and bodies of errors whole;
//! - ends a stream in the same way where `[DONE]` came and where the body ended before;
//! - has types that refuse what endpoints do, such as a tool call without an index, arguments that are
//!   an object, an error's code that is a number; with types of one's own (`byot`) only the POST is
//!   left of it;
//! - has no `Retry-After` in its errors.
//!
//! It shares our reqwest 0.13 and brings eleven crates. What is left to write without it is the decoder
//! of lines; the assembly of tool calls, which is most of what there is to get right, it leaves to its
//! caller anyway.

mod answer;
mod budget;
mod calls;
mod client;
mod converse;
mod error;
mod limits;
mod message;
mod outcome;
mod request;
mod retry;
mod settings;
mod sse;
mod tools;

pub use budget::{Budget, BudgetExhausted, Unlimited, Usage};
pub use client::Model;
pub use error::{Broken, ModelError, Part, Refusal, Wait};
pub use limits::{
    Limits, MAX_ANSWER_TOOL_CALLS, MAX_ERROR_BODY_BYTES, MAX_LINE_BYTES, MAX_OBJECT_BYTES,
    MAX_ROUNDS, MAX_STREAM_BYTES, MAX_TEXT_BYTES, MAX_TOOL_CALL_BYTES, MAX_TOOL_CALLS, MAX_TURN_MS,
};
pub use message::{Message, ToolCall};
pub use outcome::{CallRecord, CallResult, Ended, Limit, Outcome};
pub use settings::{
    API_KEY_VARIABLE, BASE_URL_VARIABLE, DEFAULT_ANSWER_TIMEOUT_MS, DEFAULT_CONNECT_TIMEOUT_MS,
    DEFAULT_FIRST_BYTE_TIMEOUT_MS, DEFAULT_IDLE_TIMEOUT_MS, MODEL_VARIABLE, ModelSettings,
    SettingsError,
};
pub use tools::{ToolAnswer, ToolSpec, Tools};
