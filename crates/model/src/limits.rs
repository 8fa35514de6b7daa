//! How much an answer and a turn may be.

/// The longest line of an answer's stream, and the longest event, in bytes: the arguments of one call
/// in one piece, escaped, fit in.
pub const MAX_LINE_BYTES: usize = 512 * 1024;
/// The most of one answer that is read, in bytes, with all that is around the words: a token comes
/// with some 300 bytes.
pub const MAX_STREAM_BYTES: usize = 16 * 1024 * 1024;
/// The most of an answer that is one object, in bytes: the most words and calls fit in.
pub const MAX_OBJECT_BYTES: usize = 4 * 1024 * 1024;
/// The most words of one answer, in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The most tool calls of one answer.
pub const MAX_ANSWER_TOOL_CALLS: usize = 16;
/// The largest tool call, in bytes: its id, name, arguments and what is kept with it.
pub const MAX_TOOL_CALL_BYTES: usize = 64 * 1024;
/// The most of an error's body that is read, in bytes.
pub const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;

/// The most answers of the model to one message.
pub const MAX_ROUNDS: u32 = 8;
/// The most tool calls that are tried for one message.
pub const MAX_TOOL_CALLS: u32 = 20;
/// The longest that the answer to one message may take in all, in milliseconds.
pub const MAX_TURN_MS: u64 = 120_000;

/// How much a turn may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most answers of the model. The calls of the last one are not run, as the model could say
    /// nothing about them.
    pub rounds: u32,
    /// The most tool calls that are tried, good and bad ones together.
    pub tool_calls: u32,
    /// The longest that all may take, in milliseconds. A tool that has begun is let finish.
    pub turn_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rounds: MAX_ROUNDS, tool_calls: MAX_TOOL_CALLS, turn_ms: MAX_TURN_MS }
    }
}
