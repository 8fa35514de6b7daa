//! The table `messaging.dead_letter`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::LetterState;

/// A record to keep.
#[derive(Debug)]
pub(crate) struct NewDeadLetter<'a> {
    pub(crate) id: Uuid,
    pub(crate) topic: &'a str,
    pub(crate) partition: Option<i32>,
    pub(crate) offset: Option<i64>,
    pub(crate) sha256: &'a str,
    pub(crate) size: i64,
    pub(crate) reason: &'a str,
    pub(crate) record: &'a [u8],
}

/// Keeps a record; `false` where the same one (by its position, else by its content) is kept already.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    letter: &NewDeadLetter<'_>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "insert into messaging.dead_letter
             (id, topic, partition, record_offset, sha256, size, reason, record)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict do nothing",
        letter.id,
        letter.topic,
        letter.partition,
        letter.offset,
        letter.sha256,
        letter.size,
        letter.reason,
        letter.record,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// A record that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) topic: String,
    pub(crate) partition: Option<i32>,
    pub(crate) offset: Option<i64>,
    pub(crate) size: i64,
    pub(crate) record: Vec<u8>,
    pub(crate) state: LetterState,
}

/// Locks a letter.
pub(crate) async fn lock(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Kept>> {
    let row = sqlx::query!(
        "select topic, partition, record_offset, size, record, state from messaging.dead_letter
         where id = $1 for update",
        id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Kept {
            topic: row.topic,
            partition: row.partition,
            offset: row.record_offset,
            size: row.size,
            record: row.record,
            state: state(&row.state)?,
        })
    })
    .transpose()
}

/// Ends a letter that is kept.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    id: Uuid,
    state: LetterState,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update messaging.dead_letter
         set state = $2, problem = null, settled_at = messaging.clock() where id = $1",
        id,
        state.name(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes why a letter could not be taken again.
pub(crate) async fn note_problem(
    conn: &mut PgConnection,
    id: Uuid,
    problem: &str,
) -> sqlx::Result<()> {
    sqlx::query!("update messaging.dead_letter set problem = $2 where id = $1", id, problem)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets at most `limit` letters that were redriven or discarded so long ago; never one that is kept.
pub(crate) async fn forget(
    conn: &mut PgConnection,
    older_than_days: i32,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "delete from messaging.dead_letter where id in (
             select id from messaging.dead_letter
             where state <> 'kept' and settled_at < messaging.clock() - make_interval(days => $1)
             limit $2
         )",
        older_than_days,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}

fn state(name: &str) -> sqlx::Result<LetterState> {
    let found = LetterState::ALL.into_iter().find(|state| state.name() == name);
    found.ok_or_else(|| sqlx::Error::Decode(format!("{name:?} is no state of a letter").into()))
}

/// A letter as an operator reads it.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) id: Uuid,
    pub(crate) topic: String,
    pub(crate) partition: Option<i32>,
    pub(crate) record_offset: Option<i64>,
    pub(crate) sha256: String,
    pub(crate) size: i64,
    pub(crate) reason: String,
    pub(crate) state: String,
    pub(crate) problem: Option<String>,
    pub(crate) received_at: DateTime<Utc>,
}

/// Letters, the newest first: those that are kept, or all.
pub(crate) async fn list(
    conn: &mut PgConnection,
    all: bool,
    limit: i64,
) -> sqlx::Result<Vec<Letter>> {
    sqlx::query_as!(
        Letter,
        "select id, topic, partition, record_offset, sha256, size, reason, state, problem,
             received_at
         from messaging.dead_letter where $1 or state = 'kept'
         order by received_at desc, id desc limit $2",
        all,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A letter.
pub(crate) async fn find(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Letter>> {
    sqlx::query_as!(
        Letter,
        "select id, topic, partition, record_offset, sha256, size, reason, state, problem,
             received_at
         from messaging.dead_letter where id = $1",
        id,
    )
    .fetch_optional(conn)
    .await
}

/// All that is kept of a letter's record.
pub(crate) async fn record(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("select record from messaging.dead_letter where id = $1", id)
        .fetch_optional(conn)
        .await
}
