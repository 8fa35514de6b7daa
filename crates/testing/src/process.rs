//! What tests that start processes share: ports to give them, and a look at their memory.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

/// The ports that [`free_port`] gives: below those that the system gives to connections, so that none
/// is taken between its choice and its use.
const PORTS: std::ops::Range<u16> = 10_000..20_000;
static NEXT_PORT: AtomicU16 = AtomicU16::new(0);

/// A loopback port that is free now, and that no other test of this process is given.
///
/// # Panics
/// When none is free.
#[must_use]
pub fn free_port() -> SocketAddr {
    let first = (std::process::id() % u32::from(PORTS.end - PORTS.start)) as u16;
    (0..PORTS.end - PORTS.start)
        .map(|_| {
            let number = NEXT_PORT.fetch_add(1, Ordering::Relaxed).wrapping_add(first);
            SocketAddr::from(([127, 0, 0, 1], PORTS.start + number % (PORTS.end - PORTS.start)))
        })
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a free port")
}

/// What a process has in memory, in bytes.
///
/// # Panics
/// When it does not run.
#[must_use]
pub fn resident_bytes(process_id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process_id}/status")).expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}
