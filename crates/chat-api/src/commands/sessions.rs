//! Ending sessions; whoever is signed in by one is a stranger from then on.

use events::UserId;
use uuid::Uuid;

use crate::{context::Context, error::Failure, feed::access, queries::identity::Credential, store};

/// Ends a session.
pub(crate) async fn end(
    context: &Context,
    user_id: UserId,
    session_id: Uuid,
) -> Result<(), Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    if !store::sessions::delete(&mut tx, user_id, session_id).await? {
        return Err(Failure::NotFound);
    }
    tx.commit().await?;
    access::recheck(context, user_id).await;
    Ok(())
}

/// Ends every session but the one that asks.
pub(crate) async fn end_others(
    context: &Context,
    user_id: UserId,
    credential: &Credential,
) -> Result<(), Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    store::sessions::delete_others(&mut tx, user_id, credential.as_session()).await?;
    tx.commit().await?;
    access::recheck(context, user_id).await;
    Ok(())
}
