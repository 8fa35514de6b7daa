//! The binary: telemetry, settings, database, work, flush.

use anyhow::Context;
use clap::Parser;
use events::Service;
use messaging::Outbox;
use platform::{
    database,
    settings::{EventBus, serve_by_default},
    telemetry::Telemetry,
};
use reminder_worker::{
    app, migrate, reconcile,
    settings::{Cli, Command},
};

/// Connections for a command that ends.
const COMMAND_CONNECTIONS: u32 = 2;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse_from(serve_by_default(std::env::args_os()));
    let telemetry = Telemetry::init(Service::ReminderWorker.name(), cli.log.log_format)?;
    let done = run(cli).await;
    telemetry.flush();
    done
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let connections = match &cli.command {
        Command::Serve(settings) => settings.service.database_max_connections,
        Command::Migrate | Command::Reconcile => COMMAND_CONNECTIONS,
    };
    let url = &cli.database.database_url;
    let pool = database::pool(url, Service::ReminderWorker.name(), connections)?;
    match cli.command {
        Command::Serve(settings) => app::serve(pool, *settings).await?,
        Command::Migrate => {
            migrate(&pool).await.context("the schema can't be brought up to date")?;
        }
        Command::Reconcile => {
            let outbox = Outbox::new(Service::ReminderWorker, EventBus::Dapr);
            let tasks = reconcile::say_all_again(&pool, &outbox).await?;
            println!("said the reminders of {tasks} tasks again");
        }
    }
    Ok(())
}
