//! The tables `person` and `channel`.

use chrono::{DateTime, Utc};
use events::{ChannelSettings, NotificationSettingsUpdated, SettingsVersion, UserId};
use platform::database::MAX_TRANSACTION_SECS;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// Takes settings of a higher version and locks the person's row; `false` where they are stale.
pub(crate) async fn take(
    conn: &mut PgConnection,
    settings: &NotificationSettingsUpdated,
) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "insert into person as p (user_id, version, deleted, settings) values ($1, $2, false, $3)
         on conflict (user_id) do update
             set version = excluded.version, settings = excluded.settings
             where p.version <= excluded.version and not p.deleted",
        settings.user_id.uuid(),
        settings.version.get(),
        Json(settings) as _,
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Turns a person into a tombstone; `false` where that was done before. Whoever asked
/// [`is_deleted`] before has ended then, and what it wrote is seen.
pub(crate) async fn bury(
    conn: &mut PgConnection,
    person: UserId,
    version: SettingsVersion,
) -> sqlx::Result<bool> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", key(person))
        .fetch_one(&mut *conn)
        .await?;
    let buried = sqlx::query!(
        "insert into person as p (user_id, version, deleted) values ($1, $2, true)
         on conflict (user_id) do update
             set version = greatest(p.version, excluded.version), deleted = true, settings = null,
                 next_digest_at = null
             where not p.deleted",
        person.uuid(),
        version.get(),
    )
    .execute(conn)
    .await?;
    Ok(buried.rows_affected() == 1)
}

/// The version that is here.
pub(crate) async fn version(conn: &mut PgConnection, person: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select version from person where user_id = $1", person.uuid())
        .fetch_one(conn)
        .await
}

/// Whether the person is a tombstone. Nobody is buried beside it until the transaction ends.
pub(crate) async fn is_deleted(conn: &mut PgConnection, person: UserId) -> sqlx::Result<bool> {
    if let Some(deleted) = lock(conn, person).await? {
        return Ok(deleted);
    }
    // Of a person who is not known yet there is no row to lock: this stands in for it, and whoever
    // held it may have written one.
    sqlx::query!("select pg_advisory_xact_lock_shared(hashtextextended($1, 0))", key(person))
        .fetch_one(&mut *conn)
        .await?;
    Ok(lock(conn, person).await?.unwrap_or(false))
}

async fn lock(conn: &mut PgConnection, person: UserId) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!("select deleted from person where user_id = $1 for share", person.uuid(),)
        .fetch_optional(conn)
        .await
}

fn key(person: UserId) -> String {
    format!("person {person}")
}

/// Makes the person's channels these; a new one is there since `made_at`.
pub(crate) async fn set_channels(
    conn: &mut PgConnection,
    person: UserId,
    channels: &[ChannelSettings],
    made_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = channels.iter().map(|channel| channel.channel_id.uuid()).collect();
    sqlx::query!(
        "delete from channel where user_id = $1 and channel_id <> all ($2)",
        person.uuid(),
        &ids,
    )
    .execute(&mut *conn)
    .await?;
    for channel in channels {
        sqlx::query!(
            "insert into channel as c (channel_id, user_id, kind, settings, since,
                 looked_for_until)
             values ($1, $2, $6, $3, $4, messaging.clock() + make_interval(secs => $5))
             on conflict (channel_id) do update
                 set settings = excluded.settings, kind = excluded.kind
                 where c.user_id = excluded.user_id",
            channel.channel_id.uuid(),
            person.uuid(),
            Json(channel) as _,
            made_at,
            MAX_TRANSACTION_SECS as f64,
            channel.kind.name(),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
