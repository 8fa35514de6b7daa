//! What a handler takes from a request besides its body: who calls, and the correlation id.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header, web};
use events::{CorrelationId, UserId};
use futures_util::future::LocalBoxFuture;
use utoipa::{
    IntoParams,
    openapi::{
        Object, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use super::{client_address::ClientAddress, scopes};
use crate::{
    commands::precondition::Precondition,
    context::{Call, Client, Context},
    domain::{scope::Scopes, user_agent::UserAgent},
    error::Failure,
    queries::{self, identity::Credential},
};

/// Carries the correlation id, both ways.
pub(super) const CORRELATION_HEADER: &str = "x-correlation-id";
/// The cookie that is a session.
pub(super) const SESSION_COOKIE: &str = "session";

/// Somebody who is signed in, and by what; their credential has the scopes of the operation.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) user_id: UserId,
    pub(super) credential: Credential,
    pub(super) scopes: Scopes,
}

/// An administrator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admin;

/// What the request comes from.
#[derive(Clone, Debug)]
pub(super) struct CalledFrom(pub(super) Client);

/// A route says nowhere which scope it needs; nobody calls it then.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operation is missing in the table of scopes")]
struct NoScope;

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
        let signed_in = request.extensions().get::<Self>().cloned().ok_or(Failure::NotSignedIn);
        ready(signed_in.and_then(|signed_in| {
            // Asked here, where it is settled which operation it is.
            match scopes::needed_by(request) {
                Some(needed) => match signed_in.scopes.missing(needed) {
                    None => Ok(signed_in),
                    Some(missing) => Err(Failure::InsufficientScope(missing)),
                },
                None => Err(Failure::internal(NoScope)),
            }
        }))
    }
}

impl FromRequest for Admin {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::from_request(request, payload).into_inner();
        let context = request.app_data::<web::Data<Context>>().cloned();
        Box::pin(async move {
            let (signed_in, context) = (signed_in?, context.ok_or(Failure::NotSignedIn)?);
            let is_admin = queries::people::is_admin(&context, signed_in.user_id).await?;
            is_admin.then_some(Self).ok_or(Failure::AdminsOnly)
        })
    }
}

impl FromRequest for CalledFrom {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let address = ClientAddress::from_request(request, payload).into_inner();
        let sent = request.headers().get(header::USER_AGENT);
        let user_agent = sent.and_then(|value| UserAgent::shorten(value.as_bytes()));
        ready(address.map(|address| Self(Client { network: address.network(), user_agent })))
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

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .description(Some("The task must still have one of these entity tags; `*` is any."))
            .schema(Some(Object::with_type(Type::String)))
            .build();
        vec![parameter]
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

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_route_that_names_no_scope_has_no_caller() {
        let credential = Credential::session(&"A".repeat(43)).expect("a token");
        let signed_in = SignedIn { user_id: UserId::random(), credential, scopes: Scopes::all() };
        let request = TestRequest::with_uri("/api/v1/nowhere").to_http_request();
        request.extensions_mut().insert(signed_in);
        let called = SignedIn::extract(&request).into_inner();
        assert!(matches!(called, Err(Failure::Internal(_))), "{called:?}");
    }
}
