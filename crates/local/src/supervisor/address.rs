//! The public address.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use super::error::RunError;
use crate::process::{free_loopback_port, is_free};

/// Where chat-api is to listen; checked to be free.
///
/// # Errors
/// [`RunError::Host`], [`RunError::AddressTaken`], [`RunError::Address`].
pub(crate) async fn public_address(host: &str, port: u16) -> Result<SocketAddr, RunError> {
    let ip = resolve(host).await.ok_or_else(|| RunError::Host { host: host.to_owned() })?;
    let port = match port {
        0 => free_loopback_port().map_err(RunError::system("find a free port"))?,
        port => port,
    };
    let address = SocketAddr::new(ip, port);
    match is_free(address) {
        Ok(()) => Ok(address),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(RunError::AddressTaken { address })
        }
        Err(source) => Err(RunError::Address { address, source }),
    }
}

/// What a person on this machine types to get there.
pub(crate) fn url(address: SocketAddr) -> String {
    format!("http://{}", reachable(address))
}

/// An address that one can connect to: the loopback one for "every address".
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

async fn resolve(host: &str) -> Option<IpAddr> {
    if let Ok(ip) = host.trim_matches(['[', ']']).parse() {
        return Some(ip);
    }
    let mut addresses = tokio::net::lookup_host((host, 0)).await.ok()?;
    addresses.next().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_address_is_said_with_what_to_do() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let said = public_address("127.0.0.1", port).await.expect_err("a refusal").to_string();
        assert!(said.contains(&format!("127.0.0.1:{port} is taken")), "{said}");
        assert!(said.contains(&format!("PORT={}", port.wrapping_add(1))), "{said}");
    }

    #[tokio::test]
    async fn a_host_may_be_a_name_but_not_nonsense() {
        let named = public_address("localhost", 0).await.expect("an address");
        assert!(named.ip().is_loopback());
        let said = public_address("x86_64-conda-linux-gnu.invalid", 0).await;
        assert!(matches!(said, Err(RunError::Host { .. })), "{said:?}");
    }

    #[test]
    fn every_address_is_reached_by_loopback() {
        let url = |text: &str| url(text.parse().expect("an address"));
        assert_eq!(url("0.0.0.0:8080"), "http://127.0.0.1:8080");
        assert_eq!(url("[::]:80"), "http://[::1]:80");
        assert_eq!(url("127.0.0.1:8080"), "http://127.0.0.1:8080");
    }
}
