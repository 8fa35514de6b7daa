//! Registering, signing in and out.

use std::net::IpAddr;

use events::{CorrelationId, SettingsVersion, TimeZone, UserId};

use super::{attempts, settings, tell};
use crate::{
    context::{Call, Context},
    domain::{email::Email, password::Password, secret_token::SecretToken, settings::Settings},
    error::Failure,
    store::{self, persons::Person},
};

/// How long a session lasts, in days.
pub(crate) const SESSION_DAYS: i32 = 30;

/// Makes an account and signs its owner in; tells the worker the first settings.
pub(crate) async fn register(
    context: &Context,
    correlation_id: CorrelationId,
    client: IpAddr,
    email: Email,
    password: Password,
    time_zone: TimeZone,
) -> Result<(Person, SecretToken), Failure> {
    attempts::make_account(context, client).await?;
    let hash = context.passwords.hash(password).await?;
    let user_id = UserId::random();
    let call = Call { user_id, correlation_id };
    let session = SecretToken::random();
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let now = messaging::now(&mut tx).await?;
    let person = Person {
        user_id,
        email: email.as_str().to_owned(),
        settings: Settings { time_zone, quiet_hours: None },
        settings_version: SettingsVersion::from(now.timestamp_micros()),
    };
    if !store::persons::insert(&mut tx, &person, &hash, now).await? {
        return Err(Failure::EmailTaken);
    }
    store::sessions::insert(&mut tx, user_id, &session.hash(), SESSION_DAYS).await?;
    tell(&mut tx, context, call, now, vec![settings::fact(&person, &[])], None).await?;
    tx.commit().await?;
    context.outbox.wake();
    Ok((person, session))
}

/// Signs somebody in. An unknown address costs the same time as a wrong password, and is limited as
/// a known one.
pub(crate) async fn log_in(
    context: &Context,
    client: IpAddr,
    email: &str,
    password: Password,
) -> Result<(Person, SecretToken), Failure> {
    let email = Email::parse(email).ok();
    attempts::try_password(context, client, email.as_ref()).await?;
    let known = match email {
        Some(email) => {
            let mut tx = store::begin_system(&context.pool).await?;
            let known = store::persons::by_email(&mut tx, email.as_str()).await?;
            tx.commit().await?;
            known
        }
        None => None,
    };
    let (user_id, hash) = known.unzip();
    let is_theirs = context.passwords.verify(password, hash).await?;
    let user_id = user_id.filter(|_| is_theirs).ok_or(Failure::InvalidCredentials)?;
    let session = SecretToken::random();
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let person =
        store::persons::find(&mut tx, user_id).await?.ok_or(Failure::InvalidCredentials)?;
    store::sessions::insert(&mut tx, user_id, &session.hash(), SESSION_DAYS).await?;
    tx.commit().await?;
    Ok((person, session))
}

/// Ends a session.
pub(crate) async fn log_out(
    context: &Context,
    user_id: UserId,
    session: &crate::domain::secret_token::TokenHash,
) -> Result<(), Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    store::sessions::delete(&mut tx, user_id, session).await?;
    Ok(tx.commit().await?)
}
