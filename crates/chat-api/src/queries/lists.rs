//! A person's lists.

use events::UserId;

use crate::{
    context::Context,
    error::Failure,
    store::{self, lists::List},
};

/// The lists in their order.
pub(crate) async fn list(context: &Context, user_id: UserId) -> Result<Vec<List>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let lists = store::lists::all(&mut tx, user_id).await?;
    tx.commit().await?;
    Ok(lists)
}
