//! As whom the server runs.
//!
//! PostgreSQL refuses root. Root therefore starts it as the owner of its folder, else as `postgres`
//! or `nobody`. That account often can't reach the folder: a checkout below /root (0700). Then it is
//! lent one capability, the right to pass and read folders, which needs util-linux's `setpriv`.

use std::{
    fs,
    os::unix::fs::{MetadataExt, lchown},
    path::{Path, PathBuf},
};

use nix::{
    sys::signal::Signal,
    unistd::{Gid, Uid, User, geteuid},
};
use tokio::process::Command;

use super::error::PostgresError;
use crate::process::{has_setpriv, setpriv, tied};

/// Capabilities that let an account pass any folder, the weaker first, with their bit in `CapEff`.
/// Containers often have only the second.
const PASSING_CAPABILITIES: [(&str, u32); 2] = [("dac_read_search", 2), ("dac_override", 1)];

/// As whom the server runs.
#[derive(Clone, Debug)]
pub(crate) enum Account {
    /// As ourselves: we are not root.
    Ours,
    /// As somebody else: we are root.
    Other(Other),
}

/// An unprivileged account.
#[derive(Clone, Debug)]
pub(crate) struct Other {
    uid: Uid,
    gid: Gid,
    name: String,
}

impl Account {
    /// Who runs the server of a folder, which may not exist yet.
    ///
    /// # Errors
    /// [`PostgresError::ForeignOwner`], [`PostgresError::NoAccount`], [`PostgresError::File`].
    pub(crate) fn for_folder(folder: &Path) -> Result<Self, PostgresError> {
        let owner = match fs::metadata(folder) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(PostgresError::file("look at", folder)(error)),
        };
        let ours = geteuid();
        match owner {
            Some(owner) if !ours.is_root() && owner.uid() != ours.as_raw() => {
                Err(PostgresError::ForeignOwner { folder: folder.to_owned(), owner: owner.uid() })
            }
            _ if !ours.is_root() => Ok(Self::Ours),
            Some(owner) if owner.uid() != 0 => Ok(Self::Other(Other {
                uid: Uid::from_raw(owner.uid()),
                gid: Gid::from_raw(owner.gid()),
                name: format!("with id {}", owner.uid()),
            })),
            _ => ["postgres", "nobody"]
                .into_iter()
                .find_map(Other::named)
                .map(Self::Other)
                .ok_or(PostgresError::NoAccount),
        }
    }

    /// Hands a folder and all that is in it to the account, unless it has it already.
    ///
    /// # Errors
    /// [`PostgresError::File`].
    pub(crate) fn own(&self, folder: &Path) -> Result<(), PostgresError> {
        let Self::Other(account) = self else { return Ok(()) };
        let metadata = fs::metadata(folder).map_err(PostgresError::file("look at", folder))?;
        if metadata.uid() == account.uid.as_raw() {
            return Ok(());
        }
        account.own(folder)
    }

    /// A command that runs as the account, can reach the paths it works on, and dies with us.
    ///
    /// # Errors
    /// [`PostgresError::Unreachable`] when the account can't reach them and can't be helped.
    pub(crate) fn command(
        &self,
        program: &Path,
        death_signal: Signal,
        works_on: &Path,
    ) -> Result<Command, PostgresError> {
        let mut command = match self {
            Self::Ours => tied(program, death_signal),
            Self::Other(account) => account.command(program, death_signal, works_on)?,
        };
        // Our own working folder may be one that the account can't look at.
        command.current_dir("/").env("LC_ALL", "C");
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_clients(name)) {
            command.env_remove(name);
        }
        Ok(command)
    }
}

impl Other {
    fn named(name: &str) -> Option<Self> {
        let user = User::from_name(name).ok()??;
        Some(Self { uid: user.uid, gid: user.gid, name: user.name })
    }

    /// The folder comes last: it tells that all within is done.
    fn own(&self, path: &Path) -> Result<(), PostgresError> {
        let metadata = fs::symlink_metadata(path).map_err(PostgresError::file("look at", path))?;
        if metadata.is_dir() {
            let entries = fs::read_dir(path).map_err(PostgresError::file("read", path))?;
            for entry in entries {
                self.own(&entry.map_err(PostgresError::file("read", path))?.path())?;
            }
        }
        lchown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
            .map_err(PostgresError::file("hand over", path))
    }

    fn command(
        &self,
        program: &Path,
        death_signal: Signal,
        works_on: &Path,
    ) -> Result<Command, PostgresError> {
        let barrier = [program, works_on].into_iter().find_map(|path| self.barrier(path));
        if !has_setpriv() {
            if let Some(path) = barrier {
                return Err(PostgresError::Unreachable { path, account: self.name.clone() });
            }
            let mut command = tied(program, death_signal);
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
            return Ok(command);
        }
        let mut options = vec![
            format!("--reuid={}", self.uid),
            format!("--regid={}", self.gid),
            "--clear-groups".to_owned(),
        ];
        if let Some(path) = barrier {
            let capability = passing_capability()
                .ok_or_else(|| PostgresError::Unreachable { path, account: self.name.clone() })?;
            options.extend([
                format!("--inh-caps=-all,+{capability}"),
                format!("--ambient-caps=-all,+{capability}"),
                // Otherwise access(2), by which the server looks for its own program, ignores it.
                "--securebits=+no_setuid_fixup".to_owned(),
            ]);
        }
        Ok(setpriv(program, death_signal, &options))
    }

    /// The first folder on the way to a path that the account can't pass by its permissions.
    fn barrier(&self, path: &Path) -> Option<PathBuf> {
        let folders: Vec<&Path> = path.ancestors().skip(1).collect();
        folders.into_iter().rev().find(|folder| !self.passes(folder)).map(Path::to_owned)
    }

    fn passes(&self, folder: &Path) -> bool {
        fs::metadata(folder).is_ok_and(|metadata| {
            let shift = if metadata.uid() == self.uid.as_raw() {
                6
            } else if metadata.gid() == self.gid.as_raw() {
                3
            } else {
                0
            };
            metadata.mode() >> shift & 1 == 1
        })
    }
}

/// Variables that would change what a client or server of PostgreSQL does.
pub(crate) fn is_clients(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"PG")
}

/// A capability that we have and can lend.
fn passing_capability() -> Option<&'static str> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    let effective = u64::from_str_radix(line.trim(), 16).ok()?;
    PASSING_CAPABILITIES
        .into_iter()
        .find(|(_, bit)| effective >> bit & 1 == 1)
        .map(|(name, _)| name)
}
