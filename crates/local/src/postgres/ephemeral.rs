//! A server for one command: tests get a PostgreSQL that is gone afterwards.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::ExitStatus,
};

use nix::unistd::geteuid;
use secrecy::ExposeSecret;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::{
    binaries::Search,
    error::PostgresError,
    pid_file::{self, Left},
    server::{Server, ServerOptions, stop_stray},
    settings::Durability,
};
use crate::process::{Signals, exit_code, run_beside};

/// The variable that tells a command where the server is: the administrator's URL.
pub const TEST_DATABASE_URL: &str = "TEST_DATABASE_URL";

const PREFIX: &str = "local-postgres-";
const LOCK: &str = "lock";

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
    signals: Signals,
) -> Result<ExitStatus, PostgresError> {
    let mut words = command.iter();
    let program = words.next().cloned().unwrap_or_default();
    let mut command = Command::new(&program);
    command.args(words).env(TEST_DATABASE_URL, server.admin_url().expose_secret());
    let ended = run_beside(command, signals).await;
    ended.map_err(|source| PostgresError::Spawn { program: program.into(), source })
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
