//! Publishing what is new.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use platform::backoff::Backoff;
use sidecar::Scope;

use super::{
    Leading, MAX_BATCH_BYTES, MAX_BATCH_ROWS, MAX_LOOK_ROUNDS, Outage, REFUSED, Relay, send::Sent,
};
use crate::{
    MAX_EVENT_BYTES,
    store::{self, lanes::Lane, outbox::Row},
};

/// The wait where every row of a bulk was refused: most likely the broker is away, and each should go
/// soon after it is back.
const ALL_REFUSED: Backoff =
    Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(10) };

impl Relay {
    /// Publishes the oldest rows that may go; returns how many the bus took.
    ///
    /// They go in rounds, each with one row of a lane: a lane never has two rows in flight. A lane
    /// with many rows takes many rounds and may fill the look, so the rounds are limited, and where
    /// other lanes may be hidden behind such a one, some of those are looked for.
    pub(super) async fn publish_new(
        &self,
        leading: &mut Leading,
        low_water: i64,
    ) -> Result<usize, Outage> {
        let closed = leading.closed_topics.names();
        let rows = store::outbox::publishable(
            &self.pool,
            low_water,
            &closed,
            MAX_BATCH_ROWS,
            MAX_BATCH_BYTES,
        )
        .await?;
        let more_wait = is_full(&rows);
        let mut rounds = rounds(rows);
        let hides_lanes = more_wait && rounds.len() > 1;
        rounds.truncate(MAX_LOOK_ROUNDS);
        let mut published = self.publish_rounds(leading, rounds).await?;
        if hides_lanes {
            let heads = self.next_heads(leading).await?;
            published += self.publish_rounds(leading, vec![heads]).await?;
        }
        Ok(published)
    }

    /// The oldest rows of the lanes whose turn it is, as far as they may go.
    async fn next_heads(&self, leading: &mut Leading) -> Result<Vec<Row>, Outage> {
        let mut conn = self.pool.acquire().await?;
        let after = leading.lane_seen.as_ref();
        let heads = store::lanes::heads(&mut conn, after, MAX_BATCH_ROWS).await?;
        let closed = leading.closed_topics.names();
        let seqs: Vec<i64> = heads
            .iter()
            .filter(|head| head.may_go && !closed.contains(&head.lane.topic))
            .map(|head| head.seq)
            .collect();
        let rows = store::outbox::rows(&mut conn, &seqs, MAX_BATCH_BYTES).await?;
        leading.lane_seen = match rows.last() {
            // Those that did not fit are next.
            Some(last) if rows.len() < seqs.len() => Some(lane(last)),
            // After the last of all lanes comes the first.
            _ => heads.into_iter().nth(MAX_BATCH_ROWS as usize - 1).map(|head| head.lane),
        };
        Ok(rows)
    }

    /// Publishes rounds, each with at most one row of a lane; returns how many rows the bus took.
    async fn publish_rounds(
        &self,
        leading: &mut Leading,
        rounds: Vec<Vec<Row>>,
    ) -> Result<usize, Outage> {
        let mut published = 0;
        let mut stuck = HashSet::new();
        for mut round in rounds {
            round.retain(|row| !stuck.contains(&lane(row)));
            for (topic, rows) in by_topic(round) {
                let accepted = self.publish_topic(leading, &topic, &rows).await?;
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
        topic: &str,
        rows: &[Row],
    ) -> Result<HashSet<i64>, Outage> {
        let sent = match self.send(topic, rows).await {
            Ok(sent) => sent,
            Err(Outage::Bus(error)) if error.scope() == Scope::Topic => {
                leading.closed_topics.close(topic, &error);
                return Ok(HashSet::new());
            }
            Err(outage) => return Err(outage),
        };
        leading.closed_topics.reopen(topic);
        leading.traffic.count(sent.accepted.len());
        self.outbox.counts().published(topic, sent.accepted.len());
        self.outbox.counts().refused(topic, sent.refused.len());
        let accepted: HashSet<i64> = sent.accepted.iter().copied().collect();
        self.mark(leading.token, sent).await?;
        // One alone may be at fault itself; then its lane waits and nobody else.
        let all_refused = rows.len() > 1 && accepted.is_empty();
        if all_refused { Err(Outage::AllRefused) } else { Ok(accepted) }
    }

    /// Writes down what came of a sending.
    async fn mark(&self, token: i64, sent: Sent) -> Result<(), Outage> {
        let policy = if sent.accepted.is_empty() { ALL_REFUSED } else { REFUSED };
        let mut tx = self.pool.begin().await?;
        let receipt_timeout_secs = self.settings.receipt_timeout_secs;
        let marked = store::outbox::mark_published(
            &mut tx,
            token,
            &sent.accepted,
            sent.at,
            receipt_timeout_secs,
        )
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

/// Whether a look may have left rows behind for want of room.
fn is_full(rows: &[Row]) -> bool {
    let bytes: usize = rows.iter().map(|row| row.envelope.len()).sum();
    rows.len() as i64 == MAX_BATCH_ROWS || (bytes + MAX_EVENT_BYTES) as i64 > MAX_BATCH_BYTES
}

/// What keeps its order.
fn lane(row: &Row) -> Lane {
    Lane { topic: row.topic.clone(), partition_key: row.partition_key }
}

/// The first rows of all lanes, then the second ones, and so on.
fn rounds(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut rows_of: HashMap<Lane, usize> = HashMap::new();
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
