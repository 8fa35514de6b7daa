//! Name resolution that yields permitted addresses only.
//!
//! The check is made on the addresses that the connection is then made to: a name that changes its
//! address between a check and the connection gains nothing.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::AddressPolicy;

/// A channel leads to where it must not.
#[derive(Debug, thiserror::Error)]
#[error("the channel leads to an address that is not permitted")]
pub(super) struct NotPermitted;

/// Where the addresses of a name come from.
pub(super) trait Lookup: Clone + Send + Sync + 'static {
    /// All addresses of a name, now.
    fn addresses(&self, name: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

/// The system's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct System;

/// Looks names up, and keeps what the policy permits.
#[derive(Clone, Debug)]
pub(super) struct GuardedResolver<L> {
    policy: AddressPolicy,
    lookup: L,
}

impl Lookup for System {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

impl<L> GuardedResolver<L> {
    pub(super) fn new(policy: AddressPolicy, lookup: L) -> Self {
        Self { policy, lookup }
    }
}

impl<L: Lookup> Resolve for GuardedResolver<L> {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { policy, lookup } = self.clone();
        Box::pin(async move {
            let addresses = lookup.addresses(name.as_str()).await?;
            let permitted: Vec<SocketAddr> = addresses
                .into_iter()
                .filter(|address| policy.permits(*address))
                .map(|address| (address, 0).into())
                .collect();
            if permitted.is_empty() {
                return Err(NotPermitted.into());
            }
            let addresses: Addrs = Box::new(permitted.into_iter());
            Ok(addresses)
        })
    }
}

/// Checks an address that stands in the URL itself, however it is spelled; names are checked when they
/// are resolved.
pub(super) fn check_literal(policy: &AddressPolicy, url: &Url) -> Result<(), NotPermitted> {
    let permitted = match url.host() {
        Some(Host::Ipv4(address)) => policy.permits(address.into()),
        Some(Host::Ipv6(address)) => policy.permits(address.into()),
        Some(Host::Domain(_)) => true,
        None => false,
    };
    if permitted { Ok(()) } else { Err(NotPermitted) }
}
