//! The worker's settings; `reminder-worker --help` documents them.

use clap::{Args, Parser, Subcommand};
use platform::settings::{DatabaseSettings, LogSettings, ServiceSettings};

use crate::delivery::AddressPolicy;

/// Reminds people of their tasks.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// How it logs.
    #[command(flatten)]
    pub log: LogSettings,
    /// Its database.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// What it is to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until told to stop
    Serve(Box<ServeSettings>),
    /// Bring the database's schema up to date and exit
    Migrate,
    /// Say every task's reminders again; part of every restore from a backup
    Reconcile,
}

/// What it needs to serve.
#[derive(Args, Clone, Debug)]
pub struct ServeSettings {
    /// What it has in common with chat-api.
    #[command(flatten)]
    pub service: ServiceSettings,
    /// How it treats what it missed.
    #[command(flatten)]
    pub scheduler: SchedulerSettings,
    /// Addresses that webhooks may lead to although they are not public: `loopback`, or networks
    /// such as 10.0.0.0/8, comma-separated
    #[arg(long, env, default_value = "")]
    pub webhook_allow: AddressPolicy,
}

/// How the scheduler treats what it missed.
#[derive(Args, Clone, Copy, Debug)]
pub struct SchedulerSettings {
    /// A reminder missed by more hours than this is cancelled as expired instead of sent
    #[arg(long, env, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub catch_up_max_age_hours: u32,
}
