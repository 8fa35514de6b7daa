//! The schema `messaging` and its own table of migrations.

use platform::schema::Schema;
use sqlx::{
    PgPool,
    migrate::{MigrateError, Migrator},
};

/// What makes the tables of `messaging`; a service's [`Schema`] begins with it.
#[must_use]
pub fn migrator() -> Migrator {
    sqlx::migrate!()
}

/// Brings these tables up to date. Safe beside a running older release.
///
/// # Errors
/// A migration failed.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    Schema::new([migrator()]).migrate(pool).await
}
