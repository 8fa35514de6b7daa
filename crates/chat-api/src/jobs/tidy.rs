//! Forgetting what nobody needs: old feed entries, sessions that have run out, dead letters that somebody
//! decided on.

use std::time::Duration;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::pause;
use crate::{context::Context, store};

const INTERVAL_SECS: u64 = 600;
/// How long a feed is kept, in days.
const FEED_RETENTION_DAYS: i64 = 7;
/// How long a dead letter of the worker's is shown after it was redriven or discarded, in days.
const SETTLED_LETTER_RETENTION_DAYS: i32 = 30;
/// The most rows that one transaction deletes.
const MAX_ROWS: i64 = 5_000;

/// Tidies now and then, until it is told to stop. Several replicas may do it at once.
pub(crate) async fn tidy(context: Context, stop: CancellationToken) {
    loop {
        if let Err(error) = run(&context, &stop).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "tidying goes on later");
        }
        if !pause(Duration::from_secs(INTERVAL_SECS), &stop).await {
            return;
        }
    }
}

async fn run(context: &Context, stop: &CancellationToken) -> sqlx::Result<()> {
    while !stop.is_cancelled() {
        let mut tx = store::begin_system(&context.pool).await?;
        let now = messaging::now(&mut tx).await?;
        let before = now - TimeDelta::days(FEED_RETENTION_DAYS);
        let entries = store::feed::prune(&mut tx, before, MAX_ROWS).await?;
        let sessions = store::sessions::purge(&mut tx, now, MAX_ROWS).await?;
        let keys = store::idempotency::purge(&mut tx, MAX_ROWS).await?;
        let links = store::action_links::purge(&mut tx, MAX_ROWS).await?;
        let days = SETTLED_LETTER_RETENTION_DAYS;
        let letters = store::dead_letters::forget(&mut tx, days, MAX_ROWS).await?;
        tx.commit().await?;
        let most = u64::try_from(MAX_ROWS).unwrap_or(u64::MAX);
        if entries.max(sessions).max(keys).max(links).max(letters) < most {
            return Ok(());
        }
    }
    Ok(())
}
