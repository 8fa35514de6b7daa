//! The table `api_token`.

use chrono::{DateTime, Utc};
use events::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{secret_token::TokenHash, text::TokenName};

/// A token as its owner sees it; the token itself was shown once.
#[derive(Clone, Debug)]
pub(crate) struct ApiToken {
    pub(crate) token_id: Uuid,
    pub(crate) name: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// Stores a token.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user_id: UserId,
    token_id: Uuid,
    name: TokenName,
    hash: &TokenHash,
) -> sqlx::Result<ApiToken> {
    sqlx::query_as!(
        ApiToken,
        "insert into api_token (token_id, user_id, name, token_hash, created_at)
         values ($1, $2, $3, $4, messaging.clock())
         returning token_id, name, created_at",
        token_id,
        user_id.uuid(),
        name.into_inner(),
        hash.as_bytes(),
    )
    .fetch_one(conn)
    .await
}

/// Whose token it is. For the system.
pub(crate) async fn user_of(
    conn: &mut PgConnection,
    hash: &TokenHash,
) -> sqlx::Result<Option<UserId>> {
    let found =
        sqlx::query_scalar!("select user_id from api_token where token_hash = $1", hash.as_bytes())
            .fetch_optional(conn)
            .await?;
    Ok(found.map(UserId::from))
}

/// A person's tokens, oldest first.
pub(crate) async fn list(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<ApiToken>> {
    sqlx::query_as!(
        ApiToken,
        "select token_id, name, created_at from api_token where user_id = $1
         order by created_at, token_id",
        user_id.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// How many tokens a person has.
pub(crate) async fn count(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_token where user_id = $1"#,
        user_id.uuid()
    )
    .fetch_one(conn)
    .await
}

/// Deletes a token; `false` where the person has none such.
pub(crate) async fn delete(
    conn: &mut PgConnection,
    user_id: UserId,
    token_id: Uuid,
) -> sqlx::Result<bool> {
    let deleted = sqlx::query!(
        "delete from api_token where token_id = $1 and user_id = $2",
        token_id,
        user_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected() == 1)
}
