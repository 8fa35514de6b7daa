//! What fired, and how late.

use std::fmt;

use chrono::TimeDelta;
use platform::metrics::{Metrics, Sample, encode_gauge};
use prometheus_client::{
    collector::Collector,
    encoding::DescriptorEncoder,
    metrics::{counter::Counter, histogram::Histogram},
    registry::Unit,
};
use sqlx::PgPool;

use crate::store;

/// Bounds of lateness, in seconds: around the 100 ms that are promised, up to what an outage makes of it.
const LATENESS_BUCKETS_SECS: [f64; 15] =
    [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 600.0, 3600.0];

/// What a scheduler counts, once it is committed. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    fired: Counter,
    expired: Counter,
    lateness: Histogram,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            fired: Counter::default(),
            expired: Counter::default(),
            lateness: Histogram::new(LATENESS_BUCKETS_SECS),
        }
    }
}

impl Counts {
    pub(super) fn fired(&self, lateness: &[TimeDelta]) {
        self.fired.inc_by(lateness.len() as u64);
        for late in lateness {
            self.lateness.observe(late.as_seconds_f64());
        }
    }

    pub(super) fn expired(&self, reminders: usize) {
        self.expired.inc_by(reminders as u64);
    }

    pub(super) fn register(&self, pool: &PgPool, metrics: &mut Metrics) {
        let registry = metrics.registry();
        registry.register("reminders_fired", "Reminders that fired", self.fired.clone());
        registry.register(
            "reminders_expired",
            "Reminders that were missed for too long to be sent",
            self.expired.clone(),
        );
        registry.register_with_unit(
            "reminder_lateness",
            "Time from when a reminder was to fire until it did, by the database's clock",
            Unit::Seconds,
            self.lateness.clone(),
        );
        let pool = pool.clone();
        let until_next = metrics.sample(move || {
            let pool = pool.clone();
            async move { store::tasks::seconds_until_next(&pool).await }
        });
        metrics.registry().register_collector(Box::new(DueLag(until_next)));
    }
}

/// How long the task that is the longest overdue has waited.
#[derive(Debug)]
struct DueLag(Sample<Option<f64>>);

impl Collector for DueLag {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let lag = self.0.get().map(|until_next| (-until_next.unwrap_or_default()).max(0.0));
        encode_gauge(
            &mut encoder,
            "reminders_due_lag",
            "How long the reminder that is the longest overdue has waited; 0 where none is",
            Some(&Unit::Seconds),
            lag,
        )
    }
}
