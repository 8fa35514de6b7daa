//! The local stack's binary: `run` (the whole system), `postgres` and `kafka` (a server for one
//! command), `sidecar` (the stand-in for daprd).

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use local::{
    kafka::{self, EphemeralKafkaOptions, Libraries},
    postgres::{EphemeralOptions, run_command},
    sidecar,
    supervisor::{self, PostgresSettings, RunSettings},
};

/// Runs the whole system on one machine.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything: PostgreSQL, the sidecars, both services
    Run(Box<RunSettings>),
    /// Run a command with a PostgreSQL of its own, named by TEST_DATABASE_URL
    Postgres(PostgresCommand),
    /// Run a command with a Kafka of its own, named by TEST_KAFKA_BROKERS
    Kafka(KafkaCommand),
    /// Run one sidecar, with daprd's flags; its log is in BUS_DATABASE_URL
    Sidecar(Box<sidecar::Options>),
}

#[derive(Debug, clap::Args)]
struct PostgresCommand {
    #[command(flatten)]
    settings: PostgresSettings,

    /// Keep nothing: the server is gone when the command has ended
    #[arg(long, required = true)]
    ephemeral: bool,

    /// The command and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
struct KafkaCommand {
    /// The folder with Kafka's jars
    #[arg(long, env)]
    kafka_libs: Option<PathBuf>,

    /// Keep nothing: the broker is gone when the command has ended
    #[arg(long, required = true)]
    ephemeral: bool,

    /// The command and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// What our own lines begin with, beside those of children.
const PREFIX: &str = "local | ";

fn main() -> anyhow::Result<ExitCode> {
    let command = Cli::parse().command;
    // A sidecar's lines get their prefix from whoever started it.
    let prefix = if matches!(command, Command::Sidecar(_)) { "" } else { PREFIX };
    supervisor::log_to_stderr(prefix);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(run(command));
    // A thread may stand in a write to a terminal that reads no more.
    runtime.shutdown_background();
    Ok(outcome.unwrap_or_else(|error| {
        eprintln!("{prefix}{error:#}");
        ExitCode::FAILURE
    }))
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(settings) => {
            supervisor::run(*settings).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Postgres(PostgresCommand { settings, command, .. }) => {
            let options = EphemeralOptions { search: settings.into(), command };
            let code = run_command(options).await?;
            Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
        }
        Command::Kafka(KafkaCommand { kafka_libs, command, .. }) => {
            let libraries = Libraries::find(kafka_libs.as_deref())?;
            let code = kafka::run_command(EphemeralKafkaOptions { libraries, command }).await?;
            Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
        }
        Command::Sidecar(options) => {
            sidecar::run(*options).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
