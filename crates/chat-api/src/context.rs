//! What every request, subscriber and job works with.

use std::{net::IpAddr, sync::Arc};

use events::{CorrelationId, UserId};
use messaging::Outbox;
use platform::sealing::KeyRing;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    chat::turn::{Talker, metrics::Counts as ModelCounts},
    commands::{passwords::Passwords, transfers::Transfers},
    domain::{channel::VapidPublicKey, user_agent::UserAgent},
    feed::hub::Hub,
    http::{client_address::TrustedProxies, metrics::Counts},
    settings::Origins,
    store::accounts::Admins,
};

/// The parts of a running chat-api. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) pool: PgPool,
    pub(crate) outbox: Outbox,
    pub(crate) hub: Arc<Hub>,
    pub(crate) requests: Counts,
    pub(crate) keys: KeyRing,
    pub(crate) passwords: Passwords,
    pub(crate) transfers: Transfers,
    /// What answers where the grammar does not; without it, the grammar alone.
    pub(crate) talker: Option<Talker>,
    pub(crate) model_counts: ModelCounts,
    /// Where people reach this service.
    pub(crate) public_url: Url,
    pub(crate) admins: Admins,
    /// What pages subscribe to Web Push with; without it, none can.
    pub(crate) vapid_public_key: Option<VapidPublicKey>,
    pub(crate) trusted_proxies: TrustedProxies,
    /// Other sites whose pages may act for who is signed in.
    pub(crate) cors_origins: Origins,
    /// Ends the live streams.
    pub(crate) stop: CancellationToken,
}

/// Who asks, and the request that all follows from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) user_id: UserId,
    pub(crate) correlation_id: CorrelationId,
}

/// What a request comes from.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// What limits go by.
    pub(crate) network: IpAddr,
    pub(crate) user_agent: Option<UserAgent>,
}
