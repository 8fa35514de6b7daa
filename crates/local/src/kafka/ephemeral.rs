//! A broker for one command: tests get a Kafka that is gone afterwards.

use std::{ffi::OsString, process::ExitStatus};

use tokio::process::Command;

use super::{
    broker::{Broker, BrokerOptions},
    error::KafkaStartError,
    libraries::Libraries,
};
use crate::process::{Signals, exit_code, free_loopback_port, run_beside};

/// The variable that tells a command where the broker is: `host:port`.
pub const TEST_KAFKA_BROKERS: &str = "TEST_KAFKA_BROKERS";

const PREFIX: &str = "local-kafka-";

/// A command to run beside a broker.
#[derive(Clone, Debug)]
pub struct EphemeralKafkaOptions {
    /// Kafka's jars.
    pub libraries: Libraries,
    /// The program and its arguments.
    pub command: Vec<OsString>,
}

/// Starts a broker in a folder of its own, runs the command with `TEST_KAFKA_BROKERS`, stops the
/// broker and removes the folder, also after Ctrl-C. Returns the command's exit code, as a shell
/// would.
///
/// # Errors
/// [`KafkaStartError`] when the broker or the command can't be started.
pub async fn run_command(options: EphemeralKafkaOptions) -> Result<i32, KafkaStartError> {
    let temporary = std::env::temp_dir();
    let folder = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempdir_in(&temporary)
        .map_err(KafkaStartError::file("make a folder in", &temporary))?;
    let signals =
        Signals::catch().map_err(KafkaStartError::file("catch signals in", &temporary))?;
    // Not the usual port: somebody's own broker may come there.
    let port =
        free_loopback_port().map_err(KafkaStartError::file("find a port for", &temporary))?;
    let broker = Broker::start(BrokerOptions {
        folder: folder.path().to_owned(),
        libraries: options.libraries,
        port: Some(port),
        record: None,
    })
    .await?;
    let outcome = run(&options.command, &broker, signals).await;
    // Nothing is kept, so nothing need be written.
    broker.kill().await;
    let path = folder.path().to_owned();
    folder.close().map_err(KafkaStartError::file("remove", path))?;
    outcome.map(exit_code)
}

async fn run(
    command: &[OsString],
    broker: &Broker,
    signals: Signals,
) -> Result<ExitStatus, KafkaStartError> {
    let mut words = command.iter();
    let program = words.next().cloned().unwrap_or_default();
    let mut command = Command::new(&program);
    command.args(words).env(TEST_KAFKA_BROKERS, broker.address().to_string());
    let ended = run_beside(command, signals).await;
    ended.map_err(|source| KafkaStartError::Spawn { program: program.into(), source })
}
