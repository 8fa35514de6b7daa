//! The tables `feed` and `feed_head`.

use chrono::{DateTime, Utc};
use events::UserId;
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
    pub(crate) payload: Value,
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

/// The next entries after a position, oldest first.
pub(crate) async fn after(
    conn: &mut PgConnection,
    user_id: UserId,
    position: i64,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "select seq, event_type, payload from feed
         where user_id = $1 and seq > $2 order by seq limit $3",
        user_id.uuid(),
        position,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The heads of some people's feeds. For the system.
pub(crate) async fn heads(
    conn: &mut PgConnection,
    user_ids: &[Uuid],
) -> sqlx::Result<Vec<(UserId, i64)>> {
    let rows =
        sqlx::query!("select user_id, head from feed_head where user_id = any ($1)", user_ids)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| (row.user_id.into(), row.head)).collect())
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
