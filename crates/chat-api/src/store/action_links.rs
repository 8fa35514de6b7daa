//! The table `used_action_link`.

use events::ActionLink;
use sqlx::PgConnection;

/// Uses a link; `false` where it was used before.
pub(crate) async fn take(conn: &mut PgConnection, link: &ActionLink) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "insert into used_action_link (user_id, notification_key, action, expires_at)
         values ($1, $2, $3, $4) on conflict do nothing",
        link.user_id.uuid(),
        link.notification_key,
        link.action.name(),
        link.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Whether a link was used.
pub(crate) async fn is_used(conn: &mut PgConnection, link: &ActionLink) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
             select from used_action_link
             where user_id = $1 and notification_key = $2 and action = $3
         ) as "used!""#,
        link.user_id.uuid(),
        link.notification_key,
        link.action.name(),
    )
    .fetch_one(conn)
    .await
}

/// Forgets uses of links that have run out, at most `limit`; answers how many. For the system.
pub(crate) async fn purge(conn: &mut PgConnection, limit: i64) -> sqlx::Result<u64> {
    let purged = sqlx::query!(
        "delete from used_action_link where ctid in (
             select ctid from used_action_link where expires_at < messaging.clock() limit $1
             for update skip locked
         )",
        limit,
    )
    .execute(conn)
    .await?;
    Ok(purged.rows_affected())
}
