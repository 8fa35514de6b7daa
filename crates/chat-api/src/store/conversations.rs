//! The tables of conversations: `conversation`, `conversation_message` and `conversation_act`.

use chrono::{DateTime, Utc};
use events::{CorrelationId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// A conversation.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    pub(crate) conversation_id: Uuid,
    pub(crate) title: String,
    /// How many messages it has.
    pub(crate) messages: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A conversation whose row is locked.
#[derive(Clone, Debug)]
pub(crate) struct Locked {
    pub(crate) conversation_id: Uuid,
    /// What the next message may refer to.
    pub(crate) mind: Value,
    pub(crate) messages: i32,
}

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) message_id: Uuid,
    /// Its place in the conversation, from 1.
    pub(crate) place: i32,
    /// `person` or `assistant`.
    pub(crate) author: String,
    pub(crate) body: String,
    pub(crate) actions: Value,
    pub(crate) engine: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A message that is to be kept.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage<'a> {
    pub(crate) message_id: Uuid,
    pub(crate) place: i32,
    pub(crate) body: &'a str,
    pub(crate) actions: Value,
    /// What answered; `None` of what the person says.
    pub(crate) engine: Option<&'a str>,
}

/// Where a page of conversations ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) conversation_id: Uuid,
}

/// Something that may be taken back.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) place: i32,
    pub(crate) changes: Value,
}

/// How many conversations a person has.
pub(crate) async fn count(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from conversation where user_id = $1"#,
        user_id.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// Begins a conversation; its row is then locked.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
    title: &str,
) -> sqlx::Result<Locked> {
    sqlx::query!(
        "insert into conversation (conversation_id, user_id, title, created_at, updated_at)
         values ($1, $2, $3, messaging.clock(), messaging.clock())",
        conversation_id,
        user_id.uuid(),
        title,
    )
    .execute(conn)
    .await?;
    Ok(Locked { conversation_id, mind: Value::Null, messages: 0 })
}

/// A person's conversation with the row locked: of its messages, one is handled after the other.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
) -> sqlx::Result<Option<Locked>> {
    sqlx::query_as!(
        Locked,
        "select conversation_id, mind, messages from conversation
         where conversation_id = $1 and user_id = $2 for update",
        conversation_id,
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await
}

/// Writes what a locked conversation has come to.
pub(crate) async fn save(
    conn: &mut PgConnection,
    user_id: UserId,
    locked: &Locked,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update conversation set mind = $3, messages = $4, updated_at = messaging.clock()
         where conversation_id = $1 and user_id = $2",
        locked.conversation_id,
        user_id.uuid(),
        locked.mind,
        locked.messages,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a message to a locked conversation.
pub(crate) async fn add_message(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
    correlation_id: CorrelationId,
    message: &NewMessage<'_>,
) -> sqlx::Result<()> {
    let author = if message.engine.is_some() { "assistant" } else { "person" };
    sqlx::query!(
        "insert into conversation_message (message_id, conversation_id, user_id, place, author,
             body, actions, engine, correlation_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, messaging.clock())",
        message.message_id,
        conversation_id,
        user_id.uuid(),
        message.place,
        author,
        message.body,
        message.actions,
        message.engine,
        correlation_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A person's conversation.
pub(crate) async fn find(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
) -> sqlx::Result<Option<Conversation>> {
    sqlx::query_as!(
        Conversation,
        "select conversation_id, title, messages, created_at, updated_at from conversation
         where conversation_id = $1 and user_id = $2",
        conversation_id,
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await
}

/// A person's conversations, the one that was spoken in last first, from a cursor on.
pub(crate) async fn list(
    conn: &mut PgConnection,
    user_id: UserId,
    cursor: Option<Cursor>,
    limit: i64,
) -> sqlx::Result<Vec<Conversation>> {
    sqlx::query_as!(
        Conversation,
        "select conversation_id, title, messages, created_at, updated_at from conversation
         where user_id = $1
             and ($2::timestamptz is null or (updated_at, conversation_id) < ($2, $3::uuid))
         order by updated_at desc, conversation_id desc limit $4",
        user_id.uuid(),
        cursor.map(|cursor| cursor.updated_at),
        cursor.map(|cursor| cursor.conversation_id),
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The messages of a conversation before a place, the last first.
pub(crate) async fn messages_before(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
    place: Option<i32>,
    limit: i64,
) -> sqlx::Result<Vec<Message>> {
    sqlx::query_as!(
        Message,
        "select message_id, place, author, body, actions, engine, created_at
         from conversation_message
         where conversation_id = $1 and user_id = $2 and ($3::integer is null or place < $3)
         order by place desc limit $4",
        conversation_id,
        user_id.uuid(),
        place,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The messages of a conversation after a place, the first first.
pub(crate) async fn messages_after(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
    place: i32,
    limit: i64,
) -> sqlx::Result<Vec<Message>> {
    sqlx::query_as!(
        Message,
        "select message_id, place, author, body, actions, engine, created_at
         from conversation_message
         where conversation_id = $1 and user_id = $2 and place > $3
         order by place limit $4",
        conversation_id,
        user_id.uuid(),
        place,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A person's next conversation by id after one.
pub(crate) async fn next(
    conn: &mut PgConnection,
    user_id: UserId,
    after: Option<Uuid>,
) -> sqlx::Result<Option<Conversation>> {
    sqlx::query_as!(
        Conversation,
        "select conversation_id, title, messages, created_at, updated_at from conversation
         where user_id = $1 and ($2::uuid is null or conversation_id > $2)
         order by conversation_id limit 1",
        user_id.uuid(),
        after,
    )
    .fetch_optional(conn)
    .await
}

/// Forgets a conversation with all that was said; `false` where there is none.
pub(crate) async fn delete(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
) -> sqlx::Result<bool> {
    let deleted = sqlx::query!(
        "delete from conversation where conversation_id = $1 and user_id = $2",
        conversation_id,
        user_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// What may be taken back in a locked conversation, the last first.
pub(crate) async fn acts(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
) -> sqlx::Result<Vec<Act>> {
    sqlx::query_as!(
        Act,
        "select place, changes from conversation_act
         where conversation_id = $1 and user_id = $2 order by place desc",
        conversation_id,
        user_id.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// Keeps what may be taken back, of the last `most` acts.
pub(crate) async fn add_act(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
    act: &Act,
    most: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into conversation_act (conversation_id, user_id, place, changes)
         values ($1, $2, $3, $4)
         on conflict (conversation_id, place) do update set changes = $4",
        conversation_id,
        user_id.uuid(),
        act.place,
        act.changes,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from conversation_act
         where conversation_id = $1 and user_id = $2 and place <= (
             select place from conversation_act where conversation_id = $1 and user_id = $2
             order by place desc offset $3 limit 1)",
        conversation_id,
        user_id.uuid(),
        most,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets an act: it was taken back, or can't be.
pub(crate) async fn forget_act(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
    place: i32,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from conversation_act
         where conversation_id = $1 and user_id = $2 and place = $3",
        conversation_id,
        user_id.uuid(),
        place,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets the first messages of a locked conversation, with what they did; those that stay move up.
pub(crate) async fn forget_beginning(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
    messages: i32,
) -> sqlx::Result<()> {
    let user = user_id.uuid();
    sqlx::query!(
        "delete from conversation_message
         where conversation_id = $1 and user_id = $2 and place <= $3",
        conversation_id,
        user,
        messages,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from conversation_act where conversation_id = $1 and user_id = $2 and place <= $3",
        conversation_id,
        user,
        messages,
    )
    .execute(&mut *conn)
    .await?;
    // At least half is forgotten, so that none meets another on its way.
    sqlx::query!(
        "update conversation_message set place = place - $3
         where conversation_id = $1 and user_id = $2",
        conversation_id,
        user,
        messages,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update conversation_act set place = place - $3 where conversation_id = $1 and user_id = $2",
        conversation_id,
        user,
        messages,
    )
    .execute(conn)
    .await?;
    Ok(())
}
