//! The tables `feed` and `feed_head`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use events::UserId;
use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// Something new for a person.
#[derive(Clone, Debug)]
pub(crate) struct NewEntry {
    pub(crate) event_id: Uuid,
    pub(crate) event_type: &'static str,
    pub(crate) payload: Value,
}

/// An entry of the feed.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) seq: i64,
    pub(crate) event_type: String,
    /// JSON, on one line.
    pub(crate) payload: String,
}

/// How far a feed reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The newest entry; 0 before the first.
    pub(crate) head: i64,
    /// Everything up to here has been deleted.
    pub(crate) pruned_through: i64,
}

/// Adds to a person's feed and returns the new head. Locks the head row until the transaction ends:
/// to be the last that it locks.
pub(crate) async fn append(
    conn: &mut PgConnection,
    user_id: UserId,
    entries: &[NewEntry],
) -> sqlx::Result<i64> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let head = sqlx::query_scalar!(
        "insert into feed_head as h (user_id, head) values ($1, $2)
         on conflict (user_id) do update set head = h.head + $2
         returning head",
        user_id.uuid(),
        count,
    )
    .fetch_one(&mut *conn)
    .await?;
    let event_ids: Vec<Uuid> = entries.iter().map(|entry| entry.event_id).collect();
    let types: Vec<String> = entries.iter().map(|entry| entry.event_type.to_owned()).collect();
    let payloads: Vec<Value> = entries.iter().map(|entry| entry.payload.clone()).collect();
    sqlx::query!(
        "insert into feed (user_id, seq, event_id, event_type, payload, created_at)
         select $1, $2::bigint + position, event_id, event_type, payload, messaging.clock()
         from unnest($3::uuid[], $4::text[], $5::jsonb[])
             with ordinality as t (event_id, event_type, payload, position)",
        user_id.uuid(),
        head - count,
        &event_ids,
        &types,
        &payloads,
    )
    .execute(conn)
    .await?;
    Ok(head)
}

/// How far a person's feed reaches.
pub(crate) async fn reach(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<Reach> {
    let found = sqlx::query_as!(
        Reach,
        "select head, pruned_through from feed_head where user_id = $1",
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.unwrap_or(Reach { head: 0, pruned_through: 0 }))
}

/// The next entries after a position, oldest first: at most `limit`, and none after the one that makes
/// them `enough_bytes`.
pub(crate) async fn after(
    conn: &mut PgConnection,
    user_id: UserId,
    position: i64,
    limit: i64,
    enough_bytes: usize,
) -> sqlx::Result<Vec<Entry>> {
    let mut rows = sqlx::query_as!(
        Entry,
        r#"select seq, event_type, payload::text as "payload!" from feed
         where user_id = $1 and seq > $2 order by seq limit $3"#,
        user_id.uuid(),
        position,
        limit,
    )
    .fetch(conn);
    let (mut entries, mut bytes) = (vec![], 0);
    while bytes < enough_bytes
        && let Some(entry) = rows.try_next().await?
    {
        bytes += entry.payload.len();
        entries.push(entry);
    }
    Ok(entries)
}

/// The heads of some people's feeds; none of those who have none. For the system.
pub(crate) async fn heads(
    conn: &mut PgConnection,
    user_ids: &[UserId],
) -> sqlx::Result<HashMap<UserId, i64>> {
    let user_ids: Vec<Uuid> = user_ids.iter().map(|user_id| user_id.uuid()).collect();
    let rows =
        sqlx::query!("select user_id, head from feed_head where user_id = any ($1)", &user_ids)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| (row.user_id.into(), row.head)).collect())
}

/// The next entries of some people's feeds, each after a position of its own and at most `limit` of
/// each; hands them over one by one, of each person oldest first. For the system.
pub(crate) async fn newer(
    conn: &mut PgConnection,
    positions: &[(UserId, i64)],
    limit: usize,
    mut each: impl FnMut(UserId, Entry),
) -> sqlx::Result<()> {
    let (user_ids, positions): (Vec<Uuid>, Vec<i64>) =
        positions.iter().map(|(user_id, position)| (user_id.uuid(), *position)).unzip();
    let mut rows = sqlx::query!(
        r#"select p.user_id as "user_id!", e.seq, e.event_type, e.payload as "payload!"
         from unnest($1::uuid[], $2::bigint[]) as p (user_id, position)
         cross join lateral (
             select seq, event_type, payload::text as payload from feed
             where feed.user_id = p.user_id and feed.seq > p.position order by seq limit $3
         ) as e
         order by p.user_id, e.seq"#,
        &user_ids,
        &positions,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        let entry = Entry { seq: row.seq, event_type: row.event_type, payload: row.payload };
        each(row.user_id.into(), entry);
    }
    Ok(())
}

/// Deletes at most `limit` entries from before a time and remembers how far. For the system.
pub(crate) async fn prune(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    // The oldest of each person go first, so that what is left has no hole.
    let pruned = sqlx::query!(
        "with gone as (
             delete from feed where (user_id, seq) in (
                 select user_id, seq from feed where created_at < $1 order by user_id, seq limit $2
             )
             returning user_id, seq
         ), through as (
             select user_id, max(seq) as seq, count(*) as entries from gone group by user_id
         )
         update feed_head h set pruned_through = greatest(pruned_through, through.seq)
         from through where h.user_id = through.user_id
         returning through.entries",
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(pruned.iter().filter_map(|row| u64::try_from(row.entries?).ok()).sum())
}
