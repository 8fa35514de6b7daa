//! Free ports on the loopback address.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

/// Ports are taken from here: below what systems hand out for outgoing connections, so that a port
/// is not lost to one of those while its child is being started again.
const PORTS: std::ops::RangeInclusive<u16> = 20_000..=32_000;
/// After so many taken ports any free one will do.
const ATTEMPTS: usize = 50;

/// A port of 127.0.0.1 that nobody listens on now.
///
/// # Errors
/// The system's own, when no port is left at all.
pub(crate) fn free_loopback_port() -> io::Result<u16> {
    for _ in 0..ATTEMPTS {
        let port = rand::random_range(PORTS);
        if is_free((Ipv4Addr::LOCALHOST, port).into()).is_ok() {
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
