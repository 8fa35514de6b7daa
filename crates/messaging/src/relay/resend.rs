//! Sending again what got no receipt: seldom, and never as a flood.
//!
//! While receipts come, overdue rows are sent again at [`MIN_ROWS_PER_SEC`] or [`TRAFFIC_SHARE`] of
//! the normal traffic, whichever is more. While none come at all, the consumer is down or nothing
//! was lost but one event: a single row is sent as a probe, now and then. Its receipt, when it
//! comes, opens the gate again.
//!
//! Of all that is overdue, what matters to a person soonest goes first; of a lane (topic and key) its
//! oldest overdue row, and one at a time.

use std::time::Duration;

use sidecar::Scope;
use tokio::time::Instant;

use super::{Leading, MAX_BATCH_BYTES, MAX_BATCH_ROWS, Outage, Relay, publish::by_topic};
use crate::store::{self, outbox::Row};

/// Overdue rows that may always be sent again each second.
const MIN_ROWS_PER_SEC: f64 = 1.0;
/// The share of the normal traffic that may be resendings.
const TRAFFIC_SHARE: f64 = 0.01;
/// How many rows become overdue in one look at the most; the others do in the next.
const MAX_NOTICED_ROWS: i64 = 5000;
/// How many overdue rows of a topic are looked at for each that may go, since only one of a lane does.
const WINDOW_ROWS: i64 = 10;
/// Traffic is measured over windows of so many seconds.
const WINDOW_SECS: u64 = 60;

/// How many rows a second were published lately.
#[derive(Debug)]
pub(super) struct Traffic {
    window_began: Instant,
    rows: usize,
    rows_per_sec: f64,
}

impl Traffic {
    pub(super) fn new(now: Instant) -> Self {
        Self { window_began: now, rows: 0, rows_per_sec: 0.0 }
    }

    pub(super) fn count(&mut self, rows: usize) {
        self.rows += rows;
    }

    /// How many rows may be sent again in this second.
    fn allowance(&mut self, now: Instant) -> i64 {
        if now - self.window_began >= Duration::from_secs(WINDOW_SECS) {
            self.rows_per_sec = self.rows as f64 / (now - self.window_began).as_secs_f64();
            self.window_began = now;
            self.rows = 0;
        }
        let rows = (self.rows_per_sec * TRAFFIC_SHARE).max(MIN_ROWS_PER_SEC);
        (rows as i64).min(MAX_BATCH_ROWS)
    }
}

impl Relay {
    /// Sends overdue rows again, as many as may be.
    pub(super) async fn resend(&self, leading: &mut Leading) -> Result<(), Outage> {
        let mut rows_left = self.allowance(leading).await?;
        while rows_left > 0 {
            let open = leading.closed_topics.others();
            let mut conn = self.pool.acquire().await?;
            let seqs = store::overdue::soonest(&mut conn, &open, rows_left, WINDOW_ROWS).await?;
            let rows = store::outbox::rows(&mut conn, &seqs, MAX_BATCH_BYTES).await?;
            drop(conn);
            let mut all_went = true;
            for (topic, rows) in by_topic(rows) {
                if self.resend_on(leading, &topic, &rows).await? {
                    rows_left -= rows.len() as i64;
                } else {
                    all_went = false;
                }
            }
            // Where a topic turned out to be closed, the others may have what it did not use.
            if all_went {
                break;
            }
        }
        Ok(())
    }

    /// How many rows may be sent again now. None where none is overdue; and while no receipts come,
    /// none but a probe.
    async fn allowance(&self, leading: &mut Leading) -> Result<i64, Outage> {
        let settings = &self.settings;
        let rows = leading.traffic.allowance(Instant::now());
        let open = leading.closed_topics.others();
        let mut conn = self.pool.acquire().await?;
        store::overdue::notice(&mut conn, leading.token, MAX_NOTICED_ROWS).await?;
        if store::overdue::soonest(&mut conn, &open, 1, 1).await?.is_empty() {
            return Ok(0);
        }
        drop(conn);
        if store::relay_state::receipts_come(&self.pool, settings.receipt_silence_secs).await? {
            return Ok(rows);
        }
        let probes =
            store::relay_state::take_probe(&self.pool, settings.probe_interval_secs).await?;
        Ok(i64::from(probes))
    }

    /// Sends rows of one topic again, each of another lane; `false` where the topic is closed to us.
    async fn resend_on(
        &self,
        leading: &mut Leading,
        topic: &str,
        rows: &[Row],
    ) -> Result<bool, Outage> {
        let sent = match self.send(topic, rows).await {
            Ok(sent) => sent,
            Err(Outage::Bus(error)) if error.scope() == Scope::Topic => {
                leading.closed_topics.close(topic, &error);
                return Ok(false);
            }
            Err(outage) => return Err(outage),
        };
        leading.closed_topics.reopen(topic);
        self.outbox.counts().resent(topic, sent.accepted.len());
        self.outbox.counts().refused(topic, sent.refused.len());
        tracing::info!(topic, rows = sent.accepted.len(), "sent again for want of a receipt");
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        store::overdue::mark_resent(
            &mut *self.pool.acquire().await?,
            leading.token,
            &seqs,
            self.settings.receipt_timeout_secs,
            self.settings.longest_resend_wait_secs,
        )
        .await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
