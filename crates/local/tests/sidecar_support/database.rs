//! A database of its own for each test.

use std::str::FromStr;

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, postgres::PgConnectOptions,
};
use uuid::Uuid;

/// Dropped with the value.
pub(crate) struct Database {
    admin: PgConnectOptions,
    name: String,
    pub(crate) pool: PgPool,
}

impl Database {
    /// Creates an empty one on the server of `TEST_DATABASE_URL`.
    pub(crate) async fn create() -> Self {
        let url = std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL");
        let admin = PgConnectOptions::from_str(&url).expect("a PostgreSQL URL");
        let name = format!("sidecar_test_{}", Uuid::new_v4().simple());
        execute(&admin, format!("create database {name}")).await;
        let pool = PgPool::connect_lazy_with(admin.clone().database(&name));
        Self { admin, name, pool }
    }

    /// Cuts every connection and takes none.
    pub(crate) async fn close_to_others(&self) {
        let name = &self.name;
        let close = format!("alter database {name} with allow_connections false");
        execute(&self.admin, close).await;
        let cut = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        );
        execute(&self.admin, cut).await;
    }

    /// Takes connections again.
    pub(crate) async fn open_to_others(&self) {
        let open = format!("alter database {} with allow_connections true", self.name);
        execute(&self.admin, open).await;
    }

    pub(crate) fn url(&self) -> String {
        self.admin.clone().database(&self.name).to_url_lossy().to_string()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), std::mem::take(&mut self.name));
        // The test's own runtime can't be waited for here.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let statement = format!("drop database if exists {name} with (force)");
            runtime.expect("a runtime").block_on(execute(&admin, statement));
        });
        if dropping.join().is_err() {
            eprintln!("a test's database is left behind");
        }
    }
}

async fn execute(admin: &PgConnectOptions, statement: String) {
    let mut connection = PgConnection::connect_with(admin).await.expect("the server");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("the statement");
    connection.close().await.expect("closed");
}
