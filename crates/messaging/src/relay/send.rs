//! Handing rows to the sidecar; what is marked, others decide.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use events::CloudEvent;
use platform::telemetry;
use serde_json::value::RawValue;
use sidecar::{EntryOutcome, Message, Scope};
use tracing::{Span, field::Empty};

use super::{Outage, Relay};
use crate::{MESSAGING_SYSTEM, store::outbox::Row};

/// What came of sending some rows of one topic.
#[derive(Debug)]
pub(super) struct Sent {
    /// The database's time before they went.
    pub(super) at: DateTime<Utc>,
    pub(super) accepted: Vec<i64>,
    pub(super) refused: Vec<(i64, i32, String)>,
}

impl Relay {
    /// Sends rows of one topic, each of another lane, as one bulk.
    pub(super) async fn send(&self, topic: &str, rows: &[Row]) -> Result<Sent, Outage> {
        let at = crate::now(&mut *self.pool.acquire().await?).await?;
        let mut sent = Sent { at, accepted: Vec::new(), refused: Vec::new() };
        let mut messages = Vec::with_capacity(rows.len());
        let mut sending = Vec::with_capacity(rows.len());
        for row in rows {
            let span = span(row);
            // Where nobody records spans, it stays in the request's.
            let traceparent = telemetry::traceparent(&span).or_else(|| row.traceparent.clone());
            match message(row, traceparent, at) {
                Ok(message) => {
                    messages.push(message);
                    sending.push((row, span));
                }
                Err(error) => sent.refused.push((row.seq, row.attempts, error.to_string())),
            }
        }
        let bulk = self.sidecar.publish_bulk(&self.settings.pubsub_name, topic, &messages).await;
        let outcomes = match bulk {
            Ok(outcome) => outcome.entries,
            Err(error) if error.scope() == Scope::Message => {
                self.send_one_by_one(topic, &messages).await?
            }
            Err(error) => return Err(error.into()),
        };
        for ((row, span), outcome) in sending.into_iter().zip(outcomes) {
            match outcome {
                EntryOutcome::Accepted => sent.accepted.push(row.seq),
                EntryOutcome::Refused(error) | EntryOutcome::Invalid(error) => {
                    span.record("otel.status_code", "ERROR");
                    sent.refused.push((row.seq, row.attempts, error));
                }
            }
        }
        Ok(sent)
    }

    /// Finds out which message of a refused bulk is at fault.
    async fn send_one_by_one(
        &self,
        topic: &str,
        messages: &[Message],
    ) -> Result<Vec<EntryOutcome>, Outage> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            outcomes.push(
                match self.sidecar.publish(&self.settings.pubsub_name, topic, message).await {
                    Ok(()) => EntryOutcome::Accepted,
                    Err(error) if error.scope() == Scope::Message => {
                        EntryOutcome::Refused(error.to_string())
                    }
                    Err(error) => return Err(error.into()),
                },
            );
        }
        Ok(outcomes)
    }
}

/// The publication of a row, as a part of the trace that the row belongs to; of one that belongs to none,
/// nothing.
fn span(row: &Row) -> Span {
    let Some(parent) = &row.traceparent else { return Span::none() };
    let span = tracing::info_span!(
        parent: None,
        "publish",
        messaging.system = MESSAGING_SYSTEM,
        messaging.operation.name = "publish",
        "messaging.operation.type" = "send",
        messaging.destination.name = row.topic,
        messaging.message.id = %row.event_id,
        otel.name = format!("publish {}", row.topic),
        otel.kind = "producer",
        otel.status_code = Empty,
    );
    telemetry::continue_trace(&span, parent);
    span
}

/// The CloudEvent around a row's envelope.
fn message(
    row: &Row,
    traceparent: Option<String>,
    now: DateTime<Utc>,
) -> serde_json::Result<Message> {
    let envelope: &RawValue = serde_json::from_str(&row.envelope)?;
    let id = row.event_id.to_string();
    let subject = row.subject.map(|subject| subject.to_string());
    // To send it again does not release it again.
    let released_at = row.held.then(|| row.published_at.unwrap_or(now));
    let event = CloudEvent::new(&id, &row.producer, &row.event_type, row.occurred_at, envelope)
        .subject(subject.as_deref())
        .traceparent(traceparent.as_deref())
        .released_at(released_at)
        .more_held(row.more_held);
    Ok(Message {
        body: Bytes::from(serde_json::to_vec(&event)?),
        partition_key: row.partition_key.to_string(),
        traceparent,
    })
}
