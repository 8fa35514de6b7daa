//! The embedded PostgreSQL: what it survives, adopts, stops and refuses.

mod postgres_support;

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
    time::Duration,
};

use local::postgres::{PostgresError, Server, ServerOptions};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, geteuid},
};
use postgres_support::{data, options, start, which};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};

/// The longest that anything here may take, in seconds.
const DEADLINE_SECS: u64 = 60;

async fn connect(url: &SecretString) -> PgConnection {
    PgConnection::connect(url.expose_secret()).await.expect("a connection")
}

async fn text(connection: &mut PgConnection, query: &'static str) -> String {
    sqlx::query_scalar(query).fetch_one(connection).await.expect("an answer")
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let poll = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(DEADLINE_SECS), poll).await.expect(what);
}

fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z"))
}

/// A server that outlives whoever starts it, as one does where the system ties no process to its
/// parent. It listens already: two that start on one folder at the same time are not what is tested.
async fn orphan(data: &Path, port: u16) -> i32 {
    let server = data.join("postgres");
    let postgres = fs::canonicalize(which("postgres")).expect("the binary");
    let owner = fs::metadata(&server).expect("the folder");
    let mut command = Command::new("sh");
    command.args(["-c", "\"$@\" >/dev/null 2>&1 & echo $!", "sh"]);
    if geteuid().is_root() {
        command.args([
            "setpriv".to_owned(),
            format!("--reuid={}", owner.uid()),
            format!("--regid={}", owner.gid()),
            "--clear-groups".to_owned(),
            "--".to_owned(),
        ]);
    }
    command.arg(postgres).arg("-D").arg(&server);
    for setting in [
        format!("port={port}"),
        "unix_socket_directories=".to_owned(),
        "listen_addresses=127.0.0.1".to_owned(),
    ] {
        command.args(["-c", &setting]);
    }
    let output = command.current_dir("/").output().expect("a shell");
    until("it listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a pid")
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_stop_and_a_start_on_the_same_port() {
    let data = data();
    let server = start(data.path()).await;
    let port = server.port();
    let mut connection = connect(&server.admin_url()).await;
    sqlx::raw_sql("create table kept as select 'ä' as word")
        .execute(&mut connection)
        .await
        .unwrap();
    let pid = server.pid();
    server.stop().await.expect("a stop");
    assert!(!is_alive(pid));
    assert!(!data.path().join("postgres/postmaster.pid").exists(), "it was a clean stop");

    let server = start(data.path()).await;
    assert_eq!(server.port(), port);
    let mut connection = connect(&server.admin_url()).await;
    assert_eq!(text(&mut connection, "select word from kept").await, "ä");
    let encoding =
        "select pg_encoding_to_char(encoding) from pg_database where datname = 'postgres'";
    assert_eq!(text(&mut connection, encoding).await, "UTF8");
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_durable_server_writes_every_commit_to_the_disk_and_listens_on_loopback_alone() {
    let data = data();
    let server = Server::start(ServerOptions::new(data.path())).await.expect("a server");
    let mut connection = connect(&server.admin_url()).await;
    for (setting, value) in [
        ("select current_setting('fsync')", "on"),
        ("select current_setting('synchronous_commit')", "on"),
        ("select current_setting('full_page_writes')", "on"),
        ("select current_setting('listen_addresses')", "127.0.0.1"),
        ("select current_setting('unix_socket_directories')", ""),
        ("select current_setting('password_encryption')", "scram-sha-256"),
    ] {
        assert_eq!(text(&mut connection, setting).await, value, "{setting}");
    }
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn nobody_gets_in_without_the_password_which_only_its_owner_can_read() {
    let data = data();
    let server = start(data.path()).await;
    let wrong = format!("postgres://postgres:wrong@127.0.0.1:{}/postgres", server.port());
    let refused = PgConnection::connect(&wrong).await.expect_err("a refusal");
    assert!(refused.to_string().contains("password authentication failed"), "{refused}");
    let mode = |name: &str| fs::metadata(data.path().join(name)).expect(name).permissions().mode();
    assert_eq!(mode("secrets/postgres") & 0o777, 0o600);
    assert_eq!(mode("secrets") & 0o777, 0o700);
    assert_eq!(mode("postgres") & 0o777, 0o700);
    assert!(!data.path().join("postgres.new").exists(), "the password's copy is gone");
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_lost_password_is_said_and_not_replaced() {
    let data = data();
    start(data.path()).await.stop().await.expect("a stop");
    fs::write(data.path().join("secrets/postgres"), "another").expect("a change");
    let refused = Server::start(options(data.path())).await.expect_err("a refusal");
    assert!(matches!(refused, PostgresError::Password { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_database_and_its_role_are_made_once_and_keep_their_password() {
    let data = data();
    let server = start(data.path()).await;
    let url = server.create_database_and_role("chat", "chat_owner").await.expect("a database");
    let mut connection = connect(&url).await;
    sqlx::raw_sql("create table mine (id bigint)").execute(&mut connection).await.expect("a table");
    let again = server.create_database_and_role("chat", "chat_owner").await.expect("the database");
    assert_eq!(url.expose_secret(), again.expose_secret());
    server.stop().await.expect("a stop");

    let server = start(data.path()).await;
    let later = server.create_database_and_role("chat", "chat_owner").await.expect("the database");
    assert_eq!(url.expose_secret(), later.expose_secret());
    let mut connection = connect(&later).await;
    let attributes =
        "select concat(rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolcanlogin)
                      from pg_roles where rolname = current_user";
    assert_eq!(text(&mut connection, attributes).await, "fffft");
    let owner = "select tableowner::text from pg_tables where tablename = 'mine'";
    assert_eq!(text(&mut connection, owner).await, "chat_owner");
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_role_that_was_changed_by_hand_is_put_right() {
    let data = data();
    let server = start(data.path()).await;
    server.create_database_and_role("chat", "chat").await.expect("a database");
    let mut admin = connect(&server.admin_url()).await;
    sqlx::raw_sql("alter role chat superuser password 'x'").execute(&mut admin).await.expect("it");
    let url = server.create_database_and_role("chat", "chat").await.expect("the database");
    let mut connection = connect(&url).await;
    assert_eq!(text(&mut connection, "select current_setting('is_superuser')").await, "off");
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_role_may_not_enter_the_database_of_another() {
    let data = data();
    let server = start(data.path()).await;
    let chat = server.create_database_and_role("chat", "chat").await.expect("a database");
    server.create_database_and_role("worker", "worker").await.expect("a database");
    let foreign = chat.expose_secret().replace("/chat?", "/worker?");
    let refused = PgConnection::connect(&foreign).await.expect_err("a refusal");
    assert!(refused.to_string().contains("permission denied"), "{refused}");
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_name_that_would_need_quoting_is_refused() {
    let data = data();
    let server = start(data.path()).await;
    for name in ["", "Chat", "a-b", "../x", "1st", "a\"b", &"x".repeat(64)] {
        let refused = server.create_database_and_role(name, "role").await.expect_err("a refusal");
        assert!(matches!(refused, PostgresError::Name(_)), "{refused:?}");
    }
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_server_left_running_is_adopted_and_can_be_stopped() {
    let data = data();
    let server = start(data.path()).await;
    let port = server.port();
    server.stop().await.expect("a stop");
    let pid = orphan(data.path(), port).await;

    let mut server = start(data.path()).await;
    assert!(server.is_adopted());
    assert_eq!((server.pid(), server.port()), (pid, port));
    server.create_database_and_role("chat", "chat").await.expect("it answers");
    kill(Pid::from_raw(pid), Signal::SIGINT).expect("a signal");
    let deadline = Duration::from_secs(DEADLINE_SECS);
    tokio::time::timeout(deadline, server.ended()).await.expect("its end is seen");

    let pid = orphan(data.path(), port).await;
    let server = start(data.path()).await;
    assert!(server.is_adopted());
    server.stop().await.expect("a stop");
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn a_server_left_running_that_does_not_answer_to_us_is_stopped_and_another_started() {
    let data = data();
    let server = start(data.path()).await;
    let port = server.port();
    server.stop().await.expect("a stop");
    let pid = orphan(data.path(), port).await;
    // It never answers again: a stopped process still has its port.
    kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("a signal");
    let continued = tokio::spawn(async move {
        // SIGKILL would end it too, but after a longer wait.
        tokio::time::sleep(Duration::from_secs(6)).await;
        kill(Pid::from_raw(pid), Signal::SIGCONT)
    });
    let server = start(data.path()).await;
    assert!(!server.is_adopted());
    assert_ne!(server.pid(), pid);
    assert!(!is_alive(pid));
    continued.abort();
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_killed_server_is_started_again_and_has_every_commit() {
    let data = data();
    let mut server = Server::start(ServerOptions::new(data.path())).await.expect("a server");
    let port = server.port();
    let mut connection = connect(&server.admin_url()).await;
    sqlx::raw_sql("create table kept as select 'kept' as word")
        .execute(&mut connection)
        .await
        .unwrap();
    kill(Pid::from_raw(server.pid()), Signal::SIGKILL).expect("a signal");
    assert_eq!(server.ended().await, "signal SIGKILL");
    assert!(data.path().join("postgres/postmaster.pid").exists(), "it left its file");

    let again = ServerOptions { port: Some(port), ..ServerOptions::new(data.path()) };
    let server = Server::start(again).await.expect("a server");
    let mut connection = connect(&server.admin_url()).await;
    assert_eq!(text(&mut connection, "select word from kept").await, "kept");
    server.stop().await.expect("a stop");
}

/// Gone with the test, also with one that fails.
struct Bystander(std::process::Child);

impl Drop for Bystander {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

#[tokio::test]
async fn a_pid_file_whose_pid_is_another_processs_now_stops_nothing() {
    let data = data();
    start(data.path()).await.stop().await.expect("a stop");
    let owner = fs::metadata(data.path().join("postgres")).expect("the folder");
    // PostgreSQL takes a living process of its own user for a server of this folder.
    let mut command = Command::new("sleep");
    if geteuid().is_root() {
        command = Command::new("setpriv");
        command.args([&format!("--reuid={}", owner.uid()), "--clear-groups", "--", "sleep"]);
    }
    let mut bystander = Bystander(command.arg("600").spawn().expect("a process"));
    let file = data.path().join("postgres/postmaster.pid");
    let text =
        format!("{}\n{}/postgres\n1\n5432\n\n127.0.0.1\n", bystander.0.id(), data.path().display());
    fs::write(&file, text).expect("a file");
    std::os::unix::fs::chown(&file, Some(owner.uid()), Some(owner.gid())).expect("its owner");

    let server = start(data.path()).await;
    assert!(bystander.0.try_wait().expect("a look").is_none(), "it was left alone");
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn a_stale_or_half_written_pid_file_stops_nothing() {
    let data = data();
    start(data.path()).await.stop().await.expect("a stop");
    let mut gone = Command::new("true").spawn().expect("a process");
    let pid = gone.id();
    gone.wait().expect("it ended");
    for text in [format!("{pid}\n/elsewhere\n1\n5432\n"), String::new(), "x".to_owned()] {
        fs::write(data.path().join("postgres/postmaster.pid"), &text).expect("a file");
        start(data.path()).await.stop().await.unwrap_or_else(|error| panic!("{text:?}: {error}"));
    }
}

#[tokio::test]
async fn data_of_another_major_version_is_refused_and_not_touched() {
    let data = data();
    start(data.path()).await.stop().await.expect("a stop");
    let version = data.path().join("postgres/PG_VERSION");
    fs::write(&version, "12\n").expect("a change");
    let refused = Server::start(options(data.path())).await.expect_err("a refusal");
    let PostgresError::VersionMismatch { data_major: 12, found, .. } = &refused else {
        panic!("{refused:?}");
    };
    assert!(!found.is_empty());
    let said = refused.to_string();
    assert!(said.contains("made by PostgreSQL 12") && said.contains("PG_BIN"), "{said}");
    assert_eq!(fs::read_to_string(&version).expect("the file"), "12\n");
}

#[tokio::test]
async fn a_folder_that_initdb_did_not_make_is_refused() {
    let data = data();
    fs::create_dir(data.path().join("postgres")).expect("a folder");
    fs::write(data.path().join("postgres/precious"), "x").expect("a file");
    let refused = Server::start(options(data.path())).await.expect_err("a refusal");
    assert!(matches!(refused, PostgresError::NotOurs { .. }), "{refused:?}");
    assert!(data.path().join("postgres/precious").exists());
}

#[tokio::test]
async fn an_initdb_that_was_killed_half_way_is_begun_again() {
    let data = data();
    fs::create_dir_all(data.path().join("postgres.new/server/base")).expect("half a folder");
    let server = start(data.path()).await;
    assert!(!data.path().join("postgres.new").exists());
    server.stop().await.expect("a stop");
}

#[tokio::test]
async fn no_binaries_is_said_with_where_they_were_looked_for() {
    let data = data();
    let mut options = options(data.path());
    options.search.pg_bin = Some("/nowhere/bin".into());
    let refused = Server::start(options).await.expect_err("a refusal");
    assert!(matches!(refused, PostgresError::NotFound { .. }), "{refused:?}");
    assert!(refused.to_string().contains("/nowhere/bin"), "{refused}");
}
