//! Which addresses a channel may lead to: public ones, and what the operator allows.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// The policy can't be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither `loopback` nor a network such as 10.0.0.0/8")]
pub struct InvalidPolicy(String);

/// Public addresses, and the networks that the operator allows beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    allowed: Vec<Network>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

const LOOPBACK: [Network; 2] = [
    Network { address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), prefix: 8 },
    Network { address: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix: 128 },
];

impl AddressPolicy {
    /// Whether a channel may connect to this address.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allowed.iter().any(|network| network.contains(address))
    }
}

impl FromStr for AddressPolicy {
    type Err = InvalidPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidPolicy> {
        let mut allowed = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            if entry == "loopback" {
                allowed.extend(LOOPBACK);
            } else {
                allowed.push(entry.parse()?);
            }
        }
        Ok(Self { allowed })
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same_prefix(network.to_bits().into(), address.to_bits().into(), 32, self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.to_bits(), address.to_bits(), 128, self.prefix)
            }
            _ => false,
        }
    }
}

fn same_prefix(left: u128, right: u128, width: u8, prefix: u8) -> bool {
    prefix == 0 || (left ^ right) >> (width - prefix) == 0
}

impl FromStr for Network {
    type Err = InvalidPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidPolicy> {
        let invalid = || InvalidPolicy(text.to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(invalid)?;
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let prefix: u8 = prefix.parse().map_err(|_| invalid())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        if prefix > width { Err(invalid()) } else { Ok(Self { address, prefix }) }
    }
}

/// A public address by its number only: machines in Azure are told there what they are.
const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Whether an address is one of the open internet. Everything with a special purpose is not
/// (RFC 6890 and its successors), nor is what embeds such an IPv4 address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || a == 10
        || a == 127
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        // Azure's own of every machine, by which it is configured.
        || address == AZURE
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 192 && b == 168)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = match segments {
        // NAT64 and 6to4 lead to an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some((high, low)),
        [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    if let Some((high, low)) = embedded {
        return is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    }
    // Global unicast is 2000::/3; of it, 2001::/23 is for protocols and 2001:db8::/32 and
    // 3fff::/20 for documents.
    (segments[0] & 0xe000) == 0x2000
        && !(segments[0] == 0x2001 && segments[1] < 0x200)
        && !(segments[0] == 0x2001 && segments[1] == 0xdb8)
        && !(segments[0] == 0x3fff && segments[1] < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(policy: &str, address: &str) -> bool {
        let policy: AddressPolicy = policy.parse().expect("a policy");
        policy.permits(address.parse().expect("an address"))
    }

    #[test]
    fn public_addresses_are_permitted() {
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "100.63.255.255",
            "100.128.0.0",
            "168.63.129.17",
            "172.32.0.0",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert!(permits("", address), "{address}");
        }
    }

    #[test]
    fn addresses_with_a_special_purpose_are_not() {
        for address in [
            "127.0.0.1",
            "127.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "168.63.129.16",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.192",
            "192.88.99.1",
            "198.51.100.1",
            "203.0.113.1",
            "240.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1.1.1.1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "2002:a83f:8110::",
            "2001:0:101:101::1",
            "3fff::1",
            "5f00::1",
            "100::1",
            "fec0::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::127.0.0.1",
        ] {
            assert!(!permits("", address), "{address}");
        }
    }

    #[test]
    fn the_operator_can_allow_networks() {
        assert!(permits("loopback", "127.0.0.1") && permits("loopback", "::1"));
        assert!(permits("loopback", "::ffff:127.0.0.1"));
        assert!(!permits("loopback", "10.0.0.1"));
        assert!(permits("10.1.0.0/16, fd00::/8", "10.1.2.3"));
        assert!(permits("10.1.0.0/16, fd00::/8", "fd12::1"));
        assert!(!permits("10.1.0.0/16, fd00::/8", "10.2.0.1"));
        assert!(permits("0.0.0.0/0", "192.168.0.1"));
    }

    #[test]
    fn a_malformed_policy_is_refused() {
        for policy in ["private", "10.0.0.0", "10.0.0.0/33", "fd00::/129", "10.0.0/8"] {
            assert!(policy.parse::<AddressPolicy>().is_err(), "{policy}");
        }
    }
}
