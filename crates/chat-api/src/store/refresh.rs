//! The single row of `refresh_state`, and how much the outbox holds. For the system.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// How far the daily refresh has come, and the time now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(crate) through: DateTime<Utc>,
    pub(crate) now: DateTime<Utc>,
}

/// How far the daily refresh has come.
pub(crate) async fn progress(conn: &mut PgConnection) -> sqlx::Result<Progress> {
    sqlx::query_as!(Progress, r#"select through, messaging.clock() as "now!" from refresh_state"#)
        .fetch_one(conn)
        .await
}

/// Notes how far the daily refresh has come.
pub(crate) async fn set_through(
    conn: &mut PgConnection,
    through: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("update refresh_state set through = $1", through).execute(conn).await?;
    Ok(())
}

/// Whether more than so many rows wait in the outbox.
pub(crate) async fn outbox_exceeds(conn: &mut PgConnection, rows: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select count(*) > $1::bigint as "exceeds!" from (select from messaging.outbox limit $1::bigint + 1) rows"#,
        rows,
    )
    .fetch_one(conn)
    .await
}
