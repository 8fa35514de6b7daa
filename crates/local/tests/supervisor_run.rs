//! `local run`: what it starts, starts again, stops, and says.

mod supervisor_support;

use std::{fs, net::TcpListener, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use supervisor_support::{PARTS, Run, Stage, is_alive, processes_of, until};

fn kill_part(stage: &Stage, part: &str) -> i32 {
    let pid = stage.pid(part);
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("a signal");
    pid
}

/// Waits until a part runs again under another pid.
fn until_replaced(stage: &Stage, part: &str, former: i32) {
    let record = match part {
        "postgres" => stage.data().join("postgres/postmaster.pid"),
        part => stage.data().join(format!("run/{part}.pid")),
    };
    until(part, || {
        let text = fs::read_to_string(&record).unwrap_or_default();
        let pid = text.split_whitespace().next().and_then(|pid| pid.parse().ok());
        pid.is_some_and(|pid: i32| pid != former && is_alive(pid))
    });
}

fn status(url: &str) -> Option<u16> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = runtime.expect("a runtime").block_on(client.get(url).send());
    answer.ok().map(|answer| answer.status().as_u16())
}

#[test]
fn it_says_ready_once_when_everything_answers_and_stops_in_order() {
    let stage = Stage::new();
    let mut run = stage.start();
    let url = run.until_ready();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(status(&url), Some(200));
    let pids = stage.pids();

    run.signal(Signal::SIGINT);
    assert!(run.ended().success());
    assert_eq!(run.stdout(), format!("ready: {url}\n"));
    let notes = stage.notes();
    for service in ["chat-api", "reminder-worker"] {
        let migrated = notes.find(&format!("{service} starts \"migrate\"")).expect("migrated");
        let served = notes.find(&format!("{service} starts \"\"")).expect("served");
        assert!(migrated < served);
        assert!(
            notes.contains(&format!("{service} stops, sidecar true, database true")),
            "{notes}"
        );
    }
    let said = run.stderr();
    let positions = ["stopped the services", "stopped the sidecars", "stopped postgres"]
        .map(|text| said.find(text).unwrap_or_else(|| panic!("{text}: {said}")));
    assert!(positions.is_sorted(), "{said}");
    assert!(pids.iter().all(|pid| !is_alive(*pid)));
    assert!(!stage.data().join("postgres/postmaster.pid").exists(), "a clean stop");
    assert_eq!(fs::read_dir(stage.data().join("run")).expect("the folder").count(), 0);
}

#[test]
fn every_line_says_whose_it_is() {
    let stage = Stage::new();
    let mut run = stage.ready();
    run.until_said("reminder-worker | hello from reminder-worker");
    run.signal(Signal::SIGTERM);
    assert!(run.ended().success());
    let names = [
        "local",
        "chat-api",
        "reminder-worker",
        "chat-api-sidecar",
        "reminder-worker-sidecar",
        "postgres",
    ];
    for line in run.stderr().lines() {
        let name = line.split_once(" | ").map(|(name, _)| name);
        assert!(name.is_some_and(|name| names.contains(&name)), "{line}");
    }
}

#[test]
fn services_get_their_addresses_tokens_and_keys() {
    let stage = Stage::new();
    let url = {
        let mut run = stage.start();
        let url = run.until_ready();
        run.signal(Signal::SIGINT);
        run.ended();
        url
    };
    let (chat, worker) = (stage.environment("chat-api"), stage.environment("reminder-worker"));
    for (service, database) in [(&chat, "chat"), (&worker, "worker")] {
        assert!(service["DATABASE_URL"].contains(&format!("/{database}?")));
        assert_eq!(service["EVENT_BUS"], "dapr");
        assert_eq!(service["LOG_FORMAT"], "text");
        for address in ["HEALTH_ADDR", "APP_ADDR"] {
            assert!(service[address].starts_with("127.0.0.1:"), "{address}");
        }
    }
    assert_eq!(chat["PUBLIC_URL"], url);
    assert_eq!(format!("http://{}", chat["LISTEN_ADDR"]), url);
    assert!(!worker.contains_key("LISTEN_ADDR"));
    assert_eq!(worker["WEBHOOK_ALLOW"], "loopback");
    assert_eq!(worker["PUBLIC_URL"], chat["PUBLIC_URL"]);
    assert!(!chat.contains_key("WEBHOOK_ALLOW"));
    assert_eq!(chat["FIRST_ACCOUNT_IS_ADMIN"], "true");
    assert_eq!(chat["SEALING_KEYS"], worker["SEALING_KEYS"]);
    assert_eq!(chat["VAPID_PUBLIC_KEY"].len(), 87);
    assert_eq!(worker["VAPID_PRIVATE_KEY"].len(), 43);
    assert!(worker["VAPID_SUBJECT"].starts_with("mailto:"));
    assert!(!chat.contains_key("VAPID_PRIVATE_KEY"), "only the worker signs");
    chat["SEALING_KEYS"].parse::<platform::sealing::KeyRing>().expect("keys");

    let mut run = stage.ready();
    run.signal(Signal::SIGINT);
    run.ended();
    let again = stage.environment("chat-api");
    assert_eq!(again["SEALING_KEYS"], chat["SEALING_KEYS"]);
    assert_eq!(again["VAPID_PUBLIC_KEY"], chat["VAPID_PUBLIC_KEY"]);
    assert_eq!(again["DATABASE_URL"], chat["DATABASE_URL"]);
    for token in ["DAPR_API_TOKEN", "APP_API_TOKEN"] {
        assert!(chat[token].len() >= 32);
        assert_ne!(chat[token], worker[token]);
        assert_ne!(chat[token], again[token]);
    }
    assert_ne!(chat["DAPR_API_TOKEN"], chat["APP_API_TOKEN"]);
}

#[test]
fn each_part_that_is_killed_is_started_again() {
    let stage = Stage::new();
    let mut run = stage.start();
    let url = run.until_ready();
    for part in PARTS {
        let former = kill_part(&stage, part);
        until_replaced(&stage, part, former);
        let said = format!("{part} ended (signal SIGKILL); it is started again in");
        run.until_said(&said);
        assert_eq!(run.stderr().matches(&said).count(), 1, "{}", run.stderr());
    }
    until("it answers again", || status(&url) == Some(200));
    assert_eq!(run.stdout(), format!("ready: {url}\n"), "it is said once");
    run.signal(Signal::SIGINT);
    assert!(run.ended().success());
}

#[test]
fn a_part_that_dies_again_and_again_is_started_less_and_less_often() {
    let stage = Stage::new();
    stage.script("reminder-worker", "#!/bin/sh\n[ \"$1\" = migrate ] || exit 3\n");
    let mut run = stage.start();
    let deaths = || run.stderr().matches("reminder-worker ended (exit code 3)").count();
    until("it died often", || deaths() >= 5);
    let said = run.stderr();
    let delays: Vec<f32> = said
        .lines()
        .filter(|line| line.contains("reminder-worker ended"))
        .filter_map(|line| line.rsplit_once(" in ")?.1.strip_suffix(" s")?.parse().ok())
        .collect();
    assert!(delays[4] >= 2.0 * delays[0].max(0.1) && delays[4] >= delays[2], "{delays:?}");
    assert!(run.stdout().is_empty(), "it is not ready");
    run.signal(Signal::SIGINT);
    assert!(run.ended().success());
}

#[test]
fn killed_with_sigkill_it_leaves_nothing_and_the_next_start_works_at_once() {
    let stage = Stage::new();
    let mut run = stage.start();
    let url = run.until_ready();
    let port = url.rsplit(':').next().expect("a port").to_owned();
    let pids = stage.pids();
    run.signal(Signal::SIGKILL);

    let mut again = Run::start(stage.command_on(&port));
    assert_eq!(again.until_ready(), url);
    assert!(pids.iter().all(|pid| !is_alive(*pid)), "{:?}", processes_of(&stage));
    again.signal(Signal::SIGKILL);
    run.ended();
    again.ended();
    until("nothing is left", || processes_of(&stage).is_empty());
}

#[test]
fn without_setpriv_the_next_start_ends_what_a_killed_one_left_and_adopts_its_database() {
    let stage = Stage::without_setpriv();
    let mut run = stage.ready();
    let pids = stage.pids();
    let postgres = stage.pid("postgres");
    run.signal(Signal::SIGKILL);
    run.ended();
    assert!(pids.iter().all(|pid| is_alive(*pid)), "they outlive it here");

    let mut again = stage.ready();
    for pid in pids.into_iter().filter(|pid| *pid != postgres) {
        assert!(!is_alive(pid));
    }
    assert_eq!(stage.pid("postgres"), postgres);
    again.until_said("adopted a running postgres");
    again.signal(Signal::SIGINT);
    assert!(again.ended().success());
    assert!(!is_alive(postgres));
    assert_eq!(processes_of(&stage), []);
}

#[test]
fn a_taken_port_is_said_and_nothing_is_started() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let stage = Stage::new();
    let mut run = Run::start(stage.command_on(&port.to_string()));
    assert_eq!(run.ended().code(), Some(1));
    until("it is said", || run.stderr().contains("is taken by another program"));
    assert!(run.stderr().starts_with("local | "), "{}", run.stderr());
    assert!(run.stderr().contains(&format!("127.0.0.1:{port}")), "{}", run.stderr());
    assert!(run.stdout().is_empty());
    assert!(!stage.data().join("postgres").exists());
}

#[test]
fn a_second_run_on_the_same_data_says_so_and_disturbs_nothing() {
    let stage = Stage::new();
    let mut first = stage.start();
    let url = first.until_ready();
    let pids = stage.pids();
    let mut second = stage.start();
    assert_eq!(second.ended().code(), Some(1));
    let said = format!("in use by another run (process {})", first.pid());
    until("it is said", || second.stderr().contains(&said));
    assert_eq!(stage.pids(), pids);
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    assert_eq!(status(&url), Some(200));
    first.signal(Signal::SIGINT);
    assert!(first.ended().success());
}

#[test]
fn a_bus_that_is_not_there_yet_is_refused_with_those_that_are() {
    let stage = Stage::new();
    let mut command = stage.command();
    command.env("BUS", "rabbit");
    let mut run = Run::start(command);
    assert_eq!(run.ended().code(), Some(2));
    until("it is said", || run.stderr().contains("possible values: local"));
}

#[test]
fn a_migration_that_fails_stops_the_start_and_the_database() {
    let stage = Stage::new();
    stage.script("chat-api", "#!/bin/sh\necho no such column >&2; exit 4\n");
    let mut run = stage.start();
    assert_eq!(run.ended().code(), Some(1));
    let said = "chat-api migrate failed with exit code 4: no such column";
    until(said, || run.stderr().contains(said));
    assert!(!stage.data().join("postgres/postmaster.pid").exists(), "stopped cleanly");
    assert_eq!(processes_of(&stage), []);
}

#[test]
fn a_missing_binary_is_said_with_its_path() {
    let stage = Stage::new();
    fs::remove_file(stage.bin_dir().join("reminder-worker")).expect("a file");
    let mut run = stage.start();
    assert_eq!(run.ended().code(), Some(1));
    until("it is said", || run.stderr().contains("bin/reminder-worker is missing"));
}

#[test]
fn a_second_ctrl_c_stops_at_once_what_does_not_stop_by_itself() {
    let stage = Stage::new();
    let mut command = stage.command();
    command.env("STAND_IN_STUBBORN", "1");
    let mut run = Run::start(command);
    run.until_ready();
    run.signal(Signal::SIGINT);
    until("the first is ignored", || stage.notes().contains("chat-api ignores SIGTERM"));
    assert!(run.child.try_wait().expect("a look").is_none());
    run.signal(Signal::SIGINT);
    let deadline = Duration::from_secs(10);
    let ended = within(deadline, || run.child.try_wait().expect("a look").is_some());
    assert!(ended, "{}", run.stderr());
    assert_eq!(processes_of(&stage), []);
}

/// Whether something holds within a time that is shorter than the grace of a service.
fn within(deadline: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let step = Duration::from_millis(20);
    (0..deadline.as_millis() / step.as_millis()).any(|_| {
        std::thread::sleep(step);
        holds()
    })
}

#[test]
fn ctrl_c_while_it_starts_stops_it_too() {
    let stage = Stage::new();
    stage
        .script("chat-api", "#!/bin/sh\n[ \"$1\" != migrate ] || { echo migrating; sleep 600; }\n");
    let mut run = stage.start();
    run.until_said("chat-api | migrating");
    run.signal(Signal::SIGINT);
    assert!(run.ended().success());
    assert!(run.stdout().is_empty());
    until("nothing is left", || processes_of(&stage).is_empty());
}
