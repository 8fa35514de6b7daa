//! A person's API tokens.

use events::UserId;

use crate::{
    context::Context,
    error::Failure,
    store::{self, tokens::ApiToken},
};

/// The tokens, oldest first.
pub(crate) async fn list(context: &Context, user_id: UserId) -> Result<Vec<ApiToken>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let tokens = store::tokens::list(&mut tx, user_id).await?;
    tx.commit().await?;
    Ok(tokens)
}
