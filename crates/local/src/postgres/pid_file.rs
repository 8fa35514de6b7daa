//! `postmaster.pid`: what a server from before left.
//!
//! The server itself takes any living process with the pid in there for a server of its folder, and
//! refuses to start. A reboot, or a container's few pids, make that wrong. So we look whether it is
//! one; where it is not, the file is disowned but not removed: it also names the shared memory by
//! which PostgreSQL sees backends that outlived their server.

use std::{fs, path::Path};

use nix::unistd::Pid;

use super::error::PostgresError;
use crate::process::{Identity, executable_name, works_in};

/// What `postmaster.pid` stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing that PostgreSQL could not handle by itself.
    Nothing,
    /// The pid has become another process's.
    PidOfAnother,
    /// The file was never written to the end.
    Damaged,
    /// A server of this folder runs.
    Running {
        /// Its postmaster.
        postmaster: Identity,
        /// Where it listens, if it came so far.
        port: Option<u16>,
    },
}

/// Looks at a server's folder.
///
/// # Errors
/// [`PostgresError::File`].
pub(crate) fn look(folder: &Path) -> Result<Left, PostgresError> {
    let path = folder.join("postmaster.pid");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Left::Nothing),
        Err(error) => return Err(PostgresError::file("read", &path)(error)),
    };
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.trim().parse::<i32>().ok());
    let Some(pid) = pid.filter(|pid| *pid > 1).map(Pid::from_raw) else {
        return Ok(Left::Damaged);
    };
    // Lines two and three are the folder and when it started.
    let port = lines.nth(2).and_then(|line| line.trim().parse().ok());
    Ok(match Identity::of(pid) {
        None => Left::Nothing,
        Some(postmaster) if serves(pid, folder) => Left::Running { postmaster, port },
        Some(_) => Left::PidOfAnother,
    })
}

/// Makes a file that names another's pid one that PostgreSQL sees through: a pid that is its own
/// parent's can't be that of a server.
///
/// # Errors
/// [`PostgresError::File`].
pub(crate) fn disown(folder: &Path) -> Result<(), PostgresError> {
    let path = folder.join("postmaster.pid");
    let text = fs::read_to_string(&path).map_err(PostgresError::file("read", &path))?;
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    fs::write(&path, format!("{}\n{rest}", Pid::this()))
        .map_err(PostgresError::file("correct", &path))
}

/// Removes a file that was never written to the end: no server came so far as to use the folder.
///
/// # Errors
/// [`PostgresError::File`].
pub(crate) fn remove(folder: &Path) -> Result<(), PostgresError> {
    let path = folder.join("postmaster.pid");
    fs::remove_file(&path).map_err(PostgresError::file("remove", &path))
}

/// Whether a process is a server of a folder: a server works in its own.
fn serves(pid: Pid, folder: &Path) -> bool {
    let is_postgres = executable_name(pid).is_some_and(|name| name.starts_with("postgres"));
    is_postgres && works_in(pid, folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("postmaster.pid"), text).expect("a file");
        folder
    }

    #[test]
    fn no_file_is_nothing_and_half_a_file_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(look(folder.path()).expect("a look"), Left::Nothing);
        for text in ["", "\n", "x\n", "0\n", "-1\n"] {
            assert_eq!(look(folder_with(text).path()).expect("a look"), Left::Damaged, "{text:?}");
        }
    }

    #[test]
    fn a_living_process_that_is_no_server_is_another() {
        let folder = folder_with(&format!("{}\n/x\n1\n5432\n", Pid::this()));
        assert_eq!(look(folder.path()).expect("a look"), Left::PidOfAnother);
    }

    #[test]
    fn a_disowned_file_keeps_its_shared_memory() {
        let folder = folder_with("4242\n/x\n1\n5432\n\n127.0.0.1\n  1 2\nready\n");
        disown(folder.path()).expect("a change");
        let text = fs::read_to_string(folder.path().join("postmaster.pid")).expect("the file");
        assert_eq!(text, format!("{}\n/x\n1\n5432\n\n127.0.0.1\n  1 2\nready\n", Pid::this()));
    }
}
