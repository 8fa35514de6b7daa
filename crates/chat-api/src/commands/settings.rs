//! Changing settings; the worker learns them whole.

use events::{ChannelKind, ChannelSettings, NotificationSettingsUpdated, Payload, SealedText};
use platform::sealing::Sealed;

use super::tell;
use crate::{
    context::{Call, Context},
    domain::settings::Settings,
    error::Failure,
    store::{self, channels::Channel, persons::Person},
};

/// Replaces a person's settings. The same ones again tell nobody anything.
pub(crate) async fn change(
    context: &Context,
    call: Call,
    settings: Settings,
) -> Result<Settings, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let locked = store::persons::lock(&mut tx, call.user_id).await?.ok_or(Failure::NotSignedIn)?;
    if locked.person.settings == settings {
        return Ok(settings);
    }
    let person = Person { settings, settings_version: locked.next_version, ..locked.person };
    store::persons::save_settings(&mut tx, &person).await?;
    let channels = store::channels::list(&mut tx, call.user_id).await?;
    let fact = fact(&person, &channels);
    tell(&mut tx, context, call, locked.now, vec![fact], None).await?;
    tx.commit().await?;
    context.outbox.wake();
    Ok(settings)
}

/// A person's settings as the worker learns them.
pub(crate) fn fact(person: &Person, channels: &[Channel]) -> Payload {
    NotificationSettingsUpdated {
        user_id: person.user_id,
        version: person.settings_version,
        time_zone: person.settings.time_zone,
        quiet_hours: person.settings.quiet_hours,
        channels: channels
            .iter()
            .map(|channel| ChannelSettings {
                channel_id: channel.channel_id,
                kind: ChannelKind::Webhook,
                address: sealed_text(&channel.address),
                secret: channel.secret.as_ref().map(sealed_text),
            })
            .collect(),
    }
    .into()
}

fn sealed_text(sealed: &Sealed) -> SealedText {
    SealedText { key_id: sealed.key_id.clone(), ciphertext: sealed.ciphertext.clone() }
}
