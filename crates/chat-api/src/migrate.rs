//! Bringing the database up to date.

use sqlx::PgPool;

/// Runs the migrations of `messaging`, then those of chat-api's own tables. Safe beside a running
/// older release.
///
/// # Errors
/// A migration failed, or the database holds one that this release does not know.
pub async fn migrate(pool: &PgPool) -> Result<(), sqlx::migrate::MigrateError> {
    messaging::migrate(pool).await?;
    sqlx::migrate!().run(pool).await
}
