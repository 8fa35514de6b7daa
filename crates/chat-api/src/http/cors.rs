//! Pages of other sites: closed, but for the origins that the settings name.

use actix_cors::Cors;
use actix_web::http::{Method, header};

use super::caller::CORRELATION_HEADER;
use crate::settings::Origins;

/// How long a browser keeps the answer to a preflight, in seconds.
const PREFLIGHT_MAX_AGE_SECS: usize = 600;
/// What a page may send beyond what browsers let every page send.
const REQUEST_HEADERS: [&str; 9] = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "traceparent",
];
/// What a page may read beyond what browsers let every page read.
const ANSWER_HEADERS: [&str; 7] = [
    "etag",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "x-correlation-id",
    "x-feed-position",
];

/// Answers preflights of the named origins, and lets their pages read answers, also those to their
/// cookies. Another origin gets its answer without the fields that would let its page read it.
pub(super) fn open_to(origins: &Origins) -> Cors {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let cors = Cors::default()
        .allowed_methods(methods)
        .allowed_headers(REQUEST_HEADERS)
        .allowed_header(CORRELATION_HEADER)
        .allowed_header(header::ACCEPT)
        .expose_headers(ANSWER_HEADERS)
        .supports_credentials()
        .max_age(PREFLIGHT_MAX_AGE_SECS);
    origins.iter().fold(cors, Cors::allowed_origin)
}
