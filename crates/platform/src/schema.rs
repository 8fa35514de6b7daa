//! A service's tables: brought up to date by `migrate`, waited for by readiness.
//!
//! A release runs on its own tables and on those of the next release, so that the next one can migrate
//! beside it and be rolled back from.

use std::sync::Arc;

use sqlx::{
    AssertSqlSafe, PgPool,
    migrate::{MigrateError, Migrator},
};

/// PostgreSQL's code for a table that is not there.
const UNDEFINED_TABLE: &str = "42P01";

/// The tables that a release needs.
#[derive(Clone, Debug)]
pub struct Schema {
    migrators: Arc<[Migrator]>,
}

impl Schema {
    /// Tables that these make, in this order.
    #[must_use]
    pub fn new(migrators: impl IntoIterator<Item = Migrator>) -> Self {
        let tolerant = |mut migrator: Migrator| {
            // What a later release has added stays, and is none of this one's business.
            migrator.set_ignore_missing(true);
            migrator
        };
        Self { migrators: migrators.into_iter().map(tolerant).collect() }
    }

    /// Brings the database up to date. Safe beside a running older release, and by two at once; on the
    /// database of a later release it changes nothing.
    ///
    /// # Errors
    /// A migration failed, or is not the one that ran under its number.
    pub async fn migrate(&self, pool: &PgPool) -> Result<(), MigrateError> {
        for migrator in &*self.migrators {
            migrator.run(pool).await?;
            let newest = newest(migrator);
            if applied(pool, migrator).await? > newest {
                tracing::warn!(
                    migration.table = %migrator.table_name,
                    migration.newest = newest,
                    "the database is that of a later release"
                );
            }
        }
        Ok(())
    }

    /// Whether the database has all that this release needs.
    ///
    /// # Errors
    /// Why it does not answer.
    pub async fn is_current(&self, pool: &PgPool) -> sqlx::Result<bool> {
        for migrator in &*self.migrators {
            if applied(pool, migrator).await? < newest(migrator) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// The newest migration that ran; 0 before the first.
async fn applied(pool: &PgPool, migrator: &Migrator) -> sqlx::Result<i64> {
    // The table's name is part of the program.
    let question =
        format!("select coalesce(max(version), 0) from {} where success", migrator.table_name);
    match sqlx::query_scalar(AssertSqlSafe(question)).fetch_one(pool).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_TABLE) => {
            Ok(0)
        }
        answer => answer,
    }
}
