//! The settings that both services have, from flags or the environment; `--help` documents them.

use std::{ffi::OsString, net::SocketAddr};

use clap::{Args, ValueEnum};
use secrecy::SecretString;

use crate::{sealing::KeyRing, telemetry::LogFormat};

/// The command line, with `serve` where it names nothing at all: a container's plain start.
pub fn serve_by_default(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.len() < 2 {
        args.push("serve".into());
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

/// What both services need to serve.
#[derive(Args, Clone, Debug)]
pub struct ServiceSettings {
    /// Connections to the database, at the most
    #[arg(long, env, default_value_t = 16, value_parser = clap::value_parser!(u32).range(4..=200))]
    pub database_max_connections: u32,

    /// Where health and metrics are served: the pod's address, never behind the ingress
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
