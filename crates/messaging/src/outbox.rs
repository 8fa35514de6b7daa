//! Where events wait until they are on the bus and, if one of ours consumes them, received.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use events::{Event, Service, Topic};
use platform::{metrics::Metrics, settings::EventBus, telemetry};
use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{metrics::Counts, store};

/// The largest envelope, in bytes: a Kafka record holds 1,000,000 with its CloudEvent around it.
pub const MAX_EVENT_BYTES: usize = 900_000;

/// An event can't be appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// More than [`MAX_EVENT_BYTES`]; the caller's request was too large.
    #[error("the event has {size} bytes, {MAX_EVENT_BYTES} are allowed")]
    TooLarge {
        /// The envelope's size in bytes.
        size: usize,
    },
    /// A payload that JSON can't hold.
    #[error("the event can't be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The database's own.
    #[error("the event can't be stored")]
    Database(#[from] sqlx::Error),
}

/// An event on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    event: Event,
    urgent_at: Option<DateTime<Utc>>,
    traceparent: Option<String>,
}

impl Outgoing {
    /// An event that is as urgent as any.
    #[must_use]
    pub fn new(event: Event) -> Self {
        Self { event, urgent_at: None, traceparent: None }
    }

    /// Says when what the event tells next matters to a person. Of many events without a receipt,
    /// the nearest is sent again first.
    #[must_use]
    pub fn urgent_at(mut self, urgent_at: Option<DateTime<Utc>>) -> Self {
        self.urgent_at = urgent_at;
        self
    }

    /// Says which trace it belongs to where that is not the current span's: a firing belongs to the
    /// request that scheduled it.
    #[must_use]
    pub fn within(mut self, traceparent: Option<String>) -> Self {
        self.traceparent = traceparent;
        self
    }
}

impl From<Event> for Outgoing {
    fn from(event: Event) -> Self {
        Self::new(event)
    }
}

/// The way out of a service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbox {
    service: Service,
    held: bool,
    wake: Arc<Notify>,
    counts: Counts,
}

impl Outbox {
    /// The outbox of a service. With [`EventBus::Hold`] its rows are marked as held back.
    #[must_use]
    pub fn new(service: Service, bus: EventBus) -> Self {
        Self {
            service,
            held: bus == EventBus::Hold,
            wake: Arc::default(),
            counts: Counts::default(),
        }
    }

    /// Shows what passes through here and through the inbox of the same service, and what waits in the
    /// database.
    pub fn register(&self, pool: &PgPool, metrics: &mut Metrics) {
        self.counts.register(pool, metrics);
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The service whose outbox it is.
    #[must_use]
    pub const fn service(&self) -> Service {
        self.service
    }

    /// Stores events in the caller's transaction, one row per event and topic, each with the trace
    /// context that it names, else that of the current span.
    ///
    /// The caller holds the lock on the row that the events are about (the task's, the person's),
    /// so that the rows' order is the order of the facts. Call [`wake`](Self::wake) after the commit.
    ///
    /// # Errors
    /// [`AppendError`]; the transaction is then to be rolled back.
    pub async fn append(
        &self,
        conn: &mut PgConnection,
        outgoing: &[Outgoing],
    ) -> Result<(), AppendError> {
        let current = telemetry::current_traceparent();
        let mut rows = store::outbox::NewRows::default();
        for Outgoing { event, urgent_at, traceparent } in outgoing {
            let envelope = serde_json::to_string(event)?;
            if envelope.len() > MAX_EVENT_BYTES {
                return Err(AppendError::TooLarge { size: envelope.len() });
            }
            for topic in event.event_type().topics() {
                rows.event_id.push(event.event_id.uuid());
                rows.topic.push(topic.name().to_owned());
                rows.event_type.push(event.event_type().name().to_owned());
                rows.partition_key.push(partition_key(event));
                rows.subject.push(event.payload.ordering_key());
                rows.version.push(event.payload.version());
                rows.producer.push(event.producer.name().to_owned());
                rows.occurred_at.push(event.timestamp);
                rows.envelope.push(envelope.clone());
                rows.needs_receipt.push(self.needs_receipt(*topic));
                rows.urgent_at.push(*urgent_at);
                rows.traceparent.push(traceparent.clone().or_else(|| current.clone()));
            }
        }
        if !rows.event_id.is_empty() {
            store::outbox::insert(conn, &rows, self.held).await?;
        }
        Ok(())
    }

    /// Tells this process's relay that rows were committed. A relay elsewhere finds them by its poll.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Completes when rows were committed since the last time.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Receipts come from the other service, and none for receipts.
    fn needs_receipt(&self, topic: Topic) -> bool {
        topic != Topic::Receipts
            && topic.consumers().iter().any(|consumer| *consumer != self.service)
    }
}

fn partition_key(event: &Event) -> Uuid {
    event.payload.ordering_key().unwrap_or(event.event_id.uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_waits_for_a_receipt_where_the_other_service_consumes_it() {
        let chat_api = Outbox::new(Service::ChatApi, EventBus::Dapr);
        let worker = Outbox::new(Service::ReminderWorker, EventBus::Dapr);
        let waits = |outbox: &Outbox, topic| outbox.needs_receipt(topic);
        assert!(waits(&chat_api, Topic::TaskEvents) && waits(&chat_api, Topic::UserEvents));
        assert!(waits(&worker, Topic::Reminders) && waits(&worker, Topic::Notifications));
        assert!(waits(&chat_api, Topic::DeadLetter) && waits(&worker, Topic::DeadLetter));
        assert!(!waits(&chat_api, Topic::TaskUpdates), "ours don't subscribe to it");
        assert!(!waits(&chat_api, Topic::Receipts) && !waits(&worker, Topic::Receipts));
    }
}
