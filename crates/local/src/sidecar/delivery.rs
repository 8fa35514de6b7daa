//! One delivery of one record to the application, and what its answer means.

use std::sync::Arc;

use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    app::App,
    clock::DatabaseClock,
    cloud_event::{self, Seen},
    heads::TopicPartition,
    log::{Log, Record},
    subscription::Subscription,
    trace::TraceParent,
};

const CONTENT_TYPE: &str = "application/cloudevents+json";
const TOKEN: &str = "dapr-api-token";
const TRACE_PARENT: &str = "traceparent";

/// What becomes of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done with: taken, or dropped.
    Settled,
    /// It is delivered again, after a pause.
    Refused,
    /// The application did not answer.
    Unreachable,
}

/// Brings records to the application.
#[derive(Debug)]
pub(crate) struct Courier {
    client: reqwest::Client,
    app: Arc<App>,
    log: Arc<Log>,
    token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    status: String,
}

impl Courier {
    /// With the token that the application expects.
    pub(crate) fn new(
        client: reqwest::Client,
        app: Arc<App>,
        log: Arc<Log>,
        token: Option<SecretString>,
    ) -> Self {
        Self { client, app, log, token }
    }

    /// Delivers once. No time-out: as with daprd, an application that does not answer holds up its
    /// partition.
    pub(crate) async fn deliver(
        &self,
        subscription: &Subscription,
        (topic, partition): &TopicPartition,
        record: &Record,
    ) -> Verdict {
        let refused = |reason: &str| {
            tracing::warn!(
                topic,
                partition,
                offset = record.offset,
                reason,
                "a record can't be delivered and blocks its partition"
            );
            Verdict::Refused
        };
        let (body, seen) = match body(subscription, topic, record) {
            Ok(body) => body,
            Err(reason) => return refused(&reason),
        };
        if is_expired(&seen, &self.log.clock) {
            return Verdict::Settled;
        }
        let Some(headers) = self.headers(subscription, topic, *partition, record, &seen) else {
            return refused("it has a header that HTTP does not take");
        };
        let url = self.app.url(&subscription.route);
        match self.client.post(url).headers(headers).body(body).send().await {
            Ok(answer) => judge(answer, topic, *partition, record.offset).await,
            Err(error) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    topic,
                    partition,
                    "a delivery did not get through"
                );
                Verdict::Unreachable
            }
        }
    }

    /// Kafka's view of the record, then its own headers, then ours; none where HTTP does not take
    /// them.
    fn headers(
        &self,
        subscription: &Subscription,
        topic: &str,
        partition: i32,
        record: &Record,
        seen: &Seen,
    ) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        let mut set = |name: &str, value: &str| {
            let name = HeaderName::try_from(name).ok()?;
            headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
            Some(())
        };
        if let Some(key) = &record.key {
            set("__key", key)?;
        }
        set("__offset", &record.offset.to_string())?;
        set("__partition", &partition.to_string())?;
        set("__timestamp", &record.appended_at.timestamp_millis().to_string())?;
        set("__topic", topic)?;
        for (name, value) in record.headers.iter().filter(|(name, _)| rides_along(name)) {
            set(name, value)?;
        }
        set("pubsubname", &subscription.pubsub)?;
        set("content-type", CONTENT_TYPE)?;
        if let Some(parent) = seen.trace_parent.as_deref().and_then(TraceParent::parse) {
            set(TRACE_PARENT, &parent.child().to_string())?;
        }
        if let Some(token) = &self.token {
            set(TOKEN, token.expose_secret())?;
        }
        Some(headers)
    }
}

/// daprd keeps these for itself.
fn rides_along(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !(name == "content-length" || name == "content-type" || name.ends_with("-bin"))
}

/// The bytes to send, and what a delivery must know of them. Without `rawPayload` the record is the
/// body, and must be a JSON object: one that is not stays refused, as with daprd.
fn body(
    subscription: &Subscription,
    topic: &str,
    record: &Record,
) -> Result<(Vec<u8>, Seen), String> {
    if subscription.raw_payload {
        let body = cloud_event::from_raw_record(&subscription.pubsub, topic, &record.value);
        return body.map(|body| (body, Seen::default())).map_err(|error| error.to_string());
    }
    let seen = cloud_event::look_into(&record.value).map_err(|error| error.to_string())?;
    Ok((record.value.clone(), seen))
}

fn is_expired(seen: &Seen, clock: &DatabaseClock) -> bool {
    matches!((seen.expiration, clock.now()), (Some(expiration), Some(now)) if expiration < now)
}

async fn judge(answer: reqwest::Response, topic: &str, partition: i32, offset: i64) -> Verdict {
    let status = answer.status();
    if status == StatusCode::NOT_FOUND {
        // daprd acknowledges what the application has no route for: the record is lost.
        tracing::error!(topic, partition, offset, "the application answers 404: record dropped");
        return Verdict::Settled;
    }
    if !status.is_success() {
        tracing::debug!(topic, partition, offset, status = status.as_u16(), "delivery refused");
        return Verdict::Refused;
    }
    let Ok(body) = answer.bytes().await else { return Verdict::Unreachable };
    // An answer that is no JSON is a success, as with daprd.
    let status = serde_json::from_slice::<Answer>(&body).map(|answer| answer.status);
    match status.unwrap_or_default().as_str() {
        "" | "SUCCESS" => Verdict::Settled,
        "DROP" => {
            // No dead-letter topic: the record is gone.
            tracing::warn!(topic, partition, offset, "the application answers DROP");
            Verdict::Settled
        }
        _ => Verdict::Refused,
    }
}
