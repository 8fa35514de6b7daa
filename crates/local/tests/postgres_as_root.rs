//! The embedded PostgreSQL started by root, whom it refuses to run as. Skipped for anybody else.

mod postgres_support;

use std::{fs, os::unix::fs::MetadataExt, path::Path, process::Command};

use local::postgres::Server;
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, geteuid},
};
use postgres_support::{data, only_ours, options, start, which};
use testing::skipped;

#[tokio::test]
async fn root_runs_it_as_somebody_else_below_a_folder_that_only_root_can_pass() {
    if !geteuid().is_root() {
        return skipped("needs root");
    }
    let outer = only_ours();
    let data = outer.path().join("checkout/data");
    let mut server = start(&data).await;
    let owner = fs::metadata(format!("/proc/{}", server.pid())).expect("the process").uid();
    assert_ne!(owner, 0);
    server.create_database_and_role("chat", "chat").await.expect("it answers");
    kill(Pid::from_raw(server.pid()), Signal::SIGKILL).expect("a signal");
    server.ended().await;
    let server = start(&data).await;
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn root_finds_binaries_in_a_cache_that_only_root_can_pass() {
    if !geteuid().is_root() {
        return skipped("needs root");
    }
    let outer = only_ours();
    let system = fs::canonicalize(which("postgres")).expect("the binary");
    let prefix = system.parent().and_then(Path::parent).expect("a prefix");
    let copy = outer.path().join("copy");
    fs::create_dir(&copy).expect("a folder");
    let copied = Command::new("cp").arg("-r").arg(prefix).arg(&copy).status().expect("cp");
    assert!(copied.success());
    let mut options = options(&outer.path().join("data"));
    options.search.pg_bin = Some(copy.join(prefix.file_name().expect("a name")).join("bin"));
    let (probe, server) = (options.clone(), Server::start(options).await);
    let server = server.unwrap_or_else(|error| panic!("{error} {probe:?}"));
    let program = fs::read_link(format!("/proc/{}/exe", server.pid())).expect("its program");
    assert!(program.starts_with(outer.path()), "{}", program.display());
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn root_runs_it_as_the_owner_of_its_folder() {
    if !geteuid().is_root() {
        return skipped("needs root");
    }
    let data = data();
    start(data.path()).await.stop().await.expect("a stop");
    let status = Command::new("chown")
        .args(["-R", "65533:65533"])
        .arg(data.path().join("postgres"))
        .status()
        .expect("chown");
    assert!(status.success());
    let server = start(data.path()).await;
    let owner = fs::metadata(format!("/proc/{}", server.pid())).expect("the process").uid();
    assert_eq!(owner, 65533);
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_folder_that_root_has_taken_is_handed_back() {
    if !geteuid().is_root() {
        return skipped("needs root");
    }
    let data = data();
    start(data.path()).await.stop().await.expect("a stop");
    let server = data.path().join("postgres");
    let status = Command::new("chown").args(["-R", "0:0"]).arg(&server).status().expect("chown");
    assert!(status.success());
    start(data.path()).await.stop().await.expect("a stop");
    assert_ne!(fs::metadata(server.join("PG_VERSION")).expect("a file").uid(), 0);
}

#[test]
fn without_a_way_to_lend_the_right_the_folder_in_the_way_is_named() {
    if !geteuid().is_root() {
        return skipped("needs root");
    }
    let outer = only_ours();
    let output = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(["postgres", "--ephemeral", "--", "/bin/true"])
        .env("TMPDIR", outer.path())
        // No setpriv; the server's binaries are found without it.
        .env("PATH", "/nonexistent")
        .output()
        .expect("local");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = format!("can't reach {}", outer.path().display());
    assert!(said.contains(&expected), "{said}");
}
