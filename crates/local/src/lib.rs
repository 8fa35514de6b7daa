//! The local stack: embedded PostgreSQL and Kafka, a durable stand-in for the Dapr sidecar, and a supervisor that
//! runs the whole system on one machine.
//!
//! Promises: what was acknowledged survives `kill -9` of any part, the supervisor included, and no process
//! outlives it. Never: part of a deployment.

pub mod kafka;
pub mod postgres;
mod process;
pub mod sidecar;
pub mod supervisor;
