//! Brings notifications to people: a durable queue in lanes, leased for the time of the network.
//!
//! Each channel has a lane. A process leases lanes that are due, tries the first of what is due in
//! each, and gives them back, to the end of the queue where more is due. So a target that is slow or
//! away delays nobody else: of a channel's notifications at most [`MAX_IN_FLIGHT_PER_CHANNEL`] are
//! under way, in all processes together, one alone once an attempt has failed; each attempt has a
//! time-out; a person has at most [`MAX_LANES_PER_PERSON`] lanes under way, and a target, be it a host
//! or the mail server, at most [`MAX_LANES_PER_TARGET`], whoever's they are. What is beyond stands
//! aside, in a queue of the target's own, and comes back as places become free: who looks for what is
//! due does not see it meanwhile. A notification is sent at least once; its key lets the
//! receiver drop a repetition. One whose reminder no longer stands is not sent.

mod address;
mod attempt;
mod digest;
mod email;
mod error;
mod http;
mod links;
mod message;
mod metrics;
mod ntfy;
mod quiet;
mod resolver;
mod signature;
mod target;
mod web_push;
mod webhook;

use std::{collections::HashMap, sync::Arc, time::Duration};

use messaging::Outbox;
use platform::{backoff::Backoff, metrics::Metrics, sealing::KeyRing};
use sqlx::PgPool;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use address::{AddressPolicy, InvalidPolicy};
pub use attempt::{digest_key, notification_key};
pub use email::{InvalidMail, Mail};
pub use signature::{InvalidSecret, sign};
pub use web_push::{InvalidVapid, MAX_PUSH_BYTES, Vapid, VapidKeys};

use crate::{
    scheduler::sleep_until_woken,
    store::{
        self,
        deliveries::Due,
        lanes::{Lane, Limits},
    },
    subscribers::Wakes,
};
use attempt::Sender;

/// Notifications under way at once, in this process.
pub const MAX_IN_FLIGHT: usize = 256;
/// Notifications under way at once to one channel.
pub const MAX_IN_FLIGHT_PER_CHANNEL: usize = 4;
/// Lanes of one person under way at once.
pub const MAX_LANES_PER_PERSON: usize = 4;
/// Lanes under way at once to one target: a quarter of what one process has. Processes that look at the
/// same moment may each take so many.
pub const MAX_LANES_PER_TARGET: usize = MAX_IN_FLIGHT / MAX_IN_FLIGHT_PER_CHANNEL / 4;
/// The most lanes whose targets one look finds out.
const MAX_NAMED: i64 = 512;
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
    /// Who browsers' push services know; without it, no Web Push is sent.
    pub vapid: Option<Vapid>,
    /// Where people reach chat-api; without it, there are no links to act by.
    pub public_url: Option<Url>,
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

    /// Leases lanes that are due and begins to serve them; answers with how many something was done.
    async fn lease(&self, under_way: &mut UnderWay) -> sqlx::Result<usize> {
        self.plan_the_waiting().await?;
        let free = MAX_IN_FLIGHT.saturating_sub(under_way.count()) / MAX_IN_FLIGHT_PER_CHANNEL;
        if free == 0 {
            return Ok(0);
        }
        self.name_targets().await?;
        store::lanes::call_back(&self.pool, MAX_LANES_PER_TARGET as i64).await?;
        let limits = Limits {
            per_person: MAX_LANES_PER_PERSON as i64,
            per_target: MAX_LANES_PER_TARGET as i64,
            lanes: free as i64,
            window: WINDOW_ROWS,
        };
        let seen = store::lanes::lease(&self.pool, limits, LEASE_SECS).await?;
        let looked_at = seen.len();
        let lanes: Vec<Lane> = seen.into_iter().filter(|lane| !lane.parked).collect();
        if lanes.is_empty() {
            return Ok(looked_at);
        }
        let mail = self.sender.mail_target();
        let places = |lane: &Lane| places(lane, mail);
        let due = store::deliveries::first_due(&self.pool, &lanes, places).await?;
        let mut by_channel: HashMap<_, Vec<Due>> = HashMap::new();
        for due in due {
            by_channel.entry(due.channel_id).or_default().push(due);
        }
        for lane in lanes {
            let due = by_channel.remove(&lane.channel_id).unwrap_or_default();
            under_way.start(self.sender.clone(), lane, due);
        }
        Ok(looked_at)
    }

    /// Finds out where lanes lead that are new. Addresses rest sealed, so the database can't.
    async fn name_targets(&self) -> sqlx::Result<()> {
        let unnamed = store::lanes::unnamed(&self.pool, MAX_NAMED).await?;
        if unnamed.is_empty() {
            return Ok(());
        }
        let (channels, targets): (Vec<_>, Vec<_>) = unnamed
            .into_iter()
            .map(|lane| {
                let channel = lane.channel.as_ref().map(|channel| &channel.0);
                let target = self.sender.target(lane.user_id, lane.channel_id, channel);
                (lane.channel_id, target)
            })
            .unzip();
        store::lanes::name(&self.pool, &channels, &targets).await
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
/// attempt has failed; one of a mailbox, too, since each is a connection to the one mail server.
fn places(lane: &Lane, mail: i64) -> i64 {
    let is_single = lane.failures > 0 || lane.target == mail;
    if is_single { 1 } else { MAX_IN_FLIGHT_PER_CHANNEL as i64 }
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
