//! Name resolution that yields permitted addresses only.
//!
//! The check is made on the addresses that the connection is then made to: a name that changes its
//! address between a check and the connection gains nothing.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::AddressPolicy;

/// A channel leads to where it must not.
#[derive(Debug, thiserror::Error)]
#[error("the channel leads to an address that is not permitted")]
pub(super) struct NotPermitted;

/// Resolves names by the system, and keeps what the policy permits.
#[derive(Clone, Debug)]
pub(super) struct GuardedResolver {
    policy: AddressPolicy,
}

impl GuardedResolver {
    pub(super) fn new(policy: AddressPolicy) -> Self {
        Self { policy }
    }

    /// Checks an address that stands in the URL itself; names are checked when they are resolved.
    pub(super) fn check_literal(&self, url: &Url) -> Result<(), NotPermitted> {
        let permitted = match url.host() {
            Some(Host::Ipv4(address)) => self.policy.permits(address.into()),
            Some(Host::Ipv6(address)) => self.policy.permits(address.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        };
        if permitted { Ok(()) } else { Err(NotPermitted) }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy.clone();
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> =
                addresses.filter(|address| policy.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(NotPermitted.into());
            }
            let addresses: Addrs = Box::new(permitted.into_iter());
            Ok(addresses)
        })
    }
}
