//! Around every request: its correlation id, its span, who calls, and the problem that it ends in.

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    middleware::Next,
    web,
};
use events::CorrelationId;
use platform::telemetry;
use tokio::time::Instant;
use tracing::{Instrument, Span, field::Empty};

use super::{
    caller::{CORRELATION_HEADER, SESSION_COOKIE, SignedIn},
    metrics,
};
use crate::{
    context::Context,
    error::Failure,
    queries::identity::{Credential, identify},
};

const BEARER: &str = "Bearer ";

/// Gives a request its correlation id (its own where that is a UUID) and its span, continues its
/// trace, and renders what goes wrong.
pub(super) async fn correlate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let correlation_id = header(&request, CORRELATION_HEADER)
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(CorrelationId::random);
    request.extensions_mut().insert(correlation_id);
    let span = tracing::info_span!(
        "request",
        correlation_id = %correlation_id,
        http.request.method = metrics::bounded(request.method()),
        http.route = Empty,
        http.response.status_code = Empty,
        otel.kind = "server",
        otel.status_code = Empty,
    );
    if let Some(parent) = header(&request, "traceparent") {
        telemetry::continue_trace(&span, parent);
    }
    answer(request, next, correlation_id).instrument(span).await
}

async fn answer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    correlation_id: CorrelationId,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let context = request.app_data::<web::Data<Context>>().cloned();
    let method = request.method().clone();
    let response = next.call(request).await?.map_into_boxed_body();
    let mut response = rendered(response, correlation_id);
    if let Ok(value) = HeaderValue::from_str(&correlation_id.to_string()) {
        response.headers_mut().insert(header::HeaderName::from_static(CORRELATION_HEADER), value);
    }
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let (route, status) = (response.request().match_pattern(), response.status());
    let took = began.elapsed();
    if let Some(context) = context {
        context.requests.answered(&method, route.as_deref(), status, took);
    }
    describe(&method, route.as_deref(), status);
    tracing::info!(elapsed_ms = took.as_millis(), "answered");
    Ok(response)
}

/// Says in the request's span what it was, by the names of OpenTelemetry.
fn describe(method: &Method, route: Option<&str>, status: StatusCode) {
    let (span, method) = (Span::current(), metrics::bounded(method));
    if let Some(route) = route {
        span.record("http.route", route);
    }
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    telemetry::rename(&span, route.map_or(method.to_owned(), |route| format!("{method} {route}")));
}

/// An error as a problem, with the headers that it has got on its way out; anything else as it is.
fn rendered(
    response: ServiceResponse<BoxBody>,
    correlation_id: CorrelationId,
) -> ServiceResponse<BoxBody> {
    let problem = response.response().error().map(|error| match error.as_error::<Failure>() {
        Some(failure) => {
            failure.log();
            failure.render(correlation_id)
        }
        None => {
            let status = error.as_response_error().status_code();
            Failure::of_framework(status).render(correlation_id)
        }
    });
    match problem {
        Some(mut problem) => {
            for (name, value) in response.headers() {
                if !problem.headers().contains_key(name) {
                    problem.headers_mut().insert(name.clone(), value.clone());
                }
            }
            response.into_response(problem)
        }
        None => response,
    }
}

/// Lets only those pass who are signed in, and of a browser only pages of this site change things.
pub(super) async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match signed_in(&request).await {
        Ok(signed_in) => {
            request.extensions_mut().insert(signed_in);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        // Keeps the error, which `correlate` renders.
        Err(failure) => Ok(request.error_response(failure)),
    }
}

/// Lets only programs pass, with an API token: a cookie is no credential here. A page of another site is
/// turned away whatever it presents, as MCP asks for; what its `Host` says is then no excuse, since a page
/// can have a name of its own lead here.
pub(super) async fn authenticate_program(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let context = request.app_data::<web::Data<Context>>();
    let origin = request.headers().get(header::ORIGIN);
    if origin.is_some_and(|origin| context.is_none_or(|context| !is_named(origin, context))) {
        return Ok(request.error_response(Failure::CrossSite));
    }
    match credential(&request) {
        Some(Credential::ApiToken(_)) => authenticate(request, next).await,
        _ => Ok(request.error_response(Failure::NotSignedIn)),
    }
}

/// Keeps a page of another site from signing a browser in to an account of its choice.
pub(super) async fn refuse_cross_site(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_ours = request
        .app_data::<web::Data<Context>>()
        .is_some_and(|context| !is_cross_site(&request, context));
    if is_ours {
        Ok(next.call(request).await?.map_into_boxed_body())
    } else {
        Ok(request.error_response(Failure::CrossSite))
    }
}

async fn signed_in(request: &ServiceRequest) -> Result<SignedIn, Failure> {
    let context = request.app_data::<web::Data<Context>>().ok_or(Failure::NotSignedIn)?;
    let credential = credential(request).ok_or(Failure::NotSignedIn)?;
    let identity = identify(context, &credential).await?.ok_or(Failure::NotSignedIn)?;
    let is_cookie = matches!(credential, Credential::Session(_));
    if is_cookie && !request.method().is_safe() && is_cross_site(request, context) {
        return Err(Failure::CrossSite);
    }
    Ok(SignedIn { user_id: identity.user_id, credential, scopes: identity.scopes })
}

/// What a request presents; a bearer token wins over a cookie.
pub(super) fn credential(request: &ServiceRequest) -> Option<Credential> {
    if let Some(authorization) = header(request, "authorization") {
        let (scheme, token) = authorization.split_at_checked(BEARER.len())?;
        return scheme
            .eq_ignore_ascii_case(BEARER)
            .then(|| Credential::api_token(token.trim()))
            .flatten();
    }
    Credential::session(request.cookie(SESSION_COOKIE)?.value())
}

/// Whether a browser says that a page of another site asks, and of none that we opened ourselves to.
/// Without an Origin nobody says so.
fn is_cross_site(request: &ServiceRequest, context: &Context) -> bool {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return false };
    let is_host = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"))
        .is_some_and(|(_, host)| header(request, "host").is_some_and(|own| own == host));
    !is_host && !is_named(origin, context)
}

/// Whether the settings name an origin: as this site's, or as one of those that we opened ourselves to.
fn is_named(origin: &HeaderValue, context: &Context) -> bool {
    origin.to_str().is_ok_and(|origin| {
        origin == context.public_url.origin().ascii_serialization()
            || context.cors_origins.contains(origin)
    })
}

fn header<'r>(request: &'r ServiceRequest, name: &str) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}
