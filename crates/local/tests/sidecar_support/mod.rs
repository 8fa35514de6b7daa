//! What the sidecar's tests stand on: a bus under test, an application that records its deliveries.
//!
//! The suite speaks HTTP only and starts sidecars by daprd's command line, so that a
//! [`Bus`](bus::Bus) can be the local sidecar or daprd with Kafka.

#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod application;
pub(crate) mod bus;
pub(crate) mod daprd_bus;
pub(crate) mod database;
pub(crate) mod local_bus;
pub(crate) mod scenario;
pub(crate) mod suite;

use std::{fmt::Debug, time::Duration};

/// How long a condition may take to come true.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: impl Debug, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    match tokio::time::timeout(DEADLINE, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("within {DEADLINE:?} it did not come true: {what:?}"),
    }
}

/// A port that nobody listened on a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a listener");
    listener.local_addr().expect("an address").port()
}
