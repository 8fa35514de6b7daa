//! A person's sessions.

use events::UserId;

use super::{Page, identity::Credential};
use crate::{
    context::Context,
    error::Failure,
    store::{
        self,
        sessions::{Cursor, Session},
    },
};

/// A page of sessions, newest first.
pub(crate) async fn list(
    context: &Context,
    user_id: UserId,
    credential: &Credential,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Page<Session, Cursor>, Failure> {
    let current = credential.as_session();
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let reach = store::feed::reach(&mut tx, user_id).await?;
    let sessions = store::sessions::list(&mut tx, user_id, current, cursor, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(sessions, limit, reach.head, |session| Cursor {
        created_at: session.created_at,
        session_id: session.session_id,
    }))
}
