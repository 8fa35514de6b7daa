//! What each process is started with: addresses, tokens, keys.
//!
//! Ports and tokens are new in every run; the sealing keys are kept, or nothing sealed would open.

use std::{
    ffi::OsString,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL},
};
use events::Service;
use nix::sys::signal::Signal;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use platform::sealing::KEY_BYTES;
use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;

use crate::{
    postgres::random_text,
    process::{free_loopback_port, tied},
};

/// The secret with the keys that both services seal with.
pub(crate) const SEALING_KEYS: &str = "sealing-keys";
/// The secret with the private key of Web Push: with another one every browser would have to subscribe anew.
pub(crate) const VAPID_KEY: &str = "vapid-private-key";

/// A service and its sidecar.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    /// The service, whose name is its app id and its binary's.
    pub(crate) service: Service,
    /// Its binary.
    pub(crate) binary: PathBuf,
    /// Its own database.
    pub(crate) database_url: SecretString,
    /// Where it answers whether it is ready.
    pub(crate) health_address: SocketAddr,
    /// Where it takes deliveries.
    pub(crate) app_address: SocketAddr,
    /// Where its sidecar serves the Dapr API, on 127.0.0.1.
    pub(crate) dapr_http_port: u16,
    /// What daprd listens on besides: gRPC for applications, gRPC among sidecars, metrics.
    daprd_ports: [u16; 3],
    api_token: SecretString,
    app_token: SecretString,
    /// What this service alone is told.
    pub(crate) own: Vec<(&'static str, OsString)>,
}

/// What all sidecars are told.
#[derive(Clone, Debug)]
pub(crate) struct SidecarSettings {
    /// Which sidecar it is.
    pub(crate) kind: SidecarKind,
    /// The folders with components and subscriptions.
    pub(crate) resources: Vec<PathBuf>,
    /// The file with the configuration.
    pub(crate) config: PathBuf,
}

/// Which sidecar.
#[derive(Clone, Debug)]
pub(crate) enum SidecarKind {
    /// The stand-in.
    Local {
        /// This very program.
        program: PathBuf,
        /// The database of the log.
        bus_url: SecretString,
    },
    /// The real one, whose component names the broker.
    Daprd {
        /// Where it is.
        program: PathBuf,
    },
}

impl Application {
    /// With ports and tokens of its own.
    ///
    /// # Errors
    /// No port is left.
    pub(crate) fn new(
        service: Service,
        bin_dir: &Path,
        database_url: SecretString,
        own: Vec<(&'static str, OsString)>,
    ) -> io::Result<Self> {
        let loopback = || Ok::<_, io::Error>((Ipv4Addr::LOCALHOST, free_loopback_port()?).into());
        Ok(Self {
            service,
            binary: binary(bin_dir, service),
            database_url,
            health_address: loopback()?,
            app_address: loopback()?,
            dapr_http_port: free_loopback_port()?,
            daprd_ports: [free_loopback_port()?, free_loopback_port()?, free_loopback_port()?],
            api_token: random_text().into(),
            app_token: random_text().into(),
            own,
        })
    }

    /// The service itself, or what one of its subcommands does.
    pub(crate) fn command(&self, subcommand: Option<&str>, sealing_keys: &SecretString) -> Command {
        let mut command = clean(&self.binary);
        command
            .args(subcommand)
            .env("DATABASE_URL", self.database_url.expose_secret())
            .env("HEALTH_ADDR", self.health_address.to_string())
            .env("APP_ADDR", self.app_address.to_string())
            .env("DAPR_HTTP_PORT", self.dapr_http_port.to_string())
            .env("DAPR_API_TOKEN", self.api_token.expose_secret())
            .env("APP_API_TOKEN", self.app_token.expose_secret())
            .env("EVENT_BUS", "dapr")
            .env("SEALING_KEYS", sealing_keys.expose_secret())
            .env("LOG_FORMAT", "text")
            .envs(self.own.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Its sidecar, with daprd's flags.
    pub(crate) fn sidecar(&self, settings: &SidecarSettings) -> Command {
        let mut command = match &settings.kind {
            SidecarKind::Local { program, bus_url } => {
                let mut command = clean(program);
                command.arg("sidecar").env("BUS_DATABASE_URL", bus_url.expose_secret());
                command
            }
            SidecarKind::Daprd { program } => {
                let mut command = clean(program);
                let [grpc, internal, metrics] = self.daprd_ports.map(|port| port.to_string());
                command
                    .args(["--dapr-grpc-port", &grpc, "--dapr-internal-grpc-port", &internal])
                    .args(["--metrics-port", &metrics, "--dapr-listen-addresses", "127.0.0.1"])
                    // There are neither actors nor jobs.
                    .args(["--placement-host-address", "", "--log-level", "warn"])
                    // A service that is away while it is asked for its subscriptions, which takes three
                    // seconds, gets none until a check of its health has failed.
                    .args(["--enable-app-health-check", "--app-health-check-path", "/healthz"])
                    .args(["--app-health-probe-interval", "1", "--app-health-threshold", "2"])
                    .args(["--app-health-probe-timeout", "1000"]);
                command
            }
        };
        command
            .args(["--app-id", self.service.name()])
            .args(["--app-port", &self.app_address.port().to_string()])
            .args(["--dapr-http-port", &self.dapr_http_port.to_string()])
            // The service has ended when its sidecar is told to.
            .args(["--dapr-block-shutdown-duration", "0s"])
            .arg("--config")
            .arg(&settings.config)
            .env("DAPR_API_TOKEN", self.api_token.expose_secret())
            .env("APP_API_TOKEN", self.app_token.expose_secret());
        for folder in &settings.resources {
            command.arg("--resources-path").arg(folder);
        }
        command
    }
}

/// Where a service's binary is.
pub(crate) fn binary(bin_dir: &Path, service: Service) -> PathBuf {
    bin_dir.join(service.name())
}

/// New keys as both services read them.
pub(crate) fn new_sealing_keys() -> String {
    format!("k1:{}", BASE64.encode(rand::random::<[u8; KEY_BYTES]>()))
}

/// A new private key of Web Push, as the worker reads it.
pub(crate) fn new_vapid_private_key() -> String {
    // Of all numbers of this length, hardly any is no key.
    let mut keys = std::iter::repeat_with(rand::random::<[u8; 32]>);
    let key = keys.find_map(|bytes| p256::SecretKey::from_slice(&bytes).ok());
    key.map(|key| BASE64URL.encode(key.to_bytes())).unwrap_or_default()
}

/// The public key that goes with it, as chat-api reads it; none where it is no key.
pub(crate) fn vapid_public_key(private: &SecretString) -> Option<String> {
    let bytes = BASE64URL.decode(private.expose_secret()).ok()?;
    let key = p256::SecretKey::from_slice(&bytes).ok()?;
    Some(BASE64URL.encode(key.public_key().to_encoded_point(false)))
}

/// A command that is killed when we die, without what the environment may say about other databases
/// and sidecars.
fn clean(program: &Path) -> Command {
    let mut command = tied(program, Signal::SIGKILL);
    let inherited = std::env::vars_os().map(|(name, _)| name);
    for name in inherited.filter(|name| is_foreign(name.as_encoded_bytes())) {
        command.env_remove(name);
    }
    command
}

fn is_foreign(name: &[u8]) -> bool {
    [b"PG".as_slice(), b"DAPR_"].iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_of_web_push_has_a_public_one() {
        let public = vapid_public_key(&new_vapid_private_key().into()).expect("a key");
        let point = BASE64URL.decode(&public).expect("base64url");
        assert_eq!((point.len(), point[0]), (65, 4));
        assert_eq!(vapid_public_key(&"nonsense".to_owned().into()), None);
    }

    #[test]
    fn new_keys_are_keys() {
        let keys: platform::sealing::KeyRing = new_sealing_keys().parse().expect("keys");
        let sealed = keys.seal("context", "text");
        assert_eq!(keys.open("context", &sealed).as_deref(), Ok("text"));
    }
}
