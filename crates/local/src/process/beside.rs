//! A command that runs beside a server of ours, in the foreground.

use std::{io, os::unix::process::ExitStatusExt, process::ExitStatus};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
};

use super::{identity::is_in_foreground, spawner::spawn};

/// What a shell adds to a signal's number.
const SIGNAL_EXIT_CODE: i32 = 128;

/// The signals that ask us to end, caught from when this is made.
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::SIGINT,
            _ = self.terminate.recv() => Signal::SIGTERM,
            _ = self.hang_up.recv() => Signal::SIGHUP,
        }
    }
}

/// Runs a command to its end and hands on the signals that ask us to end. Our process group stays the
/// command's: a terminal's Ctrl-C reaches it, and it may read there.
pub(crate) async fn run_beside(command: Command, mut signals: Signals) -> io::Result<ExitStatus> {
    let mut child = spawn(command).await?;
    loop {
        let caught = tokio::select! {
            ended = child.wait() => return ended,
            caught = signals.next() => caught,
        };
        // A terminal's Ctrl-C has reached the command too.
        let reached = caught == Signal::SIGINT && is_in_foreground();
        if let (false, Some(pid)) = (reached, child.id().and_then(|id| i32::try_from(id).ok())) {
            // It may end at this moment.
            let _gone = kill(Pid::from_raw(pid), caught);
        }
    }
}

/// The exit code that a shell would give.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    let signalled = || SIGNAL_EXIT_CODE + status.signal().unwrap_or_default();
    status.code().unwrap_or_else(signalled)
}
