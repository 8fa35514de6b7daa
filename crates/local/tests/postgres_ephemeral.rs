//! `local postgres --ephemeral`: a server for one command, gone with it.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

const POLLS: u32 = 3000;

fn temporary() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("permissions");
    folder
}

fn local(temporary: &Path, script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command
        .args(["postgres", "--ephemeral", "--", "sh", "-c", script])
        .env("TMPDIR", temporary)
        .env_remove("TEST_DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A terminal's Ctrl-C is for the tests.
        .process_group(0);
    command
}

fn run(temporary: &Path, script: &str) -> Output {
    local(temporary, script).output().expect("local")
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).expect("a pid");
    kill(Pid::from_raw(pid), signal).expect("a signal");
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..POLLS {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("never: {what}");
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("a folder").next().is_none()
}

/// A script that writes down where its server is, then waits for a file or a signal.
fn waiting(notes: &Path) -> String {
    format!(
        "echo \"$TEST_DATABASE_URL\" >{0}/new && mv {0}/new {0}/url; \
         while [ ! -e {0}/go ]; do sleep 0.05; done",
        notes.display()
    )
}

fn url_in(notes: &Path) -> String {
    let path = notes.join("url");
    until("the command runs", || path.exists());
    fs::read_to_string(path).expect("the URL").trim().to_owned()
}

fn postmaster_in(temporary: &Path) -> i32 {
    let mut entries = fs::read_dir(temporary).expect("a folder").flatten();
    let folder = entries.next().expect("the server's").path();
    let text = fs::read_to_string(folder.join("postgres/postmaster.pid")).expect("its pid");
    text.lines().next().expect("a line").parse().expect("a pid")
}

fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z"))
}

#[test]
fn the_commands_exit_code_and_output_are_its_own_and_nothing_is_left() {
    let temporary = temporary();
    let output = run(temporary.path(), "echo \"$TEST_DATABASE_URL\"; exit 7");
    assert_eq!(output.status.code(), Some(7));
    let url = String::from_utf8(output.stdout).expect("text");
    assert!(url.starts_with("postgres://postgres:"), "{url}");
    assert!(is_empty(temporary.path()));
    let output = run(temporary.path(), "kill -TERM $$");
    assert_eq!(output.status.code(), Some(128 + 15));
    assert!(is_empty(temporary.path()));
}

#[tokio::test]
async fn the_command_has_an_administrator_and_many_connections() {
    let (temporary, notes) = (temporary(), tempfile::tempdir().expect("a folder"));
    let mut child = local(temporary.path(), &waiting(notes.path())).spawn().expect("local");
    let url = url_in(notes.path());
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    let superuser: String = sqlx::query_scalar("select current_setting('is_superuser')")
        .fetch_one(&mut connection)
        .await
        .expect("an answer");
    assert_eq!(superuser, "on");
    sqlx::raw_sql("create database of_a_test").execute(&mut connection).await.expect("a database");
    let many: i32 = sqlx::query_scalar("select current_setting('max_connections')::integer")
        .fetch_one(&mut connection)
        .await
        .expect("an answer");
    assert!(many >= 500, "{many}");
    fs::write(notes.path().join("go"), "").expect("a file");
    assert!(child.wait().expect("its end").success(), "also with a connection that stays open");
    assert!(is_empty(temporary.path()));
}

#[test]
fn a_signal_reaches_the_command_and_then_all_is_gone() {
    for caught in [Signal::SIGINT, Signal::SIGTERM] {
        let (temporary, notes) = (temporary(), tempfile::tempdir().expect("a folder"));
        let script = format!("trap 'exit 42' INT; trap 'exit 43' TERM; {}", waiting(notes.path()));
        let mut child = local(temporary.path(), &script).spawn().expect("local");
        url_in(notes.path());
        let postmaster = postmaster_in(temporary.path());
        signal(&child, caught);
        let status = child.wait().expect("its end");
        let expected = if caught == Signal::SIGINT { 42 } else { 43 };
        assert_eq!(status.code(), Some(expected), "{caught}");
        assert!(is_empty(temporary.path()));
        assert!(!is_alive(postmaster));
    }
}

#[test]
fn what_a_killed_one_left_is_removed_by_the_next() {
    let (temporary, notes) = (temporary(), tempfile::tempdir().expect("a folder"));
    let mut child = local(temporary.path(), &waiting(notes.path())).spawn().expect("local");
    url_in(notes.path());
    let postmaster = postmaster_in(temporary.path());
    signal(&child, Signal::SIGKILL);
    child.wait().expect("its end");
    fs::write(notes.path().join("go"), "").expect("a file");
    assert!(!is_empty(temporary.path()), "it could not");

    let beside = temporary.path().join("local-postgres-of-another");
    fs::create_dir(&beside).expect("a folder without a lock");
    assert!(run(temporary.path(), "true").status.success());
    assert!(!is_alive(postmaster));
    let left: Vec<_> = fs::read_dir(temporary.path()).expect("it").flatten().collect();
    assert_eq!(left.iter().map(fs::DirEntry::path).collect::<Vec<_>>(), [beside]);
}

#[test]
fn the_folder_of_one_that_runs_is_left_alone() {
    let (temporary, notes) = (temporary(), tempfile::tempdir().expect("a folder"));
    let mut child = local(temporary.path(), &waiting(notes.path())).spawn().expect("local");
    url_in(notes.path());
    let postmaster = postmaster_in(temporary.path());
    assert!(run(temporary.path(), "true").status.success());
    assert!(is_alive(postmaster));
    fs::write(notes.path().join("go"), "").expect("a file");
    assert!(child.wait().expect("its end").success());
    assert!(is_empty(temporary.path()));
}

#[test]
fn a_command_that_does_not_exist_is_said_and_nothing_is_left() {
    let temporary = temporary();
    let output = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(["postgres", "--ephemeral", "--", "/nowhere/program"])
        .env("TMPDIR", temporary.path())
        .output()
        .expect("local");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("/nowhere/program can't be started"), "{said}");
    assert!(is_empty(temporary.path()));
}
