//! What a handler takes from a request besides its body: who calls, and the correlation id.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header};
use events::{CorrelationId, UserId};

use crate::{
    commands::precondition::Precondition, context::Call, error::Failure,
    queries::identity::Credential,
};

/// Carries the correlation id, both ways.
pub(super) const CORRELATION_HEADER: &str = "x-correlation-id";
/// The cookie that is a session.
pub(super) const SESSION_COOKIE: &str = "session";

/// Somebody who is signed in, and by what.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) user_id: UserId,
    pub(super) credential: Credential,
}

/// The request that all follows from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Correlation(pub(super) CorrelationId);

/// Who asks, and the request that all follows from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller(pub(super) Call);

/// The request's `If-Match`.
#[derive(Clone, Debug)]
pub(super) struct IfMatch(pub(super) Precondition);

impl FromRequest for SignedIn {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Put there by the middleware; a route without it has no callers.
        ready(request.extensions().get::<Self>().cloned().ok_or(Failure::NotSignedIn))
    }
}

impl FromRequest for Correlation {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let correlation_id = request.extensions().get::<CorrelationId>().copied();
        ready(Ok(Self(correlation_id.unwrap_or_else(CorrelationId::random))))
    }
}

impl FromRequest for Caller {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::from_request(request, payload).into_inner();
        let correlation = Correlation::from_request(request, payload).into_inner();
        ready(signed_in.and_then(|SignedIn { user_id, .. }| {
            Ok(Self(Call { user_id, correlation_id: correlation?.0 }))
        }))
    }
}

impl FromRequest for IfMatch {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(match request.headers().get(header::IF_MATCH) {
            None => Precondition::None,
            Some(value) => Precondition::parse(value.to_str().unwrap_or_default()),
        })))
    }
}

/// An id in a path; what is no UUID is nobody's id.
pub(super) fn parse_id<T: std::str::FromStr>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|_no_id| Failure::NotFound)
}
