//! The relay: the only one who publishes.
//!
//! One process of a service leads, by a lease whose token is checked whenever it marks; the others
//! stand by. The leader takes the oldest unpublished rows and sends them in rounds, one row of each lane
//! (topic and key) a round, so that a lane has one row in flight and a row that the bus refuses blocks
//! nobody else. The rounds of a look are limited, so that a lane with many rows keeps nobody waiting.
//! It marks rows and remembers no highest id: a lower one can commit later. It never waits for
//! receipts; those delete rows through the inbox, and [`resend`] sends again what got none.
//!
//! A leader may be killed anywhere: what was published and not marked is published again with the
//! same event id, and the consumer's inbox drops it.

mod closed;
mod maintenance;
mod publish;
mod resend;
mod send;

use std::time::Duration;

use platform::backoff::Backoff;
use sidecar::Sidecar;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::closed::ClosedTopics;
use crate::{Lease, Outbox, receipts, store, store::lanes::Lane};

/// The lease of the one who publishes.
const LEASE_NAME: &str = "relay";
/// How often one who stands by looks for a free lease, in milliseconds.
const STANDBY_INTERVAL_MS: u64 = 500;
/// How often the outbox is looked at without being woken, in milliseconds: rows of other processes.
const POLL_INTERVAL_MS: u64 = 100;
/// The most rows of one look.
const MAX_BATCH_ROWS: i64 = 500;
/// The most envelope bytes of one look: daprd takes 4 MiB a request.
const MAX_BATCH_BYTES: i64 = 3 * 1024 * 1024;
/// The most rounds of one look; what commits meanwhile waits so long, and so do receipts. Each look
/// reads its rows anew: with fewer, a lane with many rows would have them read more often.
const MAX_LOOK_ROUNDS: usize = 32;
/// How often the whole outbox is looked at, not only what lies above the low-water mark, in seconds.
const SWEEP_INTERVAL_SECS: u64 = 60;
/// How often receipts are sent, in milliseconds.
const RECEIPT_INTERVAL_MS: u64 = 500;
/// How often overdue receipts are looked for, in seconds.
const RESEND_INTERVAL_SECS: u64 = 1;
/// The wait while the sidecar, its broker or the database is away.
const OUTAGE: Backoff =
    Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(10) };
/// The wait of a lane whose row the bus refused, and of a topic that is closed to us.
const REFUSED: Backoff =
    Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(300) };

/// Where and how the relay publishes.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// The Dapr component, `kafka-pubsub`.
    pub pubsub_name: String,
    /// How long a published row waits for its receipt before it is sent again, in seconds.
    pub receipt_timeout_secs: f64,
    /// The longest wait between two resendings of a row, in seconds.
    pub longest_resend_wait_secs: f64,
    /// How long no receipt at all must come before resending falls back to probes, in seconds.
    pub receipt_silence_secs: f64,
    /// The least time between two probes, in seconds.
    pub probe_interval_secs: f64,
}

impl RelaySettings {
    /// The settings that production uses.
    #[must_use]
    pub fn new(pubsub_name: String) -> Self {
        Self {
            pubsub_name,
            receipt_timeout_secs: 15.0,
            longest_resend_wait_secs: 600.0,
            receipt_silence_secs: 30.0,
            probe_interval_secs: 30.0,
        }
    }
}

/// The relay of a process.
#[derive(Debug)]
pub struct Relay {
    pool: PgPool,
    outbox: Outbox,
    sidecar: Sidecar,
    settings: RelaySettings,
}

/// What a leader remembers from one step to the next; losing it loses nothing.
struct Leading {
    token: i64,
    outages: u32,
    closed_topics: ClosedTopics,
    /// The last lane that was looked for behind those with many rows; the next one's turn is next.
    lane_seen: Option<Lane>,
    traffic: resend::Traffic,
    next_sweep: Instant,
    next_receipts: Instant,
    next_resend: Instant,
}

impl Leading {
    fn new(token: i64) -> Self {
        let now = Instant::now();
        Self {
            token,
            outages: 0,
            closed_topics: ClosedTopics::default(),
            lane_seen: None,
            traffic: resend::Traffic::new(now),
            next_sweep: now,
            next_receipts: now,
            next_resend: now,
        }
    }
}

/// Why a step ended early; the next begins after a wait.
#[derive(Debug, thiserror::Error)]
enum Outage {
    #[error("the database is away")]
    Database(#[from] sqlx::Error),
    #[error("the bus is away")]
    Bus(#[from] sidecar::PublishError),
    #[error("the bus refused every event of a bulk")]
    AllRefused,
    #[error("another process leads now")]
    LeaseLost,
    #[error("receipts can't be appended")]
    Receipts(#[from] crate::AppendError),
}

impl Relay {
    /// A relay for an outbox.
    #[must_use]
    pub fn new(pool: PgPool, outbox: Outbox, sidecar: Sidecar, settings: RelaySettings) -> Self {
        Self { pool, outbox, sidecar, settings }
    }

    /// Stands by, leads, publishes, until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let holder = Uuid::new_v4();
        while !stop.is_cancelled() {
            match Lease::acquire(&self.pool, LEASE_NAME, holder).await {
                Ok(Some(lease)) => self.lead(lease, &stop).await,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the relay can't reach the database"
                    );
                }
            }
            pause(Duration::from_millis(STANDBY_INTERVAL_MS), &stop).await;
        }
    }

    async fn lead(&self, lease: Lease, stop: &CancellationToken) {
        tracing::info!(lease.token = lease.token(), "the relay leads");
        self.outbox.counts().leads(true);
        tokio::select! {
            () = lease.keep(&self.pool) => tracing::warn!("the relay lost its lease"),
            () = stop.cancelled() => {}
            () = self.publish_until_deposed(lease.token()) => {
                tracing::warn!("another process leads now");
            }
        }
        self.outbox.counts().leads(false);
        if let Err(error) = lease.release(&self.pool).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the lease runs out by itself"
            );
        }
    }

    /// Returns only when a mark has told that another process leads.
    async fn publish_until_deposed(&self, token: i64) {
        let mut leading = Leading::new(token);
        loop {
            match self.step(&mut leading).await {
                Ok(published) => {
                    leading.outages = 0;
                    // A full look probably left more behind; another row of a lane may be free now.
                    if published == 0 {
                        tokio::select! {
                            () = self.outbox.woken() => {}
                            () = sleep(Duration::from_millis(POLL_INTERVAL_MS)) => {}
                        }
                    }
                }
                Err(Outage::LeaseLost) => return,
                Err(outage) => {
                    leading.outages += 1;
                    let wait = OUTAGE.delay(leading.outages);
                    tracing::warn!(
                        error = &outage as &dyn std::error::Error,
                        wait_ms = wait.as_millis(),
                        "the relay waits"
                    );
                    sleep(wait).await;
                }
            }
        }
    }

    /// One look at everything; returns how many rows were published for the first time.
    async fn step(&self, leading: &mut Leading) -> Result<usize, Outage> {
        let now = Instant::now();
        if now >= leading.next_receipts {
            leading.next_receipts = now + Duration::from_millis(RECEIPT_INTERVAL_MS);
            receipts::send_owed(&self.pool, &self.outbox).await?;
        }
        let mut low_water = store::relay_state::low_water(&self.pool).await?;
        if now >= leading.next_sweep {
            maintenance::run(&self.pool).await?;
            leading.next_sweep = now + Duration::from_secs(SWEEP_INTERVAL_SECS);
            low_water = 0;
        }
        let published = self.publish_new(leading, low_water).await?;
        if now >= leading.next_resend {
            leading.next_resend = now + Duration::from_secs(RESEND_INTERVAL_SECS);
            self.resend(leading).await?;
        }
        Ok(published)
    }
}

async fn pause(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
