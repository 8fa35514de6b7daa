//! A database of its own for each test.

use std::{net::SocketAddr, str::FromStr};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

/// Where tests find a PostgreSQL server: a superuser's URL. `make test` starts one and sets it.
const ADMIN_URL: &str = "TEST_DATABASE_URL";

/// A database as it was when it was backed up.
#[derive(Debug)]
pub struct Backup {
    name: String,
}

/// An empty database that is dropped when the test ends well; one of a failed test stays, to be
/// looked at, until the server stops.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    options: PgConnectOptions,
    owned: bool,
}

impl TestDatabase {
    /// Creates a database.
    ///
    /// # Panics
    /// Without a server in `TEST_DATABASE_URL`.
    pub async fn create() -> Self {
        let url = std::env::var(ADMIN_URL)
            .unwrap_or_else(|_| panic!("{ADMIN_URL} names no PostgreSQL server: run `make test`"));
        let options = PgConnectOptions::from_str(&url).expect("a PostgreSQL URL");
        let name = format!("test_{}", Uuid::new_v4().simple());
        let database = Self { name, options, owned: false };
        let created = format!("create database {}", database.name);
        database.as_admin(created).await.expect("a database can be created");
        database
    }

    /// Creates a database that belongs to a role of its own, no superuser, as in production.
    ///
    /// # Panics
    /// Without a server in `TEST_DATABASE_URL`.
    pub async fn create_owned() -> Self {
        let mut database = Self::create().await;
        let name = &database.name;
        let owned = format!(
            "create role {name} login password '{name}'; alter database {name} owner to {name}"
        );
        database.as_admin(owned).await.expect("a role can be created");
        database.owned = true;
        database
    }

    /// The database's URL, with the role that owns it.
    #[must_use]
    pub fn owner_url(&self) -> String {
        let options = self.options.clone().database(&self.name);
        options.username(&self.name).password(&self.name).to_url_lossy().to_string()
    }

    /// As [`owner_url`](Self::owner_url), through a proxy.
    #[must_use]
    pub fn owner_url_via(&self, proxy: SocketAddr) -> String {
        let options = self.options.clone().host(&proxy.ip().to_string()).port(proxy.port());
        let options = options.database(&self.name).username(&self.name).password(&self.name);
        options.to_url_lossy().to_string()
    }

    /// Where the server listens.
    ///
    /// # Panics
    /// When its URL names no loopback address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let host = self.options.get_host().replace("localhost", "127.0.0.1");
        SocketAddr::new(host.parse().expect("an address"), self.options.get_port())
    }

    /// A pool of connections to the database.
    pub fn pool(&self, max_connections: u32) -> PgPool {
        PgPoolOptions::new()
            .max_connections(max_connections)
            .connect_lazy_with(self.options.clone().database(&self.name))
    }

    /// As [`pool`](Self::pool), through a proxy.
    pub fn pool_via(&self, proxy: SocketAddr, max_connections: u32) -> PgPool {
        let options = self.options.clone().host(&proxy.ip().to_string()).port(proxy.port());
        PgPoolOptions::new()
            .max_connections(max_connections)
            .connect_lazy_with(options.database(&self.name))
    }

    /// The database's URL, with the superuser's role.
    #[must_use]
    pub fn url(&self) -> String {
        self.options.clone().database(&self.name).to_url_lossy().to_string()
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a statement on the server, outside of any transaction.
    ///
    /// # Errors
    /// The server's own.
    pub async fn as_admin(&self, statement: String) -> sqlx::Result<()> {
        let mut admin = PgConnection::connect_with(&self.options).await?;
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await?;
        admin.close().await
    }

    /// Lets the database's clock run ahead by so many seconds, for all who ask `messaging.clock()`;
    /// breaks every connection, as a session learns of it only when it begins.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn set_clock_offset_secs(&self, seconds: i64) {
        let name = &self.name;
        let offset = format!("alter database {name} set app.clock_offset = '{seconds} seconds'");
        self.as_admin(offset).await.expect("the offset can be set");
        self.break_connections().await;
    }

    /// Breaks every connection to the database, as a restart of the server does.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn break_connections(&self) {
        let name = &self.name;
        let statement = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        );
        self.as_admin(statement).await.expect("connections can be broken");
    }

    /// Copies the database as it is now: a backup. Nobody may be connected.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn back_up(&self) -> Backup {
        let copy = format!("backup_{}", Uuid::new_v4().simple());
        let statement = format!("create database {copy} template {}", self.name);
        self.as_admin(statement).await.expect("the database can be copied");
        Backup { name: copy }
    }

    /// Makes the database what it was; all that was written since is gone.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn restore(&self, backup: Backup) {
        let name = &self.name;
        self.as_admin(format!("drop database {name} with (force)"))
            .await
            .expect("it can be dropped");
        let renamed = format!("alter database {} rename to {name}", backup.name);
        self.as_admin(renamed).await.expect("the backup can take its place");
        if self.owned {
            let owned = format!("alter database {name} owner to {name}");
            self.as_admin(owned).await.expect("the role can own it");
        }
    }

    /// Drops the database, also under open connections.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn drop(self) {
        let dropped = format!("drop database {} with (force)", self.name);
        self.as_admin(dropped).await.expect("a database can be dropped");
        if self.owned {
            let dropped = format!("drop role {}", self.name);
            self.as_admin(dropped).await.expect("a role can be dropped");
        }
    }
}
