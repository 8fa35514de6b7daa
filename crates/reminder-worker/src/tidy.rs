//! Forgetting what nobody needs: deliveries that ended long ago, their firings and digests, and of recurring
//! tasks the reminders of occurrences that are over.
//!
//! What remains remembers up to when a reminder has fired: forgetting never lets it fire again.

use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::store;

/// How often it tidies, in seconds.
const INTERVAL_SECS: u64 = 3600;
/// How long a delivery is kept after its end, and a firing or a digest after its time, in days.
pub const RETENTION_DAYS: i32 = 90;
/// The most rows that one statement deletes.
const MAX_ROWS: i64 = 5_000;

/// Tidies now and then, until it is told to stop. Several replicas may do it at once.
pub async fn run(pool: PgPool, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = tidy(&pool, &stop).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "tidying goes on later");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(INTERVAL_SECS)) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn tidy(pool: &PgPool, stop: &CancellationToken) -> sqlx::Result<()> {
    while !stop.is_cancelled() {
        let deliveries = store::deliveries::forget(pool, RETENTION_DAYS, MAX_ROWS).await?;
        let firings = store::firings::forget(pool, RETENTION_DAYS, MAX_ROWS).await?;
        let digests = store::digests::forget(pool, RETENTION_DAYS, MAX_ROWS).await?;
        let reminders = store::reminders::forget(pool, RETENTION_DAYS, MAX_ROWS).await?;
        let most = u64::try_from(MAX_ROWS).unwrap_or(u64::MAX);
        if deliveries.max(firings).max(digests).max(reminders) < most {
            return Ok(());
        }
    }
    Ok(())
}
