//! Receipts, the end-to-end acknowledgement: sent in batches, and received.

use std::collections::HashMap;

use events::{
    CorrelationId, Event, EventId, EventType, EventsReceived, MAX_RECEIPTS_PER_EVENT,
    ReceiptOutcome,
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{AppendError, ApplyError, Outbox, Subscriber, store};

/// An event of ours that the other service has received.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The event.
    pub event_id: EventId,
    /// Its type.
    pub event_type: EventType,
    /// The task or person that it was about.
    pub subject: Option<Uuid>,
    /// The version that it told.
    pub version: Option<i64>,
    /// What the other service did with it.
    pub outcome: ReceiptOutcome,
}

/// Sends the receipts that are owed, at most [`MAX_RECEIPTS_PER_EVENT`] in one event.
pub(crate) async fn send_owed(pool: &PgPool, outbox: &Outbox) -> Result<(), AppendError> {
    loop {
        let mut tx = pool.begin().await?;
        let limit = MAX_RECEIPTS_PER_EVENT as i64;
        let receipts = store::receipts::take_owed(&mut tx, limit).await?;
        if receipts.is_empty() {
            return Ok(());
        }
        let full = receipts.len() == MAX_RECEIPTS_PER_EVENT;
        let now = crate::now(&mut tx).await?;
        let payload = EventsReceived { consumer: outbox.service(), receipts };
        let event = Event::new(outbox.service(), CorrelationId::random(), now, payload);
        outbox.append(&mut tx, &[event.into()]).await?;
        tx.commit().await?;
        if !full {
            return Ok(());
        }
    }
}

/// Deletes the rows that receipts name and tells the subscriber. Repeating it changes nothing.
pub(crate) async fn settle<S: Subscriber>(
    conn: &mut PgConnection,
    subscriber: &S,
    received: &EventsReceived,
) -> Result<(), ApplyError> {
    let event_ids: Vec<Uuid> = received.receipts.iter().map(|r| r.event_id.uuid()).collect();
    let topics: Vec<String> = received.receipts.iter().map(|r| r.topic.clone()).collect();
    let named = store::receipts::named(conn, &event_ids, &topics).await?;
    let outcomes: HashMap<(Uuid, &str), &ReceiptOutcome> = received
        .receipts
        .iter()
        .map(|receipt| ((receipt.event_id.uuid(), receipt.topic.as_str()), &receipt.outcome))
        .collect();
    let settled: Vec<Settled> = named
        .into_iter()
        .filter_map(|row| {
            Some(Settled {
                event_id: row.event_id.into(),
                event_type: row.event_type.parse().ok()?,
                subject: row.subject,
                version: row.version,
                outcome: (*outcomes.get(&(row.event_id, row.topic.as_str()))?).clone(),
            })
        })
        .collect();
    subscriber.settled(conn, &settled).await?;
    store::receipts::settle(conn, &event_ids, &topics).await?;
    store::relay_state::receipt_came(conn).await?;
    Ok(())
}
