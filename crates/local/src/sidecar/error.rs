//! Why a sidecar does not start.

use std::path::PathBuf;

/// A sidecar does not start, or can't go on.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// A variable of the environment is missing or malformed.
    #[error("{name} must be set to {expected}")]
    Environment {
        /// The variable.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// `BUS_DATABASE_URL` is no PostgreSQL URL; the URL itself stays out of the message.
    #[error("BUS_DATABASE_URL is no PostgreSQL URL")]
    DatabaseUrl(#[source] sqlx::Error),
    /// A folder or file of `--resources-path` can't be read.
    #[error("{} can't be read", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A resource is no YAML, or not what its kind requires.
    #[error("{}: {reason}", path.display())]
    Resource {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The API's port is taken.
    #[error("127.0.0.1:{port} can't be listened on")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// The HTTP client to the application can't be built.
    #[error("the HTTP client can't be set up")]
    Client(#[source] reqwest::Error),
    /// The API's server failed, or the system refuses signal handlers.
    #[error("the sidecar's API failed")]
    Server(#[source] std::io::Error),
}
