//! The settings that both services have, from flags or the environment; `--help` documents them.

use std::{ffi::OsString, net::SocketAddr};

use clap::{Args, ValueEnum};
use secrecy::SecretString;

use crate::{sealing::KeyRing, telemetry::LogFormat};

/// First words that are about the whole binary, and no flags of `serve`.
const ABOUT_THE_BINARY: [&str; 4] = ["-h", "--help", "-V", "--version"];

/// The command line, with `serve` before its flags where it names no command: a container's plain
/// start, also one with flags.
#[must_use]
pub fn serve_by_default(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let names_command = args
        .get(1)
        .and_then(|first| first.to_str())
        .is_some_and(|first| !first.starts_with('-') || ABOUT_THE_BINARY.contains(&first));
    if !names_command {
        args.insert(args.len().min(1), "serve".into());
    }
    args
}

/// Whether events are published or held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventBus {
    /// Publish through the Dapr sidecar.
    Dapr,
    /// Keep events in the outbox until a sidecar comes: the first phase of a migration.
    Hold,
}

/// Where a service finds its database.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// The service's own database: postgres://role:password@host:port/name
    #[arg(long, env, hide_env_values = true)]
    pub database_url: SecretString,
}

/// How a service logs.
#[derive(Args, Clone, Debug)]
pub struct LogSettings {
    /// How log lines look; what is logged is set by RUST_LOG
    #[arg(long, env, value_enum, default_value = "json")]
    pub log_format: LogFormat,
}

/// What a command needs that does its work and ends.
#[derive(Args, Clone, Debug)]
pub struct CommandSettings {
    /// Where the database is.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// How to log.
    #[command(flatten)]
    pub log: LogSettings,
}

/// What both services need to serve.
#[derive(Args, Clone, Debug)]
pub struct ServiceSettings {
    /// Connections to the database, at the most
    #[arg(long, env, default_value_t = 16, value_parser = clap::value_parser!(u32).range(4..=200))]
    pub database_max_connections: u32,

    /// Where health is served: the pod's address, never behind the ingress
    #[arg(long, env, default_value = "0.0.0.0:9090")]
    pub health_addr: SocketAddr,

    /// Where the Dapr sidecar delivers events: loopback only
    #[arg(long, env, default_value = "127.0.0.1:3001")]
    pub app_addr: SocketAddr,

    /// Whether events are published or held back
    #[arg(long, env, value_enum, default_value = "dapr")]
    pub event_bus: EventBus,

    /// The Dapr component that events travel through
    #[arg(long, env, default_value = "kafka-pubsub")]
    pub pubsub_name: String,

    /// Keys for channels' addresses and secrets: id:base64 of 32 bytes, comma-separated; the first
    /// seals, all open
    #[arg(long, env, hide_env_values = true)]
    pub sealing_keys: KeyRing,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(words: &[&str]) -> Vec<OsString> {
        serve_by_default(words.iter().map(OsString::from))
    }

    #[test]
    fn a_command_line_that_is_empty_or_begins_with_a_flag_means_serve() {
        assert_eq!(completed(&["chat-api"]), ["chat-api", "serve"]);
        assert_eq!(
            completed(&["chat-api", "--log-format", "text"]),
            ["chat-api", "serve", "--log-format", "text"]
        );
        // A help that comes later is about the flags before it.
        assert_eq!(
            completed(&["chat-api", "--log-format", "text", "--help"])[1],
            "serve",
            "help for serve"
        );
    }

    #[test]
    fn a_command_and_what_is_about_the_binary_stay_as_they_are() {
        for first in ["serve", "migrate", "no-such-command", "-h", "--help", "-V", "--version"] {
            assert_eq!(completed(&["chat-api", first, "--x"]), ["chat-api", first, "--x"]);
        }
    }
}
