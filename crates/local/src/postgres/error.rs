//! Why PostgreSQL does not run.

use std::path::{Path, PathBuf};

use super::binaries::OLDEST_MAJOR;

/// The embedded PostgreSQL does not start, or can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No usable binaries.
    #[error(
        "no PostgreSQL {OLDEST_MAJOR} or later found (looked in {}): install it, or name the folder \
         of its binaries in PG_BIN",
        list(searched)
    )]
    NotFound {
        /// The folders that were looked in.
        searched: Vec<PathBuf>,
    },
    /// The data are of another major version than every server found.
    #[error(
        "{} was made by PostgreSQL {data_major}, and only {} found: install PostgreSQL \
         {data_major} (or name the folder of its binaries in PG_BIN), or choose another DATA; \
         nothing was changed",
        folder.display(),
        versions(found)
    )]
    VersionMismatch {
        /// The server's folder.
        folder: PathBuf,
        /// The major version that made it.
        data_major: u32,
        /// The major versions that were found, with their folders.
        found: Vec<(u32, PathBuf)>,
    },
    /// `PG_VERSION` in the server's folder can't be read as a version.
    #[error("{} is no folder of a PostgreSQL server", folder.display())]
    NotOurs {
        /// The server's folder.
        folder: PathBuf,
    },
    /// A file or folder can't be read or written.
    #[error("{}: can't {action}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Root may not run a server, and there is nobody else.
    #[error("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")]
    NoAccount,
    /// The server's folder belongs to somebody else.
    #[error(
        "{} belongs to the user with id {owner}: start as that user or as root, or choose another \
         DATA",
        folder.display()
    )]
    ForeignOwner {
        /// The server's folder.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// The unprivileged account can't reach a folder, and the system can't lend it the right to.
    #[error(
        "PostgreSQL does not run as root, and the user {account} can't reach {}: choose a DATA \
         outside of it, or start as another user than root",
        path.display()
    )]
    Unreachable {
        /// The folder that stops it.
        path: PathBuf,
        /// Who.
        account: String,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Initdb {
        /// What it said.
        output: String,
    },
    /// A program can't be started.
    #[error("{} can't be started", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The server ended instead of answering.
    #[error("PostgreSQL ended with {status} instead of starting: {output}")]
    Ended {
        /// Its exit status.
        status: String,
        /// The last lines that it wrote.
        output: String,
    },
    /// The server runs and does not answer.
    #[error("PostgreSQL does not answer within {timeout_secs} s")]
    NotReady {
        /// How long it was waited for, in seconds.
        timeout_secs: u64,
        /// What it answered last.
        source: Option<sqlx::Error>,
    },
    /// The server does not take the kept password.
    #[error(
        "the server in {} does not take the password in {}: put that file back, or choose another \
         DATA",
        folder.display(),
        secret.display()
    )]
    Password {
        /// The server's folder.
        folder: PathBuf,
        /// The file with the password.
        secret: PathBuf,
    },
    /// A server from before does not end.
    #[error("the PostgreSQL server from before (process {pid}) can't be stopped")]
    NotStopped {
        /// Its pid.
        pid: i32,
    },
    /// No port is left, or the one asked for is taken.
    #[error("no port of 127.0.0.1 for PostgreSQL")]
    Port(#[source] std::io::Error),
    /// A name of a database or role that would need quoting.
    #[error("{0:?} is no name for a database or role: lower-case letters, digits and _ only")]
    Name(String),
    /// A statement failed.
    #[error("PostgreSQL refused a statement")]
    Statement(#[source] sqlx::Error),
}

impl PostgresError {
    /// For `map_err` on a file operation.
    pub(crate) fn file<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(std::io::Error) -> Self + 'a {
        move |source| Self::File { action, path: path.to_owned(), source }
    }
}

fn list(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn versions(found: &[(u32, PathBuf)]) -> String {
    let found = found.iter().map(|(major, folder)| format!("{major} ({})", folder.display()));
    found.collect::<Vec<_>>().join(", ")
}
