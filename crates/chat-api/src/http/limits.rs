//! How often somebody may ask.
//!
//! A session or API token that is known to hold has a quota of its own; everybody else shares that of
//! their address. So a token that is made up costs its address, never a place in a list, and is
//! turned away before the database is asked. A credential becomes known by a request that it was good
//! for, and unknown by one that it was not, or when it has been silent for [`KNOWN_IDLE_SECS`].
//!
//! The web page and its files are answered from memory, a dozen of them for each time that it is opened. They
//! cost neither quota, but one that the address has for them alone, as large as its other one: so an office
//! that opens the page has its quota left to sign in, and still nobody takes files without end.
//!
//! Promises: decides before the body is read; keeps at most [`MAX_KEYS`] credentials and twice
//! as many addresses, and drops who has been silent. The quotas are this process's own: two replicas let
//! through twice as much. Never: who somebody is, which `middleware` asks.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::{
    Error, FromRequest, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock, Reference},
    middleware::StateInformationMiddleware,
    state::keyed::HashMapStateStore,
};

use super::{caller::SignedIn, client_address::ClientAddress, middleware::credential, page};
use crate::{error::Failure, queries::identity::Credential, settings::HttpSettings};

/// The window that quotas are given for, in seconds.
const WINDOW_SECS: u64 = 60;
/// The most credentials, and the most addresses, of which anything is kept. Beyond it no further
/// credential becomes known, and all addresses share one quota.
const MAX_KEYS: usize = 100_000;
/// How long a credential is known after its last request, in seconds.
const KNOWN_IDLE_SECS: u64 = 600;
/// How often what is idle is dropped, in seconds.
const TIDY_INTERVAL_SECS: u64 = 60;

/// The fields of draft-ietf-httpapi-ratelimit-headers-11.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The quotas of everybody who asks here.
pub(super) struct Limits<C: Clock = DefaultClock> {
    credentials: Quotas<Credential, C>,
    addresses: Quotas<IpAddr, C>,
    pages: Quotas<IpAddr, C>,
    known: Mutex<HashMap<Credential, C::Instant>>,
    tidied: Mutex<C::Instant>,
    clock: C,
}

/// Who pays for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Payer {
    Credential(Credential),
    Address(IpAddr),
    /// An address, for the page and its files.
    Page(IpAddr),
}

/// A policy, and how much of it each has used.
struct Quotas<K: Clone + Eq + Hash, C: Clock> {
    policy: &'static str,
    per_window: NonZeroU32,
    used: RateLimiter<K, HashMapStateStore<K>, C, StateInformationMiddleware>,
}

/// What is left of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    policy: &'static str,
    per_window: u32,
    /// Requests that may follow at once; none where this one may not be.
    left: Option<u32>,
    /// Until there is more, or all of it, in seconds.
    wait_secs: u64,
}

impl Limits {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        Self::with_clock(
            settings.signed_in_requests_per_minute,
            settings.stranger_requests_per_minute,
            DefaultClock::default(),
        )
    }
}

impl<C: Clock + Clone> Limits<C> {
    fn with_clock(signed_in: NonZeroU32, stranger: NonZeroU32, clock: C) -> Self {
        Self {
            credentials: Quotas::new("credential", signed_in, clock.clone()),
            addresses: Quotas::new("address", stranger, clock.clone()),
            pages: Quotas::new("page", stranger, clock.clone()),
            known: Mutex::default(),
            tidied: Mutex::new(clock.now()),
            clock,
        }
    }

    /// Who pays for a request with this credential from this address.
    fn payer(&self, credential: Option<Credential>, address: IpAddr) -> Payer {
        match credential.filter(|credential| self.known().contains_key(credential)) {
            Some(credential) => Payer::Credential(credential),
            None => Payer::Address(address),
        }
    }

    fn charge(&self, payer: &Payer) -> Standing {
        self.tidy(Duration::from_secs(TIDY_INTERVAL_SECS));
        match payer {
            Payer::Credential(credential) => self.credentials.charge(credential),
            Payer::Address(address) => self.charge_address(&self.addresses, address),
            Payer::Page(address) => self.charge_address(&self.pages, address),
        }
    }

    fn charge_address(&self, quotas: &Quotas<IpAddr, C>, address: &IpAddr) -> Standing {
        if quotas.used.len() >= MAX_KEYS {
            self.tidy(Duration::from_secs(1));
        }
        let is_full = quotas.used.len() >= MAX_KEYS;
        let shared = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        quotas.charge(if is_full { &shared } else { address })
    }

    /// A request was answered to somebody whom this credential signs in.
    fn learn(&self, credential: &Credential) {
        let now = self.clock.now();
        let mut known = self.known();
        if let Some(last) = known.get_mut(credential) {
            *last = now;
        } else if known.len() < MAX_KEYS {
            known.insert(credential.clone(), now);
        }
    }

    /// The credential is good for nothing.
    fn forget(&self, credential: &Credential) {
        self.known().remove(credential);
    }

    /// Drops what is idle, unless that was done within the interval.
    fn tidy(&self, interval: Duration) {
        let now = self.clock.now();
        {
            let mut tidied = self.tidied.lock().unwrap_or_else(PoisonError::into_inner);
            if Duration::from(now.duration_since(*tidied)) < interval {
                return;
            }
            *tidied = now;
        }
        let idle = Duration::from_secs(KNOWN_IDLE_SECS);
        let mut known = self.known();
        known.retain(|_, last| Duration::from(now.duration_since(*last)) < idle);
        known.shrink_to_fit();
        drop(known);
        self.credentials.tidy();
        self.addresses.tidy();
        self.pages.tidy();
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Credential, C::Instant>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, C: Clock> Quotas<K, C> {
    fn new(policy: &'static str, per_window: NonZeroU32, clock: C) -> Self {
        let quota = Quota::per_minute(per_window);
        let used = RateLimiter::new(quota, HashMapStateStore::<K>::default(), clock);
        Self { policy, per_window, used }
    }

    fn charge(&self, key: &K) -> Standing {
        let per_window = self.per_window.get();
        let (left, wait) = match self.used.check_key(key) {
            Ok(after) => {
                let left = after.remaining_burst_capacity();
                let missing = if left == 0 { 1 } else { per_window - left };
                let window = Duration::from_secs(WINDOW_SECS);
                (Some(left), window * missing / per_window)
            }
            Err(refused) => (None, refused.wait_time_from(self.used.clock().now())),
        };
        Standing { policy: self.policy, per_window, left, wait_secs: seconds(wait) }
    }

    fn tidy(&self) {
        self.used.retain_recent();
        self.used.shrink_to_fit();
    }
}

impl Standing {
    /// The answer's two fields: structured fields, each a list of one item with parameters.
    fn headers(self) -> [(HeaderName, String); 2] {
        let Self { policy, per_window, left, wait_secs } = self;
        let left = left.unwrap_or_default();
        [
            (POLICY, format!("\"{policy}\";q={per_window};w={WINDOW_SECS}")),
            (LIMIT, format!("\"{policy}\";r={left};t={wait_secs}")),
        ]
    }
}

/// Whole seconds, at least one, and never too few.
fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Lets a request pass that is within its payer's quota, and says on every answer what is left.
pub(super) async fn limit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(limits) = request.app_data::<web::Data<Limits>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let presented = credential(&request);
    let address = ClientAddress::extract(request.request()).into_inner()?.network();
    let payer = if page::is_asked_for(request.method(), request.path()) {
        Payer::Page(address)
    } else {
        limits.payer(presented.clone(), address)
    };
    let standing = limits.charge(&payer);
    let mut response = if standing.left.is_some() {
        let response = next.call(request).await?.map_into_boxed_body();
        if let Some(credential) = presented {
            note(&limits, &credential, &response);
        }
        response
    } else {
        let failure = Failure::RateLimited { retry_after_secs: standing.wait_secs };
        request.error_response(failure).map_into_boxed_body()
    };
    for (name, value) in standing.headers() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// What an answer tells of the credential that was presented.
fn note(limits: &Limits, credential: &Credential, response: &ServiceResponse<BoxBody>) {
    let request = response.request();
    if request.extensions().get::<SignedIn>().is_some() {
        limits.learn(credential);
    } else if response.status() == StatusCode::UNAUTHORIZED {
        limits.forget(credential);
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn limits(signed_in: u32, stranger: u32) -> (Limits<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let number = |number| NonZeroU32::new(number).expect("not zero");
        (Limits::with_clock(number(signed_in), number(stranger), clock.clone()), clock)
    }

    fn credential(letter: &str) -> Credential {
        // 43 letters are 32 bytes; the last one has bits to spare.
        Credential::session(&format!("{}A", letter.repeat(42))).expect("a token")
    }

    #[test]
    fn a_credential_pays_for_itself_once_it_is_known() {
        let (limits, _) = limits(3, 1);
        let (ada, bob) = (credential("a"), credential("b"));
        assert_eq!(limits.payer(Some(ada.clone()), ADDRESS), Payer::Address(ADDRESS));
        limits.learn(&ada);
        let payer = limits.payer(Some(ada.clone()), ADDRESS);
        assert_eq!(payer, Payer::Credential(ada.clone()));
        let left: Vec<_> = (0..4).map(|_| limits.charge(&payer).left).collect();
        assert_eq!(left, [Some(2), Some(1), Some(0), None]);
        limits.learn(&bob);
        assert!(limits.charge(&Payer::Credential(bob)).left.is_some(), "each has its own");
        limits.forget(&ada);
        assert_eq!(limits.payer(Some(ada), ADDRESS), Payer::Address(ADDRESS));
    }

    #[test]
    fn what_is_used_comes_back_and_the_fields_say_when() {
        let (limits, clock) = limits(60, 60);
        let payer = Payer::Address(ADDRESS);
        let fields = |standing: Standing| standing.headers().map(|(_, value)| value);
        let policy = "\"address\";q=60;w=60".to_owned();
        let first = limits.charge(&payer);
        assert_eq!(fields(first), [policy.clone(), "\"address\";r=59;t=1".to_owned()]);
        let last = (0..59).map(|_| limits.charge(&payer)).last().expect("one");
        assert_eq!(fields(last), [policy.clone(), "\"address\";r=0;t=1".to_owned()]);
        let refused = limits.charge(&payer);
        assert_eq!((refused.left, refused.wait_secs), (None, 1));
        assert_eq!(fields(refused), [policy, "\"address\";r=0;t=1".to_owned()]);
        clock.advance(Duration::from_secs(30));
        let half = limits.charge(&payer);
        assert_eq!((half.left, half.wait_secs), (Some(29), 31));
    }

    #[test]
    fn who_is_silent_is_forgotten() {
        let (limits, clock) = limits(10, 10);
        let ada = credential("a");
        limits.learn(&ada);
        limits.charge(&Payer::Credential(ada));
        for number in 0..1_000 {
            limits.charge(&Payer::Address(Ipv4Addr::from_bits(number).into()));
        }
        assert_eq!((limits.addresses.used.len(), limits.credentials.used.len()), (1_000, 1));
        clock.advance(Duration::from_secs(TIDY_INTERVAL_SECS));
        limits.charge(&Payer::Address(ADDRESS));
        assert_eq!((limits.addresses.used.len(), limits.credentials.used.len()), (1, 0));
        assert_eq!(limits.known().len(), 1, "its last request is not long ago");
        clock.advance(Duration::from_secs(KNOWN_IDLE_SECS));
        limits.charge(&Payer::Address(ADDRESS));
        assert!(limits.known().is_empty());
    }

    #[test]
    fn addresses_without_end_take_memory_with_an_end() {
        let (limits, _) = limits(10, 1);
        let most = u32::try_from(MAX_KEYS).expect("a number");
        for number in 1..=most + 1_000 {
            limits.charge(&Payer::Address(Ipv4Addr::from_bits(number).into()));
        }
        assert_eq!(limits.addresses.used.len(), MAX_KEYS + 1, "and the one that they share");
        assert_eq!(limits.charge(&Payer::Address(ADDRESS)).left, None);
    }

    #[test]
    fn the_page_costs_an_address_nothing_of_what_it_may_ask_besides() {
        let (limits, clock) = limits(1, 2);
        let page: Vec<_> = (0..3).map(|_| limits.charge(&Payer::Page(ADDRESS)).left).collect();
        assert_eq!(page, [Some(1), Some(0), None]);
        assert_eq!(limits.charge(&Payer::Address(ADDRESS)).left, Some(1));
        assert_eq!(limits.charge(&Payer::Page(ADDRESS)).policy, "page");
        clock.advance(Duration::from_secs(2 * TIDY_INTERVAL_SECS));
        limits.charge(&Payer::Address(ADDRESS));
        assert!(limits.pages.used.is_empty(), "who is silent is forgotten here too");
    }
}
