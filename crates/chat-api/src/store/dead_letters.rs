//! Dead letters as an administrator sees them: the worker's, as it announced them
//! (`dead_letter_view`), and chat-api's own (`messaging.dead_letter`). For the system.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, Utc};
use events::{DeadLetterId, EventDeadLettered, EventId, MAX_DEAD_LETTER_HEAD_BYTES, Service};
use messaging::LetterState;
use sqlx::PgConnection;
use uuid::Uuid;

/// What a letter waits for while the worker has not answered yet.
pub(crate) const REQUESTED: &str = "requested";
/// Every state, as it is shown.
pub(crate) const STATES: [&str; 4] = [
    LetterState::Kept.name(),
    REQUESTED,
    LetterState::Redriven.name(),
    LetterState::Discarded.name(),
];

/// A record that a service could not take.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetter {
    pub(crate) id: Uuid,
    pub(crate) topic: String,
    pub(crate) partition: Option<i32>,
    pub(crate) record_offset: Option<i64>,
    pub(crate) consumer: String,
    pub(crate) reason: String,
    pub(crate) sha256: String,
    pub(crate) size: i64,
    pub(crate) state: String,
    pub(crate) problem: Option<String>,
    pub(crate) kept_at: DateTime<Utc>,
}

/// Where a page of a list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) kept_at: DateTime<Utc>,
    pub(crate) id: Uuid,
}

/// Keeps an announcement for an administrator's list, once.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    letter: &EventDeadLettered,
    announced_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into dead_letter_view (id, topic, partition, record_offset, consumer, reason,
             sha256, size, head_base64, announced_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        letter.id.uuid(),
        letter.topic,
        letter.partition,
        letter.offset,
        letter.consumer.name(),
        letter.reason,
        letter.sha256,
        i64::try_from(letter.size).unwrap_or(i64::MAX),
        letter.head_base64,
        announced_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Both services' letters, the newest first, from a cursor on.
pub(crate) async fn list(
    conn: &mut PgConnection,
    state: Option<&str>,
    cursor: Option<Cursor>,
    limit: i64,
) -> sqlx::Result<Vec<DeadLetter>> {
    sqlx::query_as!(
        DeadLetter,
        r#"select id as "id!", topic as "topic!", partition, record_offset, consumer as "consumer!",
             reason as "reason!", sha256 as "sha256!", size as "size!", state as "state!", problem,
             kept_at as "kept_at!"
         from (
             select id, topic, partition, record_offset, $5::text as consumer, reason, sha256,
                 size, state, problem, received_at as kept_at
             from messaging.dead_letter
             union all
             select id, topic, partition, record_offset, consumer, reason, sha256,
                 size, state, problem, announced_at
             from dead_letter_view
         ) letter
         where ($1::text is null or state = $1)
             and ($2::timestamptz is null or (kept_at, id) < ($2, $3::uuid))
         order by kept_at desc, id desc limit $4"#,
        state,
        cursor.map(|cursor| cursor.kept_at),
        cursor.map(|cursor| cursor.id),
        limit,
        Service::ChatApi.name(),
    )
    .fetch_all(conn)
    .await
}

/// A letter of either service.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: DeadLetterId,
) -> sqlx::Result<Option<DeadLetter>> {
    sqlx::query_as!(
        DeadLetter,
        r#"select id as "id!", topic as "topic!", partition, record_offset, $2::text as "consumer!",
             reason as "reason!", sha256 as "sha256!", size as "size!", state as "state!", problem,
             received_at as "kept_at!"
         from messaging.dead_letter where id = $1
         union all
         select id, topic, partition, record_offset, consumer, reason, sha256, size, state, problem,
             announced_at
         from dead_letter_view where id = $1
         limit 1"#,
        id.uuid(),
        Service::ChatApi.name(),
    )
    .fetch_optional(conn)
    .await
}

/// The first bytes of a letter, base64: as many as are announced.
pub(crate) async fn head(conn: &mut PgConnection, id: DeadLetterId) -> sqlx::Result<String> {
    let announced =
        sqlx::query_scalar!("select head_base64 from dead_letter_view where id = $1", id.uuid())
            .fetch_optional(&mut *conn)
            .await?;
    if let Some(head) = announced {
        return Ok(head);
    }
    let head = sqlx::query_scalar!(
        r#"select substring(record from 1 for $2) as "head!" from messaging.dead_letter
         where id = $1"#,
        id.uuid(),
        i32::try_from(MAX_DEAD_LETTER_HEAD_BYTES).unwrap_or(i32::MAX),
    )
    .fetch_optional(conn)
    .await?;
    Ok(BASE64.encode(head.unwrap_or_default()))
}

/// Locks a letter of the worker's and returns its state.
pub(crate) async fn lock_announced(
    conn: &mut PgConnection,
    id: DeadLetterId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select state from dead_letter_view where id = $1 for update", id.uuid())
        .fetch_optional(conn)
        .await
}

/// Notes that the worker is asked for something about a locked letter.
pub(crate) async fn request(
    conn: &mut PgConnection,
    id: DeadLetterId,
    request_id: EventId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update dead_letter_view set state = 'requested', request_id = $2, problem = null
         where id = $1",
        id.uuid(),
        request_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes what the worker answered to the last request about a letter.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    id: Uuid,
    request_id: EventId,
    state: LetterState,
    problem: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update dead_letter_view set state = $3, problem = $4,
             settled_at = case when $3 = 'kept' then null else messaging.clock() end
         where id = $1 and request_id = $2",
        id,
        request_id.uuid(),
        state.name(),
        problem,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets at most `limit` letters of the worker's that it redrove or discarded so long ago.
pub(crate) async fn forget(
    conn: &mut PgConnection,
    older_than_days: i32,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "delete from dead_letter_view where id in (
             select id from dead_letter_view
             where settled_at < messaging.clock() - make_interval(days => $1) limit $2
         )",
        older_than_days,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(forgotten.rows_affected())
}
