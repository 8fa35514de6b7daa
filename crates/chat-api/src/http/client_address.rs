//! From which address a request comes: the peer's, or what a trusted proxy says of it.
//!
//! Anybody can write `X-Forwarded-For`. Each proxy appends the address that it saw, so the header is
//! read from its end, and only as far as those who wrote it are trusted.

use std::{
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::HeaderMap, web};

use crate::{context::Context, error::Failure};

const FORWARDED_HEADER: &str = "x-forwarded-for";
/// The prefix of an IPv6 network that is one client's, in bits: it may take any address in it.
const CLIENT_PREFIX_BITS: u8 = 64;

/// The setting can't be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an address nor a network such as 10.0.0.0/8")]
pub struct InvalidProxies(String);

/// The proxies whose word counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

/// The address that a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Of a request.
    pub(crate) fn of(request: &HttpRequest, proxies: &TrustedProxies) -> Self {
        let peer = request.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
        Self(proxies.client(peer, request.headers()))
    }

    /// What limits go by: the address, or the IPv6 network that is the client's.
    pub(crate) const fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let mask = u128::MAX << (Ipv6Addr::BITS - CLIENT_PREFIX_BITS as u32);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        }
    }
}

impl FromRequest for ClientAddress {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let nobody = TrustedProxies::default();
        let context = request.app_data::<web::Data<Context>>();
        let proxies = context.map_or(&nobody, |context| &context.trusted_proxies);
        ready(Ok(Self::of(request, proxies)))
    }
}

impl TrustedProxies {
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines: Vec<&str> = headers
            .get_all(FORWARDED_HEADER)
            .map(|line| line.to_str().unwrap_or_default())
            .collect();
        let mut client = peer.to_canonical();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            if !self.trusts(client) {
                break;
            }
            // A proxy that says nothing one can read is itself the nearest that is known.
            let Some(address) = parse_hop(hop.trim()) else { break };
            client = address;
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// An address, with or without a port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Network {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let invalid = || InvalidProxies(text.to_owned());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_no_address| invalid())?;
        let width = width_bits(address);
        let prefix_bits = match prefix {
            None => width,
            Some(prefix) => prefix.parse().map_err(|_no_number| invalid())?,
        };
        if prefix_bits > width { Err(invalid()) } else { Ok(Self { address, prefix_bits }) }
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        let width = width_bits(self.address);
        width == width_bits(address)
            && (bits(self.address) ^ bits(address))
                .checked_shr(u32::from(width - self.prefix_bits))
                .is_none_or(|differing| differing == 0)
    }
}

const fn width_bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(proxies: &str, peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            let value = HeaderValue::from_bytes(line.as_bytes()).expect("a header");
            headers.append(HeaderName::from_static(FORWARDED_HEADER), value);
        }
        let proxies: TrustedProxies = proxies.parse().expect("proxies");
        proxies.client(peer.parse().expect("an address"), &headers).to_string()
    }

    #[test]
    fn without_a_trusted_proxy_the_header_says_nothing() {
        assert_eq!(client("", "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.0/8", "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn the_header_is_read_from_its_end_as_far_as_its_writers_are_trusted() {
        let proxies = "10.0.0.0/8, 192.0.2.7";
        assert_eq!(client(proxies, "10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        let forged = ["1.1.1.1, 198.51.100.1, 192.0.2.7"];
        assert_eq!(client(proxies, "10.1.2.3", &forged), "198.51.100.1");
        let lines = ["1.1.1.1", "198.51.100.1,192.0.2.7", "10.9.9.9"];
        assert_eq!(client(proxies, "10.1.2.3", &lines), "198.51.100.1");
        assert_eq!(client(proxies, "10.1.2.3", &["192.0.2.7, 10.0.0.1"]), "192.0.2.7");
    }

    #[test]
    fn what_a_proxy_says_unreadably_leaves_the_proxy_itself() {
        for line in ["", "unknown", "198.51.100.1, nonsense", "198.51.100.1,", "\u{fc}"] {
            assert_eq!(client("10.0.0.1", "10.0.0.1", &[line]), "10.0.0.1", "{line}");
        }
    }

    #[test]
    fn an_address_may_come_with_a_port_and_in_either_family() {
        for (hop, address) in [
            ("198.51.100.1:4711", "198.51.100.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
        ] {
            assert_eq!(client("fd00::/8", "fd00::7", &[hop]), address, "{hop}");
        }
        assert_eq!(client("10.0.0.1", "::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        for text in ["", " , ", "10.0.0.1", "10.0.0.0/8, ::1", "0.0.0.0/0", "::/0"] {
            assert!(TrustedProxies::from_str(text).is_ok(), "{text}");
        }
        for text in ["proxy", "10.0.0.0/33", "10.0.0.0/", "::1/129", "10.0.0.0/-1"] {
            assert!(TrustedProxies::from_str(text).is_err(), "{text}");
        }
        assert_eq!(client("0.0.0.0/0", "10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("0.0.0.0/0", "::1", &["198.51.100.1"]), "::1");
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let network = |text: &str| ClientAddress(text.parse().expect("an address")).network();
        assert_eq!(network("2001:db8:1:2:3:4:5:6").to_string(), "2001:db8:1:2::");
        assert_eq!(network("198.51.100.1").to_string(), "198.51.100.1");
    }
}
