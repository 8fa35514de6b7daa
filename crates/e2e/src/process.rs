//! One process of the system.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

/// A binary of ours, its settings, and the process that runs it now.
#[derive(Debug)]
pub struct Process {
    name: String,
    binary: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
}

impl Process {
    /// A process that is not running yet; its output goes to `{name}.log` in `folder`. The binary is one of
    /// this build's, or any by its absolute path.
    #[must_use]
    pub fn new(
        name: &str,
        folder: &Path,
        binary: impl Into<PathBuf>,
        arguments: Vec<String>,
        environment: Vec<(&str, String)>,
    ) -> Self {
        let log = folder.join(format!("{name}.log"));
        let binary = binaries().join(binary.into());
        let environment =
            environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { name: name.to_owned(), binary, arguments, environment, log, child: None }
    }

    /// Starts it.
    ///
    /// # Panics
    /// When the binary was not built: `make test` builds them all.
    pub fn start(&mut self) {
        assert!(self.child.is_none(), "{} is running", self.name);
        self.child = Some(self.command().spawn().unwrap_or_else(|error| {
            panic!("{} can't be started (was it built?): {error}", self.binary.display())
        }));
    }

    /// Sets a variable for its next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Kills it with -9 and starts it again.
    pub fn restart(&mut self) {
        self.kill();
        self.start();
    }

    /// Runs it to its end, and returns what it wrote.
    ///
    /// # Panics
    /// When it fails.
    pub fn run(mut self) -> String {
        self.start();
        let status = self.child.as_mut().expect("started").wait().expect("a status");
        assert!(status.success(), "{} failed: {status}\n{}", self.name, self.log());
        self.child = None;
        self.log()
    }

    /// How it ended; none while it runs.
    ///
    /// # Panics
    /// When it was not started.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().expect("started").try_wait().expect("a status")
    }

    /// Kills it with -9, if it runs.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a process of ours can be killed");
            child.wait().expect("a status");
        }
    }

    /// What it has in memory, in bytes.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        testing::resident_bytes(self.child.as_ref().expect("started").id())
    }

    /// Asks it to stop, as an orchestrator does.
    ///
    /// # Panics
    /// When it was not started.
    pub fn terminate(&self) {
        let id = self.child.as_ref().expect("started").id();
        let status = Command::new("kill").args(["-TERM", &id.to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "{} can't be asked", self.name);
    }

    /// Empties what it wrote so far.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn forget_log(&self) {
        std::fs::write(&self.log, "").expect("a file of ours");
    }

    /// What it wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn command(&self) -> Command {
        let log = File::options().create(true).append(true).open(&self.log).expect("a log file");
        let mut command = Command::new(&self.binary);
        command
            .args(&self.arguments)
            .env_clear()
            .env(
                "RUST_LOG",
                std::env::var("E2E_RUST_LOG")
                    .unwrap_or_else(|_| "info,sqlx=error,actix_server=warn".to_owned()),
            )
            .env("RUST_BACKTRACE", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log);
        command
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.name, tail(&self.log()));
        }
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// A binary of this build.
///
/// # Panics
/// When the test does not know where it runs itself.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    binaries().join(name)
}

/// The folder with the binaries of this build: two above the test's own.
pub(crate) fn binaries() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    test.ancestors().nth(2).expect("the build's folder").to_owned()
}
