//! The binary: `chat-api [serve|migrate|reconcile|dead-letters|topics|try|reset-password]`.

use anyhow::Context;
use chat_api::{
    Command, LetterSettings, Listeners, ResetPasswordSettings, ServeSettings, TopicsSettings,
    TrialSettings,
};
use events::Service;
use platform::{database, settings::CommandSettings, shutdown::Shutdown, telemetry::Telemetry};
use sidecar::SidecarSettings;

const SERVICE: &str = Service::ChatApi.name();
/// A migration needs one connection and a lock; a command needs no more.
const COMMAND_CONNECTIONS: u32 = 2;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let command = Command::from_args(std::env::args_os());
    let telemetry = Telemetry::init(SERVICE, command.log().log_format)?;
    let result = match command {
        Command::Serve(settings) => serve(&settings).await,
        Command::Migrate(settings) => migrate(&settings).await,
        Command::Reconcile(settings) => reconcile(&settings).await,
        Command::DeadLetters(settings) => dead_letters(&settings).await,
        Command::Topics(settings) => topics(&settings).await,
        Command::Try(settings) => try_out(&settings).await,
        Command::ResetPassword(settings) => reset_password(&settings).await,
    };
    telemetry.flush();
    result
}

async fn serve(settings: &ServeSettings) -> anyhow::Result<()> {
    let pool = pool(settings)?;
    let sidecar = SidecarSettings::from_env()?;
    let listeners = Listeners::bind(settings)?;
    tracing::info!(addr = %settings.listen_addr, "chat-api answers");
    chat_api::serve(settings, &sidecar, pool, listeners, Shutdown::new()).await?;
    tracing::info!("chat-api stopped");
    Ok(())
}

async fn migrate(settings: &CommandSettings) -> anyhow::Result<()> {
    let url = &settings.database.database_url;
    let pool = database::pool(url, SERVICE, COMMAND_CONNECTIONS)?;
    database::wait_until_reachable(&pool).await;
    chat_api::migrate(&pool).await.context("the database can't be migrated")
}

async fn reconcile(settings: &ServeSettings) -> anyhow::Result<()> {
    let pool = pool(settings)?;
    let said = chat_api::reconcile(settings, &pool).await?;
    println!(
        "reconciled: {} tasks, {} tombstones, {} people's settings, {} deleted people",
        said.tasks, said.tombstones, said.settings, said.deleted_people
    );
    Ok(())
}

async fn dead_letters(settings: &LetterSettings) -> anyhow::Result<()> {
    let pool = pool(&settings.serve)?;
    Ok(chat_api::dead_letters(settings, &pool, std::io::stdout()).await?)
}

async fn topics(settings: &TopicsSettings) -> anyhow::Result<()> {
    let topics = chat_api::topics(settings).await.context("the bus is not ready")?;
    println!("{}", topics.join("\n"));
    Ok(())
}

async fn try_out(settings: &TrialSettings) -> anyhow::Result<()> {
    let outcome = chat_api::try_out(settings).await;
    println!("{}", outcome.with_context(|| format!("{} does not work", settings.url))?);
    Ok(())
}

/// Standard output has the new password and nothing else, for a pipe.
async fn reset_password(settings: &ResetPasswordSettings) -> anyhow::Result<()> {
    let password = settings.stdin.then(first_line).transpose()?;
    let url = &settings.command.database.database_url;
    let pool = database::pool(url, SERVICE, COMMAND_CONNECTIONS)?;
    let made_up = chat_api::reset_password(&pool, &settings.email, password).await?;
    if let Some(password) = made_up {
        println!("{password}");
    }
    Ok(())
}

fn first_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn pool(settings: &ServeSettings) -> anyhow::Result<sqlx::PgPool> {
    let connections = settings.service.database_max_connections;
    Ok(database::pool(&settings.database.database_url, SERVICE, connections)?)
}
