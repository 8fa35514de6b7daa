//! Registering, signing in and out.

use events::{CorrelationId, DEFAULT_DAY_TIME, SettingsVersion, TimeZone, UserId};

use super::{attempts, lists, settings, tell};
use crate::{
    context::{Call, Client, Context},
    domain::{
        email::Email,
        language::Language,
        password::Password,
        secret_token::{SecretToken, TokenHash},
        settings::Settings,
    },
    error::Failure,
    feed::access,
    store::{self, persons::Person},
};

/// How long a session lasts, in days.
pub(crate) const SESSION_DAYS: i32 = 30;

/// What a new account begins with.
#[derive(Clone, Debug)]
pub(crate) struct NewAccount {
    pub(crate) email: Email,
    pub(crate) password: Password,
    pub(crate) time_zone: TimeZone,
}

/// Makes an account and signs its owner in; tells the worker the first settings.
pub(crate) async fn register(
    context: &Context,
    correlation_id: CorrelationId,
    client: &Client,
    new: NewAccount,
) -> Result<(Person, SecretToken), Failure> {
    attempts::make_account(context, client.network).await?;
    let hash = context.passwords.hash(new.password).await?;
    let user_id = UserId::random();
    let call = Call { user_id, correlation_id };
    let session = SecretToken::random();
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let now = messaging::now(&mut tx).await?;
    let person = Person {
        user_id,
        email: new.email.as_str().to_owned(),
        settings: Settings {
            language: Language::default(),
            time_zone: new.time_zone,
            quiet_hours: None,
            day_time: DEFAULT_DAY_TIME,
            digest: None,
        },
        settings_version: SettingsVersion::from(now.timestamp_micros()),
    };
    if !store::persons::insert(&mut tx, &person, &hash, now).await? {
        return Err(Failure::EmailTaken);
    }
    lists::create_inbox(&mut tx, user_id).await?;
    let agent = client.user_agent.as_ref();
    store::sessions::insert(&mut tx, user_id, &session.hash(), agent, SESSION_DAYS).await?;
    tell(&mut tx, context, call, now, vec![settings::fact(&person, &[])], None).await?;
    tx.commit().await?;
    context.outbox.wake();
    Ok((person, session))
}

/// Signs somebody in. An unknown address costs the same time as a wrong password, and is limited as
/// a known one.
pub(crate) async fn log_in(
    context: &Context,
    client: &Client,
    email: &str,
    password: Password,
) -> Result<(Person, SecretToken), Failure> {
    let email = Email::parse(email).ok();
    attempts::try_password(context, client.network, email.as_ref()).await?;
    let known = match email {
        Some(email) => {
            let mut tx = store::begin_system(&context.pool).await?;
            let known = store::accounts::by_email(&mut tx, email.as_str()).await?;
            tx.commit().await?;
            known
        }
        None => None,
    };
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let is_theirs = context.passwords.verify(password, hash).await?;
    let known = known.filter(|_| is_theirs).ok_or(Failure::InvalidCredentials)?;
    let (user_id, session) = (known.user_id, SecretToken::random());
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    // A password that was changed meanwhile has ended all sessions, and begins none.
    if !store::accounts::lock_password(&mut tx, user_id, &known.password_hash).await? {
        return Err(Failure::InvalidCredentials);
    }
    let person =
        store::persons::find(&mut tx, user_id).await?.ok_or(Failure::InvalidCredentials)?;
    let agent = client.user_agent.as_ref();
    store::sessions::insert(&mut tx, user_id, &session.hash(), agent, SESSION_DAYS).await?;
    tx.commit().await?;
    Ok((person, session))
}

/// Ends a session.
pub(crate) async fn log_out(
    context: &Context,
    user_id: UserId,
    session: &TokenHash,
) -> Result<(), Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    store::sessions::delete_current(&mut tx, user_id, session).await?;
    tx.commit().await?;
    access::recheck(context, user_id).await;
    Ok(())
}
