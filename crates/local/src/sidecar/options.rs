//! What a sidecar is started with: daprd's flags and environment.
//!
//! A supervisor or a conformance suite starts daprd and this with the same command line; what only
//! daprd needs is accepted and ignored.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use secrecy::SecretString;

use super::error::SidecarError;

/// How long a refused record waits for its next delivery, in milliseconds, unless
/// `LOCAL_REDELIVERY_INTERVAL_MS` says otherwise. What daprd does without a resiliency policy.
pub const DEFAULT_REDELIVERY_INTERVAL_MS: u64 = 5_000;

const DATABASE_URL: &str = "BUS_DATABASE_URL";
const REDELIVERY_INTERVAL: &str = "LOCAL_REDELIVERY_INTERVAL_MS";
const API_TOKEN: &str = "DAPR_API_TOKEN";
const APP_TOKEN: &str = "APP_API_TOKEN";

/// The flags of `local sidecar`, which are daprd's.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The application's id: scopes name it, and its consumer group is called so by default
    #[arg(long)]
    pub app_id: String,

    /// Where the application listens on 127.0.0.1; none for one that only publishes
    #[arg(long, value_parser = port)]
    pub app_port: Option<u16>,

    /// Where the Dapr API listens on 127.0.0.1
    #[arg(long, default_value_t = 3500)]
    pub dapr_http_port: u16,

    /// Folders with components and subscriptions; may be repeated; subfolders are not read
    #[arg(long, value_delimiter = ',')]
    pub resources_path: Vec<PathBuf>,

    /// Pause the subscriptions while the application's health path fails
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = clap::ArgAction::Set)]
    pub enable_app_health_check: bool,

    /// The application's health path
    #[arg(long, default_value = "/healthz")]
    pub app_health_check_path: String,

    /// Seconds between two health probes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub app_health_probe_interval: u64,

    /// Milliseconds until a health probe has failed
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    pub app_health_probe_timeout: u64,

    /// Failed health probes in a row until the subscriptions pause
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub app_health_threshold: u32,

    /// Seconds that publishing stays alive after SIGTERM, as in `5s`
    #[arg(long, value_parser = seconds, default_value = "1s")]
    pub dapr_block_shutdown_duration: Duration,

    /// What only daprd needs
    #[command(flatten)]
    pub ignored: Ignored,
}

/// Flags of daprd that are accepted and ignored.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Accepted for daprd's sake, and ignored")]
pub struct Ignored {
    /// The gRPC API is not served
    #[arg(long)]
    pub dapr_grpc_port: Option<String>,
    /// There are no other sidecars to talk to
    #[arg(long)]
    pub dapr_internal_grpc_port: Option<String>,
    /// No metrics are served
    #[arg(long)]
    pub metrics_port: Option<String>,
    /// No metrics are served
    #[arg(long, num_args = 0..=1, require_equals = true)]
    pub enable_metrics: Option<Option<String>>,
    /// There are no actors
    #[arg(long)]
    pub placement_host_address: Option<String>,
    /// There are no jobs
    #[arg(long)]
    pub scheduler_host_address: Option<String>,
    /// Every listener is on 127.0.0.1
    #[arg(long)]
    pub dapr_listen_addresses: Option<String>,
    /// Only HTTP is spoken
    #[arg(long)]
    pub app_protocol: Option<String>,
    /// Traces are always continued
    #[arg(long)]
    pub config: Vec<String>,
    /// Logging is set up by the process
    #[arg(long)]
    pub log_level: Option<String>,
    /// Logging is set up by the process
    #[arg(long, num_args = 0..=1, require_equals = true)]
    pub log_as_json: Option<Option<String>>,
    /// Deliveries in flight are always waited for, within the process's own limit
    #[arg(long)]
    pub dapr_graceful_shutdown_seconds: Option<String>,
}

/// What a sidecar is told by its environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `BUS_DATABASE_URL`: the database of the log.
    pub database_url: SecretString,
    /// `DAPR_API_TOKEN`: what callers must send as `dapr-api-token`; any caller is served if unset.
    pub api_token: Option<SecretString>,
    /// `APP_API_TOKEN`: what the application gets as `dapr-api-token`.
    pub app_token: Option<SecretString>,
    /// `LOCAL_REDELIVERY_INTERVAL_MS`: how long a refused record waits for its next delivery.
    pub redelivery_interval: Duration,
}

impl Environment {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`SidecarError::Environment`] for a missing or malformed variable.
    pub fn read() -> Result<Self, SidecarError> {
        let database_url = variable(DATABASE_URL).ok_or(SidecarError::Environment {
            name: DATABASE_URL,
            expected: "a PostgreSQL URL",
        })?;
        let redelivery_interval_ms = match variable(REDELIVERY_INTERVAL) {
            None => DEFAULT_REDELIVERY_INTERVAL_MS,
            Some(text) => text.parse().map_err(|_| SidecarError::Environment {
                name: REDELIVERY_INTERVAL,
                expected: "a number of milliseconds",
            })?,
        };
        Ok(Self {
            database_url: database_url.into(),
            api_token: variable(API_TOKEN).map(SecretString::from),
            app_token: variable(APP_TOKEN).map(SecretString::from),
            redelivery_interval: Duration::from_millis(redelivery_interval_ms),
        })
    }
}

/// An empty variable is an unset one.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("{text:?} is no port"))
}

/// A whole number of seconds, with or without the unit that Go's durations have.
fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text);
    number.parse().map(Duration::from_secs).map_err(|_| format!("{text:?} is no number of seconds"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn the_command_line_that_starts_daprd_is_accepted() {
        let line = "sidecar --app-id chat-api --app-port 3001 --dapr-http-port 3500 \
                    --dapr-grpc-port 50001 --dapr-internal-grpc-port 50002 --metrics-port 9090 \
                    --dapr-listen-addresses 127.0.0.1 --resources-path a --resources-path b,c \
                    --config dapr/config.yaml --log-level debug --enable-app-health-check \
                    --app-health-check-path /healthz --app-health-probe-interval 1 \
                    --dapr-block-shutdown-duration 3s --placement-host-address";
        let line = line.split_whitespace().chain([""]);
        let options = CommandLine::try_parse_from(line).expect("the line").options;
        assert_eq!((options.app_id.as_str(), options.app_port), ("chat-api", Some(3001)));
        assert_eq!(options.resources_path, ["a", "b", "c"].map(PathBuf::from));
        assert!(options.enable_app_health_check);
        assert_eq!(options.dapr_block_shutdown_duration, Duration::from_secs(3));
    }
}
