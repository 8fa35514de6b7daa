//! Brings notifications to people: a durable queue, leased for the time of the network.
//!
//! A target that is slow or away delays nobody else: at most [`MAX_IN_FLIGHT_PER_CHANNEL`] of its
//! notifications are under way, and each has a time-out. A notification is sent at least once; its
//! key lets the receiver drop a repetition. One whose reminder no longer stands is not sent.

mod address;
mod attempt;
mod resolver;
mod signature;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use messaging::Outbox;
use platform::{backoff::Backoff, sealing::KeyRing};
use sqlx::PgPool;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use address::{AddressPolicy, InvalidPolicy};
pub use attempt::notification_key;
pub use signature::{InvalidSecret, sign};

use crate::{
    scheduler::sleep_until_woken,
    store::{self, deliveries::Claimed},
    subscribers::Wakes,
};
use attempt::Sender;

/// Notifications under way at once, in this process.
pub const MAX_IN_FLIGHT: usize = 256;
/// Notifications under way at once to one channel, in this process.
pub const MAX_IN_FLIGHT_PER_CHANNEL: usize = 4;
/// The longest that one attempt may take, in seconds.
pub const ATTEMPT_TIMEOUT_SECS: u64 = 10;
/// How long a leased notification is nobody else's, in seconds.
const LEASE_SECS: f64 = 30.0;
/// How many due notifications are looked at to choose from.
const WINDOW_ROWS: i64 = 1024;
/// The longest sleep between two looks, in milliseconds: other processes make deliveries too.
const POLL_INTERVAL_MS: u64 = 500;
/// The most firings whose deliveries one look makes up for.
const MAX_PLANNED: i64 = 500;
const OUTAGE: Backoff =
    Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

/// The delivery queue's worker. Any number may run on one database.
#[derive(Debug)]
pub struct Deliveries {
    pool: PgPool,
    wakes: Wakes,
    sender: Arc<Sender>,
}

impl Deliveries {
    /// A worker that opens sealed addresses with these keys and connects where the policy allows.
    ///
    /// # Errors
    /// The HTTP client can't be built.
    pub fn new(
        pool: PgPool,
        outbox: Outbox,
        wakes: Wakes,
        keys: KeyRing,
        policy: AddressPolicy,
    ) -> reqwest::Result<Self> {
        let sender = Arc::new(Sender::new(pool.clone(), outbox, keys, policy)?);
        Ok(Self { pool, wakes, sender })
    }

    /// Delivers until it is told to stop; then finishes what is under way.
    pub async fn run(self, stop: CancellationToken) {
        let mut under_way = UnderWay::default();
        let mut failures = 0;
        while !stop.is_cancelled() {
            let wait = match self.claim(&under_way).await {
                Ok(claimed) => {
                    failures = 0;
                    for delivery in claimed {
                        under_way.start(self.sender.clone(), delivery);
                    }
                    self.wait_for_next().await
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "deliveries can't be claimed"
                    );
                    OUTAGE.delay(failures)
                }
            };
            tokio::select! {
                () = under_way.some_end() => {}
                () = sleep_until_woken(wait, &self.wakes.deliveries, &stop) => {}
            }
        }
        under_way.all_end().await;
    }

    async fn claim(&self, under_way: &UnderWay) -> sqlx::Result<Vec<Claimed>> {
        self.plan_the_waiting().await?;
        let free = MAX_IN_FLIGHT.saturating_sub(under_way.count());
        if free == 0 {
            return Ok(Vec::new());
        }
        // A channel that has anything under way is served again when that has ended, so that the
        // claim never takes more of it than may be under way.
        store::deliveries::claim(
            &self.pool,
            &under_way.channels(),
            MAX_IN_FLIGHT_PER_CHANNEL as i64,
            free as i64,
            WINDOW_ROWS,
            LEASE_SECS,
        )
        .await
    }

    /// Makes the deliveries of firings that were recorded while the settings came.
    async fn plan_the_waiting(&self) -> sqlx::Result<()> {
        let waiting = store::firings::plannable(&self.pool, MAX_PLANNED).await?;
        if !waiting.is_empty() {
            let mut tx = self.pool.begin().await?;
            store::firings::plan_waiting(&mut tx, &waiting).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn wait_for_next(&self) -> Duration {
        let poll = Duration::from_millis(POLL_INTERVAL_MS);
        match store::deliveries::seconds_until_next(&self.pool).await {
            Ok(Some(seconds)) if seconds > 0.0 => {
                Duration::try_from_secs_f64(seconds).map_or(poll, |wait| wait.min(poll))
            }
            _ => poll,
        }
    }
}

/// The attempts under way, and their channels.
///
/// Each is a task of its own: a future that holds a connection of the pool and is not polled while
/// the queue's loop waits for one would hold it for ever.
#[derive(Default)]
struct UnderWay {
    attempts: JoinSet<()>,
    channels: HashMap<Id, Uuid>,
}

impl UnderWay {
    fn start(&mut self, sender: Arc<Sender>, delivery: Claimed) {
        let channel = delivery.channel_id;
        let attempt = self.attempts.spawn(async move { sender.attempt(delivery).await });
        self.channels.insert(attempt.id(), channel);
    }

    fn count(&self) -> usize {
        self.channels.len()
    }

    fn channels(&self) -> Vec<Uuid> {
        self.channels.values().copied().collect::<HashSet<_>>().into_iter().collect()
    }

    /// Waits until at least one ends; for ever where none is under way.
    async fn some_end(&mut self) {
        let Some(ended) = self.attempts.join_next_with_id().await else {
            return std::future::pending().await;
        };
        self.ended(ended);
        while let Some(ended) = self.attempts.try_join_next_with_id() {
            self.ended(ended);
        }
    }

    async fn all_end(mut self) {
        while let Some(ended) = self.attempts.join_next_with_id().await {
            self.ended(ended);
        }
    }

    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an attempt broke off");
                error.id()
            }
        };
        self.channels.remove(&id);
    }
}
