//! Free ports on the loopback address.

use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Mutex, PoisonError},
};

/// Ports are taken from here: below what systems hand out for outgoing connections, so that a port
/// is not lost to one of those while its child is being started again.
const PORTS: std::ops::RangeInclusive<u16> = 20_000..=32_000;
/// After so many taken ports any free one will do.
const ATTEMPTS: usize = 50;

/// What was given out: a child takes its port a while after it was chosen for it.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port of 127.0.0.1 that nobody listens on now, and that was given to nobody else of this process.
///
/// # Errors
/// The system's own, when no port is left at all.
pub(crate) fn free_loopback_port() -> io::Result<u16> {
    for _ in 0..ATTEMPTS {
        let port = rand::random_range(PORTS);
        let is_new = GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port);
        if is_new && is_free((Ipv4Addr::LOCALHOST, port).into()).is_ok() {
            return Ok(port);
        }
    }
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Whether an address can be listened on now.
///
/// # Errors
/// Why it can't be.
pub(crate) fn is_free(address: SocketAddr) -> io::Result<()> {
    TcpListener::bind(address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let given: BTreeSet<u16> =
            (0..2_000).map(|_| free_loopback_port().expect("a port")).collect();
        assert_eq!(given.len(), 2_000);
    }
}
