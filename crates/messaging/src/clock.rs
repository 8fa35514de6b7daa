//! The one clock by which anything is decided: the database's.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// The database's time, to the microsecond.
///
/// # Errors
/// The database's own.
pub async fn now(conn: &mut PgConnection) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"select messaging.clock() as "now!""#).fetch_one(conn).await
}
