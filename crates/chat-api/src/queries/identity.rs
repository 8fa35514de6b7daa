//! Who calls, and that they did.

use events::UserId;

use crate::{
    context::Context,
    domain::{
        scope::Scopes,
        secret_token::{SecretToken, TokenHash},
    },
    error::Failure,
    store,
};

/// How exactly it is kept when a session or token was last used, in seconds. A write on every
/// request would be one on every read: WAL, a dead row and a lock on the one row that all requests
/// of a program share, for a time that a person reads in minutes.
const LAST_USE_PRECISION_SECS: f64 = 60.0;

/// What a request presents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Credential {
    /// A browser's cookie.
    Session(TokenHash),
    /// A program's bearer token.
    ApiToken(TokenHash),
}

/// Who calls, and what their credential is for.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) user_id: UserId,
    pub(crate) scopes: Scopes,
}

impl Credential {
    pub(crate) fn session(text: &str) -> Option<Self> {
        SecretToken::parse(text).map(|token| Self::Session(token.hash()))
    }

    pub(crate) fn api_token(text: &str) -> Option<Self> {
        SecretToken::parse(text).map(|token| Self::ApiToken(token.hash()))
    }

    /// The session that it is, where it is one.
    pub(crate) const fn as_session(&self) -> Option<&TokenHash> {
        match self {
            Self::Session(hash) => Some(hash),
            Self::ApiToken(_) => None,
        }
    }
}

/// Whose credential it is, while it holds.
pub(crate) async fn user_of(
    context: &Context,
    credential: &Credential,
) -> Result<Option<UserId>, Failure> {
    Ok(identify(context, credential).await?.map(|identity| identity.user_id))
}

/// Whose credential it is and what for, while it holds; notes its use.
pub(crate) async fn identify(
    context: &Context,
    credential: &Credential,
) -> Result<Option<Identity>, Failure> {
    let mut tx = store::begin_system(&context.pool).await?;
    let (identity, is_due) = match credential {
        Credential::Session(hash) => {
            let owner = store::sessions::owner(&mut tx, hash, LAST_USE_PRECISION_SECS).await?;
            let Some(owner) = owner else { return Ok(None) };
            (Identity { user_id: owner.user_id, scopes: Scopes::all() }, owner.is_due)
        }
        Credential::ApiToken(hash) => {
            let owner = store::tokens::owner(&mut tx, hash, LAST_USE_PRECISION_SECS).await?;
            let Some(owner) = owner else { return Ok(None) };
            (Identity { user_id: owner.user_id, scopes: owner.scopes }, owner.is_due)
        }
    };
    if is_due {
        note_use(&mut tx, credential, identity.user_id).await?;
    }
    tx.commit().await?;
    Ok(Some(identity))
}

async fn note_use(
    conn: &mut sqlx::PgConnection,
    credential: &Credential,
    user_id: UserId,
) -> sqlx::Result<()> {
    let precision = LAST_USE_PRECISION_SECS;
    let is_noted = match credential {
        Credential::Session(hash) => store::sessions::note_use(conn, hash, precision).await?,
        Credential::ApiToken(hash) => store::tokens::note_use(conn, hash, precision).await?,
    };
    if is_noted {
        store::accounts::note_use(conn, user_id).await?;
    }
    Ok(())
}
