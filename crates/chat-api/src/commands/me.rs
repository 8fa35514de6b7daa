//! Changing what one signs in with, and ending one's account. Each asks for the password once more:
//! a browser left open, or a token that leaked, is not enough.

use std::net::IpAddr;

use events::{UserDeleted, UserId};

use super::{attempts, tell};
use crate::{
    context::{Call, Context},
    domain::{email::Email, password::Password},
    error::Failure,
    feed::access,
    queries::identity::Credential,
    store::{self, persons::Person},
};

/// Who asks, from where, and with which password.
#[derive(Clone, Debug)]
pub(crate) struct Confirmation {
    pub(crate) user_id: UserId,
    pub(crate) client: IpAddr,
    pub(crate) password: Password,
}

/// Replaces the password and ends every other session; API tokens stay.
pub(crate) async fn change_password(
    context: &Context,
    confirmation: Confirmation,
    credential: &Credential,
    new: Password,
) -> Result<(), Failure> {
    let user_id = confirmation.user_id;
    let old_hash = confirm(context, confirmation).await?;
    let new_hash = context.passwords.hash(new).await?;
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    if !store::accounts::lock_password(&mut tx, user_id, &old_hash).await? {
        return Err(Failure::WrongPassword);
    }
    store::accounts::set_password(&mut tx, user_id, &new_hash).await?;
    store::sessions::delete_others(&mut tx, user_id, credential.as_session()).await?;
    tx.commit().await?;
    access::recheck(context, user_id).await;
    tracing::info!(user.id = %user_id, "a password was changed");
    Ok(())
}

/// Replaces the address.
pub(crate) async fn change_email(
    context: &Context,
    confirmation: Confirmation,
    email: Email,
) -> Result<Person, Failure> {
    let user_id = confirmation.user_id;
    let hash = confirm(context, confirmation).await?;
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    if !store::accounts::lock_password(&mut tx, user_id, &hash).await? {
        return Err(Failure::WrongPassword);
    }
    if !store::accounts::set_email(&mut tx, user_id, email.as_str()).await? {
        return Err(Failure::EmailTaken);
    }
    let person = store::persons::find(&mut tx, user_id).await?.ok_or(Failure::NotSignedIn)?;
    tx.commit().await?;
    tracing::info!(user.id = %user_id, "an e-mail address was changed");
    Ok(person)
}

/// Ends the account: deletes all that is the person's here, and tells the worker to do the same. A
/// tombstone stays.
pub(crate) async fn delete(
    context: &Context,
    call: Call,
    confirmation: Confirmation,
) -> Result<(), Failure> {
    let hash = confirm(context, confirmation).await?;
    let user_id = call.user_id;
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    if !store::accounts::lock_password(&mut tx, user_id, &hash).await? {
        return Err(Failure::WrongPassword);
    }
    let locked = store::persons::lock(&mut tx, user_id).await?.ok_or(Failure::NotSignedIn)?;
    let deleted = UserDeleted { user_id, deleted_at: locked.now, version: locked.next_version };
    store::accounts::delete(&mut tx, user_id).await?;
    store::person_tombstones::insert(&mut tx, &deleted).await?;
    tell(&mut tx, context, call, locked.now, vec![deleted.into()], Some(locked.now)).await?;
    tx.commit().await?;
    context.outbox.wake();
    access::recheck(context, user_id).await;
    tracing::info!(user.id = %user_id, "an account was deleted");
    Ok(())
}

/// Checks the password, within the limits of signing in; returns its hash, which a command checks
/// again under its lock.
async fn confirm(context: &Context, confirmation: Confirmation) -> Result<String, Failure> {
    let Confirmation { user_id, client, password } = confirmation;
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let known = store::accounts::find(&mut tx, user_id).await?.ok_or(Failure::NotSignedIn)?;
    tx.commit().await?;
    attempts::try_password(context, client, Email::parse(&known.email).ok().as_ref()).await?;
    let is_theirs = context.passwords.verify(password, Some(known.password_hash.clone())).await?;
    is_theirs.then_some(known.password_hash).ok_or(Failure::WrongPassword)
}
