//! The whole system under test: the real binaries as processes of their own, on a real PostgreSQL,
//! with a proxy on every connection between them, so that any part can be killed with -9 and any
//! connection cut after its Nth message.
//!
//! Never: a hook in a service. What a test can't see over HTTP, on the bus or in a database, a user
//! can't either.

mod api;
mod bus;
pub mod checker;
mod cluster;
mod collector;
mod kafka;
mod process;
mod run;
mod sink;
mod stack;

pub use api::{Answer, PASSWORD, Person, in_seconds};
pub use bus::{BusRecord, console_records, kafka_records, records, write_raw};
pub use cluster::{Cluster, WayIn, repository};
pub use collector::{Collector, ExportedSpan, hexadecimal};
pub use kafka::Kafka;
pub use process::{Process, program};
pub use run::Run;
pub use sink::{Notification, Sink};
pub use stack::{API_TOKEN, APP_TOKEN, Instance, Options, SEALING_KEYS, Stack, migrate};
