//! What the worker does with the events that it receives.

mod people;
mod tasks;

use std::sync::Arc;

use events::Payload;
use messaging::{ApplyError, Incoming, Outbox, Outcome, Settled, Subscriber};
use sqlx::PgConnection;
use tokio::sync::Notify;

pub(crate) use tasks::{Telling, tell};

/// Wakes what waits for new rows of this process.
#[derive(Clone, Debug, Default)]
pub struct Wakes {
    /// A task may remind sooner than before.
    pub scheduler: Arc<Notify>,
    /// A person's digest may come sooner than before.
    pub digests: Arc<Notify>,
    /// A delivery may be due.
    pub deliveries: Arc<Notify>,
}

/// The worker's subscriber, of `task-events`, `user-events` and `dead-letter`.
#[derive(Debug)]
pub struct WorkerSubscriber {
    outbox: Outbox,
    wakes: Wakes,
}

impl WorkerSubscriber {
    /// A subscriber that answers through an outbox.
    #[must_use]
    pub fn new(outbox: Outbox, wakes: Wakes) -> Self {
        Self { outbox, wakes }
    }
}

impl Subscriber for WorkerSubscriber {
    async fn apply(
        &self,
        conn: &mut PgConnection,
        incoming: &Incoming,
    ) -> Result<Outcome, ApplyError> {
        match &incoming.event.payload {
            Payload::TaskCreated(_)
            | Payload::TaskUpdated(_)
            | Payload::TaskCompleted(_)
            | Payload::TaskDeleted(_) => tasks::apply(conn, &self.outbox, incoming).await,
            Payload::NotificationSettingsUpdated(settings) => {
                people::apply_settings(conn, settings, incoming.event.timestamp).await
            }
            Payload::ChannelTestRequested(test) => {
                people::queue_test(conn, test, incoming.event.correlation_id).await
            }
            Payload::UserDeleted(deleted) => {
                people::bury(conn, &self.outbox, deleted, incoming.event.correlation_id).await
            }
            // Announcements of dead letters are for chat-api's list, and decisions about them the
            // inbox's own; the rest does not come here.
            _ => Ok(Outcome::Applied),
        }
    }

    fn committed(&self, incoming: &Incoming, _: &Outcome) {
        tracing::info!(
            event.id = %incoming.event.event_id,
            event.kind = incoming.event.event_type().name(),
            correlation_id = %incoming.event.correlation_id,
            "applied an event"
        );
        self.wakes.scheduler.notify_one();
        self.wakes.digests.notify_one();
        self.wakes.deliveries.notify_one();
    }

    async fn settled(&self, _: &mut PgConnection, settled: &[Settled]) -> Result<(), ApplyError> {
        for event in settled {
            if let events::ReceiptOutcome::Rejected { reason } = &event.outcome {
                tracing::error!(event.id = %event.event_id, reason, "chat-api rejects an event of ours");
            }
        }
        Ok(())
    }
}
