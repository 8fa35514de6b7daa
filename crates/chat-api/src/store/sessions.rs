//! The table `session`, and who calls.

use chrono::{DateTime, Utc};
use events::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{secret_token::TokenHash, user_agent::UserAgent};

/// A session as its owner sees it; what the browser presents is not in it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) session_id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) user_agent: Option<String>,
    pub(crate) current: bool,
}

/// Where a page of a list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) session_id: Uuid,
}

/// Whose session it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) user_id: UserId,
    /// The last use that is noted is long enough ago for another one.
    pub(crate) is_due: bool,
}

/// Begins a session.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user_id: UserId,
    hash: &TokenHash,
    user_agent: Option<&UserAgent>,
    lifetime_days: i32,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into session (session_id, token_hash, user_id, user_agent, created_at, expires_at)
         values ($1, $2, $3, $4, messaging.clock(),
             messaging.clock() + make_interval(days => $5))",
        Uuid::new_v4(),
        hash.as_bytes(),
        user_id.uuid(),
        user_agent.map(UserAgent::as_str),
        lifetime_days,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose session it is, while it lasts. For the system.
pub(crate) async fn owner(
    conn: &mut PgConnection,
    hash: &TokenHash,
    precision_secs: f64,
) -> sqlx::Result<Option<Owner>> {
    let found = sqlx::query!(
        r#"select user_id,
             coalesce(last_used_at <= messaging.clock() - make_interval(secs => $2), true)
                 as "is_due!"
         from session where token_hash = $1 and expires_at > messaging.clock()"#,
        hash.as_bytes(),
        precision_secs,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| Owner { user_id: row.user_id.into(), is_due: row.is_due }))
}

/// Notes that a session is used, once in `precision_secs`; `false` where somebody did so before, or is
/// just doing it. For the system.
pub(crate) async fn note_use(
    conn: &mut PgConnection,
    hash: &TokenHash,
    precision_secs: f64,
) -> sqlx::Result<bool> {
    let noted = sqlx::query!(
        "update session set last_used_at = messaging.clock()
         where token_hash = (
             select token_hash from session
             where token_hash = $1 and (last_used_at is null
                 or last_used_at <= messaging.clock() - make_interval(secs => $2))
             for no key update skip locked
         )",
        hash.as_bytes(),
        precision_secs,
    )
    .execute(conn)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// A person's sessions that last, newest first, from a cursor on; `current` is the one with this
/// hash.
pub(crate) async fn list(
    conn: &mut PgConnection,
    user_id: UserId,
    current: Option<&TokenHash>,
    cursor: Option<Cursor>,
    limit: i64,
) -> sqlx::Result<Vec<Session>> {
    sqlx::query_as!(
        Session,
        r#"select session_id, created_at, coalesce(last_used_at, created_at) as "last_used_at!",
             expires_at, user_agent, coalesce(token_hash = $2, false) as "current!"
         from session
         where user_id = $1 and expires_at > messaging.clock()
             and ($3::timestamptz is null or (created_at, session_id) < ($3, $4::uuid))
         order by created_at desc, session_id desc limit $5"#,
        user_id.uuid(),
        current.map(TokenHash::as_bytes),
        cursor.map(|cursor| cursor.created_at),
        cursor.map(|cursor| cursor.session_id),
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Ends a session; `false` where the person has none such.
pub(crate) async fn delete(
    conn: &mut PgConnection,
    user_id: UserId,
    session_id: Uuid,
) -> sqlx::Result<bool> {
    let deleted = sqlx::query!(
        "delete from session where session_id = $1 and user_id = $2",
        session_id,
        user_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Ends the session with this hash.
pub(crate) async fn delete_current(
    conn: &mut PgConnection,
    user_id: UserId,
    hash: &TokenHash,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from session where token_hash = $1 and user_id = $2",
        hash.as_bytes(),
        user_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends all of a person's sessions but the one with this hash.
pub(crate) async fn delete_others(
    conn: &mut PgConnection,
    user_id: UserId,
    kept: Option<&TokenHash>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from session where user_id = $1 and token_hash is distinct from $2",
        user_id.uuid(),
        kept.map(TokenHash::as_bytes),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets sessions that have run out, at most `limit`. For the system.
pub(crate) async fn purge(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let purged = sqlx::query!(
        "delete from session where token_hash in (
             select token_hash from session where expires_at <= $1 limit $2
         )",
        now,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(purged.rows_affected())
}
