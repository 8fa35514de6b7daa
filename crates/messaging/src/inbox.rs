//! The way in: each event once, with its effect and its receipt in one transaction.
//!
//! Answers RETRY only for what can heal, which is our own database being away. What will never be
//! taken becomes a dead letter and is acknowledged: a record that is refused for ever blocks its
//! partition for ever.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use events::{Decoded, Event, EventsReceived, Payload, Service, Topic};
use platform::telemetry;
use serde::Deserialize;
use sidecar::{CloudEventRecord, Delivery, DeliveryStatus, MAX_DELIVERY_BYTES, RecordContent};
use sqlx::{Acquire, PgConnection, PgPool};
use tracing::{Instrument, Span, field::Empty};

use crate::{
    ApplyError, Incoming, MESSAGING_SYSTEM, Outbox, Outcome, Subscriber, Wish,
    dead_letter::{self, Poison, legible},
    metrics::Received,
    receipts, redrive, store,
};

/// The inbox of a service.
#[derive(Debug)]
pub struct Inbox<S> {
    pool: PgPool,
    outbox: Outbox,
    subscriber: Arc<S>,
}

/// What a record says, before it meets the database.
pub(crate) enum Reading {
    /// An event for us.
    Incoming(Box<Incoming>),
    /// Nothing for us: a type that this release does not know, or our own words.
    Ignored,
    /// No event at all.
    Poison(String),
}

impl<S: Subscriber> Inbox<S> {
    /// An inbox that applies events through a subscriber.
    #[must_use]
    pub fn new(pool: PgPool, outbox: Outbox, subscriber: Arc<S>) -> Self {
        Self { pool, outbox, subscriber }
    }

    /// Takes a delivery that came by the route of `topic`. Never fails: the answer says what the
    /// sidecar is to do.
    pub async fn receive(&self, topic: Topic, delivery: &Delivery) -> DeliveryStatus {
        let span = tracing::info_span!(
            "receive",
            correlation_id = Empty,
            messaging.system = MESSAGING_SYSTEM,
            messaging.operation.name = "receive",
            "messaging.operation.type" = "process",
            messaging.destination.name = topic.name(),
            messaging.message.id = Empty,
            otel.name = format!("receive {topic}"),
            otel.kind = "consumer",
            otel.status_code = Empty,
        );
        if let RecordContent::CloudEvent(CloudEventRecord { traceparent: Some(parent), .. }) =
            delivery.content()
        {
            telemetry::continue_trace(&span, &parent);
        }
        self.receive_in_span(topic, delivery).instrument(span).await
    }

    /// Refuses a delivery of so many bytes, more than are read: what was read is kept.
    pub(crate) async fn refuse_oversized(
        &self,
        topic: Topic,
        delivery: &Delivery,
        size: u64,
    ) -> DeliveryStatus {
        let poison = Poison { size, ..poison_of(topic, delivery) };
        let reason =
            format!("the delivery has {size} bytes, {MAX_DELIVERY_BYTES} are read and kept");
        self.answer(topic, self.refuse(&poison, &reason).await)
    }

    async fn receive_in_span(&self, topic: Topic, delivery: &Delivery) -> DeliveryStatus {
        let poison = poison_of(topic, delivery);
        let result = match read(topic, delivery, self.outbox.service()) {
            Reading::Ignored => Ok(Received::Ignored),
            Reading::Poison(reason) => self.refuse(&poison, &reason).await,
            Reading::Incoming(incoming) => self.take(&incoming, &poison).await,
        };
        self.answer(topic, result)
    }

    /// What the sidecar is to do.
    fn answer(&self, topic: Topic, result: Result<Received, ApplyError>) -> DeliveryStatus {
        match result {
            Ok(outcome) => {
                self.outbox.counts().received(topic, outcome);
                DeliveryStatus::Success
            }
            Err(error) => {
                self.outbox.counts().received(topic, Received::Retried);
                Span::current().record("otel.status_code", "ERROR");
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    topic = topic.name(),
                    "a delivery is to come again"
                );
                DeliveryStatus::Retry
            }
        }
    }

    async fn refuse(&self, poison: &Poison<'_>, reason: &str) -> Result<Received, ApplyError> {
        let mut tx = self.pool.begin().await?;
        dead_letter::keep(&mut tx, &self.outbox, poison, reason).await?;
        tx.commit().await?;
        self.outbox.wake();
        Ok(Received::Poison)
    }

    async fn take(&self, incoming: &Incoming, poison: &Poison<'_>) -> Result<Received, ApplyError> {
        if let Payload::EventsReceived(received) = &incoming.event.payload {
            return match self.settle(received).await {
                Err(error) if !error.is_transient() => self.refuse(poison, &chain(&error)).await,
                settled => settled.map(|()| Received::Applied),
            };
        }
        let event_id = incoming.event.event_id.uuid();
        Span::current()
            .record("correlation_id", incoming.event.correlation_id.to_string())
            .record("messaging.message.id", event_id.to_string());
        let topic = incoming.topic.name();
        let mut tx = self.pool.begin().await?;
        if !store::inbox::insert(&mut tx, event_id, topic).await? {
            // Taken before, so its receipt was lost or is on its way: say it again.
            let outcome = store::inbox::outcome(&mut tx, event_id, topic).await?;
            store::receipts::owe(&mut tx, event_id, topic, &outcome).await?;
            tx.commit().await?;
            return Ok(Received::Duplicate);
        }
        let subscriber = self.subscriber.as_ref();
        let mut decided = None;
        let outcome = if let Some((wish, id)) = Wish::of(&incoming.event.payload) {
            let made = redrive::decide(&mut tx, &self.outbox, subscriber, id, wish).await?;
            let answer = made.verdict.answer(wish);
            decided = Some(made);
            answer
        } else {
            let outcome = apply(&mut tx, subscriber, incoming).await?;
            if let Outcome::Rejected { reason } = &outcome {
                dead_letter::keep(&mut tx, &self.outbox, poison, reason).await?;
            }
            outcome
        };
        let receipt = outcome.clone().into();
        store::inbox::set_outcome(&mut tx, event_id, topic, &receipt).await?;
        store::receipts::owe(&mut tx, event_id, topic, &receipt).await?;
        tx.commit().await?;
        self.outbox.wake();
        if let Some(decided) = decided {
            decided.committed(&self.outbox, subscriber);
        }
        subscriber.committed(incoming, &outcome);
        let received = match outcome {
            Outcome::Applied => Received::Applied,
            Outcome::Stale { .. } => Received::Stale,
            Outcome::Rejected { .. } => Received::Rejected,
        };
        tracing::info!(
            event.kind = incoming.event.event_type().name(),
            outcome = received.name(),
            "received"
        );
        Ok(received)
    }

    async fn settle(&self, received: &EventsReceived) -> Result<(), ApplyError> {
        let mut tx = self.pool.begin().await?;
        receipts::settle(&mut tx, self.subscriber.as_ref(), received).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Applies an event inside a savepoint, so that a rejected one leaves nothing behind.
pub(crate) async fn apply<S: Subscriber>(
    conn: &mut PgConnection,
    subscriber: &S,
    incoming: &Incoming,
) -> Result<Outcome, ApplyError> {
    let mut savepoint = conn.begin().await?;
    let outcome = match subscriber.apply(&mut savepoint, incoming).await {
        Ok(Outcome::Rejected { reason }) => Outcome::Rejected { reason: legible(&reason) },
        Ok(outcome) => outcome,
        Err(error) if error.is_transient() => return Err(error),
        Err(error) => Outcome::Rejected { reason: legible(&chain(&error)) },
    };
    match outcome {
        Outcome::Rejected { .. } => savepoint.rollback().await?,
        Outcome::Applied | Outcome::Stale { .. } => savepoint.commit().await?,
    }
    Ok(outcome)
}

fn poison_of(topic: Topic, delivery: &Delivery) -> Poison<'_> {
    Poison {
        topic: topic.name(),
        partition: delivery.partition,
        offset: delivery.offset,
        record: &delivery.record,
        size: delivery.record.len() as u64,
    }
}

/// What a record says to a service.
pub(crate) fn read(topic: Topic, delivery: &Delivery, service: Service) -> Reading {
    let json = match delivery.content() {
        RecordContent::CloudEvent(event) => event.data,
        RecordContent::Bare(json) => json,
        RecordContent::NotJson => return Reading::Poison("the record is not JSON".to_owned()),
    };
    let event = match Event::decode(&json) {
        Ok(Decoded::Event(event)) => *event,
        Ok(Decoded::Unknown { event_type, event_version }) => {
            tracing::info!(
                event.kind = event_type,
                event.version = event_version,
                topic = topic.name(),
                "an event of an unknown type or version is passed over"
            );
            return Reading::Ignored;
        }
        Err(error) => return Reading::Poison(chain(&error)),
    };
    if event.producer == service {
        return Reading::Ignored;
    }
    if !event.event_type().topics().contains(&topic) {
        return Reading::Poison(format!("{} does not travel on {topic}", event.event_type()));
    }
    let Extensions { releasedat: released_at, moreheld: more_held } = extensions(delivery);
    Reading::Incoming(Box::new(Incoming { topic, event, released_at, more_held }))
}

/// Our own extensions of the CloudEvent.
#[derive(Default, Deserialize)]
struct Extensions {
    releasedat: Option<DateTime<Utc>>,
    #[serde(default)]
    moreheld: bool,
}

/// Absent where they are malformed.
fn extensions(delivery: &Delivery) -> Extensions {
    serde_json::from_slice(&delivery.record).unwrap_or_default()
}

/// An error with its causes, for a person; without those that it has named itself, as those of a database are.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.map(ToString::to_string).fold(error.to_string(), |said, cause| {
        if said.contains(&cause) { said } else { format!("{said}: {cause}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{said}")]
    struct Told {
        said: &'static str,
        source: Option<Box<Told>>,
    }

    fn told(said: &[&'static str]) -> Told {
        let (first, rest) = said.split_first().expect("an error");
        let source = (!rest.is_empty()).then(|| Box::new(told(rest)));
        Told { said: first, source }
    }

    #[test]
    fn causes_are_said_once() {
        assert_eq!(chain(&told(&["it failed", "no route"])), "it failed: no route");
        let twice = told(&["it failed", "the database says: no row", "no row", "at line 3"]);
        assert_eq!(chain(&twice), "it failed: the database says: no row: at line 3");
    }
}
