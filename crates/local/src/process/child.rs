//! One running child.

use std::{
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use tokio::{process::Command, task::JoinHandle, time};
use tokio_util::sync::CancellationToken;

use super::{
    identity::Identity,
    output::{Tail, forward},
    spawner::spawn,
};

/// How long a child's output is waited for after its end, in milliseconds: a grandchild may hold it.
const OUTPUT_TIMEOUT_MS: u64 = 500;

/// A running child, the leader of its process group. Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    child: tokio::process::Child,
    pid: Pid,
    tail: Tail,
    outputs: Vec<JoinHandle<()>>,
    record: Option<PathBuf>,
}

impl Child {
    /// Starts a command; its output goes to stderr under a name. Its identity is written to the
    /// record, where one is named, for a later start to find it.
    ///
    /// # Errors
    /// The program can't be started, or the record not be written.
    pub(crate) async fn start(
        name: &str,
        mut command: Command,
        record: Option<PathBuf>,
    ) -> io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = spawn(command).await?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the child has no pid"))?;
        if let (Some(record), Some(identity)) = (&record, Identity::of(pid)) {
            tokio::fs::write(record, identity.to_line()).await?;
        }
        let tail = Tail::default();
        let mut outputs = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            outputs.push(tokio::spawn(forward(name.to_owned(), stdout, tail.clone())));
        }
        if let Some(stderr) = child.stderr.take() {
            outputs.push(tokio::spawn(forward(name.to_owned(), stderr, tail.clone())));
        }
        Ok(Self { child, pid, tail, outputs, record })
    }

    /// Its pid, and that of its process group.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// The last lines that it wrote.
    pub(crate) fn tail(&self) -> &Tail {
        &self.tail
    }

    /// Waits until it has ended, kills what is left of its process group, and waits for the last of
    /// its output. May be called again after it was dropped half-way.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.signal_group(Signal::SIGKILL);
        let outputs = futures_util::future::join_all(std::mem::take(&mut self.outputs));
        // Later lines still come out, but nobody waits for them.
        let _late = time::timeout(Duration::from_millis(OUTPUT_TIMEOUT_MS), outputs).await;
        if let Some(record) = self.record.take() {
            // A record that stays names a process that is gone, which the next start sees.
            drop(tokio::fs::remove_file(record).await);
        }
        Ok(status)
    }

    /// Sends a signal to the child alone. One that has ended needs none.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.child.id().is_some() {
            let _gone = kill(self.pid, signal);
        }
    }

    /// Ends it: a signal, then a grace, then SIGKILL to its whole group. The grace ends at once when
    /// there is a hurry.
    pub(crate) async fn end(
        &mut self,
        signal: Signal,
        grace: Duration,
        hurry: &CancellationToken,
    ) -> io::Result<ExitStatus> {
        if !hurry.is_cancelled() {
            self.signal(signal);
            tokio::select! {
                status = self.ended() => return status,
                () = hurry.cancelled() => {}
                () = time::sleep(grace) => {}
            }
        }
        self.signal_group(Signal::SIGKILL);
        self.ended().await
    }

    fn signal_group(&self, signal: Signal) {
        // An empty group is no error: the usual child leaves nobody behind.
        let _gone = killpg(self.pid, signal);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.child.id().is_some() {
            self.signal_group(Signal::SIGKILL);
        }
    }
}

/// How a child ended, for a person: `exit code 3`, `signal SIGKILL`.
pub(crate) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    if let Some(code) = status.code() {
        return format!("exit code {code}");
    }
    let signal = status.signal().and_then(|number| Signal::try_from(number).ok());
    signal.map_or_else(|| status.to_string(), |signal| format!("signal {signal}"))
}
