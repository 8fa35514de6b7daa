//! A running server: started, adopted, watched, stopped.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::signal::{Signal, kill};
use platform::backoff::Backoff;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::{
    account::Account,
    binaries::{Binaries, Search},
    error::PostgresError,
    folder::Folder,
    initialise::{ADMIN_ROLE, initialise},
    pid_file::{self, Left},
    secrets::Secrets,
    settings::{Durability, settings},
};
use crate::process::{Child, Identity, describe, free_loopback_port, is_free};

/// The longest that a server may take to answer, in seconds: it may have much to recover.
const START_TIMEOUT_SECS: u64 = 120;
/// How often a server is asked whether it is ready, in milliseconds.
const POLL_INTERVAL_MS: u64 = 15;
/// How long a server from before is asked whether it is ours, in seconds.
const ADOPT_TIMEOUT_SECS: u64 = 5;
/// How long a stop waits for a fast shutdown, in seconds: then follows one without a checkpoint.
const STOP_TIMEOUT_SECS: u64 = 20;
/// How long a stop waits for an immediate shutdown, in seconds.
const IMMEDIATE_TIMEOUT_SECS: u64 = 5;
/// How often an adopted server is looked at, in milliseconds.
const WATCH_INTERVAL_MS: u64 = 250;
/// A server that ends while it starts is started so often: backends of a killed one may still hold
/// the shared memory, or its port may just have been taken.
const LAUNCH_ATTEMPTS: u32 = 12;
const LAUNCH_RETRY: Backoff =
    Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(2) };

/// The name under which the server's lines come out, and of its administrator's secret.
const NAME: &str = "postgres";
/// SQLSTATE `invalid_password`.
const INVALID_PASSWORD: &str = "28P01";

/// How to run a server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// `DATA`: the server's folder is below it.
    pub data: PathBuf,
    /// Where the binaries are looked for.
    pub search: Search,
    /// The port of 127.0.0.1; the last one or any free one if none is asked for.
    pub port: Option<u16>,
    /// What a commit is worth.
    pub durability: Durability,
}

impl ServerOptions {
    /// A durable server on a folder, on any port, with the system's binaries.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            search: Search::default(),
            port: None,
            durability: Durability::Durable,
        }
    }
}

/// A running server. One that we started is killed when this is dropped without a stop.
#[derive(Debug)]
pub struct Server {
    pub(super) secrets: Secrets,
    password: SecretString,
    port: u16,
    postmaster: Postmaster,
}

#[derive(Debug)]
enum Postmaster {
    Child(Box<Child>),
    Adopted(Identity),
}

impl Server {
    /// Starts the server of a folder, which is made the first time; adopts one that runs already.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub async fn start(options: ServerOptions) -> Result<Self, PostgresError> {
        let folder = Folder::open(&options.data)?;
        let server = folder.server();
        let account = Account::for_folder(&server)?;
        let major = folder.major()?;
        let data = major.map(|major| (major, server.as_path()));
        let binaries = Binaries::find(&options.search, data)?;
        let secrets = Secrets::open(folder.secrets())?;
        let password = secrets.get_or_create(NAME)?;
        if major.is_none() {
            initialise(&folder, &binaries, &account, &password, options.durability).await?;
        }
        account.own(&server)?;
        let start = Start { options, folder, server, account, binaries, secrets, password };
        let mut attempt = 1;
        loop {
            match start.once().await {
                Err(PostgresError::Ended { .. }) if attempt < LAUNCH_ATTEMPTS => {
                    tracing::warn!(attempt, "postgres ended while it started; once more");
                    time::sleep(LAUNCH_RETRY.delay(attempt)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// The administrator's URL.
    #[must_use]
    pub fn admin_url(&self) -> SecretString {
        self.url(ADMIN_ROLE, &self.password, ADMIN_ROLE)
    }

    /// The port of 127.0.0.1 that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The pid of its postmaster.
    #[must_use]
    pub fn pid(&self) -> i32 {
        match &self.postmaster {
            Postmaster::Child(child) => child.pid().as_raw(),
            Postmaster::Adopted(identity) => identity.pid().as_raw(),
        }
    }

    /// Whether it ran before us.
    #[must_use]
    pub fn is_adopted(&self) -> bool {
        matches!(self.postmaster, Postmaster::Adopted(_))
    }

    /// Waits until the server has ended by itself; says how.
    pub async fn ended(&mut self) -> String {
        match &mut self.postmaster {
            Postmaster::Child(child) => match child.ended().await {
                Ok(status) => describe(status),
                Err(error) => error.to_string(),
            },
            Postmaster::Adopted(identity) => {
                while identity.is_alive() {
                    time::sleep(Duration::from_millis(WATCH_INTERVAL_MS)).await;
                }
                "unknown exit code".to_owned()
            }
        }
    }

    /// Stops the server: connections are cut, what is committed is written, then it ends.
    ///
    /// # Errors
    /// [`PostgresError::NotStopped`].
    pub async fn stop(self) -> Result<(), PostgresError> {
        self.stop_in_a_hurry(&CancellationToken::new()).await
    }

    /// Stops the server; at once, without a checkpoint, when there is a hurry. The next start
    /// recovers.
    ///
    /// # Errors
    /// [`PostgresError::NotStopped`].
    pub async fn stop_in_a_hurry(mut self, hurry: &CancellationToken) -> Result<(), PostgresError> {
        let pid = self.pid();
        match &mut self.postmaster {
            Postmaster::Adopted(identity) => stop_stray(identity, hurry).await,
            Postmaster::Child(child) => {
                let grace = Duration::from_secs(STOP_TIMEOUT_SECS);
                child.signal(Signal::SIGINT);
                tokio::select! {
                    ended = child.ended() => return ended.map(drop).map_err(|_| PostgresError::NotStopped { pid }),
                    () = hurry.cancelled() => {}
                    () = time::sleep(grace) => {}
                }
                let grace = Duration::from_secs(IMMEDIATE_TIMEOUT_SECS);
                let ended = child.end(Signal::SIGQUIT, grace, &CancellationToken::new()).await;
                ended.map(drop).map_err(|_| PostgresError::NotStopped { pid })
            }
        }
    }

    pub(super) fn url(&self, role: &str, password: &SecretString, database: &str) -> SecretString {
        let (password, port) = (password.expose_secret(), self.port);
        format!("postgres://{role}:{password}@127.0.0.1:{port}/{database}?sslmode=disable").into()
    }

    pub(super) async fn connect(&self) -> Result<PgConnection, PostgresError> {
        connect(self.port, &self.password).await.map_err(PostgresError::Statement)
    }
}

impl std::ops::Drop for Server {
    /// Backends of a killed postmaster linger; those of one that quits do not.
    fn drop(&mut self) {
        if let Postmaster::Child(child) = &self.postmaster {
            child.signal(Signal::SIGQUIT);
        }
    }
}

/// All that a start has found out.
struct Start {
    options: ServerOptions,
    folder: Folder,
    server: PathBuf,
    account: Account,
    binaries: Binaries,
    secrets: Secrets,
    password: SecretString,
}

impl Start {
    async fn once(&self) -> Result<Server, PostgresError> {
        match pid_file::look(&self.server)? {
            Left::Running { postmaster, port } => {
                if let Some(port) = self.adoptable(&postmaster, port).await {
                    self.folder.keep_port(port)?;
                    tracing::info!(
                        process.id = postmaster.pid().as_raw(),
                        "adopted a running postgres"
                    );
                    return Ok(self.running(Postmaster::Adopted(postmaster), port));
                }
                stop_stray(&postmaster, &CancellationToken::new()).await?;
            }
            Left::PidOfAnother => pid_file::disown(&self.server)?,
            Left::Damaged => pid_file::remove(&self.server)?,
            Left::Nothing => {}
        }
        let port = self.choose_port()?;
        self.folder.keep_port(port)?;
        let child = self.launch(port).await?;
        Ok(self.running(Postmaster::Child(Box::new(child)), port))
    }

    fn running(&self, postmaster: Postmaster, port: u16) -> Server {
        Server { secrets: self.secrets.clone(), password: self.password.clone(), port, postmaster }
    }

    /// The port of a running server that is ours and answers, if it is the one that is asked for.
    async fn adoptable(&self, postmaster: &Identity, port: Option<u16>) -> Option<u16> {
        let port = port.filter(|port| self.options.port.is_none_or(|asked| asked == *port))?;
        let asking = async {
            while postmaster.is_alive() {
                match connect(port, &self.password).await {
                    Ok(connection) => {
                        return serves(connection, &self.server).await.then_some(port);
                    }
                    Err(error) if has_code(&error, INVALID_PASSWORD) => return None,
                    Err(_) => time::sleep(Duration::from_millis(POLL_INTERVAL_MS)).await,
                }
            }
            None
        };
        time::timeout(Duration::from_secs(ADOPT_TIMEOUT_SECS), asking).await.ok().flatten()
    }

    fn choose_port(&self) -> Result<u16, PostgresError> {
        if let Some(port) = self.options.port {
            return Ok(port);
        }
        match self.folder.kept_port() {
            Some(port) if is_free((std::net::Ipv4Addr::LOCALHOST, port).into()).is_ok() => Ok(port),
            _ => free_loopback_port().map_err(PostgresError::Port),
        }
    }

    async fn launch(&self, port: u16) -> Result<Child, PostgresError> {
        let program = self.binaries.postgres();
        // A fast shutdown, should we die: the next start has nothing to recover.
        let mut command = self.account.command(&program, Signal::SIGINT, &self.server)?;
        command.arg("-D").arg(&self.server);
        for setting in settings(port, self.options.durability) {
            command.arg("-c").arg(setting);
        }
        let mut child = Child::start(NAME, command, None)
            .await
            .map_err(|source| PostgresError::Spawn { program, source })?;
        let mut last = None;
        let limit = time::sleep(Duration::from_secs(START_TIMEOUT_SECS));
        tokio::select! {
            ended = child.ended() => {
                let status = ended.map_or_else(|error| error.to_string(), describe);
                Err(PostgresError::Ended { status, output: child.tail().text() })
            }
            ready = self.ready(port, &mut last) => ready.map(|()| child),
            () = limit => Err(PostgresError::NotReady { timeout_secs: START_TIMEOUT_SECS, source: last.take() }),
        }
    }

    /// Waits until the server takes our password.
    async fn ready(&self, port: u16, last: &mut Option<sqlx::Error>) -> Result<(), PostgresError> {
        loop {
            match connect(port, &self.password).await {
                Ok(connection) => {
                    if serves(connection, &self.server).await {
                        return Ok(());
                    }
                }
                Err(error) if has_code(&error, INVALID_PASSWORD) => {
                    return Err(PostgresError::Password {
                        folder: self.server.clone(),
                        secret: self.secrets.path(NAME),
                    });
                }
                Err(error) => *last = Some(error),
            }
            time::sleep(Duration::from_millis(POLL_INTERVAL_MS)).await;
        }
    }
}

/// Stops a server that is not our child.
pub(super) async fn stop_stray(
    postmaster: &Identity,
    hurry: &CancellationToken,
) -> Result<(), PostgresError> {
    let steps = [
        (Signal::SIGINT, STOP_TIMEOUT_SECS),
        (Signal::SIGQUIT, IMMEDIATE_TIMEOUT_SECS),
        (Signal::SIGKILL, IMMEDIATE_TIMEOUT_SECS),
    ];
    for (signal, timeout_secs) in steps {
        // One that has just ended needs no signal.
        let _gone = kill(postmaster.pid(), signal);
        let gone = async {
            while postmaster.is_alive() {
                time::sleep(Duration::from_millis(POLL_INTERVAL_MS)).await;
            }
        };
        tokio::select! {
            () = gone => return Ok(()),
            () = hurry.cancelled(), if signal == Signal::SIGINT => {}
            () = time::sleep(Duration::from_secs(timeout_secs)) => {}
        }
    }
    Err(PostgresError::NotStopped { pid: postmaster.pid().as_raw() })
}

async fn connect(port: u16, password: &SecretString) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username(ADMIN_ROLE)
        .password(password.expose_secret())
        .database(ADMIN_ROLE)
        .ssl_mode(PgSslMode::Disable)
        .application_name("local")
        // Statements set passwords.
        .disable_statement_logging()
        .connect()
        .await
}

/// Whether the server behind a connection is that of a folder.
async fn serves(mut connection: PgConnection, folder: &Path) -> bool {
    let answer: Result<String, _> = sqlx::query_scalar("select current_setting('data_directory')")
        .fetch_one(&mut connection)
        .await;
    drop(connection.close().await);
    answer.is_ok_and(|answer| Path::new(&answer) == folder)
}

fn has_code(error: &sqlx::Error, code: &str) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some(code))
}
