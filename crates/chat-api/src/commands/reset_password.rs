//! An operator's way in for somebody who has forgotten their password.

use sqlx::PgPool;

use super::{attempts::PASSWORDS_PER_EMAIL, passwords::Passwords};
use crate::{
    domain::{email::Email, password::Password},
    store,
};

/// The password was not reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetPasswordError {
    /// Nobody has this address.
    #[error("no account has this e-mail address")]
    NoAccount,
    /// The password that was given is none.
    #[error("the new password {0}")]
    Password(String),
    /// It can't be hashed.
    #[error("the new password can't be hashed")]
    Hash(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database's own.
    #[error("the database can't be used")]
    Database(#[from] sqlx::Error),
}

/// Gives the account with this address a new password, ends all of its sessions, and lifts the limit
/// on guessing for it; API tokens stay. Without a password it makes one up, and returns it.
///
/// # Errors
/// [`ResetPasswordError`]; nothing is changed then.
pub async fn reset_password(
    pool: &PgPool,
    email: &str,
    password: Option<String>,
) -> Result<Option<String>, ResetPasswordError> {
    let email = Email::parse(email).map_err(|_no_address| ResetPasswordError::NoAccount)?;
    let (password, made_up) = match password {
        Some(text) => {
            let refused =
                |why: crate::domain::Refused| ResetPasswordError::Password(why.to_string());
            (Password::parse(text).map_err(refused)?, None)
        }
        None => {
            let random = Password::random();
            let text = random.reveal().to_owned();
            (random, Some(text))
        }
    };
    let failed = |error| ResetPasswordError::Hash(Box::new(error));
    let hash = Passwords::new().hash(password).await.map_err(failed)?;
    let mut tx = store::begin_system(pool).await?;
    let known = store::accounts::by_email(&mut tx, email.as_str()).await?;
    let user_id = known.ok_or(ResetPasswordError::NoAccount)?.user_id;
    store::accounts::set_password(&mut tx, user_id, &hash).await?;
    store::sessions::delete_others(&mut tx, user_id, None).await?;
    store::attempts::forget(&mut tx, PASSWORDS_PER_EMAIL, email.as_str()).await?;
    tx.commit().await?;
    tracing::info!(user.id = %user_id, "a password was reset by an operator");
    Ok(made_up)
}
