//! An embedded Kafka: one broker, from jars that are on this machine, on a folder of ours.
//!
//! Owns its folder (settings, cluster id, port, log). Promises: what the broker has acknowledged
//! survives a kill of it; the next start takes the same port if it is free, so that clients find it
//! again. Never: a listener other than 127.0.0.1, a topic that nobody has asked for, more than one
//! broker.

mod broker;
mod ephemeral;
mod error;
mod libraries;

pub use broker::{Broker, BrokerOptions};
pub use ephemeral::{EphemeralKafkaOptions, TEST_KAFKA_BROKERS, run_command};
pub use error::KafkaStartError;
pub use libraries::Libraries;
