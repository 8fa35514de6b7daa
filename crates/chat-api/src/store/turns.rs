//! The turns of conversations: what a language model is answering. Columns of the table `conversation`.

use events::UserId;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// A turn of a locked conversation.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) token: Uuid,
    /// What came of it so far.
    pub(crate) record: Value,
    /// Whether its lease has run out.
    pub(crate) is_over: bool,
}

/// The turn that a locked conversation is in, or was in when its process ended.
pub(crate) async fn find(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
) -> sqlx::Result<Option<Turn>> {
    sqlx::query_as!(
        Turn,
        r#"select turn_token as "token!", turn as "record!",
             coalesce(turn_until <= messaging.clock(), true) as "is_over!"
         from conversation
         where conversation_id = $1 and user_id = $2 and turn_token is not null"#,
        conversation_id,
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await
}

/// Begins a turn of a locked conversation, with a lease of so many seconds.
pub(crate) async fn begin(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
    token: Uuid,
    record: &Value,
    lease_secs: i32,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update conversation set turn_token = $3, turn = $4,
             turn_until = messaging.clock() + make_interval(secs => $5)
         where conversation_id = $1 and user_id = $2",
        conversation_id,
        user_id.uuid(),
        token,
        record,
        f64::from(lease_secs),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what came of a locked conversation's turn so far.
pub(crate) async fn save(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
    record: &Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update conversation set turn = $3 where conversation_id = $1 and user_id = $2",
        conversation_id,
        user_id.uuid(),
        record,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a locked conversation's turn.
pub(crate) async fn end(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update conversation set turn_token = null, turn_until = null, turn = null
         where conversation_id = $1 and user_id = $2",
        conversation_id,
        user_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The conversation whose turn answers the request with this idempotency key.
pub(crate) async fn with_key(
    conn: &mut PgConnection,
    user_id: UserId,
    key: &str,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select conversation_id from conversation where user_id = $1 and turn ->> 'key' = $2 limit 1",
        user_id.uuid(),
        key,
    )
    .fetch_optional(conn)
    .await
}
