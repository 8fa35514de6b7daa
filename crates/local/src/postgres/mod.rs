//! An embedded PostgreSQL: the system's own binaries on a folder of ours.
//!
//! Owns `DATA/postgres` (the server's folder, made by `initdb`, whose `PG_VERSION` records the major
//! version), `DATA/postgres.port` and the passwords in `DATA/secrets`. Promises: a commit that was
//! acknowledged survives whatever is killed; one server at most runs on a folder, and one that was
//! left running is adopted or stopped; data of another major version is refused, never touched;
//! the server never runs as root, also when root starts it on a folder that only root can reach.
//! Never: a listener other than 127.0.0.1, an upgrade, a migration.
//!
//! Whoever starts a server on a durable folder holds the lock of `DATA`.

mod account;
mod binaries;
mod databases;
mod ephemeral;
mod error;
mod folder;
mod initialise;
mod pid_file;
mod secrets;
mod server;
mod settings;

pub use binaries::{Binaries, OLDEST_MAJOR, Search};
pub use ephemeral::{EphemeralOptions, TEST_DATABASE_URL, run_command};
pub use error::PostgresError;
pub use secrets::Secrets;
pub(crate) use secrets::random_text;
pub use server::{Server, ServerOptions};
pub use settings::Durability;
