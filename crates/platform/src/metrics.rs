//! What a service counts, for Prometheus to scrape from the health listener.
//!
//! A part of a service owns what it counts and registers it here. What only the database knows is read
//! when somebody scrapes, at most every [`SAMPLE_INTERVAL_MS`], and never waited for longer than
//! [`SAMPLE_TIMEOUT_SECS`]: with the database away the rest is served, and those samples are missing
//! rather than old.
//!
//! Labels are bounded: a topic, an outcome, the pattern of a route. Never an id, an address, or what a
//! person wrote.

mod process;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text::encode},
    metrics::{gauge::ConstGauge, info::Info},
    registry::{Registry, Unit},
};
use sqlx::PgPool;
use tokio::time::Instant;

use crate::database;

/// How old a sample of the database may be, in milliseconds: who scrapes without pause asks it no more
/// often.
pub const SAMPLE_INTERVAL_MS: u64 = 1_000;
/// The longest that a scrape waits for the database, in seconds.
pub const SAMPLE_TIMEOUT_SECS: u64 = 2;
/// The type of what is served.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// What our own metrics' names begin with.
const PREFIX: &str = "todo";

type Reading = Box<dyn Fn() -> futures_util::future::BoxFuture<'static, ()> + Send + Sync>;

/// The metrics of a process.
pub struct Metrics {
    registry: Registry,
    readings: Vec<Reading>,
    last_read: tokio::sync::Mutex<Option<Instant>>,
}

/// What was last read of the database; nothing where it did not answer.
#[derive(Debug)]
pub struct Sample<T>(Arc<Mutex<Option<T>>>);

impl<T: Copy> Sample<T> {
    /// What was read for this scrape.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, value: Option<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

impl<T> Clone for Sample<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Metrics {
    /// The metrics that every process has: its build, itself, its connections to the database.
    #[must_use]
    pub fn new(service: &'static str, pool: &PgPool) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(process::Process::begun_now()));
        let mut metrics = Self { registry, readings: vec![], last_read: Default::default() };
        let ours = metrics.registry();
        ours.register(
            "build",
            "What runs",
            Info::new([("service", service), ("version", env!("CARGO_PKG_VERSION"))]),
        );
        ours.register_collector(Box::new(Connections(pool.clone())));
        let asked = pool.clone();
        let answered = metrics.sample(move || {
            let pool = asked.clone();
            async move { database::ping(&pool).await }
        });
        metrics.registry().register_collector(Box::new(DatabaseUp(answered)));
        metrics
    }

    /// Where a part registers what it counts.
    pub fn registry(&mut self) -> &mut Registry {
        self.registry.sub_registry_with_prefix(PREFIX)
    }

    /// Has something read of the database for each scrape. It is to be bounded in cost, by an index.
    pub fn sample<T, F>(&mut self, read: impl Fn() -> F + Send + Sync + 'static) -> Sample<T>
    where
        T: Copy + Send + 'static,
        F: Future<Output = sqlx::Result<T>> + Send + 'static,
    {
        let sample = Sample(Arc::default());
        let kept = sample.clone();
        self.readings.push(Box::new(move || {
            let (reading, kept) = (read(), kept.clone());
            Box::pin(async move {
                let limit = Duration::from_secs(SAMPLE_TIMEOUT_SECS);
                let answer = tokio::time::timeout(limit, reading).await;
                kept.set(answer.ok().and_then(Result::ok));
            })
        }));
        sample
    }

    /// All of it, as text.
    ///
    /// # Errors
    /// A part can't write itself.
    pub async fn scrape(&self) -> Result<String, fmt::Error> {
        self.read_database().await;
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    async fn read_database(&self) {
        let mut last_read = self.last_read.lock().await;
        let interval = Duration::from_millis(SAMPLE_INTERVAL_MS);
        if last_read.is_none_or(|last| last.elapsed() >= interval) {
            // Together, so that a database that is away is waited for once.
            futures_util::future::join_all(self.readings.iter().map(|read| read())).await;
            *last_read = Some(Instant::now());
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").field("registry", &self.registry).finish_non_exhaustive()
    }
}

/// Writes one gauge from within a collector; without a value it only says that there is one.
///
/// # Errors
/// The writer's own.
pub fn encode_gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    value: Option<f64>,
) -> fmt::Result {
    let kind = ConstGauge::new(0.0).metric_type();
    let encoder = encoder.encode_descriptor(name, help, unit, kind)?;
    value.map_or(Ok(()), |value| ConstGauge::new(value).encode(encoder))
}

/// The pool's connections.
#[derive(Debug)]
struct Connections(PgPool);

impl Collector for Connections {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (open, idle) = (f64::from(self.0.size()), self.0.num_idle() as f64);
        let most = f64::from(self.0.options().get_max_connections());
        for (name, help, value) in [
            ("database_connections_in_use", "Connections to the database that work", open - idle),
            ("database_connections_idle", "Connections to the database that wait for work", idle),
            ("database_connections_max", "Connections to the database that there may be", most),
        ] {
            // Both are read one after the other, and a connection may come or go in between.
            encode_gauge(&mut encoder, name, help, None, Some(value.max(0.0)))?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct DatabaseUp(Sample<()>);

impl Collector for DatabaseUp {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let up = f64::from(u8::from(self.0.get().is_some()));
        let help = "Whether the database answered this scrape in time; where not, what is read of it is missing";
        encode_gauge(&mut encoder, "database_up", help, None, Some(up))
    }
}
