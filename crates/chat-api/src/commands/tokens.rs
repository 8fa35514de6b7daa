//! API tokens: for programs, until they are deleted.

use events::UserId;
use uuid::Uuid;

use crate::{
    context::Context,
    domain::{secret_token::SecretToken, text::TokenName},
    error::Failure,
    store::{self, tokens::ApiToken},
};

/// The most tokens that a person has.
const MAX_TOKENS: i64 = 50;

/// Makes a token; what it returns is the only time that it is seen.
pub(crate) async fn create(
    context: &Context,
    user_id: UserId,
    name: TokenName,
) -> Result<(ApiToken, SecretToken), Failure> {
    let secret = SecretToken::random();
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    store::persons::lock(&mut tx, user_id).await?.ok_or(Failure::NotFound)?;
    if store::tokens::count(&mut tx, user_id).await? >= MAX_TOKENS {
        return Err(Failure::TooMany { what: "API tokens", limit: MAX_TOKENS });
    }
    let hash = secret.hash();
    let token = store::tokens::insert(&mut tx, user_id, Uuid::new_v4(), name, &hash).await?;
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
    Ok(tx.commit().await?)
}
