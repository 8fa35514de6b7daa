//! What this service has to tell and nobody has taken yet; for an administrator. No feed tells of it.

use chrono::{DateTime, Utc};
use messaging::MAX_COUNTED_ROWS;

use super::Page;
use crate::{
    context::Context,
    error::Failure,
    store::{
        self,
        outbox::{Row, Waiting},
    },
};

/// A page of the outbox, and what waits in all.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    pub(crate) last_receipt_at: Option<DateTime<Utc>>,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) page: Page<Row, i64>,
}

/// A page of this service's outbox, the oldest first.
pub(crate) async fn show(
    context: &Context,
    state: Option<&str>,
    after: Option<i64>,
    limit: i64,
) -> Result<Outbox, Failure> {
    let mut tx = store::begin_system(&context.pool).await?;
    let last_receipt_at = store::outbox::last_receipt_at(&mut tx).await?;
    let waiting = store::outbox::waiting(&mut tx, MAX_COUNTED_ROWS).await?;
    let rows = store::outbox::list(&mut tx, state, after, limit + 1).await?;
    tx.commit().await?;
    Ok(Outbox { last_receipt_at, waiting, page: Page::cut(rows, limit, 0, |row| row.seq) })
}
