//! `local run`: the whole system on one machine.
//!
//! Owns: `DATA` (its lock, the record of what runs, the resources for the sidecars), the order in
//! which parts start and stop, and starting again what died. Promises: one system at most runs on a
//! `DATA`; `ready: URL` is said once, when everything answers; a part that dies is started again,
//! with backoff; Ctrl-C stops services, sidecars, broker, PostgreSQL, in this order, and a second one stops them
//! at once; killed with SIGKILL, it leaves nothing running (where the system has no `setpriv`, until
//! the next start), and the next start works at once. Never: reads or writes what a service owns.
//!
//! A walk through a start: `lock` → `leftovers` → `address` → `postgres` → `preparation` (databases,
//! schemas, broker, topics, resources) → `stack` (each part watched by `part`) → `readiness`.

mod address;
mod environment;
mod error;
mod leftovers;
mod lock;
mod log;
mod part;
mod preparation;
mod readiness;
mod resources;
mod run;
mod settings;
mod signals;
mod stack;

pub use error::RunError;
pub use log::log_to_stderr;
pub use run::run;
pub use settings::{Bus, PostgresSettings, RunSettings};
