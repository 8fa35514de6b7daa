//! Who calls.

use events::UserId;

use crate::{
    context::Context,
    domain::secret_token::{SecretToken, TokenHash},
    error::Failure,
    store,
};

/// What a request presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A browser's cookie.
    Session(TokenHash),
    /// A program's bearer token.
    ApiToken(TokenHash),
}

impl Credential {
    pub(crate) fn session(text: &str) -> Option<Self> {
        SecretToken::parse(text).map(|token| Self::Session(token.hash()))
    }

    pub(crate) fn api_token(text: &str) -> Option<Self> {
        SecretToken::parse(text).map(|token| Self::ApiToken(token.hash()))
    }
}

/// Whose credential it is, while it holds.
pub(crate) async fn user_of(
    context: &Context,
    credential: &Credential,
) -> Result<Option<UserId>, Failure> {
    let mut tx = store::begin_system(&context.pool).await?;
    let user_id = match credential {
        Credential::Session(hash) => store::sessions::user_of(&mut tx, hash).await?,
        Credential::ApiToken(hash) => store::tokens::user_of(&mut tx, hash).await?,
    };
    tx.commit().await?;
    Ok(user_id)
}
