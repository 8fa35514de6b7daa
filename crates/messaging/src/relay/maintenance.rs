//! What keeps the tables small, once a minute.

use platform::database::MAX_TRANSACTION_SECS;
use sqlx::PgPool;

use crate::store;

/// Events are remembered for longer than any topic keeps them, in days.
const INBOX_RETENTION_DAYS: i32 = 35;
/// The most inbox rows that one run forgets.
const MAX_PURGED_ROWS: i64 = 10_000;

pub(super) async fn run(pool: &PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    let lowest = store::outbox::lowest_unpublished(&mut tx).await?;
    store::relay_state::advance_low_water(&mut tx, lowest, MAX_TRANSACTION_SECS as f64).await?;
    // On its own: whoever settles receipts waits for the row of the mark.
    tx.commit().await?;
    let mut conn = pool.acquire().await?;
    store::inbox::purge(&mut conn, INBOX_RETENTION_DAYS, MAX_PURGED_ROWS).await?;
    Ok(())
}
