//! One partition's deliveries, in order, one at a time.
//!
//! Promises: the next record is not delivered before this one is settled; the group's offset moves
//! only after the application's answer, so what was in flight when a process died comes again.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    announce::POLL_INTERVAL_MS,
    app::App,
    delivery::{Courier, Verdict},
    heads::TopicPartition,
    log::{Log, Record},
    subscription::Subscription,
};

/// The wait before the log is asked again after a failure, in milliseconds.
const LOG_RETRY_MS: u64 = 250;

/// A subscription and the group it counts for.
#[derive(Debug)]
pub(crate) struct Seat {
    /// What goes where.
    pub(crate) subscription: Subscription,
    /// Who shares the records.
    pub(crate) group: String,
    /// Where the group starts when it is new.
    pub(crate) from_oldest: bool,
}

/// What every consumer of a process needs.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where records come from.
    pub(crate) log: Arc<Log>,
    /// Where they go.
    pub(crate) app: Arc<App>,
    /// Who brings them there.
    pub(crate) courier: Courier,
    /// How long a refused record waits.
    pub(crate) redelivery_interval: Duration,
}

/// Consumes one partition for one group; the group's session holds its lock.
pub(crate) struct Consumer {
    /// Shared with the process's other consumers.
    pub(crate) context: Arc<Context>,
    /// The subscription.
    pub(crate) seat: Arc<Seat>,
    /// The partition.
    pub(crate) partition: TopicPartition,
}

impl Consumer {
    /// Delivers until it is stopped, then finishes what is in flight.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Some(mut position) = self.position(&stop).await else { return };
        let mut head = self.context.log.heads.follow(&self.partition);
        loop {
            tokio::select! {
                longer = head.wait_for(|next_offset| *next_offset > position) => {
                    if longer.is_err() { return }
                }
                () = stop.cancelled() => return,
            }
            let records = match self.context.log.fetch(&self.partition, position).await {
                Ok(records) => records,
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "no fetch");
                    Vec::new()
                }
            };
            if records.is_empty() && !pause(Duration::from_millis(POLL_INTERVAL_MS), &stop).await {
                return;
            }
            for record in records {
                if !self.settle(&record, &stop).await || !self.acknowledge(record.offset + 1).await
                {
                    return;
                }
                position = record.offset + 1;
            }
        }
    }

    async fn position(&self, stop: &CancellationToken) -> Option<i64> {
        let (log, seat) = (&self.context.log, &self.seat);
        loop {
            match log.position(&seat.group, &self.partition, seat.from_oldest).await {
                Ok(position) => return Some(position),
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "no position");
                }
            }
            if !pause(Duration::from_millis(LOG_RETRY_MS), stop).await {
                return None;
            }
        }
    }

    /// Delivers until the record is settled. False when stopped before that.
    async fn settle(&self, record: &Record, stop: &CancellationToken) -> bool {
        let Context { app, courier, redelivery_interval, .. } = &*self.context;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                () = app.ready() => {}
            }
            match courier.deliver(&self.seat.subscription, &self.partition, record).await {
                Verdict::Settled => return true,
                // As soon as it is back.
                Verdict::Unreachable if app.has_closed().await => {}
                Verdict::Unreachable | Verdict::Refused => {
                    if !pause(*redelivery_interval, stop).await {
                        return false;
                    }
                }
            }
        }
    }

    /// Tries until the log answers: what the application took must not come again because the
    /// database was away for a moment. False where another instance is further already.
    async fn acknowledge(&self, next_offset: i64) -> bool {
        let log = &self.context.log;
        loop {
            match log.acknowledge(&self.seat.group, &self.partition, next_offset).await {
                Ok(in_order) => return in_order,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "not acknowledged yet"
                    );
                }
            }
            tokio::time::sleep(Duration::from_millis(LOG_RETRY_MS)).await;
        }
    }
}

/// Sleeps; false when stopped meanwhile.
async fn pause(duration: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(duration) => true,
        () = stop.cancelled() => false,
    }
}
