//! Forgetting conversations.

use uuid::Uuid;

use crate::{
    context::{Call, Context},
    error::Failure,
    store,
};

/// Forgets a conversation with all that was said and may be taken back in it. What was done stays done.
pub(crate) async fn delete(
    context: &Context,
    call: Call,
    conversation_id: Uuid,
) -> Result<(), Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    if !store::conversations::delete(&mut tx, call.user_id, conversation_id).await? {
        return Err(Failure::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
