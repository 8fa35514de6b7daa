//! Owns time and delivery: it knows when each task reminds, fires on time and once, and brings the
//! notification to the person, while everything else may be down.
//!
//! Learns of tasks and people only from events; its tables have all that it needs. What it promises
//! is written in `docs/reminder-promise.md`.

pub mod app;
pub mod delivery;
mod digest;
mod migrate;
pub mod reconcile;
pub mod reminder;
pub mod scheduler;
pub mod settings;
mod store;
pub mod subscribers;
pub mod tidy;

pub use migrate::migrate;
