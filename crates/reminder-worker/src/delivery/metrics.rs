//! What became of notifications, and how long targets take.

use std::time::Duration;

use events::ChannelKind;
use platform::metrics::Metrics;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Unit,
};

use super::ATTEMPT_TIMEOUT_SECS;

/// Bounds of an attempt's time, in seconds; the last is its time-out.
const ATTEMPT_BUCKETS_SECS: [f64; 10] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, ATTEMPT_TIMEOUT_SECS as f64];

/// What became of a notification for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// The target took it.
    Delivered,
    /// It will not be tried again.
    Failed,
    /// Its channel is gone.
    Dropped,
    /// It waits for its next attempt.
    Retried,
}

impl Became {
    const ALL: [Self; 4] = [Self::Delivered, Self::Failed, Self::Dropped, Self::Retried];

    const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::Retried => "retried",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDelivery {
    channel: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAttempt {
    channel: &'static str,
}

/// What the queue counts, once it is committed. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    deliveries: Family<OfDelivery, Counter>,
    attempts: Family<OfAttempt, Histogram>,
}

impl Default for Counts {
    fn default() -> Self {
        let attempts = Family::new_with_constructor(
            (|| Histogram::new(ATTEMPT_BUCKETS_SECS)) as fn() -> Histogram,
        );
        Self { deliveries: Family::default(), attempts }
    }
}

impl Counts {
    pub(super) fn became(&self, kind: ChannelKind, became: Became) {
        self.deliveries.get_or_create(&of(kind, became)).inc();
    }

    /// A target was asked, and answered or not within so long.
    pub(super) fn attempted(&self, kind: ChannelKind, took: Duration) {
        let of = OfAttempt { channel: kind.name() };
        self.attempts.get_or_create(&of).observe(took.as_secs_f64());
    }

    pub(super) fn register(&self, metrics: &mut Metrics) {
        // An increase shows only in a series that was there before it.
        for kind in ChannelKind::KNOWN {
            for became in Became::ALL {
                drop(self.deliveries.get_or_create(&of(kind, became)));
            }
            drop(self.attempts.get_or_create(&OfAttempt { channel: kind.name() }));
        }
        let registry = metrics.registry();
        registry.register(
            "deliveries",
            "Attempts to deliver a notification, by what became of it",
            self.deliveries.clone(),
        );
        registry.register_with_unit(
            "delivery_attempt_duration",
            "Time from a request to a target until its answer or its failure",
            Unit::Seconds,
            self.attempts.clone(),
        );
    }
}

fn of(kind: ChannelKind, became: Became) -> OfDelivery {
    OfDelivery { channel: kind.name(), outcome: became.name() }
}
