//! The database's time, between two looks at it.

use std::sync::RwLock;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Knows the database's time since the first look at it.
#[derive(Debug, Default)]
pub(crate) struct DatabaseClock {
    anchor: RwLock<Option<(DateTime<Utc>, Instant)>>,
}

impl DatabaseClock {
    /// Remembers what the database's clock shows now.
    pub(crate) fn set(&self, now: DateTime<Utc>) {
        let mut anchor = self.anchor.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        *anchor = Some((now, Instant::now()));
    }

    /// The time; none before the first look.
    pub(crate) fn now(&self) -> Option<DateTime<Utc>> {
        let anchor = *self.anchor.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (then, seen) = anchor?;
        Some(then + TimeDelta::from_std(seen.elapsed()).unwrap_or_default())
    }
}
