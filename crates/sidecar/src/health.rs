//! Whether the sidecar can take messages, and what it knows of itself.
//!
//! Owns: the two questions that readiness asks. Promises: each ends within the health time-out.
//! Never: asks `/v1.0/healthz`, which waits for the application's own port and would have the two
//! wait for each other.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::answer::Answer;
use crate::error::PublishError;
use crate::publish::Sidecar;

/// Where older sidecars keep their version.
const EXTENDED_VERSION_KEY: &str = "daprRuntimeVersion";

/// What the sidecar says of itself; the rest of its answer is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SidecarMetadata {
    /// The Dapr app id that it runs for.
    pub app_id: String,
    /// The Dapr version, where it says so.
    pub runtime_version: Option<String>,
    /// The topics that it delivers to us.
    pub subscriptions: Vec<SubscribedTopic>,
}

/// A topic that the sidecar delivers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SubscribedTopic {
    /// The pub/sub component.
    #[serde(rename = "pubsubname")]
    pub pubsub: String,
    /// The topic.
    pub topic: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetadataBody {
    id: String,
    runtime_version: Option<String>,
    extended: Option<BTreeMap<String, String>>,
    subscriptions: Option<Vec<SubscribedTopic>>,
}

impl SidecarMetadata {
    /// Whether the sidecar delivers this topic of this component.
    #[must_use]
    pub fn subscribes_to(&self, pubsub: &str, topic: &str) -> bool {
        let matches = |known: &SubscribedTopic| known.pubsub == pubsub && known.topic == topic;
        self.subscriptions.iter().any(matches)
    }
}

impl Sidecar {
    /// Whether the sidecar can publish: `GET /v1.0/healthz/outbound` is 204. Anything else,
    /// also no sidecar at all, is no.
    pub async fn outbound_ready(&self) -> bool {
        let url = self.url(&["v1.0", "healthz", "outbound"]);
        let request = self.http.get(url).timeout(self.health_timeout);
        let error = match Answer::to(request).await {
            Ok(answer) if answer.status == StatusCode::NO_CONTENT => return true,
            Ok(answer) => answer.into_error(),
            Err(error) => error,
        };
        tracing::debug!(error = %error, "the sidecar is not ready for outbound calls");
        false
    }

    /// What the sidecar says of itself: `GET /v1.0/metadata`.
    ///
    /// # Errors
    /// See [`PublishError`]; an answer of another shape is `Unexpected`.
    pub async fn metadata(&self) -> Result<SidecarMetadata, PublishError> {
        let url = self.url(&["v1.0", "metadata"]);
        let answer = Answer::to(self.http.get(url).timeout(self.health_timeout)).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.into_error());
        }
        let Ok(body) = serde_json::from_slice::<MetadataBody>(&answer.body) else {
            return Err(answer.into_error());
        };
        let older_version = |mut extended: BTreeMap<_, _>| extended.remove(EXTENDED_VERSION_KEY);
        Ok(SidecarMetadata {
            app_id: body.id,
            runtime_version: body.runtime_version.or_else(|| body.extended.and_then(older_version)),
            subscriptions: body.subscriptions.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests;
