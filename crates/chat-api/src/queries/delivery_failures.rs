//! Notifications that failed; for an administrator. No feed tells of them all.

use super::Page;
use crate::{
    context::Context,
    error::Failure,
    store::{
        self,
        delivery_failures::{Cursor, DeliveryFailure},
    },
};

/// A page of everybody's, the newest first.
pub(crate) async fn list(
    context: &Context,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Page<DeliveryFailure, Cursor>, Failure> {
    let mut tx = store::begin_system(&context.pool).await?;
    let failures = store::delivery_failures::list(&mut tx, cursor, limit + 1).await?;
    tx.commit().await?;
    let cursor = |failure: &DeliveryFailure| Cursor { at: failure.at, event_id: failure.event_id };
    Ok(Page::cut(failures, limit, 0, cursor))
}
