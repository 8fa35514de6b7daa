//! What the tests of the embedded PostgreSQL share.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use local::postgres::{Durability, Server, ServerOptions};
use tempfile::TempDir;

pub(crate) fn data() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    // As a checkout in /srv would be: whoever it is may pass.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
    folder
}

/// A folder as /root is.
pub(crate) fn only_ours() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("permissions");
    folder
}

pub(crate) fn options(data: &Path) -> ServerOptions {
    ServerOptions { durability: Durability::Ephemeral, ..ServerOptions::new(data) }
}

pub(crate) async fn start(data: &Path) -> Server {
    Server::start(options(data)).await.expect("a server")
}

pub(crate) fn which(program: &str) -> PathBuf {
    let on_path = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
        .unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    on_path
        .into_iter()
        .chain(debian.map(|entry| entry.path().join("bin")))
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .expect("PostgreSQL is installed")
}
