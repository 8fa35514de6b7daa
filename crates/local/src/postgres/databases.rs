//! A database for each service, and the role that owns it.
//!
//! These statements go to the catalog of a server that is made here, as its administrator, so they
//! are not checked against a development database when this is compiled.

use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{error::PostgresError, server::Server};

/// The longest name that PostgreSQL does not cut, in bytes.
const MAX_NAME_BYTES: usize = 63;

/// Statements that make SQL, given the database, the role and its password. Those that find nothing
/// left to do make none. Each is run by itself: a database is not created in a transaction.
const STATEMENTS: [&str; 5] = [
    "select format('create role %I', $2::text)
     where $1::text is not null and $3::text is not null
       and not exists (select from pg_roles where rolname = $2)",
    "select format('alter role %I with login nosuperuser nocreatedb nocreaterole noreplication \
                    nobypassrls password %L', $2::text, $3::text)
     where $1::text is not null",
    "select format('create database %I owner %I', $1::text, $2::text)
     where $3::text is not null and not exists (select from pg_database where datname = $1)",
    "select format('alter database %I owner to %I', $1::text, $2::text)
     where $3::text is not null",
    "select format('revoke all on database %I from public', $1::text)
     where $2::text is not null and $3::text is not null",
];

impl Server {
    /// Makes sure that a database exists, owned by a role that may log in and is no superuser, and
    /// that no other role may enter it. Returns the role's URL.
    ///
    /// The password is made once and kept; whatever the role had before, it has that one now.
    ///
    /// # Errors
    /// [`PostgresError::Name`], [`PostgresError::File`], [`PostgresError::Statement`].
    pub async fn create_database_and_role(
        &self,
        name: &str,
        role: &str,
    ) -> Result<SecretString, PostgresError> {
        check(name)?;
        check(role)?;
        let password = self.secrets.get_or_create(&format!("role-{role}"))?;
        let mut connection = self.connect().await?;
        let outcome = create(&mut connection, name, role, &password).await;
        drop(connection.close().await);
        outcome.map_err(PostgresError::Statement)?;
        Ok(self.url(role, &password, name))
    }
}

async fn create(
    connection: &mut PgConnection,
    name: &str,
    role: &str,
    password: &SecretString,
) -> Result<(), sqlx::Error> {
    // A statement that fails is logged by the server, and one of these has the password.
    sqlx::query("set log_min_error_statement = panic").execute(&mut *connection).await?;
    for statement in STATEMENTS {
        let made: Option<String> = sqlx::query_scalar(statement)
            .bind(name)
            .bind(role)
            .bind(password.expose_secret())
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(made) = made {
            // Safe: format() quoted what is in it.
            sqlx::raw_sql(AssertSqlSafe(made)).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// A name that needs no quoting: not in SQL, not in a URL, not in a file's name.
fn check(name: &str) -> Result<(), PostgresError> {
    let fits = !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && !name.starts_with(|first: char| first.is_ascii_digit());
    fits.then_some(()).ok_or_else(|| PostgresError::Name(name.to_owned()))
}
