//! What chat-api does with the events that it receives.
//!
//! Owns: the read models (reminders, timeline, feed, dead letters) and convergence after a database
//! that went back. Promises: an event's whole effect in the inbox's transaction. Never: fires,
//! delivers, or changes what a person set.

mod convergence;
mod receipts;
mod reminders;

use events::{NotificationDelivered, Payload, UserId};
use messaging::{ApplyError, Incoming, Outcome, Settled, Subscriber};
use sqlx::PgConnection;

use crate::{context::Context, feed, store};

/// chat-api's side of the bus.
#[derive(Debug)]
pub(crate) struct ChatSubscriber {
    context: Context,
}

impl ChatSubscriber {
    pub(crate) const fn new(context: Context) -> Self {
        Self { context }
    }
}

impl Subscriber for ChatSubscriber {
    async fn apply(
        &self,
        conn: &mut PgConnection,
        incoming: &Incoming,
    ) -> Result<Outcome, ApplyError> {
        store::become_system(conn).await?;
        let event = &incoming.event;
        match &event.payload {
            Payload::ReminderScheduled(_)
            | Payload::ReminderTriggered(_)
            | Payload::ReminderCancelled(_) => reminders::apply(conn, &self.context, event).await,
            Payload::NotificationDelivered(delivered) => {
                notification_delivered(conn, event, delivered).await
            }
            Payload::EventDeadLettered(letter) => {
                store::dead_letters::keep(conn, letter, event.timestamp).await?;
                Ok(Outcome::Applied)
            }
            _ => Ok(rejected(&format!("chat-api does not take {}", event.event_type()))),
        }
    }

    fn committed(&self, incoming: &Incoming, _: &Outcome) {
        if let Some(user_id) = user_of(&incoming.event.payload) {
            self.context.hub.wake(user_id);
        }
    }

    async fn settled(
        &self,
        conn: &mut PgConnection,
        settled: &[Settled],
    ) -> Result<(), ApplyError> {
        store::become_system(conn).await?;
        receipts::settled(conn, &self.context, settled).await
    }
}

async fn notification_delivered(
    conn: &mut PgConnection,
    event: &events::Event,
    delivered: &NotificationDelivered,
) -> Result<Outcome, ApplyError> {
    if store::persons::exists(conn, delivered.user_id).await? {
        show(conn, event, delivered.user_id).await?;
    }
    Ok(Outcome::Applied)
}

/// Shows an event in its task's timeline and in its owner's feed; the feed's head row is the last
/// lock of the transaction.
async fn show(
    conn: &mut PgConnection,
    event: &events::Event,
    user_id: UserId,
) -> Result<(), ApplyError> {
    if let Some(task_id) = event.payload.task_id() {
        let details = serde_json::to_value(&event.payload).map_err(unwritable)?;
        store::timeline::append(conn, user_id, task_id, event, details).await?;
    }
    let entry = feed::entry(event).map_err(unwritable)?;
    store::feed::append(conn, user_id, &[entry]).await?;
    Ok(())
}

fn unwritable(error: serde_json::Error) -> ApplyError {
    ApplyError::Append(error.into())
}

fn rejected(reason: &str) -> Outcome {
    Outcome::Rejected { reason: reason.to_owned() }
}

const fn user_of(payload: &Payload) -> Option<UserId> {
    match payload {
        Payload::ReminderScheduled(scheduled) => scheduled.user_id,
        Payload::ReminderTriggered(triggered) => Some(triggered.user_id),
        Payload::ReminderCancelled(cancelled) => Some(cancelled.user_id),
        Payload::NotificationDelivered(delivered) => Some(delivered.user_id),
        _ => None,
    }
}
