//! The schema `messaging` and its own table of migrations.

use sqlx::PgPool;

/// Brings the schema up to date. Safe beside a running older release.
///
/// # Errors
/// A migration failed, or the database holds one that this release does not know.
pub async fn migrate(pool: &PgPool) -> Result<(), sqlx::migrate::MigrateError> {
    sqlx::migrate!().run(pool).await
}
