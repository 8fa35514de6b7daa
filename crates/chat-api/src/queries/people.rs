//! Accounts and their settings.

use chrono::{DateTime, Utc};
use events::UserId;

use super::Page;
use crate::{
    context::Context,
    error::Failure,
    store::{
        self,
        accounts::{AccountSummary, Cursor},
        persons::Person,
    },
};

/// A person.
pub(crate) async fn find(context: &Context, user_id: UserId) -> Result<Person, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let person = store::persons::find(&mut tx, user_id).await?;
    tx.commit().await?;
    person.ok_or(Failure::NotSignedIn)
}

/// A person, and what time it is by the database's clock.
pub(crate) async fn find_now(
    context: &Context,
    user_id: UserId,
) -> Result<(Person, DateTime<Utc>), Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let person = store::persons::find(&mut tx, user_id).await?;
    let now = messaging::now(&mut tx).await?;
    tx.commit().await?;
    Ok((person.ok_or(Failure::NotSignedIn)?, now))
}

/// Whether a person is an administrator.
pub(crate) async fn is_admin(context: &Context, user_id: UserId) -> Result<bool, Failure> {
    let mut tx = store::begin_system(&context.pool).await?;
    let is_admin = store::accounts::is_admin(&mut tx, user_id, &context.admins).await?;
    tx.commit().await?;
    Ok(is_admin)
}

/// A page of everybody's accounts, oldest first; for an administrator. No feed tells of them.
pub(crate) async fn list(
    context: &Context,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Page<AccountSummary, Cursor>, Failure> {
    let mut tx = store::begin_system(&context.pool).await?;
    let accounts = store::accounts::list(&mut tx, cursor, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(accounts, limit, 0, |account| Cursor {
        created_at: account.created_at,
        user_id: account.user_id,
    }))
}
