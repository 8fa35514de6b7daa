//! What people do: load, decide, save, append to the outbox, add to the feed, commit.
//!
//! Promises: state, events, timeline and feed are written in one transaction, or none of them is.
//! Never: waits for the bus, knows a status code.

pub(crate) mod accounts;
pub(crate) mod action_links;
pub(crate) mod acts;
pub(crate) mod attempts;
pub(crate) mod bulk;
pub(crate) mod calendar_feeds;
pub(crate) mod channels;
pub(crate) mod conversations;
pub(crate) mod dead_letters;
pub(crate) mod idempotency;
pub(crate) mod import;
pub(crate) mod lists;
pub(crate) mod me;
pub(crate) mod passwords;
pub(crate) mod precondition;
pub(crate) mod reset_password;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod tasks;
pub(crate) mod tokens;
pub(crate) mod transfers;

use chrono::{DateTime, Utc};
use events::{Event, Payload};
use messaging::Outgoing;
use sqlx::PgConnection;

use crate::{
    context::{Call, Context},
    error::Failure,
    feed, store,
};

/// Appends facts about a person or a task, and shows those about a task in its timeline and in the
/// feed. The caller holds the lock on the row that they are about, and commits next.
async fn tell(
    conn: &mut PgConnection,
    context: &Context,
    call: Call,
    now: DateTime<Utc>,
    facts: Vec<Payload>,
    urgent_at: Option<DateTime<Utc>>,
) -> Result<(), Failure> {
    let service = context.outbox.service();
    let events: Vec<Event> =
        facts.into_iter().map(|fact| Event::new(service, call.correlation_id, now, fact)).collect();
    let outgoing: Vec<Outgoing> =
        events.iter().map(|event| Outgoing::new(event.clone()).urgent_at(urgent_at)).collect();
    context.outbox.append(conn, &outgoing).await?;
    let mut entries = Vec::with_capacity(events.len());
    for event in &events {
        if let Some(task_id) = event.payload.task_id() {
            let details = serde_json::to_value(&event.payload).map_err(Failure::internal)?;
            store::timeline::append(conn, call.user_id, task_id, event, details).await?;
            entries.push(feed::entry(event).map_err(Failure::internal)?);
        }
    }
    if !entries.is_empty() {
        store::feed::append(conn, call.user_id, &entries).await?;
    }
    Ok(())
}
