//! The table `digest`, and when each person's next one comes.

use chrono::{DateTime, NaiveDate, Utc};
use events::{NotificationSettingsUpdated, UserId};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::digest::{Digest, Listed, Standing};

/// The most open tasks that are looked at for one digest.
const MAX_TASKS: i64 = 10_000;

/// A person whose digest is due, locked.
pub(crate) struct DuePerson {
    pub(crate) user_id: Uuid,
    /// None where the release before took settings that it could not read whole.
    pub(crate) settings: Option<Json<NotificationSettingsUpdated>>,
    /// The last local day that was told.
    pub(crate) told: Option<NaiveDate>,
}

/// What stands of a person's digest, with the person's row locked; none where nothing is known of the person.
pub(crate) async fn standing(
    conn: &mut PgConnection,
    person: UserId,
) -> sqlx::Result<Option<Standing>> {
    let row = sqlx::query!(
        r#"select settings as "settings: Json<NotificationSettingsUpdated>", next_digest_at
         from person where user_id = $1 for update"#,
        person.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(row.settings.map(|Json(settings)| Standing {
        digest: settings.digest,
        time_zone: settings.time_zone,
        next: row.next_digest_at,
    }))
}

/// The last local day of which a person was told.
pub(crate) async fn last_told(
    conn: &mut PgConnection,
    person: UserId,
) -> sqlx::Result<Option<NaiveDate>> {
    sqlx::query_scalar!("select max(day) from digest where user_id = $1", person.uuid())
        .fetch_one(conn)
        .await
}

/// Sets when a person's next digest comes.
pub(crate) async fn set_next(
    conn: &mut PgConnection,
    person: UserId,
    next: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update person set next_digest_at = $2
         where user_id = $1 and next_digest_at is distinct from $2",
        person.uuid(),
        next,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks the person whose digest is the longest overdue, passing over those that another transaction holds.
pub(crate) async fn lock_due(conn: &mut PgConnection) -> sqlx::Result<Option<DuePerson>> {
    sqlx::query_as!(
        DuePerson,
        r#"select user_id, settings as "settings: Json<NotificationSettingsUpdated>",
             (select max(day) from digest where digest.user_id = person.user_id) as told
         from person where next_digest_at <= messaging.clock()
         order by next_digest_at limit 1 for update of person skip locked"#,
    )
    .fetch_optional(conn)
    .await
}

/// A person's open tasks that are due before a day is over, in whatever zone.
pub(crate) async fn open_tasks(
    conn: &mut PgConnection,
    person: UserId,
    day: NaiveDate,
) -> sqlx::Result<Vec<Listed>> {
    // Texts of due dates sort as their times do; by UTC a local day ends at most a day later.
    let end = day.checked_add_days(chrono::Days::new(2)).unwrap_or(NaiveDate::MAX);
    let rows = sqlx::query!(
        r#"select task_id, state ->> 'title' as "title!", state ->> 'due_date' as "due_date!"
         from task
         where user_id = $1 and not deleted and state ->> 'status' <> 'DONE'
             and (state ->> 'due_date') collate "C" < $2
         order by (state ->> 'due_date') collate "C" limit $3"#,
        person.uuid(),
        end.to_string(),
        MAX_TASKS,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let due_date = row.due_date.parse();
            Ok(Listed {
                task_id: row.task_id.into(),
                title: row.title,
                due_date: due_date.map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            })
        })
        .collect()
}

/// Records that a person is told of a day; none where they were before, or have no channel.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    digest: &Digest,
    correlation_id: Uuid,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "insert into digest (digest_id, user_id, day, made_at, payload, correlation_id)
         select $1, $2, $3, $4, $5, $6
         where exists (select from channel where user_id = $2)
         on conflict (user_id, day) do nothing
         returning digest_id",
        Uuid::new_v4(),
        digest.user_id.uuid(),
        digest.day,
        digest.made_at,
        Json(digest) as _,
        correlation_id,
    )
    .fetch_optional(conn)
    .await
}

/// Makes a digest's deliveries, one per channel, each in its channel's lane.
pub(crate) async fn plan(conn: &mut PgConnection, digest_id: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "with made as (
             insert into delivery (delivery_id, digest_id, user_id, channel_id, kind, correlation_id)
             select gen_random_uuid(), d.digest_id, d.user_id, c.channel_id, c.kind, d.correlation_id
             from digest d join channel c using (user_id)
             where d.digest_id = $1
             returning channel_id, user_id, next_attempt_at
         )
         insert into lane as l (channel_id, user_id, next_attempt_at)
         select channel_id, user_id, next_attempt_at from made order by channel_id
         on conflict (channel_id) do update
             set next_attempt_at = least(l.next_attempt_at, excluded.next_attempt_at)",
        digest_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets a person whose digest is due wait for so many seconds.
pub(crate) async fn put_off(pool: &PgPool, person: Uuid, seconds: f64) -> sqlx::Result<()> {
    sqlx::query!(
        "update person set next_digest_at = messaging.clock() + make_interval(secs => $2)
         where user_id = $1 and next_digest_at <= messaging.clock()",
        person,
        seconds,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Seconds until the next digest comes, by the database's clock; negative where one is overdue.
pub(crate) async fn seconds_until_next(pool: &PgPool) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        "select extract(epoch from min(next_digest_at) - messaging.clock())::float8 from person
         where next_digest_at is not null",
    )
    .fetch_one(pool)
    .await
}

/// Forgets all that a person was told, and what was still to be sent of it.
pub(crate) async fn forget_of(conn: &mut PgConnection, person: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from delivery
         where digest_id in (select digest_id from digest where user_id = $1)",
        person.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from digest where user_id = $1", person.uuid()).execute(conn).await?;
    Ok(())
}

/// Forgets digests of so many days ago whose deliveries are forgotten, at most `limit`; answers how many.
pub(crate) async fn forget(pool: &PgPool, days: i32, limit: i64) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "delete from digest where digest_id in (
             select digest_id from digest g
             where made_at < messaging.clock() - make_interval(days => $1)
                 and not exists (select from delivery d where d.digest_id = g.digest_id)
             order by made_at limit $2
             for update skip locked
         )",
        days,
        limit,
    )
    .execute(pool)
    .await?;
    Ok(forgotten.rows_affected())
}
