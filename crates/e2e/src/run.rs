//! `make run`, without make: the supervisor's binary and all that it starts.

use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use testing::{eventually, free_port};
use uuid::Uuid;

use crate::process::binaries;

/// A mark in the environment by which every process of a run is found again.
const MARK: &str = "E2E_RUN";
/// The longest that a start may take, in seconds; generous, as the machines are shared.
const READY_TIMEOUT_SECS: u64 = 60;

/// A folder that the unprivileged role of the embedded PostgreSQL can reach, and what runs on it.
#[derive(Debug)]
pub struct Run {
    data: PathBuf,
    address: SocketAddr,
    mark: String,
    more: Vec<(&'static str, OsString)>,
    supervisor: Option<Child>,
}

impl Run {
    /// A run on a folder of its own and a free port; nothing is started yet.
    ///
    /// # Panics
    /// When there is no temporary folder.
    #[must_use]
    pub fn new() -> Self {
        let mark = Uuid::new_v4().simple().to_string();
        let data = std::env::temp_dir().join(format!("run-{mark}"));
        Self { data, address: free_port(), mark, more: vec![], supervisor: None }
    }

    /// The same on daprd and Kafka; none where this machine has none.
    #[must_use]
    pub fn on_kafka() -> Option<Self> {
        let daprd = std::env::var_os("TEST_DAPRD")?;
        let libs = std::env::var_os("KAFKA_LIBS")?;
        let mut run = Self::new();
        // Not the usual one: another run would take it while this one's broker is down.
        let port = free_port().port().to_string();
        run.more = vec![
            ("BUS", "kafka".into()),
            ("DAPRD", daprd),
            ("KAFKA_LIBS", libs),
            ("KAFKA_PORT", port.into()),
        ];
        Some(run)
    }

    /// Sets a variable for its start.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.more.push((name, value.into()));
    }

    /// Where its Kafka is.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn brokers(&self) -> String {
        let port = fs::read_to_string(self.data.join("kafka/port")).expect("a broker");
        format!("127.0.0.1:{port}")
    }

    /// Starts it and waits for its one line.
    ///
    /// # Panics
    /// When it prints anything else, or nothing for a minute.
    pub async fn start(&mut self) {
        fs::create_dir_all(&self.data).expect("a folder");
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("a log file");
        let mut supervisor = Command::new(binaries().join("local"))
            .arg("run")
            .env(MARK, &self.mark)
            .env("DATA", &self.data)
            .env("PORT", self.address.port().to_string())
            .envs(self.more.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("local was built");
        let stdout = supervisor.stdout.take().expect("a pipe");
        self.supervisor = Some(supervisor);
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).map(|_| line)
        });
        let limit = Duration::from_secs(READY_TIMEOUT_SECS);
        let Ok(line) = tokio::time::timeout(limit, line).await else {
            // The reader ends with the pipe.
            self.kill_supervisor();
            panic!("not ready within {limit:?}\n{}", self.log());
        };
        let line = line.expect("no panic").expect("a line");
        assert_eq!(line.trim(), format!("ready: {}", self.base()), "{}", self.log());
    }

    /// Where it serves people.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A command that ends with the run, with all that it starts.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env(MARK, &self.mark);
        command
    }

    /// Kills the supervisor with -9.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill_supervisor(&mut self) {
        let mut supervisor = self.supervisor.take().expect("it runs");
        supervisor.kill().expect("a process of ours can be killed");
        supervisor.wait().expect("a status");
    }

    /// Kills every process of the run whose command line has this text, with -9, and says how many.
    #[must_use]
    pub fn kill_part(&self, text: &str) -> usize {
        let part: Vec<u32> = self
            .processes()
            .into_iter()
            .filter(|process| process.command.contains(text))
            .map(|process| process.id)
            .collect();
        for id in &part {
            signal(*id, "KILL");
        }
        part.len()
    }

    /// Asks it to stop, as Ctrl-C does, and waits until it has; its exit code.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn interrupt(&mut self) -> Option<i32> {
        let mut supervisor = self.supervisor.take().expect("it runs");
        signal(supervisor.id(), "INT");
        let status = eventually("the supervisor to end", || {
            std::future::ready(supervisor.try_wait().expect("a status"))
        });
        status.await.code()
    }

    /// Waits until no process of the run is left.
    pub async fn gone(&self) {
        eventually("every process to be gone", || async {
            self.processes().is_empty().then_some(())
        })
        .await;
    }

    /// What it wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// The processes of the run that live, the supervisor included.
    fn processes(&self) -> Vec<Part> {
        let mark = format!("{MARK}={}", self.mark);
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        entries.filter_map(|entry| Part::read(&entry.ok()?.path(), &mark)).collect()
    }
}

impl Default for Run {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(mut supervisor) = self.supervisor.take() {
            let _already_gone = supervisor.kill();
            let _already_waited = supervisor.wait();
        }
        for process in self.processes() {
            signal(process.id, "KILL");
        }
        if std::thread::panicking() {
            eprintln!("--- run\n{}", self.log());
        }
        let _left_behind = fs::remove_dir_all(&self.data);
        let _left_behind = fs::remove_file(self.log_path());
    }
}

struct Part {
    id: u32,
    command: String,
}

impl Part {
    /// A living process with the mark in its environment.
    fn read(folder: &Path, mark: &str) -> Option<Self> {
        let id = folder.file_name()?.to_str()?.parse().ok()?;
        let environment = fs::read(folder.join("environ")).ok()?;
        let marked = environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes());
        let command = fs::read(folder.join("cmdline")).ok()?;
        // A zombie has no command line any more.
        (marked && !command.is_empty())
            .then(|| Self { id, command: String::from_utf8_lossy(&command).replace('\0', " ") })
    }
}

fn signal(id: u32, name: &str) {
    let _already_gone = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status();
}
