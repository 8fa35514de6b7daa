//! Bringing the database up to date.

use platform::schema::Schema;
use sqlx::{PgPool, migrate::MigrateError};

/// The tables that the worker needs: those of `messaging`, then its own.
pub(crate) fn schema() -> Schema {
    Schema::new([messaging::migrator(), sqlx::migrate!()])
}

/// Brings the database up to date. Safe beside a running older release.
///
/// # Errors
/// A migration failed.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    schema().migrate(pool).await
}
