//! What the tests of several crates share: a database of its own for each test, waiting for what
//! comes, a proxy that cuts connections, a stand-in for a language model, ports and memory of processes.
//!
//! Never: part of a service.

mod database;
mod eventually;
pub mod fake_model;
mod process;
mod proxy;
mod skip;
mod statements;

pub use database::{Backup, TestDatabase};
pub use eventually::{EVENTUALLY_SECS, eventually, eventually_within};
pub use process::{free_port, resident_bytes};
pub use proxy::{CuttingProxy, Direction};
pub use skip::{report, skipped};
