//! A bus under test, and the sidecars that are started on it.

use std::{
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::StatusCode;

use super::{eventually, free_port, scenario::client};

/// What callers of every sidecar under test must send.
pub(crate) const API_TOKEN: &str = "caller-token";
/// What every sidecar under test sends to its application.
pub(crate) const APP_TOKEN: &str = "application-token";

/// Where sidecars of one bus come from.
pub(crate) trait Bus {
    /// Creates topics: name and partitions.
    async fn create_topics(&self, topics: &[(String, u16)]);

    /// The program that takes daprd's flags, with what it needs of environment and flags to reach
    /// this bus.
    fn command(&self) -> Command;

    /// Where the component finds its brokers.
    fn brokers(&self) -> &str;

    /// How many records of a topic the group has settled: the sum of its committed offsets, for topics
    /// that lost no record to retention. An answer counts here when the sidecar has it, or a little
    /// later: with Kafka, offsets are committed in intervals.
    async fn settled(&self, group: &str, topic: &str) -> u64;

    /// Takes the broker away, as a crash would; only a bus that a test has for itself.
    async fn stop_broker(&self);

    /// Brings it back, where it was.
    async fn start_broker(&self);

    /// Longer than a refused record waits here.
    fn redelivery_interval(&self) -> Duration;
}

/// A sidecar process; killed with the value.
pub(crate) struct Sidecar {
    child: Child,
    pub(crate) port: u16,
}

/// How a sidecar is started.
#[derive(Clone, Debug)]
pub(crate) struct Flags {
    pub(crate) app_id: String,
    pub(crate) app_port: u16,
    pub(crate) resources: PathBuf,
    pub(crate) more: Vec<String>,
}

impl Sidecar {
    /// Starts it and waits until publishing works; how it ended where it does not come to that.
    pub(crate) async fn try_start(bus: &impl Bus, flags: &Flags) -> Result<Self, ExitStatus> {
        let port = free_port();
        let mut command = bus.command();
        command
            .args(["--app-id", &flags.app_id])
            .args(["--app-port", &flags.app_port.to_string()])
            .args(["--dapr-http-port", &port.to_string()])
            .args(["--dapr-grpc-port", &free_port().to_string()])
            .args(["--dapr-internal-grpc-port", &free_port().to_string()])
            .args(["--metrics-port", &free_port().to_string()])
            .args(["--dapr-listen-addresses", "127.0.0.1", "--placement-host-address", ""])
            .arg("--resources-path")
            .arg(&flags.resources)
            .args(&flags.more)
            .env("DAPR_API_TOKEN", API_TOKEN)
            .env("APP_API_TOKEN", APP_TOKEN)
            .stdin(Stdio::null());
        let child = command.spawn().expect("the sidecar's program");
        let mut sidecar = Self { child, port };
        eventually("the sidecar's outbound health", async || {
            if let Some(status) = sidecar.has_ended() {
                return Some(Err(status));
            }
            (sidecar.health("/outbound").await? == StatusCode::NO_CONTENT).then_some(Ok(()))
        })
        .await?;
        Ok(sidecar)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The status of its health path; none while it does not listen.
    pub(crate) async fn health(&self, path: &str) -> Option<StatusCode> {
        let url = self.url(&format!("/v1.0/healthz{path}"));
        let answer = client().get(url).send().await.ok()?;
        Some(answer.status())
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        kill(self.pid(), Signal::SIGTERM).expect("a running sidecar");
    }

    /// How it ended; none while it runs.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its status")
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        eventually("the sidecar's end", async || self.has_ended()).await
    }

    /// SIGTERM, then its end.
    pub(crate) async fn stop(self) -> ExitStatus {
        self.terminate();
        self.ended().await
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a running sidecar");
        self.child.wait().expect("its end");
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}
