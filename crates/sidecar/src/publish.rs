//! The client, and publishing one message.
//!
//! Owns: the one HTTP client and the addresses. Promises: success means daprd's own 204 and thus
//! the broker's acknowledgement; anything else is a [`PublishError`]. Never: retries, redirects or
//! goes through a proxy (the sidecar is next door; a proxy from the environment would carry the
//! events off).

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{StatusCode, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::answer::Answer;
use crate::error::PublishError;
use crate::message::Message;
use crate::settings::{SettingsError, SidecarSettings};
use crate::token::TOKEN_HEADER;

/// The content type that tells daprd that the body is a CloudEvent already. As `application/json`
/// it would be wrapped in a second one.
pub(crate) const CLOUD_EVENT_CONTENT_TYPE: &str = "application/cloudevents+json";

/// The header that carries a W3C trace context.
const TRACEPARENT_HEADER: &str = "traceparent";
/// The query parameter that daprd's Kafka component takes as the record's key.
const PARTITION_KEY_PARAMETER: &str = "metadata.partitionKey";

/// The sidecar, over HTTP. Cloning shares its connections.
#[derive(Clone, Debug)]
pub struct Sidecar {
    pub(crate) http: reqwest::Client,
    pub(crate) publish_timeout: Duration,
    pub(crate) health_timeout: Duration,
    endpoint: Url,
}

impl Sidecar {
    /// A client for the sidecar at the settings' endpoint. Connects only when first used.
    ///
    /// # Errors
    /// A token that cannot be sent, or no HTTP client to be had.
    pub fn new(settings: &SidecarSettings) -> Result<Self, SettingsError> {
        let mut headers = HeaderMap::new();
        if let Some(token) = &settings.api_token {
            headers.insert(TOKEN_HEADER, token_value(token)?);
        }
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .connect_timeout(Duration::from_secs(settings.connect_timeout_secs))
            .build()
            .map_err(SettingsError::Client)?;
        Ok(Self {
            http,
            publish_timeout: Duration::from_secs(settings.publish_timeout_secs),
            health_timeout: Duration::from_secs(settings.health_timeout_secs),
            endpoint: settings.endpoint.clone(),
        })
    }

    /// Publishes one message: `POST /v1.0/publish/{pubsub}/{topic}`. `Ok` means that the broker
    /// has it.
    ///
    /// # Errors
    /// See [`PublishError`]; after some of them the broker may have it all the same.
    pub async fn publish(
        &self,
        pubsub: &str,
        topic: &str,
        message: &Message,
    ) -> Result<(), PublishError> {
        message.event()?;
        let mut url = self.url(&["v1.0", "publish", pubsub, topic]);
        url.query_pairs_mut().append_pair(PARTITION_KEY_PARAMETER, &message.partition_key);
        let mut request = self
            .http
            .post(url)
            .timeout(self.publish_timeout)
            .header(CONTENT_TYPE, CLOUD_EVENT_CONTENT_TYPE)
            .body(message.body.clone());
        if let Some(traceparent) = message.trace_header() {
            request = request.header(TRACEPARENT_HEADER, traceparent);
        }
        let answer = Answer::to(request).await?;
        match answer.status {
            StatusCode::NO_CONTENT => Ok(()),
            _ => Err(answer.into_error()),
        }
    }

    /// The endpoint with these path segments, each of them escaped.
    pub(crate) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        // An http address always has a path; the settings take no other.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

fn token_value(token: &SecretString) -> Result<HeaderValue, SettingsError> {
    let invalid = |_| SettingsError::Invalid {
        variable: dapr::client::config::DAPR_API_TOKEN_ENV,
        expected: "visible ASCII without spaces or line ends",
    };
    let mut value = HeaderValue::from_str(token.expose_secret()).map_err(invalid)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
