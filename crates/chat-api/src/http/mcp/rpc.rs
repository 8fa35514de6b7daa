//! JSON-RPC 2.0: messages in, results and errors out.

use actix_web::{HttpResponse, http::header, http::header::HeaderValue};
use events::CorrelationId;
use serde_json::{Value, json};

use super::revision::Revision;
use crate::error::Failure;

/// The longest id that is repeated, in characters.
const MAX_ID_CHARS: usize = 255;

/// A message that came.
#[derive(Debug)]
pub(super) enum Message {
    Request(Request),
    /// A notification, or an answer to what nobody here has asked.
    Other,
}

/// A message that wants an answer.
#[derive(Debug)]
pub(super) struct Request {
    /// A text or a whole number.
    pub(super) id: Value,
    pub(super) method: String,
    /// An object.
    pub(super) params: Value,
}

/// Why there is no result.
#[derive(Debug)]
pub(super) struct Refused {
    kind: Kind,
    failure: Failure,
    /// What else a program can go by.
    details: Value,
}

/// What JSON-RPC and MCP have numbers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unreadable,
    Request,
    Header,
    Version,
    Meta,
    Method,
    Params,
    Resource,
    Internal,
}

impl Kind {
    const fn number(self, revision: Revision) -> i32 {
        match self {
            Self::Unreadable => -32_700,
            Self::Request => -32_600,
            Self::Header => -32_020,
            Self::Version => -32_022,
            Self::Method => -32_601,
            Self::Meta | Self::Params => -32_602,
            Self::Resource => match revision {
                Revision::Greeting => -32_002,
                Revision::Stateless => -32_602,
            },
            Self::Internal => -32_603,
        }
    }

    /// Whether HTTP, too, says that it failed: what is no request of the protocol, what the token does not
    /// reach, and what went wrong here.
    const fn shows_in_http(self, revision: Revision) -> bool {
        match self {
            Self::Params | Self::Resource => false,
            Self::Method => matches!(revision, Revision::Stateless),
            _ => true,
        }
    }
}

/// Reads a message.
pub(super) fn read(bytes: &[u8]) -> Result<Message, Refused> {
    let message: Value = serde_json::from_slice(bytes)
        .map_err(|error| Refused::new(Kind::Unreadable, Failure::MalformedJson(error)))?;
    let Value::Object(mut message) = message else {
        return Err(Refused::request("", "is one message, an object"));
    };
    if message.get("jsonrpc") != Some(&json!("2.0")) {
        return Err(Refused::request("jsonrpc", "is 2.0"));
    }
    let is_answer = message.contains_key("result") || message.contains_key("error");
    let method = match message.remove("method") {
        Some(Value::String(method)) => method,
        None if is_answer => return Ok(Message::Other),
        _ => return Err(Refused::request("method", "is a text")),
    };
    let Some(id) = message.remove("id") else { return Ok(Message::Other) };
    if !is_id(&id) {
        let rule = format!("is a whole number, or a text of at most {MAX_ID_CHARS} characters");
        return Err(Refused::request("id", rule));
    }
    let params = message.remove("params").unwrap_or_else(|| json!({}));
    if !params.is_object() {
        return Err(Refused::request("params", "is an object"));
    }
    Ok(Message::Request(Request { id, method, params }))
}

fn is_id(id: &Value) -> bool {
    match id {
        Value::String(text) => text.chars().count() <= MAX_ID_CHARS,
        id => id.is_i64() || id.is_u64(),
    }
}

/// A result as an answer.
pub(super) fn answered(id: &Value, result: &Value) -> HttpResponse {
    HttpResponse::Ok().json(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

impl Refused {
    fn new(kind: Kind, failure: Failure) -> Self {
        Self { kind, failure, details: json!({}) }
    }

    /// It is no request of the protocol.
    pub(super) fn request(field: &str, reason: impl ToString) -> Self {
        Self::bad(Kind::Request, field, reason)
    }

    /// A header is not what it has to be.
    pub(super) fn header(name: &str, reason: impl ToString) -> Self {
        Self::bad(Kind::Header, name, reason)
    }

    /// It is of a revision that is not spoken.
    pub(super) fn version(spoken: &[&str], asked: &str) -> Self {
        let details = json!({"supported": spoken, "requested": asked});
        let rule = format!("is one of {}", spoken.join(", "));
        Self { details, ..Self::bad(Kind::Version, "the protocol's version", rule) }
    }

    /// It does not say of itself what it has to.
    pub(super) fn meta(key: &str) -> Self {
        Self::bad(Kind::Meta, key, "is required in _meta")
    }

    pub(super) fn params(field: &str, reason: impl ToString) -> Self {
        Self::new(Kind::Params, Failure::field(field, reason))
    }

    pub(super) fn unknown_method() -> Self {
        Self::new(Kind::Method, Failure::NotFound)
    }

    pub(super) fn no_such_resource(uri: &str) -> Self {
        Self { details: json!({"uri": uri}), ..Self::new(Kind::Resource, Failure::NotFound) }
    }

    fn bad(kind: Kind, what: &str, reason: impl ToString) -> Self {
        let said = [what, &reason.to_string()].join(" ");
        Self::new(kind, Failure::BadMessage(said.trim().to_owned()))
    }

    /// The error, as HTTP carries it.
    pub(super) fn render(
        self,
        id: &Value,
        correlation_id: CorrelationId,
        revision: Revision,
    ) -> HttpResponse {
        let Self { kind, failure, details: mut data } = self;
        failure.log();
        data["code"] = json!(failure.code().name());
        data["correlation_id"] = json!(correlation_id);
        if let Failure::Invalid(errors) = &failure {
            data["errors"] = json!(errors);
        }
        let (number, message) = (kind.number(revision), failure.to_string());
        let error = json!({"code": number, "message": message, "data": data});
        let error = json!({"jsonrpc": "2.0", "id": id, "error": error});
        if !kind.shows_in_http(revision) {
            return HttpResponse::Ok().json(error);
        }
        let mut response = failure.render(correlation_id);
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.set_body(error.to_string()).map_into_boxed_body()
    }
}

impl From<Failure> for Refused {
    /// What nobody can mend who has asked.
    fn from(failure: Failure) -> Self {
        let is_scope = matches!(failure, Failure::InsufficientScope(_));
        Self::new(if is_scope { Kind::Request } else { Kind::Internal }, failure)
    }
}
