//! Making a server's folder, once: whole or not at all.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};

use super::{
    account::Account, binaries::Binaries, error::PostgresError, folder::Folder,
    settings::Durability,
};
use crate::process::spawn;

/// The administrator's role.
pub(crate) const ADMIN_ROLE: &str = "postgres";

/// The server's folder while it is made, below the staging folder.
const MADE: &str = "server";

/// Locales to make the databases with, the better first: code points in order, and letters beyond
/// ASCII known as such. Some systems have only the second.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// Makes the server's folder: UTF-8, an administrator with a password, nobody trusted.
///
/// It is made beside its place and moved there at the end, so that one that was interrupted is no
/// server's folder.
///
/// # Errors
/// [`PostgresError::Initdb`], [`PostgresError::Spawn`], [`PostgresError::File`].
pub(crate) async fn initialise(
    folder: &Folder,
    binaries: &Binaries,
    account: &Account,
    password: &SecretString,
    durability: Durability,
) -> Result<(), PostgresError> {
    let staging = folder.staging();
    let made = staging.join(MADE);
    let mut outcome = Ok(());
    for locale in LOCALES {
        prepare(&staging, account, password)?;
        outcome =
            initdb(binaries, account, &staging, &format!("--locale={locale}"), durability).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome?;
    let server = folder.server();
    fs::rename(&made, &server).map_err(PostgresError::file("move to its place", &made))?;
    fs::remove_dir_all(&staging).map_err(PostgresError::file("remove", &staging))
}

fn prepare(
    staging: &Path,
    account: &Account,
    password: &SecretString,
) -> Result<(), PostgresError> {
    if staging.exists() {
        fs::remove_dir_all(staging).map_err(PostgresError::file("remove", staging))?;
    }
    let mut private = fs::DirBuilder::new();
    private.mode(0o700).create(staging).map_err(PostgresError::file("make the folder", staging))?;
    let path = staging.join("password");
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| {
            std::io::Write::write_all(&mut file, password.expose_secret().as_bytes())
        })
        .map_err(PostgresError::file("write", &path))?;
    account.own(staging)
}

async fn initdb(
    binaries: &Binaries,
    account: &Account,
    staging: &Path,
    locale: &str,
    durability: Durability,
) -> Result<(), PostgresError> {
    let (program, made) = (binaries.initdb(), staging.join(MADE));
    let mut command = account.command(&program, Signal::SIGKILL, &made)?;
    if durability == Durability::Ephemeral {
        command.arg("--no-sync");
    }
    command
        .args(["--encoding=UTF8", "--auth=scram-sha-256", "--username", ADMIN_ROLE])
        .arg(locale)
        .arg("--pwfile")
        .arg(staging.join("password"))
        .arg("--pgdata")
        .arg(&made)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true);
    let spawned = spawn(command).await;
    let output = match spawned {
        Ok(child) => child.wait_with_output().await,
        Err(error) => Err(error),
    }
    .map_err(|source| PostgresError::Spawn { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(PostgresError::Initdb { output: String::from_utf8_lossy(&text).trim().to_owned() })
}
