//! The table `person`.

use chrono::{DateTime, NaiveTime, Utc};
use events::{DailyDigest, QuietHours, SettingsVersion, UserId};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::domain::{
    language::{Language, LanguageRecord},
    settings::Settings,
};

/// The unique index on addresses.
pub(super) const EMAIL_INDEX: &str = "person_email";

/// An account and its settings.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
    pub(crate) settings: Settings,
    pub(crate) settings_version: SettingsVersion,
}

/// A person whose row is locked, and the moment of a change.
#[derive(Clone, Debug)]
pub(crate) struct Locked {
    pub(crate) person: Person,
    pub(crate) now: DateTime<Utc>,
    pub(crate) next_version: SettingsVersion,
}

struct Row {
    user_id: Uuid,
    email: String,
    time_zone: String,
    quiet_from: Option<NaiveTime>,
    quiet_to: Option<NaiveTime>,
    day_time: NaiveTime,
    digest_at: Option<NaiveTime>,
    language: Option<Json<LanguageRecord>>,
    settings_version: i64,
}

impl TryFrom<Row> for Person {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let time_zone =
            row.time_zone.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        let quiet_hours =
            row.quiet_from.zip(row.quiet_to).map(|(from, to)| QuietHours { from, to });
        let language = row.language.map(|Json(record)| Language::try_from(record)).transpose();
        let language = language.map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        let language = language.unwrap_or_default();
        Ok(Self {
            user_id: row.user_id.into(),
            email: row.email,
            settings: Settings {
                time_zone,
                quiet_hours,
                day_time: row.day_time,
                digest: row.digest_at.map(|at| DailyDigest { at }),
                language,
            },
            settings_version: row.settings_version.into(),
        })
    }
}

/// Stores an account; `false` where its address is taken.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    person: &Person,
    password_hash: &str,
    created_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "insert into person (user_id, email, password_hash, time_zone, settings_version,
             refresh_minute, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        person.user_id.uuid(),
        person.email,
        password_hash,
        person.settings.time_zone.name(),
        person.settings_version.get(),
        super::refresh_minute(person.user_id.uuid()),
        created_at,
    )
    .execute(conn)
    .await;
    match inserted {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some(EMAIL_INDEX) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A person.
pub(crate) async fn find(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<Option<Person>> {
    sqlx::query_as!(
        Row,
        r#"select user_id, email, time_zone, quiet_from, quiet_to, day_time, digest_at,
             language as "language: Json<LanguageRecord>", settings_version
         from person where user_id = $1"#,
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(Person::try_from)
    .transpose()
}

/// Whether there is such a person, who then stays until the transaction ends.
pub(crate) async fn exists(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select true as "found!" from person where user_id = $1 for key share"#,
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// A person with the row locked.
pub(crate) async fn lock(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<Option<Locked>> {
    let found = sqlx::query!(
        r#"select user_id, email, time_zone, quiet_from, quiet_to, day_time, digest_at, settings_version,
             language as "language: Json<LanguageRecord>", messaging.clock() as "now!", next_version(settings_version) as "next_version!"
         from person where user_id = $1 for no key update"#,
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = found else { return Ok(None) };
    let (now, next_version) = (row.now, row.next_version.into());
    let person = Row {
        user_id: row.user_id,
        email: row.email,
        time_zone: row.time_zone,
        quiet_from: row.quiet_from,
        quiet_to: row.quiet_to,
        day_time: row.day_time,
        digest_at: row.digest_at,
        language: row.language,
        settings_version: row.settings_version,
    };
    Ok(Some(Locked { person: person.try_into()?, now, next_version }))
}

/// Writes a locked person's settings and their version.
pub(crate) async fn save_settings(conn: &mut PgConnection, person: &Person) -> sqlx::Result<()> {
    sqlx::query!(
        "update person set time_zone = $2, quiet_from = $3, quiet_to = $4, settings_version = $5,
             day_time = $6, language = $7, digest_at = $8
         where user_id = $1",
        person.user_id.uuid(),
        person.settings.time_zone.name(),
        person.settings.quiet_hours.map(|quiet| quiet.from),
        person.settings.quiet_hours.map(|quiet| quiet.to),
        person.settings_version.get(),
        person.settings.day_time,
        Json(LanguageRecord::from(person.settings.language)) as _,
        person.settings.digest.map(|digest| digest.at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The next people by id after one, locked; for the system. With minutes of the day, only those
/// whose settings are to be published then.
pub(crate) async fn lock_batch(
    conn: &mut PgConnection,
    after: Option<UserId>,
    minutes: Option<&[i16]>,
    limit: i64,
) -> sqlx::Result<Vec<Person>> {
    sqlx::query_as!(
        Row,
        r#"select user_id, email, time_zone, quiet_from, quiet_to, day_time, digest_at,
             language as "language: Json<LanguageRecord>", settings_version from person
         where ($1::uuid is null or user_id > $1)
             and ($2::int2[] is null or refresh_minute = any ($2))
         order by user_id limit $3 for no key update"#,
        after.map(UserId::uuid),
        minutes,
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Person::try_from)
    .collect()
}

/// Raises a person's settings above a version that the worker has, where it is above ours; returns
/// the settings to tell again then. For the system.
pub(crate) async fn overtake(
    conn: &mut PgConnection,
    user_id: UserId,
    seen: i64,
) -> sqlx::Result<Option<Person>> {
    sqlx::query_as!(
        Row,
        r#"update person set settings_version = next_version($2)
         where user_id = $1 and settings_version < $2
         returning user_id, email, time_zone, quiet_from, quiet_to, day_time, digest_at,
             language as "language: Json<LanguageRecord>", settings_version"#,
        user_id.uuid(),
        seen,
    )
    .fetch_optional(conn)
    .await?
    .map(Person::try_from)
    .transpose()
}
