//! The revisions of the protocol that are spoken, and what differs between them.
//!
//! Up to 2025-11-25 a program greets first (`initialize`) and then names the revision in a header. From
//! 2026-07-28 on every message says for itself which one it is of, and repeats in headers what it is about,
//! for what stands in between; a header that says otherwise than the body is refused.

use actix_web::http::header::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::rpc::{Refused, Request};

/// Those that are spoken, the latest first. Before them there were batches.
pub(super) const SPOKEN: [&str; 3] = [STATELESS, "2025-11-25", "2025-06-18"];
/// Those that a greeting may agree on.
const GREETED: [&str; 2] = ["2025-11-25", "2025-06-18"];
const STATELESS: &str = "2026-07-28";

const VERSION_HEADER: &str = "mcp-protocol-version";
const METHOD_HEADER: &str = "mcp-method";
const NAME_HEADER: &str = "mcp-name";
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
const SERVER_KEY: &str = "io.modelcontextprotocol/serverInfo";
/// How long a program may go by a list that it has read, in milliseconds. They change with a release.
const LIST_TTL_MS: u32 = 300_000;

/// What a message is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revision {
    /// One that greets, or nothing that says what.
    Greeting,
    /// 2026-07-28.
    Stateless,
}

impl Revision {
    /// The revision that a request is of.
    pub(super) fn of(headers: &HeaderMap, request: &Request) -> Result<Self, Refused> {
        let meta = &request.params["_meta"];
        let version = match (text(headers, VERSION_HEADER)?, meta[VERSION_KEY].as_str()) {
            (None, None) => return Ok(Self::Greeting),
            (Some(STATELESS), None) => return Err(Refused::meta(VERSION_KEY)),
            (Some(header), said) if said.is_none_or(|said| said == header) => header,
            _ => return Err(differs(VERSION_HEADER)),
        };
        if !SPOKEN.contains(&version) {
            return Err(Refused::version(&SPOKEN, version));
        }
        if version != STATELESS {
            return Ok(Self::Greeting);
        }
        if !meta[CAPABILITIES_KEY].is_object() {
            return Err(Refused::meta(CAPABILITIES_KEY));
        }
        if text(headers, METHOD_HEADER)? != Some(&request.method) {
            return Err(differs(METHOD_HEADER));
        }
        let name = match request.method.as_str() {
            "tools/call" => request.params["name"].as_str(),
            "resources/read" => request.params["uri"].as_str(),
            _ => None,
        };
        match name {
            Some(name)
                if text(headers, NAME_HEADER)?.and_then(decoded).as_deref() != Some(name) =>
            {
                Err(differs(NAME_HEADER))
            }
            _ => Ok(Self::Stateless),
        }
    }

    /// A result with what the revision wants to be said of it.
    pub(super) fn finish(self, method: &str, mut result: Value) -> Value {
        if self == Self::Greeting {
            return result;
        }
        result["resultType"] = json!("complete");
        result["_meta"][SERVER_KEY] = server();
        let ttl_ms = match method {
            "tools/call" => return result,
            "resources/read" => 0,
            _ => LIST_TTL_MS,
        };
        result["ttlMs"] = json!(ttl_ms);
        result["cacheScope"] = json!("private");
        result
    }
}

/// A revision that both speak, or else ours, with which the program may do as it likes.
pub(super) fn agreed_on(asked: &str) -> &'static str {
    GREETED.into_iter().find(|version| *version == asked).unwrap_or(GREETED[0])
}

/// Who is speaking.
pub(super) fn server() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    json!({"name": "chat-api", "title": "Tasks and reminders", "version": version})
}

fn differs(header: &'static str) -> Refused {
    Refused::header(header, "is not what the message says")
}

fn text<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Refused> {
    let value = headers.get(name).map(|value| value.to_str()).transpose();
    value.map_err(|_odd| Refused::header(name, "has more than visible ASCII"))
}

/// A name as a header has it: as it is, or as Base64 where it is no plain ASCII.
fn decoded(header: &str) -> Option<String> {
    match header.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        None => Some(header.to_owned()),
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_or_base64() {
        assert_eq!(decoded("add_task").as_deref(), Some("add_task"));
        assert_eq!(decoded("=?base64?w6Q=?=").as_deref(), Some("ä"));
        assert_eq!(decoded("=?base64?w6Q=").as_deref(), Some("=?base64?w6Q="));
        for odd in ["=?base64?%?=", "=?base64?/w==?="] {
            assert_eq!(decoded(odd), None);
        }
    }
}
