//! All SQL of chat-api's own tables, one module a table; functions named after what they answer.
//!
//! Promises: every query names the person in its own words, and runs in a transaction that has told
//! the database for whom it works, so that row-level security is a second wall behind it. Never: a
//! rule of the product, an event.
//!
//! Locks are taken in one order: idempotency key, person, conversation, list, tasks by id, tombstone, reminder, outbox, feed head.

pub(crate) mod accounts;
pub(crate) mod action_links;
pub(crate) mod attempts;
pub(crate) mod calendar_feeds;
pub(crate) mod channels;
pub(crate) mod conversations;
pub(crate) mod dead_letters;
pub(crate) mod delivery_failures;
pub(crate) mod feed;
pub(crate) mod idempotency;
pub(crate) mod lists;
pub(crate) mod model_use;
pub(crate) mod outbox;
pub(crate) mod person_tombstones;
pub(crate) mod persons;
pub(crate) mod refresh;
pub(crate) mod reminders;
pub(crate) mod sessions;
pub(crate) mod task_list;
pub(crate) mod task_row;
pub(crate) mod task_words;
pub(crate) mod tasks;
pub(crate) mod timeline;
pub(crate) mod tokens;
pub(crate) mod tombstones;
pub(crate) mod transfer;
pub(crate) mod trash;
pub(crate) mod turns;

use events::UserId;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};

/// The minutes of a day, over which the daily refresh is spread.
pub(crate) const MINUTES_PER_DAY: u16 = 24 * 60;

/// Begins a transaction that sees one person's rows.
pub(crate) async fn begin_for(
    pool: &PgPool,
    user_id: UserId,
) -> sqlx::Result<Transaction<'static, Postgres>> {
    // A UUID has no quote in it; one statement saves a round trip on every request.
    pool.begin_with(AssertSqlSafe(format!("begin; set local app.user_id = '{user_id}'"))).await
}

/// Begins a transaction that sees everybody's rows: for jobs, subscribers and the look-up of who
/// calls.
pub(crate) async fn begin_system(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    pool.begin_with("begin; set local app.system = 'on'").await
}

/// Makes a transaction that somebody else began one that sees everybody's rows.
pub(crate) async fn become_system(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select set_config('app.system', 'on', true)").fetch_one(conn).await?;
    Ok(())
}

/// The minute of the day at which something with this id is published again.
pub(crate) fn refresh_minute(id: uuid::Uuid) -> i16 {
    let minute = id.as_u128() % u128::from(MINUTES_PER_DAY);
    i16::try_from(minute).unwrap_or(0)
}
