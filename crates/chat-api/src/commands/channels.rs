//! Adding, removing and trying channels. Addresses and secrets are sealed before they rest or travel.

use events::{ChannelId, ChannelTestRequested, UserId};

use super::{settings, tell};
use crate::{
    context::{Call, Context},
    domain::channel::NewChannel,
    error::Failure,
    store::{self, channels::Channel, persons::Locked, persons::Person},
};

/// The most channels that a person has: all of them travel in each event of settings.
const MAX_CHANNELS: usize = 20;

/// What an address is sealed for.
pub(crate) fn address_context(user_id: UserId, channel_id: ChannelId) -> String {
    format!("{user_id}/{channel_id}/address")
}

fn secret_context(user_id: UserId, channel_id: ChannelId) -> String {
    format!("{user_id}/{channel_id}/secret")
}

/// Adds a channel.
pub(crate) async fn add(
    context: &Context,
    call: Call,
    new: &NewChannel,
) -> Result<ChannelId, Failure> {
    let (user_id, channel_id) = (call.user_id, ChannelId::random());
    let keys = &context.keys;
    let channel = Channel {
        channel_id,
        user_id,
        kind: new.kind(),
        address: keys.seal(&address_context(user_id, channel_id), new.address()),
        secret: new.secret().map(|text| keys.seal(&secret_context(user_id, channel_id), text)),
    };
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let locked = store::persons::lock(&mut tx, user_id).await?.ok_or(Failure::NotSignedIn)?;
    if store::channels::list(&mut tx, user_id).await?.len() >= MAX_CHANNELS {
        return Err(Failure::TooMany { what: "channels", limit: MAX_CHANNELS as i64 });
    }
    store::channels::insert(&mut tx, &channel).await?;
    save_and_tell(&mut tx, context, call, locked).await?;
    tx.commit().await?;
    context.outbox.wake();
    Ok(channel_id)
}

/// Removes a channel.
pub(crate) async fn remove(
    context: &Context,
    call: Call,
    channel_id: ChannelId,
) -> Result<(), Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let locked = store::persons::lock(&mut tx, call.user_id).await?.ok_or(Failure::NotSignedIn)?;
    if !store::channels::delete(&mut tx, call.user_id, channel_id).await? {
        return Err(Failure::NotFound);
    }
    save_and_tell(&mut tx, context, call, locked).await?;
    tx.commit().await?;
    context.outbox.wake();
    Ok(())
}

/// Asks the worker to try a channel.
pub(crate) async fn test(
    context: &Context,
    call: Call,
    channel_id: ChannelId,
) -> Result<(), Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let locked = store::persons::lock(&mut tx, call.user_id).await?.ok_or(Failure::NotSignedIn)?;
    let channels = store::channels::list(&mut tx, call.user_id).await?;
    if !channels.iter().any(|channel| channel.channel_id == channel_id) {
        return Err(Failure::NotFound);
    }
    let fact = ChannelTestRequested { user_id: call.user_id, channel_id, requested_at: locked.now };
    tell(&mut tx, context, call, locked.now, vec![fact.into()], Some(locked.now)).await?;
    tx.commit().await?;
    context.outbox.wake();
    Ok(())
}

async fn save_and_tell(
    conn: &mut sqlx::PgConnection,
    context: &Context,
    call: Call,
    locked: Locked,
) -> Result<(), Failure> {
    let person = Person { settings_version: locked.next_version, ..locked.person };
    store::persons::save_settings(conn, &person).await?;
    let channels = store::channels::list(conn, call.user_id).await?;
    let fact = settings::fact(&person, &channels);
    tell(conn, context, call, locked.now, vec![fact], None).await
}
