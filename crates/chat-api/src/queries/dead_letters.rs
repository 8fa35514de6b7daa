//! What the services could not take; for an administrator. No feed tells of it.

use events::DeadLetterId;

use super::Page;
use crate::{
    context::Context,
    error::Failure,
    store::{
        self,
        dead_letters::{Cursor, DeadLetter},
    },
};

/// A page of both services' letters, the newest first.
pub(crate) async fn list(
    context: &Context,
    state: Option<&str>,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Page<DeadLetter, Cursor>, Failure> {
    let mut tx = store::begin_system(&context.pool).await?;
    let letters = store::dead_letters::list(&mut tx, state, cursor, limit + 1).await?;
    tx.commit().await?;
    let cursor = |letter: &DeadLetter| Cursor { kept_at: letter.kept_at, id: letter.id };
    Ok(Page::cut(letters, limit, 0, cursor))
}

/// A letter, and its first bytes as base64.
pub(crate) async fn show(
    context: &Context,
    id: DeadLetterId,
) -> Result<(DeadLetter, String), Failure> {
    let mut tx = store::begin_system(&context.pool).await?;
    let letter = store::dead_letters::find(&mut tx, id).await?.ok_or(Failure::NotFound)?;
    let head = store::dead_letters::head(&mut tx, id).await?;
    tx.commit().await?;
    Ok((letter, head))
}
