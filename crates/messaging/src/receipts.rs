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
        let sent = receipts.len();
        let now = crate::now(&mut tx).await?;
        let payload = EventsReceived { consumer: outbox.service(), receipts };
        let event = Event::new(outbox.service(), CorrelationId::random(), now, payload);
        outbox.append(&mut tx, &[event.into()]).await?;
        tx.commit().await?;
        outbox.counts().receipts_sent(sent);
        if sent < MAX_RECEIPTS_PER_EVENT {
            return Ok(());
        }
    }
}

/// Deletes the rows that receipts name and tells the subscriber. Repeating it changes nothing. What was
/// refused is remembered, as it may be redriven there and then has a second receipt.
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
    let mut settled = Vec::with_capacity(named.len());
    let (mut refused, mut taken) = (vec![], vec![]);
    for row in named {
        let Ok(event_type) = row.event_type.parse() else { continue };
        let Some(outcome) = outcomes.get(&(row.event_id, row.topic.as_str())) else { continue };
        let is_rejected = matches!(outcome, ReceiptOutcome::Rejected { .. });
        if is_rejected && !row.was_rejected && is_redrivable(event_type) {
            refused.push((row.event_id, row.topic.clone()));
        } else if !is_rejected && row.was_rejected {
            taken.push((row.event_id, row.topic.clone()));
        }
        settled.push(Settled {
            event_id: row.event_id.into(),
            event_type,
            subject: row.subject,
            version: row.version,
            outcome: (*outcome).clone(),
        });
    }
    subscriber.settled(conn, &settled).await?;
    for (event_id, topic) in refused {
        store::receipts::remember_rejected(conn, event_id, &topic).await?;
    }
    for (event_id, topic) in taken {
        store::receipts::forget_rejected(conn, event_id, &topic).await?;
    }
    store::receipts::settle(conn, &event_ids, &topics).await?;
    store::relay_state::receipt_came(conn).await?;
    Ok(())
}

/// Whether an event that was refused is a dead letter there: a decision about one never is.
const fn is_redrivable(event_type: EventType) -> bool {
    !matches!(
        event_type,
        EventType::DeadLetterRedriveRequested | EventType::DeadLetterDiscardRequested
    )
}
