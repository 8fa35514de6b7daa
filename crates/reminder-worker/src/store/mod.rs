//! The worker's SQL, one module a table; functions named after what they answer.

use sqlx::PgPool;

pub(crate) mod deliveries;
pub(crate) mod firings;
pub(crate) mod lanes;
pub(crate) mod people;
pub(crate) mod reminders;
pub(crate) mod tasks;

/// Brings the database's schema up to date. Safe beside a running older release.
///
/// # Errors
/// A migration failed, or the database holds one that this release does not know.
pub async fn migrate(pool: &PgPool) -> Result<(), sqlx::migrate::MigrateError> {
    messaging::migrate(pool).await?;
    sqlx::migrate!().run(pool).await
}
