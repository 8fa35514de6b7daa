//! Changing settings; the worker learns them whole.

use chrono::NaiveTime;
use events::{
    ChannelSettings, DailyDigest, NotificationSettingsUpdated, Payload, QuietHours, SealedText,
    TimeZone,
};
use platform::sealing::Sealed;
use sqlx::PgConnection;

use super::{tasks, tell};
use crate::{
    context::{Call, Context},
    domain::{language::LanguagePatch, settings::Settings, task},
    error::Failure,
    store::{self, channels::Channel, persons::Person},
};

/// The most tasks that are changed at once.
const BATCH_TASKS: i64 = 500;

/// What becomes of a person's tasks when their clock changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tasks {
    /// Whole days and what repeats keep their local times, by the new clock.
    Follow,
    /// They stay with the zone that they have.
    Stay,
}

/// What a person's settings are to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replacement {
    pub(crate) time_zone: TimeZone,
    pub(crate) quiet_hours: Option<QuietHours>,
    /// As before where it is left out.
    pub(crate) day_time: Option<NaiveTime>,
    /// As before where it is left out; none is wanted where it says so.
    pub(crate) digest: Option<Option<DailyDigest>>,
    /// As before where it says nothing.
    pub(crate) language: LanguagePatch,
    /// What becomes of the person's tasks.
    pub(crate) tasks: Tasks,
}

/// Replaces a person's settings. The same ones again tell nobody anything.
///
/// With the zone and the time of day at which whole days remind, the live tasks change that go by them.
pub(crate) async fn change(
    context: &Context,
    call: Call,
    replacement: Replacement,
) -> Result<Settings, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let locked = store::persons::lock(&mut tx, call.user_id).await?.ok_or(Failure::NotSignedIn)?;
    let before = locked.person.settings;
    let Replacement { time_zone, quiet_hours, day_time, digest, language, tasks } = replacement;
    let day_time = day_time.unwrap_or(before.day_time);
    let digest = digest.unwrap_or(before.digest);
    let language = before.language.changed(language);
    let settings = Settings { time_zone, quiet_hours, day_time, digest, language };
    if before == settings {
        return Ok(settings);
    }
    if before == (Settings { language: before.language, ..settings }) {
        // How a person's words are understood is nothing to the worker.
        let person = Person { settings, ..locked.person };
        store::persons::save_settings(&mut tx, &person).await?;
        tx.commit().await?;
        return Ok(settings);
    }
    let person = Person { settings, settings_version: locked.next_version, ..locked.person };
    store::persons::save_settings(&mut tx, &person).await?;
    if (before.time_zone, before.day_time) != (time_zone, day_time) {
        let zones = match tasks {
            Tasks::Follow => (before.time_zone, time_zone),
            Tasks::Stay => (before.time_zone, before.time_zone),
        };
        follow_clock(&mut tx, context, call, zones, day_time).await?;
    }
    let channels = store::channels::list(&mut tx, call.user_id).await?;
    let fact = fact(&person, &channels);
    tell(&mut tx, context, call, locked.now, vec![fact], None).await?;
    tx.commit().await?;
    tasks::wake(context, call);
    Ok(settings)
}

async fn follow_clock(
    conn: &mut PgConnection,
    context: &Context,
    call: Call,
    zones: (TimeZone, TimeZone),
    day_time: NaiveTime,
) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let batch =
            store::tasks::lock_followers_of_clock(conn, call.user_id, after, BATCH_TASKS).await?;
        let Some(last) = batch.last() else { break };
        after = Some(last.task.state.task_id);
        for locked in batch {
            let decided = task::follow(&locked.task, zones, day_time, locked.moment);
            tasks::carry_out(conn, context, call, &locked, decided).await?;
        }
    }
    store::tasks::set_day_time(conn, call.user_id, day_time).await?;
    Ok(())
}

/// A person's settings as the worker learns them.
pub(crate) fn fact(person: &Person, channels: &[Channel]) -> Payload {
    NotificationSettingsUpdated {
        user_id: person.user_id,
        version: person.settings_version,
        time_zone: person.settings.time_zone,
        quiet_hours: person.settings.quiet_hours,
        digest: person.settings.digest,
        channels: channels
            .iter()
            .map(|channel| ChannelSettings {
                channel_id: channel.channel_id,
                kind: channel.kind,
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
