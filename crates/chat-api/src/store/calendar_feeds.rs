//! The table `calendar_feed`, and the tasks that a feed shows.

use chrono::{DateTime, Utc};
use events::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{secret_token::TokenHash, task::Task};

/// A feed as its owner sees it; its URL was shown once.
#[derive(Clone, Debug)]
pub(crate) struct CalendarFeed {
    pub(crate) feed_id: Uuid,
    pub(crate) name: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

/// Whose feed it is.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    /// The last use that is noted is long enough ago for another one.
    pub(crate) is_due: bool,
}

/// A task of a feed, as far as one has to know to tell whether it is the same as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) task_id: Uuid,
    pub(crate) version: i64,
}

/// Stores a feed.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user_id: UserId,
    feed: &CalendarFeed,
    hash: &TokenHash,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into calendar_feed (feed_id, user_id, name, token_hash, created_at)
         values ($1, $2, $3, $4, $5)",
        feed.feed_id,
        user_id.uuid(),
        feed.name,
        hash.as_bytes(),
        feed.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose feed it is. For the system.
pub(crate) async fn owner(
    conn: &mut PgConnection,
    hash: &TokenHash,
    precision_secs: f64,
) -> sqlx::Result<Option<Owner>> {
    let found = sqlx::query!(
        r#"select user_id, name,
             coalesce(last_used_at <= messaging.clock() - make_interval(secs => $2), true)
                 as "is_due!"
         from calendar_feed where token_hash = $1"#,
        hash.as_bytes(),
        precision_secs,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| Owner { user_id: row.user_id.into(), name: row.name, is_due: row.is_due }))
}

/// Notes that a feed is read, once in `precision_secs`. For the system.
pub(crate) async fn note_use(
    conn: &mut PgConnection,
    hash: &TokenHash,
    precision_secs: f64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update calendar_feed set last_used_at = messaging.clock()
         where feed_id = (
             select feed_id from calendar_feed
             where token_hash = $1 and (last_used_at is null
                 or last_used_at <= messaging.clock() - make_interval(secs => $2))
             for no key update skip locked
         )",
        hash.as_bytes(),
        precision_secs,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A person's feeds, oldest first.
pub(crate) async fn list(
    conn: &mut PgConnection,
    user_id: UserId,
) -> sqlx::Result<Vec<CalendarFeed>> {
    sqlx::query_as!(
        CalendarFeed,
        "select feed_id, name, created_at, last_used_at
         from calendar_feed where user_id = $1 order by created_at, feed_id",
        user_id.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// How many feeds a person has.
pub(crate) async fn count(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from calendar_feed where user_id = $1"#,
        user_id.uuid()
    )
    .fetch_one(conn)
    .await
}

/// Deletes a feed; `false` where the person has none such.
pub(crate) async fn delete(
    conn: &mut PgConnection,
    user_id: UserId,
    feed_id: Uuid,
) -> sqlx::Result<bool> {
    let deleted = sqlx::query!(
        "delete from calendar_feed where feed_id = $1 and user_id = $2",
        feed_id,
        user_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// A person's dated tasks that are not done, what is due first first: the first so many.
pub(crate) async fn shown(
    conn: &mut PgConnection,
    user_id: UserId,
    limit: i64,
) -> sqlx::Result<Vec<Shown>> {
    sqlx::query_as!(
        Shown,
        "select task_id, version from task
         where user_id = $1 and deleted_at is null and status <> 'DONE'
             and due_order < 'infinity'
         order by due_order, task_id limit $2",
        user_id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Those of some tasks that a feed still shows.
pub(crate) async fn tasks(
    conn: &mut PgConnection,
    user_id: UserId,
    task_ids: &[Uuid],
) -> sqlx::Result<Vec<Task>> {
    super::tasks::dated(conn, user_id, task_ids).await?.into_iter().map(Task::try_from).collect()
}
