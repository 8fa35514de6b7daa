//! People, as chat-api tells them: settings, channels, the end of an account.

use chrono::{DateTime, Utc};
use events::{
    CancelReason, ChannelTestRequested, CorrelationId, NotificationSettingsUpdated, TaskVersion,
    UserDeleted,
};
use messaging::{ApplyError, Outbox, Outcome};
use platform::telemetry;
use sqlx::PgConnection;

use super::{Telling, tell};
use crate::{
    digest::replanned,
    store::{self, tasks::Told},
};

/// Takes settings that were made at `made_at`; firings that waited for them get their deliveries, and the next
/// digest its time.
pub(super) async fn apply_settings(
    conn: &mut PgConnection,
    settings: &NotificationSettingsUpdated,
    made_at: DateTime<Utc>,
) -> Result<Outcome, ApplyError> {
    let person = settings.user_id;
    let before = store::digests::standing(conn, person).await?;
    if !store::people::take(conn, settings).await? {
        return Ok(Outcome::Stale { version: store::people::version(conn, person).await? });
    }
    let told = store::digests::last_told(conn, person).await?;
    let now = messaging::now(conn).await?;
    let next = replanned(before, settings.digest, settings.time_zone, told, made_at, now);
    store::digests::set_next(conn, person, next).await?;
    store::people::set_channels(conn, person, &settings.channels, made_at).await?;
    let waiting = store::firings::unplanned_of(conn, person).await?;
    store::firings::plan_waiting(conn, &waiting).await?;
    store::deliveries::release_held(conn, person).await?;
    Ok(Outcome::Applied)
}

/// Queues a notification that says nothing but that the channel works.
pub(super) async fn queue_test(
    conn: &mut PgConnection,
    test: &ChannelTestRequested,
    correlation_id: CorrelationId,
) -> Result<Outcome, ApplyError> {
    let traceparent = telemetry::current_traceparent();
    let (user, channel) = (test.user_id, test.channel_id);
    let queued =
        store::deliveries::insert_test(conn, user, channel, correlation_id, traceparent.as_deref())
            .await?;
    // The channel was deleted after the test was asked for: nothing to try.
    Ok(if queued { Outcome::Applied } else { Outcome::Stale { version: 0 } })
}

/// Ends all that concerns a person, for ever.
pub(super) async fn bury(
    conn: &mut PgConnection,
    outbox: &Outbox,
    deleted: &UserDeleted,
    correlation_id: CorrelationId,
) -> Result<Outcome, ApplyError> {
    let person = deleted.user_id;
    if !store::people::bury(conn, person, deleted.version).await? {
        return Ok(Outcome::Stale { version: store::people::version(conn, person).await? });
    }
    for (task_id, version) in store::tasks::lock_of_person(conn, person).await? {
        let told = Told {
            task_id,
            user_id: person,
            version: TaskVersion::from(version + 1),
            state: None,
            refresh: false,
            released_at: None,
        };
        let telling =
            Telling { told, correlation_id, more_held: false, ended: CancelReason::UserDeleted };
        tell(conn, outbox, &telling).await?;
    }
    store::digests::forget_of(conn, person).await?;
    store::people::set_channels(conn, person, &[], deleted.deleted_at).await?;
    Ok(Outcome::Applied)
}
