//! What the tests of several crates share: a database of its own for each test, waiting for what
//! comes, and a proxy that cuts connections.
//!
//! Never: part of a service.

mod database;
mod eventually;
mod proxy;
mod skip;
mod statements;

pub use database::{Backup, TestDatabase};
pub use eventually::{EVENTUALLY_SECS, eventually, eventually_within};
pub use proxy::{CuttingProxy, Direction};
pub use skip::{report, skipped};
