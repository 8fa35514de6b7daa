//! Fires what is due, on time, once.
//!
//! What is due is decided in SQL by the database's clock; the process clock only sizes the sleep
//! until then. The sleep ends early when this process has applied an event, and after
//! [`POLL_INTERVAL_MS`] at the latest: another replica may have applied one and died.

mod digests;
mod metrics;
mod tick;

use std::{sync::Arc, time::Duration};

use messaging::Outbox;
use platform::{backoff::Backoff, metrics::Metrics};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use digests::Digests;

use crate::{settings::SchedulerSettings, store, subscribers::Wakes};

/// The longest sleep between two looks, in milliseconds.
pub const POLL_INTERVAL_MS: u64 = 500;
/// The longest that one look may take, in seconds: a server that died without a word never answers.
const STEP_TIMEOUT_SECS: u64 = 45;
const OUTAGE: Backoff =
    Backoff { first: Duration::from_millis(50), longest: Duration::from_secs(2) };

/// The scheduler of a process. Any number may run on one database.
#[derive(Debug)]
pub struct Scheduler {
    pool: PgPool,
    outbox: Outbox,
    wakes: Wakes,
    settings: SchedulerSettings,
    counts: metrics::Counts,
}

impl Scheduler {
    /// A scheduler that fires into an outbox.
    #[must_use]
    pub fn new(pool: PgPool, outbox: Outbox, wakes: Wakes, settings: SchedulerSettings) -> Self {
        Self { pool, outbox, wakes, settings, counts: metrics::Counts::default() }
    }

    /// Shows what fires here, and what is overdue in the database.
    pub fn register(&self, metrics: &mut Metrics) {
        self.counts.register(&self.pool, metrics);
    }

    /// Fires until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let step = || self.step();
        until_stopped(step, "the scheduler can't fire", &self.wakes.scheduler, &stop).await;
    }

    /// Fires one batch; answers how long to sleep then.
    async fn step(&self) -> Result<Duration, messaging::ApplyError> {
        let tick = tick::tick(&self.pool, &self.outbox, self.settings, &self.counts).await?;
        if tick.tasks > 0 {
            self.outbox.wake();
            self.wakes.deliveries.notify_one();
            return Ok(Duration::ZERO);
        }
        let seconds = store::tasks::seconds_until_next(&self.pool).await?;
        Ok(sleep_for(seconds))
    }
}

/// The sleep until something is due in so many seconds.
fn sleep_for(seconds: Option<f64>) -> Duration {
    let longest = Duration::from_millis(POLL_INTERVAL_MS);
    seconds.map_or(longest, |seconds| {
        // Overdue, and yet the tick found nothing: another process holds the row.
        let seconds = if seconds <= 0.0 { 0.01 } else { seconds };
        Duration::try_from_secs_f64(seconds).map_or(longest, |sleep| sleep.min(longest))
    })
}

/// Does a step after another, each of which says how long to sleep then, until it is told to stop. One that fails,
/// or gets no answer in time, is tried again, ever more slowly.
async fn until_stopped<F: Future<Output = Result<Duration, messaging::ApplyError>>>(
    step: impl Fn() -> F,
    failed: &'static str,
    wake: &Arc<Notify>,
    stop: &CancellationToken,
) {
    let mut failures = 0;
    while !stop.is_cancelled() {
        let limit = Duration::from_secs(STEP_TIMEOUT_SECS);
        let wait = match tokio::time::timeout(limit, step()).await {
            Ok(Ok(wait)) => {
                failures = 0;
                wait
            }
            Err(_) => {
                failures += 1;
                tracing::warn!("the database does not answer in time");
                OUTAGE.delay(failures)
            }
            Ok(Err(error)) => {
                failures += 1;
                tracing::warn!(error = &error as &dyn std::error::Error, "{failed}");
                OUTAGE.delay(failures)
            }
        };
        sleep_until_woken(wait, wake, stop).await;
    }
}

pub(crate) async fn sleep_until_woken(
    wait: Duration,
    wake: &Arc<Notify>,
    stop: &CancellationToken,
) {
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = wake.notified() => {}
        () = stop.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sleep_ends_when_something_is_due_and_no_later_than_the_poll() {
        let poll = Duration::from_millis(POLL_INTERVAL_MS);
        assert_eq!(sleep_for(None), poll);
        assert_eq!(sleep_for(Some(0.25)), Duration::from_millis(250));
        assert_eq!(sleep_for(Some(3600.0)), poll);
        assert_eq!(sleep_for(Some(f64::INFINITY)), poll);
        assert_eq!(sleep_for(Some(-5.0)), Duration::from_millis(10));
    }
}
