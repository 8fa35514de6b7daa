//! What can go wrong between us and the endpoint.
//!
//! Owns: the typed errors, and reading of an error's body or event what it is. Promises: every error
//! is one of them. Never: keeps the endpoint's words; an error may repeat what a person wrote.

use std::{fmt, time::Duration};

use serde_json::Value;
use thiserror::Error;

/// The longest code that is kept, in bytes. Longer ones are no codes.
const MAX_CODE_BYTES: usize = 64;
/// The code with which an account without money is refused; the status is that of a rate limit.
const QUOTA_CODE: &str = "insufficient_quota";

/// The endpoint did not give a whole answer.
#[derive(Debug, Error)]
pub enum ModelError {
    /// There is no connection, or it broke before there was an answer.
    #[error("the model's endpoint can't be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It took too long.
    #[error("the model did not answer in time: {0}")]
    TimedOut(Wait),
    /// 401 or 403: the key is missing or wrong.
    #[error("the model's endpoint refuses the key: {0}")]
    Unauthorized(Refusal),
    /// 429: too much was asked for.
    #[error("the model's endpoint limits us: {0}")]
    RateLimited(Refusal),
    /// 5xx: the endpoint or the model behind it is away.
    #[error("the model's endpoint is unavailable: {0}")]
    Unavailable(Refusal),
    /// It does not take this request, or is no such endpoint.
    #[error("the model's endpoint refuses the request: {0}")]
    Refused(Refusal),
    /// What came is no whole answer.
    #[error("the model's answer is broken")]
    Broken(#[source] Broken),
    /// What came is more than is taken.
    #[error("the model's answer is too large: {0}")]
    TooLarge(Part),
}

/// What was waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Wait {
    /// A connection.
    #[error("no connection")]
    Connect,
    /// The first byte of an answer.
    #[error("no first byte")]
    FirstByte,
    /// The next bytes of an answer.
    #[error("silence in the middle")]
    Idle,
    /// The answer's end.
    #[error("no end")]
    Answer,
}

/// How a request was refused, by a status or by an error within the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, or what an error within the stream gives as such.
    pub status: Option<u16>,
    /// The endpoint's word for it, such as `context_length_exceeded`.
    pub code: Option<String>,
    /// How long the endpoint wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// Why what came is no whole answer.
#[derive(Debug, Error)]
pub enum Broken {
    /// The connection broke in the middle.
    #[error("it was cut off")]
    Cut(#[source] Option<reqwest::Error>),
    /// An event is no JSON object.
    #[error("an event is no JSON object")]
    Json,
    /// A page instead of an answer: the address is not that of an endpoint.
    #[error("it is neither a stream nor JSON")]
    ContentType,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It was ended, by its length or a filter, with a tool call in it that may be half of one.
    #[error("it ends within a tool call")]
    HalfCall,
}

/// What was more than is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Part {
    /// A line or an event of the stream: [`MAX_LINE_BYTES`](crate::MAX_LINE_BYTES).
    #[error("a line")]
    Line,
    /// All of the stream: [`MAX_STREAM_BYTES`](crate::MAX_STREAM_BYTES), or
    /// [`MAX_OBJECT_BYTES`](crate::MAX_OBJECT_BYTES) where it is not streamed.
    #[error("the stream")]
    Stream,
    /// The words: [`MAX_TEXT_BYTES`](crate::MAX_TEXT_BYTES).
    #[error("the words")]
    Text,
    /// The number of calls: [`MAX_ANSWER_TOOL_CALLS`](crate::MAX_ANSWER_TOOL_CALLS).
    #[error("the number of tool calls")]
    ToolCalls,
    /// One call: [`MAX_TOOL_CALL_BYTES`](crate::MAX_TOOL_CALL_BYTES).
    #[error("a tool call")]
    ToolCall,
}

impl ModelError {
    /// Whether it is worth asking again soon. What took its time is not: it would take it again.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Unavailable(_) | Self::Broken(Broken::Cut(_)) => true,
            Self::RateLimited(refusal) => refusal.code.as_deref() != Some(QUOTA_CODE),
            _ => false,
        }
    }

    /// How long the endpoint wants to be left alone, where it said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unauthorized(refusal)
            | Self::RateLimited(refusal)
            | Self::Unavailable(refusal)
            | Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// The error for a request that got no answer. The address is left out: it may carry a key.
    pub(crate) fn from_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() && error.is_timeout() {
            Self::TimedOut(Wait::Connect)
        } else {
            Self::Unreachable(error)
        }
    }

    /// The error that an event of the stream is, if it is one.
    pub(crate) fn in_stream(event: &Value) -> Option<Self> {
        is_error(event).then(|| Refusal::from_body(None, event, None).into_error())
    }
}

impl Refusal {
    /// Reads `{"error": {"code", "type"}}` and what endpoints have in its place.
    pub(crate) fn from_body(
        status: Option<u16>,
        body: &Value,
        retry_after: Option<Duration>,
    ) -> Self {
        // Gemini's is in a list.
        let body = body.get(0).unwrap_or(body);
        let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
        let said = number(&error["code"]).or_else(|| number(&error["status"]));
        let code = code(&error["code"]).or_else(|| code(&error["type"]));
        Self { status: status.or(said.filter(|code| *code >= 400)), code, retry_after }
    }

    pub(crate) fn into_error(self) -> ModelError {
        match (self.status, self.code.as_deref()) {
            (Some(401 | 403), _) => ModelError::Unauthorized(self),
            (Some(429), _) | (None, Some("rate_limit_exceeded" | QUOTA_CODE)) => {
                ModelError::RateLimited(self)
            }
            (Some(500..), _) | (None, Some("server_error" | "overloaded_error")) => {
                ModelError::Unavailable(self)
            }
            _ => ModelError::Refused(self),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(formatter, "status {status}")?,
            None => write!(formatter, "within the stream")?,
        }
        self.code.iter().try_for_each(|code| write!(formatter, ", {code}"))
    }
}

/// `{"error": …}`, or vLLM's `{"object": "error", …}`.
fn is_error(event: &Value) -> bool {
    let error = event.get("error").is_some_and(|error| !error.is_null());
    error || event["object"] == "error"
}

/// A status as a number, or LiteLLM's text of one.
fn number(value: &Value) -> Option<u16> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().and_then(|number| u16::try_from(number).ok()),
    }
}

/// A word for machines, which repeats nothing that somebody wrote.
fn code(value: &Value) -> Option<String> {
    let code = value.as_str().filter(|_| number(value).is_none())?;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_code = (1..=MAX_CODE_BYTES).contains(&code.len()) && code.bytes().all(is_word);
    is_code.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_code_is_found_wherever_endpoints_put_it() {
        for (body, status, code) in [
            (
                json!({ "error": { "code": "model_not_found", "type": "x" } }),
                None,
                "model_not_found",
            ),
            (json!({ "error": { "code": null, "type": "server_error" } }), None, "server_error"),
            (json!({ "error": { "code": 503, "type": "unavailable" } }), Some(503), "unavailable"),
            (json!({ "error": { "code": "429", "type": "limit" } }), Some(429), "limit"),
            (json!([{ "error": { "code": 400, "type": "a" } }]), Some(400), "a"),
            (json!({ "object": "error", "code": 404, "type": "NotFound" }), Some(404), "NotFound"),
        ] {
            let refusal = Refusal::from_body(None, &body, None);
            assert_eq!((refusal.status, refusal.code.as_deref()), (status, Some(code)), "{body}");
        }
    }

    #[test]
    fn words_are_no_code() {
        let long = "x".repeat(MAX_CODE_BYTES + 1);
        for word in ["", "you wrote: buy milk", "naïve", &long] {
            let refusal = Refusal::from_body(None, &json!({ "error": { "code": word } }), None);
            assert_eq!(refusal.code, None, "{word}");
        }
    }

    #[test]
    fn an_error_within_a_stream_is_told_from_a_piece_of_an_answer() {
        for error in [
            json!({ "error": "the words" }),
            json!({ "error": { "message": "the words" } }),
            json!({ "object": "error", "message": "the words" }),
        ] {
            let found = ModelError::in_stream(&error).expect("an error");
            assert!(!format!("{found} {found:?}").contains("words"), "{found:?}");
        }
        assert!(ModelError::in_stream(&json!({ "error": null, "choices": [] })).is_none());
    }
}
