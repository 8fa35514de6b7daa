//! Runs of `local run` with stand-ins for the services.
//!
//! A stand-in is a script with a service's name that starts the program `stand-in`, which answers as a
//! service does and writes down what happens to it.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

/// The longest that anything here may take, in seconds.
const DEADLINE_SECS: u64 = 90;
const POLLS: u64 = DEADLINE_SECS * 50;

/// Folders for one system: `DATA`, the stand-ins, and what they wrote down.
pub(crate) struct Stage {
    folder: TempDir,
    path: Option<PathBuf>,
}

/// A running `local run`.
pub(crate) struct Run {
    pub(crate) child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        let stage = Self { folder, path: None };
        fs::create_dir(stage.bin_dir()).expect("a folder");
        for service in ["chat-api", "reminder-worker"] {
            let program = env!("CARGO_BIN_EXE_stand-in");
            let script = format!("#!/bin/sh\nSTAND_IN={service} exec '{program}' \"$@\"\n");
            stage.script(service, &script);
        }
        stage
    }

    /// The same on a system without `setpriv`.
    pub(crate) fn without_setpriv() -> Self {
        let mut stage = Self::new();
        stage.path = Some("/nonexistent".into());
        stage
    }

    pub(crate) fn script(&self, service: &str, text: &str) {
        let path = self.bin_dir().join(service);
        fs::write(&path, text).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn bin_dir(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// On any free port.
    pub(crate) fn command(&self) -> Command {
        self.command_on("0")
    }

    pub(crate) fn command_on(&self, port: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        command
            .args(["run", "--port", port])
            .env("DATA", self.data())
            .env("BIN_DIR", self.bin_dir())
            .env("STAND_IN_NOTES", self.folder.path().join("notes"))
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A terminal's Ctrl-C is for the tests.
            .process_group(0);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }

    pub(crate) fn start(&self) -> Run {
        Run::start(self.command())
    }

    /// Starts it and waits until it says that it is ready.
    pub(crate) fn ready(&self) -> Run {
        let mut run = self.start();
        run.until_ready();
        run
    }

    /// What the stand-ins wrote down: lines `service what`.
    pub(crate) fn notes(&self) -> String {
        fs::read_to_string(self.folder.path().join("notes")).unwrap_or_default()
    }

    /// The environment that a service was last started with.
    pub(crate) fn environment(&self, service: &str) -> BTreeMap<String, String> {
        let prefix = format!("{service} env ");
        let notes = self.notes();
        let pairs = notes.lines().filter_map(|line| line.strip_prefix(&prefix)?.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The pid of a part that runs.
    pub(crate) fn pid(&self, part: &str) -> i32 {
        let file = match part {
            "postgres" => self.data().join("postgres/postmaster.pid"),
            part => self.data().join(format!("run/{part}.pid")),
        };
        let text = fs::read_to_string(&file).expect("a record");
        let pid = text.split_whitespace().next().expect("a pid");
        pid.parse().expect("a pid")
    }

    pub(crate) fn pids(&self) -> Vec<i32> {
        PARTS.iter().map(|part| self.pid(part)).collect()
    }
}

pub(crate) const PARTS: [&str; 5] =
    ["chat-api", "reminder-worker", "chat-api-sidecar", "reminder-worker-sidecar", "postgres"];

impl Run {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("local");
        let stdout = collect(child.stdout.take().expect("a pipe"));
        let stderr = collect(child.stderr.take().expect("a pipe"));
        Self { child, stdout, stderr }
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("a signal");
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.lock().expect("lines").clone()
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().expect("lines").clone()
    }

    /// Waits for the line; returns the URL.
    pub(crate) fn until_ready(&mut self) -> String {
        for _ in 0..POLLS {
            if let Some(line) = self.stdout().lines().next() {
                return line.strip_prefix("ready: ").expect("the line").to_owned();
            }
            let ended = self.child.try_wait().expect("a look");
            assert!(ended.is_none(), "{ended:?}\n{}", self.stderr());
            thread::sleep(Duration::from_millis(20));
        }
        panic!("not ready:\n{}", self.stderr());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut ended = None;
        until("its end", || {
            ended = self.child.try_wait().expect("a look");
            ended.is_some()
        });
        ended.expect("its end")
    }

    /// Waits until a line of its log holds a text.
    pub(crate) fn until_said(&self, text: &str) {
        until(text, || self.stderr().contains(text));
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.stderr());
        }
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..POLLS {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("never: {what}");
}

/// Whether a process runs; a zombie does not.
pub(crate) fn is_alive(pid: i32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat.contains(") Z"),
        Err(_) if Path::new("/proc/self").exists() => false,
        Err(_) => kill(Pid::from_raw(pid), None).is_ok(),
    }
}

/// Every process that has a variable of a stage in its environment or works below it.
pub(crate) fn processes_of(stage: &Stage) -> Vec<(i32, String)> {
    let data = stage.data().into_os_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| *pid != i32::try_from(std::process::id()).expect("a pid"))
        .filter_map(|pid| {
            let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            let (environment, command) = (read("environ"), read("cmdline"));
            let concerns = contains(&environment, &data) || contains(&command, &data);
            (concerns && is_alive(pid))
                .then(|| (pid, String::from_utf8_lossy(&command).replace('\0', " ")))
        })
        .collect()
}

fn contains(bytes: &[u8], text: &OsStr) -> bool {
    let text = text.as_encoded_bytes();
    bytes.windows(text.len()).any(|window| window == text)
}

fn collect(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let sink = text.clone();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut text = sink.lock().expect("lines");
            text.push_str(&line);
            text.push('\n');
        }
    });
    text
}
