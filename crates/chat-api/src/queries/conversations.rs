//! Conversations and what was said in them.

use events::UserId;
use uuid::Uuid;

use super::Page;
use crate::{
    context::Context,
    error::Failure,
    store::{
        self,
        conversations::{Conversation, Cursor, Message},
    },
};

/// A page of conversations, the one that was spoken in last first. No feed tells of them.
pub(crate) async fn list(
    context: &Context,
    user_id: UserId,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Page<Conversation, Cursor>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let found = store::conversations::list(&mut tx, user_id, cursor, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(found, limit, 0, |conversation| Cursor {
        updated_at: conversation.updated_at,
        conversation_id: conversation.conversation_id,
    }))
}

/// A conversation with a page of its messages before a place, the last first.
pub(crate) async fn show(
    context: &Context,
    user_id: UserId,
    conversation_id: Uuid,
    before: Option<i32>,
    limit: i64,
) -> Result<(Conversation, Page<Message, i32>), Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let found = store::conversations::find(&mut tx, user_id, conversation_id).await?;
    let conversation = found.ok_or(Failure::NotFound)?;
    let messages =
        store::conversations::messages_before(&mut tx, user_id, conversation_id, before, limit + 1)
            .await?;
    tx.commit().await?;
    Ok((conversation, Page::cut(messages, limit, 0, |message| message.place)))
}
