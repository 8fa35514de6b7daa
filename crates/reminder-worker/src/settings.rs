//! What the worker is told by flags or the environment; `--help` documents it.

use std::ffi::OsString;

use clap::{Args, Parser};
use messaging::LetterCommand;
use platform::settings::{
    CommandSettings, DatabaseSettings, LogSettings, ServiceSettings, serve_by_default,
};
use secrecy::SecretString;
use url::Url;

use crate::delivery::AddressPolicy;

/// Owns time and delivery.
#[derive(Debug, Parser)]
#[command(name = "reminder-worker", version)]
pub enum Command {
    /// Remind people until told to stop; what is done where no command is given
    Serve(Box<ServeSettings>),
    /// Bring the database up to date; safe beside a running older release
    Migrate(CommandSettings),
    /// Say every task's reminders again; part of every restore
    Reconcile(CommandSettings),
    /// List, show, redrive or discard what this service could not take
    DeadLetters(LetterSettings),
    /// Make up a pair of keys for Web Push and print it as settings: the private key is this service's,
    /// the public one chat-api's
    VapidKeys(LogSettings),
}

/// What deciding about dead letters needs.
#[derive(Args, Clone, Debug)]
pub struct LetterSettings {
    /// Where the database is, and how to log.
    #[command(flatten)]
    pub command: CommandSettings,
    /// What to do.
    #[command(subcommand)]
    pub letters: LetterCommand,
}

/// What serving needs.
#[derive(Args, Clone, Debug)]
pub struct ServeSettings {
    /// Where the database is.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// How to log.
    #[command(flatten)]
    pub log: LogSettings,
    /// What both services need.
    #[command(flatten)]
    pub service: ServiceSettings,
    /// How it treats what it missed.
    #[command(flatten)]
    pub scheduler: SchedulerSettings,
    /// Addresses that channels may lead to although they are not public: `loopback`, or networks
    /// such as 10.0.0.0/8, comma-separated
    #[arg(long, env, default_value = "")]
    pub webhook_allow: AddressPolicy,
    /// How letters go out.
    #[command(flatten)]
    pub mail: MailSettings,
    /// How Web Push goes out.
    #[command(flatten)]
    pub push: PushSettings,
    /// Where people reach chat-api, as its own setting of this name has it: with it, notifications have
    /// links by which to act at once
    #[arg(long, env)]
    pub public_url: Option<Url>,
}

/// How Web Push goes out.
#[derive(Args, Clone, Debug)]
pub struct PushSettings {
    /// The private key by which browsers' push services know this server: base64url of 32 bytes, as
    /// `vapid-keys` makes it. Without it, no Web Push is sent. With another one, every browser has to
    /// subscribe anew
    #[arg(long, env, hide_env_values = true)]
    pub vapid_private_key: Option<SecretString>,

    /// Where push services reach the operator: `mailto:ops@example.org`, or a page by https
    #[arg(long, env)]
    pub vapid_subject: Option<String>,
}

/// How letters go out.
#[derive(Args, Clone, Debug)]
pub struct MailSettings {
    /// The mail server: smtp://host:25, smtp://user:password@host:587?tls=required (STARTTLS) or
    /// smtps://user:password@host:465; what is special in a URL is percent-encoded. Without it,
    /// no letters are sent
    #[arg(long, env, hide_env_values = true)]
    pub smtp_url: Option<SecretString>,

    /// Who letters are from: an address, or a name and an address: Todo <todo@example.org>
    #[arg(long, env)]
    pub smtp_from: Option<String>,
}

/// How the scheduler treats what it missed.
#[derive(Args, Clone, Copy, Debug)]
pub struct SchedulerSettings {
    /// A reminder missed by more hours than this is cancelled as expired instead of sent
    #[arg(long, env, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub catch_up_max_age_hours: u32,
}

impl Command {
    /// Reads the command line; one that begins with a flag, or is empty, means `serve`.
    #[must_use]
    pub fn from_args(args: impl IntoIterator<Item = OsString>) -> Self {
        Self::parse_from(serve_by_default(args))
    }

    /// How to log.
    #[must_use]
    pub const fn log(&self) -> &LogSettings {
        match self {
            Self::Serve(settings) => &settings.log,
            Self::Migrate(settings) | Self::Reconcile(settings) => &settings.log,
            Self::DeadLetters(settings) => &settings.command.log,
            Self::VapidKeys(log) => log,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn command(args: &[&str]) -> Command {
        let url = ["--database-url", "postgres://localhost/x"];
        let all = ["reminder-worker"].iter().chain(args).chain(&url).map(OsString::from);
        Command::from_args(all)
    }

    #[test]
    fn without_a_command_it_serves() {
        let serve = command(&["--sealing-keys", KEY, "--catch-up-max-age-hours", "7"]);
        let Command::Serve(settings) = serve else { panic!("{serve:?}") };
        assert_eq!(settings.scheduler.catch_up_max_age_hours, 7);
    }

    #[test]
    fn making_keys_needs_nothing() {
        let args = ["reminder-worker", "vapid-keys"].map(OsString::from);
        assert!(matches!(Command::from_args(args), Command::VapidKeys(_)));
    }

    /// `--help` shows what stands in the environment, and a debugger what was read of it.
    #[test]
    fn no_secret_shows_in_the_settings() {
        let serve = command(&[
            "--sealing-keys",
            KEY,
            "--smtp-url",
            "smtp://ada:hunter2@mail.test",
            "--vapid-private-key",
            "hunter3",
        ]);
        let shown = format!("{serve:?}");
        assert!(!shown.contains("hunter") && !shown.contains(KEY), "{shown}");
        let command = <Command as clap::CommandFactory>::command();
        let serve = command.find_subcommand("serve").expect("serve");
        for secret in ["smtp_url", "vapid_private_key", "sealing_keys", "database_url"] {
            let mut arguments = serve.get_arguments();
            let argument = arguments.find(|it| it.get_id() == secret).expect(secret);
            assert!(argument.is_hide_env_values_set(), "{secret}");
        }
    }

    #[test]
    fn migrating_and_reconciling_need_no_keys() {
        assert!(matches!(command(&["migrate"]), Command::Migrate(_)));
        assert!(matches!(command(&["reconcile"]), Command::Reconcile(_)));
    }
}
