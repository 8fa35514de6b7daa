//! A server for one command: tests get a PostgreSQL that is gone afterwards.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::ExitStatusExt,
    },
    path::Path,
    process::ExitStatus,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, geteuid},
};
use secrecy::ExposeSecret;
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{
    binaries::Search,
    error::PostgresError,
    pid_file::{self, Left},
    server::{Server, ServerOptions, stop_stray},
    settings::Durability,
};
use crate::process::{is_in_foreground, spawn};

/// The variable that tells a command where the server is: the administrator's URL.
pub const TEST_DATABASE_URL: &str = "TEST_DATABASE_URL";

const PREFIX: &str = "local-postgres-";
const LOCK: &str = "lock";
/// What a shell adds to a signal's number.
const SIGNAL_EXIT_CODE: i32 = 128;

/// A command to run beside a server.
#[derive(Clone, Debug)]
pub struct EphemeralOptions {
    /// Where the binaries are looked for.
    pub search: Search,
    /// The program and its arguments.
    pub command: Vec<OsString>,
}

/// Starts a server in a folder of its own, runs the command with `TEST_DATABASE_URL`, stops the
/// server and removes the folder, also after Ctrl-C. Returns the command's exit code, as a shell
/// would.
///
/// # Errors
/// [`PostgresError`] when the server or the command can't be started.
pub async fn run_command(options: EphemeralOptions) -> Result<i32, PostgresError> {
    let temporary = env::temp_dir();
    sweep(&temporary).await;
    let folder = tempfile::Builder::new()
        .prefix(PREFIX)
        // The account that the server runs as passes through; what is in there is private.
        .permissions(fs::Permissions::from_mode(0o711))
        .tempdir_in(&temporary)
        .map_err(PostgresError::file("make a folder in", &temporary))?;
    let _lock = lock(folder.path()).map_err(PostgresError::file("lock", folder.path()))?;
    let signals = Signals::catch().map_err(PostgresError::file("catch signals in", &temporary))?;
    let server = Server::start(ServerOptions {
        data: folder.path().to_owned(),
        search: options.search,
        port: None,
        durability: Durability::Ephemeral,
    })
    .await?;
    let outcome = run(&options.command, &server, signals).await;
    let hurry = CancellationToken::new();
    // Nothing is kept, so nothing need be written.
    hurry.cancel();
    server.stop_in_a_hurry(&hurry).await?;
    let path = folder.path().to_owned();
    folder.close().map_err(PostgresError::file("remove", &path))?;
    outcome.map(exit_code)
}

async fn run(
    command: &[OsString],
    server: &Server,
    mut signals: Signals,
) -> Result<ExitStatus, PostgresError> {
    let mut words = command.iter();
    let program = words.next().cloned().unwrap_or_default();
    let failed = |source| PostgresError::Spawn { program: program.clone().into(), source };
    // Our process group stays the command's: a terminal's Ctrl-C reaches it, and it may read there.
    let mut command = Command::new(&program);
    command.args(words).env(TEST_DATABASE_URL, server.admin_url().expose_secret());
    let mut child = spawn(command).await.map_err(failed)?;
    loop {
        let caught = tokio::select! {
            ended = child.wait() => return ended.map_err(failed),
            caught = signals.next() => caught,
        };
        // A terminal's Ctrl-C has reached the command too.
        let reached = caught == Signal::SIGINT && is_in_foreground();
        if let (false, Some(pid)) = (reached, child.id().and_then(|id| i32::try_from(id).ok())) {
            // It may end at this moment.
            let _gone = kill(Pid::from_raw(pid), caught);
        }
    }
}

/// The signals that ask us to end, caught from when this is made.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::SIGINT,
            _ = self.terminate.recv() => Signal::SIGTERM,
            _ = self.hang_up.recv() => Signal::SIGHUP,
        }
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    let signalled = || SIGNAL_EXIT_CODE + status.signal().unwrap_or_default();
    status.code().unwrap_or_else(signalled)
}

/// Held for as long as the folder is used; the system lets go of it however we end.
fn lock(folder: &Path) -> io::Result<File> {
    let file = File::create(folder.join(LOCK))?;
    file.try_lock()?;
    Ok(file)
}

/// Removes what killed runs left. What can't be removed is left to the next.
async fn sweep(temporary: &Path) {
    let entries = fs::read_dir(temporary).into_iter().flatten().flatten();
    for entry in entries {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry
                .metadata()
                .is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == geteuid().as_raw());
        let folder = entry.path();
        let unused = || File::open(folder.join(LOCK)).and_then(|file| Ok(file.try_lock()?));
        if !is_ours || unused().is_err() {
            continue;
        }
        if let Ok(Left::Running { postmaster, .. }) = pid_file::look(&folder.join("postgres")) {
            let hurry = CancellationToken::new();
            hurry.cancel();
            drop(stop_stray(&postmaster, &hurry).await);
        }
        drop(fs::remove_dir_all(&folder));
    }
}
