//! Requests to targets that people name, under the guard of the address policy.

use std::{error::Error, time::Duration};

use chrono::{DateTime, Utc};
use platform::telemetry;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect};
use tracing::Span;
use url::Url;

use super::{
    ATTEMPT_TIMEOUT_SECS, AddressPolicy,
    error::AttemptError,
    resolver::{GuardedResolver, Lookup, NotPermitted, System, check_literal},
};

/// A client that connects only where the policy allows, and follows nothing.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
    policy: AddressPolicy,
}

impl Http {
    pub(super) fn new(policy: AddressPolicy) -> reqwest::Result<Self> {
        Self::by(policy, System)
    }

    /// One that looks names up elsewhere.
    fn by(policy: AddressPolicy, lookup: impl Lookup) -> reqwest::Result<Self> {
        let client = Client::builder()
            .user_agent(concat!("todo-reminder-worker/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(GuardedResolver::new(policy.clone(), lookup))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(ATTEMPT_TIMEOUT_SECS))
            .build()?;
        Ok(Self { client, policy })
    }

    /// A request to an address, unless that stands for something that is not permitted.
    pub(super) fn post(&self, address: Url) -> Result<RequestBuilder, AttemptError> {
        check_literal(&self.policy, &address)?;
        Ok(self.client.post(address))
    }
}

/// Sends a request; any answer but a success is an error. Of the answer only its status and how long
/// to wait are read.
pub(super) async fn send(
    mut request: RequestBuilder,
    begun_at: DateTime<Utc>,
) -> Result<(), AttemptError> {
    if let Some(traceparent) = telemetry::current_traceparent() {
        request = request.header("traceparent", traceparent);
    }
    let response = request.send().await.map_err(transport_error)?;
    let status = response.status();
    Span::current().record("http.response.status_code", status.as_u16());
    if status.is_success() {
        return Ok(());
    }
    let wait = retry_after(&response, begun_at);
    Err(AttemptError::Status { status: status.as_u16(), wait })
}

/// How long the target wants to be left alone, of the statuses for which that is defined.
fn retry_after(response: &Response, now: DateTime<Utc>) -> Option<Duration> {
    let is_meant = matches!(
        response.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    );
    let value = response.headers().get(header::RETRY_AFTER).filter(|_| is_meant)?.to_str().ok()?;
    wait_of(value.trim(), now)
}

/// Seconds, or an HTTP date.
fn wait_of(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => (DateTime::parse_from_rfc2822(value).ok()?.to_utc() - now).to_std().ok(),
    }
}

fn transport_error(error: reqwest::Error) -> AttemptError {
    let error = error.without_url();
    if is_not_permitted(&error) {
        AttemptError::NotPermitted(NotPermitted)
    } else if error.is_timeout() {
        AttemptError::TimedOut
    } else {
        AttemptError::Unreachable(error)
    }
}

fn is_not_permitted(error: &(dyn Error + 'static)) -> bool {
    error.is::<NotPermitted>() || error.source().is_some_and(is_not_permitted)
}

#[cfg(test)]
mod guard_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_says_how_long_to_wait_in_seconds_or_as_a_date() {
        let now = "2026-11-24T12:00:00Z".parse().expect("a time");
        assert_eq!(wait_of("120", now), Some(Duration::from_secs(120)));
        let date = wait_of("Tue, 24 Nov 2026 12:05:00 GMT", now);
        assert_eq!(date, Some(Duration::from_secs(300)));
        for nothing in ["", "soon", "-5", "Tue, 24 Nov 2026 11:00:00 GMT"] {
            assert_eq!(wait_of(nothing, now), None, "{nothing}");
        }
    }
}
