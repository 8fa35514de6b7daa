//! Why the system does not run.

use std::{io, net::SocketAddr, path::PathBuf};

use kafka_admin::KafkaError;

use crate::{kafka::KafkaStartError, postgres::PostgresError};

/// The system does not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Somebody else uses `DATA`.
    #[error(
        "{} is in use by another run (process {process}): stop that one, or choose another DATA",
        data.display()
    )]
    DataInUse {
        /// `DATA`.
        data: PathBuf,
        /// The other's pid, or a question mark.
        process: String,
    },
    /// The public address is taken.
    #[error(
        "{address} is taken by another program: stop that one, or choose another port, as in \
         PORT={}", 
        address.port().checked_add(1).unwrap_or(8080)
    )]
    AddressTaken {
        /// The address.
        address: SocketAddr,
    },
    /// The public address can't be listened on.
    #[error("{address} can't be listened on: choose another HOST or PORT")]
    Address {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// `HOST` means no address.
    #[error("HOST={host} is neither an address nor a name that has one")]
    Host {
        /// `HOST`.
        host: String,
    },
    /// A service's binary is missing.
    #[error("{} is missing: build everything first (make run does)", path.display())]
    Binary {
        /// Where it should be.
        path: PathBuf,
    },
    /// A service could not bring its schema up to date.
    #[error("{service} migrate failed with {status}: {output}")]
    Migration {
        /// The service.
        service: &'static str,
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        output: String,
    },
    /// PostgreSQL does not run.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// The bus's database can't be used.
    #[error("the bus's database can't be reached")]
    BusDatabase(#[from] platform::database::DatabaseError),
    /// The bus's schema is not up to date.
    #[error("the bus's schema can't be brought up to date")]
    BusSchema(#[source] sqlx::migrate::MigrateError),
    /// The topics can't be created.
    #[error("the topics can't be created")]
    Topics(#[source] sqlx::Error),
    /// daprd is not named.
    #[error("BUS=kafka needs daprd: name it in DAPRD (make run does)")]
    NoDaprd,
    /// Kafka does not run.
    #[error(transparent)]
    Kafka(#[from] KafkaStartError),
    /// The topics can't be created in Kafka.
    #[error("Kafka's topics can't be created")]
    KafkaTopics(#[from] KafkaError),
    /// A file, folder, port or program that is needed can't be had.
    #[error("can't {action}")]
    System {
        /// What was tried.
        action: String,
        /// Why.
        source: io::Error,
    },
}

impl RunError {
    /// For `map_err`, with what was tried.
    pub(crate) fn system(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::System { action, source }
    }
}
