//! Sending again what got no receipt: seldom, and never as a flood.
//!
//! While receipts come, overdue rows are sent again at [`MIN_ROWS_PER_SEC`] or [`TRAFFIC_SHARE`] of
//! the normal traffic, whichever is more. While none come at all, the consumer is down or nothing
//! was lost but one event: a single row is sent as a probe, now and then. Its receipt, when it
//! comes, opens the gate again.

use std::time::Duration;

use sidecar::Scope;
use tokio::time::Instant;

use super::{Leading, MAX_BATCH_ROWS, Outage, Relay, publish::by_topic};
use crate::store;

/// Overdue rows that may always be sent again each second.
const MIN_ROWS_PER_SEC: f64 = 1.0;
/// The share of the normal traffic that may be resendings.
const TRAFFIC_SHARE: f64 = 0.01;
/// How many of the longest overdue rows are looked at to choose from.
const WINDOW_ROWS: i64 = 1000;
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
        let settings = &self.settings;
        let mut allowance = leading.traffic.allowance(Instant::now());
        let overdue = store::outbox::unreceipted(&self.pool, WINDOW_ROWS, allowance).await?;
        if overdue.is_empty() {
            return Ok(());
        }
        if !store::relay_state::receipts_come(&self.pool, settings.receipt_silence_secs).await? {
            if !store::relay_state::take_probe(&self.pool, settings.probe_interval_secs).await? {
                return Ok(());
            }
            allowance = 1;
        }
        let chosen = overdue.into_iter().take(usize::try_from(allowance).unwrap_or(1)).collect();
        for (topic, rows) in by_topic(chosen) {
            let sent = match self.send(&topic, &rows).await {
                Ok(sent) => sent,
                // Closed to us: whoever publishes what is new there finds out, and waits.
                Err(Outage::Bus(error)) if error.scope() == Scope::Topic => continue,
                Err(outage) => return Err(outage),
            };
            tracing::info!(topic, rows = sent.accepted.len(), "sent again for want of a receipt");
            let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
            store::outbox::mark_resent(
                &self.pool,
                leading.token,
                &seqs,
                settings.receipt_timeout_secs,
                settings.longest_resend_wait_secs,
            )
            .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_a_second_may_always_be_sent_again_and_a_hundredth_of_much_traffic() {
        let began = Instant::now();
        let mut traffic = Traffic::new(began);
        assert_eq!(traffic.allowance(began), 1);
        traffic.count(60_000);
        let after_a_minute = began + Duration::from_secs(WINDOW_SECS);
        assert_eq!(traffic.allowance(after_a_minute), 10);
        let after_a_quiet_minute = after_a_minute + Duration::from_secs(WINDOW_SECS);
        assert_eq!(traffic.allowance(after_a_quiet_minute), 1);
    }
}
