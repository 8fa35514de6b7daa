//! What keeps the tables small, once a minute.

use platform::database::MAX_TRANSACTION_SECS;
use sqlx::PgPool;

use crate::store;

/// Events are remembered for longer than any topic keeps them, in days.
const INBOX_RETENTION_DAYS: i32 = 35;
/// A letter that was redriven or discarded is shown for as long, in days.
const SETTLED_LETTER_RETENTION_DAYS: i32 = 30;
/// An event that was refused may be redriven for as long and still have its second receipt told, in days.
const REJECTED_RETENTION_DAYS: i32 = 365;
/// The most rows of a table that one run forgets.
const MAX_PURGED_ROWS: i64 = 10_000;

pub(super) async fn run(pool: &PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    let lowest = store::outbox::lowest_unpublished(&mut tx).await?;
    store::relay_state::advance_low_water(&mut tx, lowest, MAX_TRANSACTION_SECS as f64).await?;
    // On its own: whoever settles receipts waits for the row of the mark.
    tx.commit().await?;
    let mut conn = pool.acquire().await?;
    store::inbox::purge(&mut conn, INBOX_RETENTION_DAYS, MAX_PURGED_ROWS).await?;
    let letters = SETTLED_LETTER_RETENTION_DAYS;
    store::dead_letters::forget(&mut conn, letters, MAX_PURGED_ROWS).await?;
    store::receipts::purge_rejected(&mut conn, REJECTED_RETENTION_DAYS, MAX_PURGED_ROWS).await?;
    Ok(())
}
