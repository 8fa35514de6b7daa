//! Publishing what is new.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use events::CloudEvent;
use platform::backoff::Backoff;
use serde_json::value::RawValue;
use sidecar::{EntryOutcome, Message, PublishError, Scope};
use tokio::time::Instant;
use uuid::Uuid;

use super::{ClosedTopic, Leading, MAX_BATCH_BYTES, MAX_BATCH_ROWS, Outage, Relay};
use crate::store::{self, outbox::Row};

/// The wait of a lane whose row the bus refused, and of a topic that is closed to us.
const REFUSED: Backoff =
    Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(300) };
/// The wait where every row of a bulk was refused: most likely the broker is away, and each should go
/// soon after it is back.
const ALL_REFUSED: Backoff =
    Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10) };

/// What came of sending some rows of one topic.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) accepted: Vec<i64>,
    pub(super) refused: Vec<(i64, i32, String)>,
}

impl Relay {
    /// Publishes the oldest rows that may go; returns how many the bus took.
    ///
    /// They go in rounds, each with one row of a lane: a lane never has two rows in flight.
    pub(super) async fn publish_new(
        &self,
        leading: &mut Leading,
        low_water: i64,
    ) -> Result<usize, Outage> {
        let now = Instant::now();
        let closed: Vec<String> = leading
            .closed_topics
            .iter()
            .filter(|(_, topic)| topic.until > now)
            .map(|(name, _)| name.clone())
            .collect();
        let rows = store::outbox::publishable(
            &self.pool,
            low_water,
            &closed,
            MAX_BATCH_ROWS,
            MAX_BATCH_BYTES,
        )
        .await?;
        let mut published = 0;
        let mut stuck = HashSet::new();
        for mut round in rounds(rows) {
            round.retain(|row| !stuck.contains(&lane(row)));
            for (topic, rows) in by_topic(round) {
                let accepted = self.publish_topic(leading, topic, &rows).await?;
                published += accepted.len();
                stuck.extend(rows.iter().filter(|row| !accepted.contains(&row.seq)).map(lane));
            }
        }
        Ok(published)
    }

    /// Publishes rows of one topic and of as many lanes; returns which of them the bus took.
    async fn publish_topic(
        &self,
        leading: &mut Leading,
        topic: String,
        rows: &[Row],
    ) -> Result<HashSet<i64>, Outage> {
        let sent = match self.send(&topic, rows).await {
            Ok(sent) => sent,
            Err(Outage::Bus(error)) if error.scope() == Scope::Topic => {
                close(leading, topic, &error);
                return Ok(HashSet::new());
            }
            Err(outage) => return Err(outage),
        };
        leading.closed_topics.remove(&topic);
        leading.traffic.count(sent.accepted.len());
        let accepted: HashSet<i64> = sent.accepted.iter().copied().collect();
        self.mark(leading.token, sent).await?;
        // One alone may be at fault itself; then its lane waits and nobody else.
        let all_refused = rows.len() > 1 && accepted.is_empty();
        if all_refused { Err(Outage::AllRefused) } else { Ok(accepted) }
    }

    /// Sends rows of one topic as one bulk.
    pub(super) async fn send(&self, topic: &str, rows: &[Row]) -> Result<Sent, Outage> {
        let now = crate::now(&mut *self.pool.acquire().await?).await?;
        let mut sent = Sent::default();
        let mut messages = Vec::with_capacity(rows.len());
        let mut sending = Vec::with_capacity(rows.len());
        for row in rows {
            match message(row, now) {
                Ok(message) => {
                    messages.push(message);
                    sending.push(row);
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
        for (row, outcome) in sending.into_iter().zip(outcomes) {
            match outcome {
                EntryOutcome::Accepted => sent.accepted.push(row.seq),
                EntryOutcome::Refused(error) | EntryOutcome::Invalid(error) => {
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

    /// Writes down what came of a sending.
    async fn mark(&self, token: i64, sent: Sent) -> Result<(), Outage> {
        let policy = if sent.accepted.is_empty() { ALL_REFUSED } else { REFUSED };
        let mut tx = self.pool.begin().await?;
        let receipt_timeout_secs = self.settings.receipt_timeout_secs;
        let marked =
            store::outbox::mark_published(&mut tx, token, &sent.accepted, receipt_timeout_secs)
                .await?;
        tx.commit().await?;
        if !marked {
            return Err(Outage::LeaseLost);
        }
        for (seq, attempts, error) in sent.refused {
            let failures = u32::try_from(attempts).unwrap_or(0) + 1;
            let wait = policy.delay(failures);
            tracing::error!(
                outbox.seq = seq,
                error,
                attempts = failures,
                "the bus refuses an event"
            );
            store::outbox::mark_refused(&self.pool, token, seq, &error, wait.as_secs_f64()).await?;
        }
        Ok(())
    }
}

fn close(leading: &mut Leading, topic: String, error: &PublishError) {
    tracing::error!(topic, error = error as &dyn std::error::Error, "the topic is closed to us");
    let closed = leading
        .closed_topics
        .entry(topic)
        .or_insert(ClosedTopic { failures: 0, until: Instant::now() });
    closed.failures += 1;
    closed.until = Instant::now() + REFUSED.delay(closed.failures);
}

/// What keeps its order.
fn lane(row: &Row) -> (String, Uuid) {
    (row.topic.clone(), row.partition_key)
}

/// The first rows of all lanes, then the second ones, and so on.
fn rounds(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut rows_of: HashMap<(String, Uuid), usize> = HashMap::new();
    let mut rounds: Vec<Vec<Row>> = Vec::new();
    for row in rows {
        let round = rows_of.entry(lane(&row)).or_default();
        if rounds.len() == *round {
            rounds.push(Vec::new());
        }
        rounds[*round].push(row);
        *round += 1;
    }
    rounds
}

/// Rows grouped by topic, each group in the rows' order.
pub(super) fn by_topic(rows: Vec<Row>) -> Vec<(String, Vec<Row>)> {
    let mut groups: Vec<(String, Vec<Row>)> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|(topic, _)| *topic == row.topic) {
            Some((_, group)) => group.push(row),
            None => groups.push((row.topic.clone(), vec![row])),
        }
    }
    groups
}

/// The CloudEvent around a row's envelope.
fn message(row: &Row, now: DateTime<Utc>) -> serde_json::Result<Message> {
    let envelope: &RawValue = serde_json::from_str(&row.envelope)?;
    let id = row.event_id.to_string();
    let subject = row.subject.map(|subject| subject.to_string());
    let event = CloudEvent::new(&id, &row.producer, &row.event_type, row.occurred_at, envelope)
        .subject(subject.as_deref())
        .traceparent(row.traceparent.as_deref())
        .released_at(row.held.then_some(now));
    Ok(Message {
        body: Bytes::from(serde_json::to_vec(&event)?),
        partition_key: row.partition_key.to_string(),
        traceparent: row.traceparent.clone(),
    })
}
