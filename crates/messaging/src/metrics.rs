//! What passes through outbox and inbox, counted; and what waits in the outbox, read for a scrape.

use std::fmt;

use events::Topic;
use platform::metrics::{Metrics, Sample, encode_gauge};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Unit,
};
use sqlx::PgPool;

use crate::store::{self, backlog::Backlog};

/// Rows of each kind are counted up to so many: what a scrape costs has a bound, whatever waits.
pub const MAX_COUNTED_ROWS: i64 = 10_000;

/// What came of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Taken, with its effect.
    Applied,
    /// Taken, and a higher version was here.
    Stale,
    /// An event that can't be applied; a dead letter.
    Rejected,
    /// Taken before.
    Duplicate,
    /// Nothing for us.
    Ignored,
    /// No event; a dead letter.
    Poison,
    /// To come again: our database was away.
    Retried,
}

impl Received {
    const ALL: [Self; 7] = [
        Self::Applied,
        Self::Stale,
        Self::Rejected,
        Self::Duplicate,
        Self::Ignored,
        Self::Poison,
        Self::Retried,
    ];

    /// As the label has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Stale => "stale",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Poison => "poison",
            Self::Retried => "retried",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfTopic {
    topic: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfDelivery {
    topic: &'static str,
    outcome: &'static str,
}

/// The counters of a service. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    published: Family<OfTopic, Counter>,
    resent: Family<OfTopic, Counter>,
    refused: Family<OfTopic, Counter>,
    leading: Gauge,
    received: Family<OfDelivery, Counter>,
    dead_letters: Family<OfTopic, Counter>,
    receipts_sent: Counter,
}

impl Counts {
    pub(crate) fn published(&self, topic: &str, rows: usize) {
        self.published.get_or_create(&of(topic)).inc_by(rows as u64);
    }

    pub(crate) fn resent(&self, topic: &str, rows: usize) {
        self.resent.get_or_create(&of(topic)).inc_by(rows as u64);
    }

    pub(crate) fn refused(&self, topic: &str, rows: usize) {
        self.refused.get_or_create(&of(topic)).inc_by(rows as u64);
    }

    pub(crate) fn leads(&self, leads: bool) {
        self.leading.set(leads.into());
    }

    pub(crate) fn received(&self, topic: Topic, outcome: Received) {
        let of = OfDelivery { topic: topic.name(), outcome: outcome.name() };
        self.received.get_or_create(&of).inc();
    }

    pub(crate) fn dead_letter(&self, topic: &str) {
        self.dead_letters.get_or_create(&of(topic)).inc();
    }

    pub(crate) fn receipts_sent(&self, receipts: usize) {
        self.receipts_sent.inc_by(receipts as u64);
    }

    /// Registers all of it, and what is read of this database.
    pub(crate) fn register(&self, pool: &PgPool, metrics: &mut Metrics) {
        self.begin_at_zero();
        let registry = metrics.registry();
        registry.register(
            "outbox_published_rows",
            "Rows of the outbox that the bus took for the first time",
            self.published.clone(),
        );
        registry.register(
            "outbox_resent_rows",
            "Rows of the outbox that were sent again for want of a receipt",
            self.resent.clone(),
        );
        registry.register(
            "outbox_refused_rows",
            "Rows of the outbox that the bus refused, each time that it did",
            self.refused.clone(),
        );
        registry.register(
            "relay_leading",
            "Whether this process publishes; of a service's processes one does",
            self.leading.clone(),
        );
        registry.register(
            "inbox_deliveries",
            "Deliveries of the sidecar, by what came of them",
            self.received.clone(),
        );
        registry.register(
            "dead_letters",
            "Records that were kept as dead letters, by the topic that they came by",
            self.dead_letters.clone(),
        );
        registry.register(
            "receipts_sent",
            "Receipts that were appended for the other service",
            self.receipts_sent.clone(),
        );
        let pool = pool.clone();
        let backlog = metrics.sample(move || {
            let pool = pool.clone();
            async move { store::backlog::read(&mut *pool.acquire().await?, MAX_COUNTED_ROWS).await }
        });
        metrics.registry().register_collector(Box::new(Waiting(backlog)));
    }

    /// An increase shows only in a series that was there before it.
    fn begin_at_zero(&self) {
        for topic in Topic::ALL {
            for family in [&self.published, &self.resent, &self.refused, &self.dead_letters] {
                drop(family.get_or_create(&of(topic.name())));
            }
            for outcome in Received::ALL {
                let of = OfDelivery { topic: topic.name(), outcome: outcome.name() };
                drop(self.received.get_or_create(&of));
            }
        }
    }
}

fn of(topic: &str) -> OfTopic {
    OfTopic { topic: topic.to_owned() }
}

#[derive(Debug)]
struct Waiting(Sample<Backlog>);

impl Collector for Waiting {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let backlog = self.0.get();
        let rows = |of: fn(Backlog) -> i64| backlog.map(|backlog| of(backlog) as f64);
        // Of nothing, the oldest is not old.
        let age = |of: fn(Backlog) -> Option<f64>| {
            backlog.map(|backlog| of(backlog).unwrap_or_default().max(0.0))
        };
        encode_gauge(
            &mut encoder,
            "outbox_unpublished_rows",
            "Rows of the outbox that wait to be published, counted up to 10,000",
            None,
            rows(|backlog| backlog.unpublished_rows),
        )?;
        encode_gauge(
            &mut encoder,
            "outbox_oldest_unpublished_age",
            "Age of the oldest event that waits to be published; 0 where none does",
            Some(&Unit::Seconds),
            age(|backlog| backlog.oldest_unpublished_secs),
        )?;
        encode_gauge(
            &mut encoder,
            "outbox_unreceipted_rows",
            "Rows of the outbox that were published and wait for a receipt, counted up to 20,000",
            None,
            rows(|backlog| backlog.unreceipted_rows),
        )?;
        encode_gauge(
            &mut encoder,
            "outbox_oldest_unreceipted_age",
            "Time since the first publication of the oldest row that waits for a receipt; 0 where none does",
            Some(&Unit::Seconds),
            age(|backlog| backlog.oldest_unreceipted_secs),
        )
    }
}
