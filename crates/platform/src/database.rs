//! The connection to PostgreSQL.
//!
//! No transaction may outlive [`MAX_TRANSACTION_SECS`]: the relay's low-water mark passes a row only
//! when every transaction that could still insert below it has ended.

use std::{str::FromStr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::backoff::Backoff;

/// The longest that one statement may run, in seconds.
pub const STATEMENT_TIMEOUT_SECS: u64 = 30;
/// The longest that a transaction may sit idle between two statements, in seconds.
pub const IDLE_IN_TRANSACTION_TIMEOUT_SECS: u64 = 30;
/// An upper bound on a transaction's life, in seconds: a handful of statements, each bounded.
pub const MAX_TRANSACTION_SECS: u64 = 300;
/// The longest that a caller waits for a connection of the pool, in seconds.
pub const ACQUIRE_TIMEOUT_SECS: u64 = 5;

const RETRY: Backoff =
    Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

/// The database can't be used as it is set.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// `DATABASE_URL` is no PostgreSQL URL. The URL itself stays out of the message: it has a password.
    #[error("DATABASE_URL is no PostgreSQL URL")]
    Url(#[source] sqlx::Error),
}

/// A pool that connects when it is first used.
///
/// A server that is away is no error here: the pool connects when it is back.
///
/// # Errors
/// [`DatabaseError::Url`] for a URL that can't be read.
pub fn pool(
    url: &SecretString,
    application: &str,
    max_connections: u32,
) -> Result<PgPool, DatabaseError> {
    let options = PgConnectOptions::from_str(url.expose_secret())
        .map_err(DatabaseError::Url)?
        .application_name(application)
        .options([
            ("statement_timeout", format!("{STATEMENT_TIMEOUT_SECS}s")),
            ("idle_in_transaction_session_timeout", format!("{IDLE_IN_TRANSACTION_TIMEOUT_SECS}s")),
            ("timezone", "UTC".to_owned()),
        ])
        .log_slow_statements(tracing::log::LevelFilter::Warn, Duration::from_secs(1));
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(ACQUIRE_TIMEOUT_SECS))
        .connect_lazy_with(options))
}

/// Whether the database answers.
///
/// # Errors
/// Why it does not.
pub async fn ping(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query("select 1").execute(pool).await.map(drop)
}

/// Waits until the database answers, for as long as it takes; logs once a failure.
pub async fn wait_until_reachable(pool: &PgPool) {
    let mut failures = 0;
    while let Err(error) = ping(pool).await {
        failures += 1;
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the database does not answer yet"
        );
        tokio::time::sleep(RETRY.delay(failures)).await;
    }
}

/// What PostgreSQL calls two transactions that wait for each other.
const DEADLOCK: &str = "40P01";

/// Whether two transactions waited for each other, of which this one was ended: nothing of it was done.
#[must_use]
pub fn is_deadlock(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == DEADLOCK)
}

/// Whether an error will pass by itself (the server is away, a deadlock, a time-out), so that the
/// same work may be tried again; a broken constraint or a value out of range will not.
#[must_use]
pub fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_none_or(|code| {
            // Class 21 is cardinality, 22 data, 23 a constraint, 44 a check option, 54 a limit of
            // the server's. 42 (syntax, access) passes: our statements are fixed, so it means that
            // a migration has yet to run.
            let permanent: [&[u8]; 5] = [b"21", b"22", b"23", b"44", b"54"];
            !permanent.contains(&&code.as_bytes()[..2.min(code.len())])
        }),
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::Encode(_)
        | sqlx::Error::RowNotFound => false,
        _ => true,
    }
}
