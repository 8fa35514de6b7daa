//! What chat-api is told by flags or the environment; `--help` documents it.

use std::{ffi::OsString, net::SocketAddr, str::FromStr};

use clap::{ArgAction, Args, Parser};
use messaging::LetterCommand;
use platform::settings::{
    CommandSettings, DatabaseSettings, LogSettings, ServiceSettings, serve_by_default,
};
use url::Url;

use crate::{
    domain::{channel::VapidPublicKey, email::Email},
    http::client_address::TrustedProxies,
};

mod http;
mod llm;

pub use http::{HttpSettings, InvalidOrigins, Origins};
pub use llm::LlmSettings;

/// Owns people, tasks and conversation.
#[derive(Debug, Parser)]
#[command(name = "chat-api", version)]
pub enum Command {
    /// Answer people and the sidecar until told to stop; what is done where no command is given
    Serve(ServeSettings),
    /// Bring the database up to date; safe beside a running older release
    Migrate(CommandSettings),
    /// Publish every task, tombstone and person's settings again; part of every restore
    Reconcile(ServeSettings),
    /// List, show, redrive or discard what this service could not take
    DeadLetters(LetterSettings),
    /// Create the topics on the broker, or check that they are there; safe to repeat
    Topics(TopicsSettings),
    /// Try a running system as a person would: an account, a task, its reminder; then it is gone again
    Try(TrialSettings),
    /// Give somebody a new password and end all of their sessions; prints the password, once
    ResetPassword(ResetPasswordSettings),
}

/// Addresses of administrators; comma-separated, none where it is empty.
#[derive(Clone, Debug, Default)]
pub struct AdminEmails(Vec<Email>);

/// The setting can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no e-mail address")]
pub struct InvalidAdminEmails(String);

/// What resetting a password needs.
#[derive(Args, Clone, Debug)]
pub struct ResetPasswordSettings {
    /// Where the database is, and how to log.
    #[command(flatten)]
    pub command: CommandSettings,

    /// The account's e-mail address
    #[arg(long)]
    pub email: String,

    /// Read the new password from the first line of standard input instead of making one up
    #[arg(long)]
    pub stdin: bool,
}

/// What creating topics needs.
#[derive(Args, Clone, Debug)]
pub struct TopicsSettings {
    /// How to log.
    #[command(flatten)]
    pub log: LogSettings,

    /// Kafka or Redpanda itself: host:port, comma-separated
    #[arg(long, env)]
    pub brokers: String,

    /// Copies of each partition of a topic that is new; where it is left out, as many as there are brokers,
    /// 3 at most
    #[arg(long, env, value_parser = clap::value_parser!(u16).range(1..=15))]
    pub replication: Option<u16>,

    /// Create nothing; end with 1 and name what is missing
    #[arg(long)]
    pub check: bool,

    /// How long to wait for a broker that does not answer, in seconds
    #[arg(long, env, default_value_t = 120)]
    pub wait_secs: u64,
}

/// What trying a running system needs.
#[derive(Args, Clone, Debug)]
pub struct TrialSettings {
    /// How to log.
    #[command(flatten)]
    pub log: LogSettings,

    /// Where chat-api answers
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: Url,

    /// Do without the reminder worker: only an account and a task
    #[arg(long)]
    pub without_reminder: bool,

    /// How long after its time a reminder may come, in seconds
    #[arg(long, default_value_t = 60)]
    pub wait_secs: u64,
}

/// What deciding about dead letters needs.
#[derive(Args, Clone, Debug)]
pub struct LetterSettings {
    /// What serving needs: an event that is taken after all is taken as it would have been.
    #[command(flatten)]
    pub serve: ServeSettings,
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

    /// Where people are answered
    #[arg(long, env, default_value = "127.0.0.1:8080")]
    pub listen_addr: SocketAddr,

    /// Where people reach this service: decides whether cookies are Secure and which Origin is ours
    #[arg(long, env, default_value = "http://127.0.0.1:8080")]
    pub public_url: Url,

    /// Administrators: e-mail addresses, comma-separated. Nobody proves that an address is theirs, so
    /// make these accounts before they are named here
    #[arg(long, env, default_value = "")]
    pub admin_emails: AdminEmails,

    /// Whether the oldest account is an administrator too: for one person's own machine
    #[arg(long, env, action = ArgAction::Set, default_value_t = false)]
    pub first_account_is_admin: bool,

    /// Proxies whose X-Forwarded-For is believed: addresses or networks such as 10.0.0.0/8,
    /// comma-separated. Behind a proxy that is not named here all people are one client, with one
    /// client's limits
    #[arg(long, env, default_value = "")]
    pub trusted_proxies: TrustedProxies,

    /// The public key of Web Push, whose private one the worker has: `reminder-worker vapid-keys` makes both.
    /// Without it, nobody can add a browser as a channel
    #[arg(long, env)]
    pub vapid_public_key: Option<VapidPublicKey>,

    /// How much the public listener takes.
    #[command(flatten)]
    pub http: HttpSettings,

    /// The language model that answers what the grammar does not understand.
    #[command(flatten)]
    pub llm: LlmSettings,
}

impl AdminEmails {
    /// The addresses as they are written.
    pub(crate) fn to_strings(&self) -> Vec<String> {
        self.0.iter().map(|email| email.as_str().to_owned()).collect()
    }
}

impl FromStr for AdminEmails {
    type Err = InvalidAdminEmails;

    fn from_str(text: &str) -> Result<Self, InvalidAdminEmails> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let parse =
            |entry| Email::parse(entry).map_err(|_| InvalidAdminEmails(String::from(entry)));
        entries.map(parse).collect::<Result<_, _>>().map(Self)
    }
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
            Self::Serve(settings) | Self::Reconcile(settings) => &settings.log,
            Self::Migrate(settings) => &settings.log,
            Self::Topics(settings) => &settings.log,
            Self::Try(settings) => &settings.log,
            Self::DeadLetters(settings) => &settings.serve.log,
            Self::ResetPassword(settings) => &settings.command.log,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn command(args: &[&str]) -> Command {
        let url = ["--database-url", "postgres://localhost/x"];
        let all = ["chat-api"].iter().chain(args).chain(&url).map(OsString::from);
        Command::from_args(all)
    }

    #[test]
    fn without_a_command_it_serves() {
        let serve = command(&["--sealing-keys", KEY, "--listen-addr", "127.0.0.1:9"]);
        let Command::Serve(settings) = serve else { panic!("{serve:?}") };
        assert_eq!(settings.listen_addr.port(), 9);
        assert!(matches!(command(&["reconcile", "--sealing-keys", KEY]), Command::Reconcile(_)));
    }

    #[test]
    fn a_language_model_has_an_address_and_a_name() {
        let llm = |args: &[&str]| match command(&[&["--sealing-keys", KEY], args].concat()) {
            Command::Serve(settings) => settings.llm,
            other => panic!("{other:?}"),
        };
        assert!(llm(&[]).llm_base_url.is_none());
        let address = "http://127.0.0.1:11434/v1";
        let named =
            llm(&["--llm-base-url", address, "--llm-model", "any", "--llm-api-key", "sk-x"]);
        assert_eq!(named.llm_base_url.as_ref().map(Url::as_str), Some(address));
        assert!(!format!("{named:?}").contains("sk-x"));
        let url = ["--database-url", "postgres://localhost/x", "--sealing-keys", KEY];
        let alone = [&["chat-api", "serve", "--llm-base-url", address][..], &url].concat();
        assert!(Command::try_parse_from(alone).is_err(), "without a name");
    }

    #[test]
    fn migrating_and_resetting_a_password_need_no_keys() {
        assert!(matches!(command(&["migrate"]), Command::Migrate(_)));
        let reset = command(&["reset-password", "--email", "ada@example.test", "--stdin"]);
        assert!(matches!(reset, Command::ResetPassword(settings) if settings.stdin));
    }

    #[test]
    fn administrators_are_a_list_of_addresses() {
        let parse = |text: &str| text.parse().map(|emails: AdminEmails| emails.to_strings());
        assert_eq!(parse("").expect("none"), Vec::<String>::new());
        assert_eq!(parse(" a@b.test, c@d.test,").expect("two"), ["a@b.test", "c@d.test"]);
        assert!(parse("a@b.test, nobody").is_err());
    }
}
