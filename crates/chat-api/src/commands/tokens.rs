//! API tokens: for programs, until they run out or are deleted.

use chrono::{DateTime, Utc};
use events::UserId;
use uuid::Uuid;

use crate::{
    context::Context,
    domain::{
        scope::{Scope, Scopes},
        secret_token::SecretToken,
        text::TokenName,
    },
    error::Failure,
    feed::access,
    queries,
    store::{self, tokens::ApiToken},
};

/// The most tokens that a person has, those that ran out too.
const MAX_TOKENS: i64 = 50;

/// A token that somebody asks for.
#[derive(Clone, Debug)]
pub(crate) struct NewToken {
    pub(crate) name: TokenName,
    pub(crate) scopes: Scopes,
    /// None where it is to last until it is deleted.
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// Makes a token; what it returns is the only time that it is seen. Nobody gives more than they
/// have: not a token beyond its own scopes, and administration only an administrator.
pub(crate) async fn create(
    context: &Context,
    user_id: UserId,
    own: &Scopes,
    new: NewToken,
) -> Result<(ApiToken, SecretToken), Failure> {
    if let Some(scope) = new.scopes.first_beyond(own) {
        return Err(Failure::InsufficientScope(scope));
    }
    if new.scopes.contains(Scope::Admin) && !queries::people::is_admin(context, user_id).await? {
        return Err(Failure::AdminsOnly);
    }
    let secret = SecretToken::random();
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let locked = store::persons::lock(&mut tx, user_id).await?.ok_or(Failure::NotSignedIn)?;
    if new.expires_at.is_some_and(|expires_at| expires_at <= locked.now) {
        return Err(Failure::field("expires_at", "lies in the past"));
    }
    if store::tokens::count(&mut tx, user_id).await? >= MAX_TOKENS {
        return Err(Failure::TooMany { what: "API tokens", limit: MAX_TOKENS });
    }
    let token = ApiToken {
        token_id: Uuid::new_v4(),
        name: new.name.into_inner(),
        scopes: new.scopes,
        created_at: locked.now,
        expires_at: new.expires_at,
        last_used_at: None,
    };
    store::tokens::insert(&mut tx, user_id, &token, &secret.hash()).await?;
    tx.commit().await?;
    Ok((token, secret))
}

/// Deletes a token; whoever has it is a stranger from now on.
pub(crate) async fn delete(
    context: &Context,
    user_id: UserId,
    token_id: Uuid,
) -> Result<(), Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    if !store::tokens::delete(&mut tx, user_id, token_id).await? {
        return Err(Failure::NotFound);
    }
    tx.commit().await?;
    access::recheck(context, user_id).await;
    Ok(())
}
