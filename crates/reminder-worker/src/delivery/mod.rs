//! Brings notifications to people: a durable queue in lanes, leased for the time of the network.
//!
//! Each channel has a lane. A process leases lanes that are due, tries the first of what is due in
//! each, and gives them back. So a target that is slow or away delays nobody else: of its
//! notifications at most [`MAX_IN_FLIGHT_PER_CHANNEL`] are under way, in all processes together, one
//! alone once an attempt has failed; each attempt has a time-out; and a person has at most
//! [`MAX_LANES_PER_PERSON`] lanes under way. A notification is sent at least once; its key lets the
//! receiver drop a repetition. One whose reminder no longer stands is not sent.

mod address;
mod attempt;
mod email;
mod error;
mod http;
mod message;
mod metrics;
mod resolver;
mod signature;
mod webhook;

use std::{collections::HashMap, sync::Arc, time::Duration};

use messaging::Outbox;
use platform::{backoff::Backoff, metrics::Metrics, sealing::KeyRing};
use sqlx::PgPool;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

pub use address::{AddressPolicy, InvalidPolicy};
pub use attempt::notification_key;
pub use email::{InvalidMail, Mail};
pub use signature::{InvalidSecret, sign};

use crate::{
    scheduler::sleep_until_woken,
    store::{self, deliveries::Due, lanes::Lane},
    subscribers::Wakes,
};
use attempt::Sender;

/// Notifications under way at once, in this process.
pub const MAX_IN_FLIGHT: usize = 256;
/// Notifications under way at once to one channel.
pub const MAX_IN_FLIGHT_PER_CHANNEL: usize = 4;
/// Lanes of one person under way at once.
pub const MAX_LANES_PER_PERSON: usize = 4;
/// The longest that one attempt may take, in seconds.
pub const ATTEMPT_TIMEOUT_SECS: u64 = 10;
/// How long a leased lane is nobody else's, in seconds.
const LEASE_SECS: f64 = 30.0;
/// How many due lanes are looked at to choose from.
const WINDOW_ROWS: i64 = 512;
/// The longest sleep between two looks, in milliseconds: other processes make deliveries too.
const POLL_INTERVAL_MS: u64 = 500;
/// The most firings whose deliveries one look makes up for.
const MAX_PLANNED: i64 = 500;
const OUTAGE: Backoff =
    Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

/// By what ways notifications go out.
#[derive(Clone, Debug)]
pub struct Ways {
    /// The keys that open addresses and secrets.
    pub keys: KeyRing,
    /// Where requests to what a person names may lead.
    pub policy: AddressPolicy,
    /// The operator's mail server; without one, no letter is sent.
    pub mail: Option<Mail>,
}

/// The delivery queue's worker. Any number may run on one database.
#[derive(Debug)]
pub struct Deliveries {
    pool: PgPool,
    wakes: Wakes,
    sender: Arc<Sender>,
}

impl Deliveries {
    /// A worker that sends by these ways.
    ///
    /// # Errors
    /// The HTTP client can't be built.
    pub fn new(pool: PgPool, outbox: Outbox, wakes: Wakes, ways: Ways) -> reqwest::Result<Self> {
        let sender = Arc::new(Sender::new(pool.clone(), outbox, ways)?);
        Ok(Self { pool, wakes, sender })
    }

    /// Shows what becomes of notifications here.
    pub fn register(&self, metrics: &mut Metrics) {
        self.sender.counts().register(metrics);
    }

    /// Delivers until it is told to stop; then finishes what is under way.
    pub async fn run(self, stop: CancellationToken) {
        let mut under_way = UnderWay::default();
        let mut failures = 0;
        while !stop.is_cancelled() {
            let wait = match self.lease(&mut under_way).await {
                // More may be due than one look has taken.
                Ok(leased) if leased > 0 => Duration::ZERO,
                Ok(_) => {
                    failures = 0;
                    self.wait_for_next().await
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "what is due can't be leased"
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

    /// Leases lanes that are due and begins to serve them; answers how many.
    async fn lease(&self, under_way: &mut UnderWay) -> sqlx::Result<usize> {
        self.plan_the_waiting().await?;
        let free = MAX_IN_FLIGHT.saturating_sub(under_way.count()) / MAX_IN_FLIGHT_PER_CHANNEL;
        if free == 0 {
            return Ok(0);
        }
        let lanes = store::lanes::lease(
            &self.pool,
            MAX_LANES_PER_PERSON as i64,
            free as i64,
            WINDOW_ROWS,
            LEASE_SECS,
        )
        .await?;
        if lanes.is_empty() {
            return Ok(0);
        }
        let due = store::deliveries::first_due(&self.pool, &lanes, places).await?;
        let mut by_channel: HashMap<_, Vec<Due>> = HashMap::new();
        for due in due {
            by_channel.entry(due.channel_id).or_default().push(due);
        }
        let leased = lanes.len();
        for lane in lanes {
            let due = by_channel.remove(&lane.channel_id).unwrap_or_default();
            under_way.start(self.sender.clone(), lane, due);
        }
        Ok(leased)
    }

    /// Makes the deliveries of firings that were recorded while the settings came, or before those
    /// came that named a channel.
    async fn plan_the_waiting(&self) -> sqlx::Result<()> {
        let missed = store::firings::missed(&self.pool, MAX_PLANNED).await?;
        if !missed.is_empty() {
            let mut tx = self.pool.begin().await?;
            store::firings::make_up(&mut tx, &missed).await?;
            tx.commit().await?;
        }
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
        match store::lanes::seconds_until_next(&self.pool).await {
            Ok(Some(seconds)) if seconds > 0.0 => {
                Duration::try_from_secs_f64(seconds).map_or(poll, |wait| wait.min(poll))
            }
            _ => poll,
        }
    }
}

/// How many of a lane's deliveries may be under way: one, to see whether the target is back, once an
/// attempt has failed.
fn places(lane: &Lane) -> i64 {
    if lane.failures > 0 { 1 } else { MAX_IN_FLIGHT_PER_CHANNEL as i64 }
}

/// The lanes under way, and how many attempts each has.
///
/// Each is a task of its own: a future that holds a connection of the pool and is not polled while
/// the queue's loop waits for one would hold it for ever.
#[derive(Default)]
struct UnderWay {
    lanes: JoinSet<()>,
    attempts: HashMap<Id, usize>,
}

impl UnderWay {
    fn start(&mut self, sender: Arc<Sender>, lane: Lane, due: Vec<Due>) {
        let attempts = due.len();
        let serving = self.lanes.spawn(async move { sender.serve(lane, due).await });
        self.attempts.insert(serving.id(), attempts);
    }

    fn count(&self) -> usize {
        self.attempts.values().sum()
    }

    /// Waits until at least one ends; for ever where none is under way.
    async fn some_end(&mut self) {
        let Some(ended) = self.lanes.join_next_with_id().await else {
            return std::future::pending().await;
        };
        self.ended(ended);
        while let Some(ended) = self.lanes.try_join_next_with_id() {
            self.ended(ended);
        }
    }

    async fn all_end(mut self) {
        while let Some(ended) = self.lanes.join_next_with_id().await {
            self.ended(ended);
        }
    }

    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a lane broke off");
                error.id()
            }
        };
        self.attempts.remove(&id);
    }
}
