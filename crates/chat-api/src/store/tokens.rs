//! The table `api_token`.

use chrono::{DateTime, Utc};
use events::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{scope::Scopes, secret_token::TokenHash};

/// A token as its owner sees it; the token itself was shown once.
#[derive(Clone, Debug)]
pub(crate) struct ApiToken {
    pub(crate) token_id: Uuid,
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    pub(crate) created_at: DateTime<Utc>,
    /// None where it lasts until it is deleted.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

/// Whose token it is, and what for.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) user_id: UserId,
    pub(crate) scopes: Scopes,
    /// The last use that is noted is long enough ago for another one.
    pub(crate) is_due: bool,
}

/// Stores a token.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user_id: UserId,
    token: &ApiToken,
    hash: &TokenHash,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into api_token (token_id, user_id, name, scopes, token_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        token.token_id,
        user_id.uuid(),
        token.name,
        &token.scopes.names(),
        hash.as_bytes(),
        token.created_at,
        token.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose token it is, until it runs out. For the system.
pub(crate) async fn owner(
    conn: &mut PgConnection,
    hash: &TokenHash,
    precision_secs: f64,
) -> sqlx::Result<Option<Owner>> {
    let found = sqlx::query!(
        r#"select user_id, scopes,
             coalesce(last_used_at <= messaging.clock() - make_interval(secs => $2), true)
                 as "is_due!"
         from api_token
         where token_hash = $1 and (expires_at is null or expires_at > messaging.clock())"#,
        hash.as_bytes(),
        precision_secs,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| Owner {
        user_id: row.user_id.into(),
        scopes: Scopes::stored(&row.scopes),
        is_due: row.is_due,
    }))
}

/// Notes that a token is used, once in `precision_secs`; `false` where somebody did so before, or is
/// just doing it. For the system.
pub(crate) async fn note_use(
    conn: &mut PgConnection,
    hash: &TokenHash,
    precision_secs: f64,
) -> sqlx::Result<bool> {
    let noted = sqlx::query!(
        "update api_token set last_used_at = messaging.clock()
         where token_id = (
             select token_id from api_token
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

/// A person's tokens, oldest first, those that ran out too.
pub(crate) async fn list(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<ApiToken>> {
    let rows = sqlx::query!(
        "select token_id, name, scopes, created_at, expires_at, last_used_at
         from api_token where user_id = $1 order by created_at, token_id",
        user_id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ApiToken {
            token_id: row.token_id,
            name: row.name,
            scopes: Scopes::stored(&row.scopes),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
        .collect())
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
