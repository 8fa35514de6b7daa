//! A chat-api as a process of its own: to be measured, and to be killed.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use testing::{TestDatabase, free_port};

const SEALING_KEYS: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A replica that serves on one port for as long as it is.
pub(crate) struct Replica {
    pub(crate) public: SocketAddr,
    arguments: Vec<String>,
    logs: TempDir,
    child: Option<Child>,
}

impl Replica {
    /// A replica that is not running yet.
    pub(crate) fn new(database: &TestDatabase, flags: &[&str]) -> Self {
        let [public, health, sidecar] = [(); 3].map(|()| free_port());
        let own = [
            ("--database-url", database.owner_url()),
            ("--sealing-keys", SEALING_KEYS.to_owned()),
            ("--event-bus", "hold".to_owned()),
            ("--listen-addr", public.to_string()),
            ("--health-addr", health.to_string()),
            ("--app-addr", sidecar.to_string()),
        ];
        let own = own.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
        let flags = flags.iter().map(|&flag| flag.to_owned());
        let arguments = ["serve".to_owned()].into_iter().chain(own).chain(flags).collect();
        let logs = tempfile::tempdir().expect("a folder");
        Self { public, arguments, logs, child: None }
    }

    /// Starts it, and waits until it answers.
    pub(crate) async fn start(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.log()).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_chat-api"))
            .args(&self.arguments)
            .env_clear()
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("it starts"));
        testing::eventually("a replica to answer", || async {
            reqwest::get(format!("http://{}/", self.public)).await.ok()
        })
        .await;
    }

    /// Kills it with -9.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a process of ours can be killed");
            child.wait().expect("a status");
        }
    }

    /// What it has in memory, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        testing::resident_bytes(self.id())
    }

    /// How many sockets it has open.
    pub(crate) fn sockets(&self) -> usize {
        let open = fs::read_dir(self.proc().join("fd")).expect("its files");
        open.filter_map(|file| fs::read_link(file.ok()?.path()).ok())
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .count()
    }

    fn proc(&self) -> std::path::PathBuf {
        Path::new("/proc").join(self.id().to_string())
    }

    fn id(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    fn log(&self) -> std::path::PathBuf {
        self.logs.path().join("log")
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(self.log()).unwrap_or_default());
        }
    }
}

/// Brings a database up to date.
pub(crate) fn migrate(database: &TestDatabase) {
    let migrated = Command::new(env!("CARGO_BIN_EXE_chat-api"))
        .args(["migrate", "--database-url", &database.owner_url()])
        .stderr(Stdio::null())
        .status();
    assert!(migrated.expect("it runs").success());
}
