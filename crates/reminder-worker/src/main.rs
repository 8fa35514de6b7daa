//! The binary: `reminder-worker [serve|migrate|reconcile|dead-letters|vapid-keys]`.

use anyhow::Context;
use events::Service;
use messaging::Outbox;
use platform::{
    database,
    settings::{CommandSettings, EventBus},
    telemetry::Telemetry,
};
use reminder_worker::{
    app,
    delivery::VapidKeys,
    settings::{Command, LetterSettings, ServeSettings},
    subscribers::{Wakes, WorkerSubscriber},
};
use secrecy::ExposeSecret;

const SERVICE: &str = Service::ReminderWorker.name();
/// Connections for a command that ends.
const COMMAND_CONNECTIONS: u32 = 2;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let command = Command::from_args(std::env::args_os());
    let telemetry = Telemetry::init(SERVICE, command.log().log_format)?;
    let result = match command {
        Command::Serve(settings) => serve(*settings).await,
        Command::Migrate(settings) => migrate(&settings).await,
        Command::Reconcile(settings) => reconcile(&settings).await,
        Command::DeadLetters(settings) => dead_letters(&settings).await,
        Command::VapidKeys(_) => {
            print_vapid_keys();
            Ok(())
        }
    };
    telemetry.flush();
    result
}

async fn serve(settings: ServeSettings) -> anyhow::Result<()> {
    let connections = settings.service.database_max_connections;
    let pool = database::pool(&settings.database.database_url, SERVICE, connections)?;
    Ok(app::serve(pool, settings).await?)
}

async fn migrate(settings: &CommandSettings) -> anyhow::Result<()> {
    let pool = pool(settings)?;
    database::wait_until_reachable(&pool).await;
    reminder_worker::migrate(&pool).await.context("the database can't be migrated")
}

async fn reconcile(settings: &CommandSettings) -> anyhow::Result<()> {
    let outbox = Outbox::new(Service::ReminderWorker, EventBus::Dapr);
    let tasks = reminder_worker::reconcile::say_all_again(&pool(settings)?, &outbox).await?;
    println!("reconciled: the reminders of {tasks} tasks");
    Ok(())
}

async fn dead_letters(settings: &LetterSettings) -> anyhow::Result<()> {
    let outbox = Outbox::new(Service::ReminderWorker, EventBus::Dapr);
    let subscriber = WorkerSubscriber::new(outbox.clone(), Wakes::default());
    let pool = pool(&settings.command)?;
    Ok(settings.letters.run(&pool, &outbox, &subscriber, std::io::stdout()).await?)
}

fn print_vapid_keys() {
    let keys = VapidKeys::random();
    println!("VAPID_PRIVATE_KEY={}", keys.private.expose_secret());
    println!("VAPID_PUBLIC_KEY={}", keys.public);
}

fn pool(settings: &CommandSettings) -> anyhow::Result<sqlx::PgPool> {
    Ok(database::pool(&settings.database.database_url, SERVICE, COMMAND_CONNECTIONS)?)
}
