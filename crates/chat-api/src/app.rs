//! The parts of a running chat-api, and how they start and stop.

use std::{io::Write, net::TcpListener, sync::Arc};

use events::Service;
use messaging::{ConsoleError, Inbox, Outbox, Relay, RelaySettings};
use platform::{metrics::Metrics, settings::EventBus, shutdown::Shutdown};
use sidecar::{AppToken, Sidecar, SidecarSettings};
use sqlx::PgPool;

use crate::{
    Reconciled,
    chat::turn::metrics::Counts as ModelCounts,
    commands::{passwords::Passwords, transfers::Transfers},
    context::Context,
    feed::hub::Hub,
    http, jobs,
    migrate::schema,
    settings::{LetterSettings, ServeSettings},
    store::accounts::Admins,
    subscribers::ChatSubscriber,
};

/// The three sockets, bound already.
#[derive(Debug)]
pub struct Listeners {
    /// Where people are answered.
    pub public: TcpListener,
    /// Health; the pod's address.
    pub health: TcpListener,
    /// Where the sidecar delivers; loopback only.
    pub sidecar: TcpListener,
}

/// chat-api could not begin, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A socket can't be had.
    #[error("can't listen on {addr}")]
    Listen {
        /// The address that was asked for.
        addr: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A listener or the signals failed.
    #[error("a listener failed")]
    Io(#[from] std::io::Error),
    /// The sidecar's client can't be made.
    #[error("the sidecar's settings can't be used")]
    Sidecar(#[from] sidecar::SettingsError),
    /// The language model's settings can't be used.
    #[error("the language model's settings can't be used")]
    Model(#[from] model::SettingsError),
    /// A part of it panicked; it was stopped as a whole.
    #[error("background work broke")]
    Broken,
}

/// Saying things again broke off; it may begin again.
#[derive(Debug, thiserror::Error)]
#[error("saying what stands broke off")]
pub struct RestateError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Listeners {
    /// Binds the three sockets that the settings name.
    ///
    /// # Errors
    /// [`ServeError::Listen`] names the address that is taken.
    pub fn bind(settings: &ServeSettings) -> Result<Self, ServeError> {
        let bind =
            |addr| TcpListener::bind(addr).map_err(|source| ServeError::Listen { addr, source });
        Ok(Self {
            public: bind(settings.listen_addr)?,
            health: bind(settings.service.health_addr)?,
            sidecar: bind(settings.service.app_addr)?,
        })
    }
}

/// Serves until told to stop, by a signal or by `shutdown`.
///
/// Stops in order: no new requests, streams end, background work drains, and the relay last, so
/// that what was committed on the way is still published.
///
/// # Errors
/// [`ServeError`]; a database or a bus that is away is none.
pub async fn serve(
    settings: &ServeSettings,
    sidecar: &SidecarSettings,
    pool: PgPool,
    listeners: Listeners,
    shutdown: Shutdown,
) -> Result<(), ServeError> {
    let mut context = context(settings, &pool, shutdown.token().child_token());
    context.talker = settings.llm.talker()?;
    let inbox = Arc::new(Inbox::new(
        pool.clone(),
        context.outbox.clone(),
        Arc::new(ChatSubscriber::new(context.clone())),
    ));
    let token = AppToken::new(sidecar.app_api_token.clone());
    let public = http::serve(listeners.public, &settings.http, context.clone())?;
    let deliveries = messaging::serve(listeners.sidecar, inbox, token)?;
    let mut metrics = Metrics::new(Service::ChatApi.name(), &pool);
    context.outbox.register(&pool, &mut metrics);
    context.requests.register(&context.hub, &mut metrics);
    context.model_counts.register(&mut metrics);
    let health = platform::health::serve(listeners.health, pool.clone(), schema(), metrics)?;
    let handles = [public.handle(), deliveries.handle()];
    let health_handle = health.handle();
    for server in [public, deliveries, health] {
        tokio::spawn(server);
    }
    start_jobs(settings, &context, &shutdown);
    let relay = start_relay(settings, sidecar, &pool, context.outbox.clone())?;

    tokio::select! {
        requested = shutdown.requested() => requested?,
        () = relay.token().cancelled_owned() => shutdown.begin(),
    }
    for handle in handles {
        handle.stop(true).await;
    }
    if let Some(talker) = &context.talker {
        talker.closed().await;
    }
    if !shutdown.drained().await {
        tracing::warn!("background work was cut off");
    }
    relay.begin();
    relay.drained().await;
    health_handle.stop(false).await;
    pool.close().await;
    if shutdown.is_broken() || relay.is_broken() { Err(ServeError::Broken) } else { Ok(()) }
}

/// Publishes everything again at its present version.
///
/// # Errors
/// [`RestateError`]; what was said until then is said, and saying it twice does no harm.
pub async fn reconcile(
    settings: &ServeSettings,
    pool: &PgPool,
) -> Result<Reconciled, RestateError> {
    let context = context(settings, pool, Shutdown::new().token());
    jobs::reconcile(&context).await.map_err(|error| RestateError(Box::new(error)))
}

/// Does what an operator wants with chat-api's own dead letters, and writes what came of it.
///
/// # Errors
/// [`ConsoleError`], where it is not done.
pub async fn dead_letters(
    settings: &LetterSettings,
    pool: &PgPool,
    out: impl Write,
) -> Result<(), ConsoleError> {
    let context = context(&settings.serve, pool, Shutdown::new().token());
    let subscriber = ChatSubscriber::new(context.clone());
    settings.letters.run(pool, &context.outbox, &subscriber, out).await
}

/// Publishes what has come due of the daily refresh since the last time; `serve` does it every
/// minute.
///
/// # Errors
/// [`RestateError`]; the next time begins where the last complete one ended.
pub async fn refresh(settings: &ServeSettings, pool: &PgPool) -> Result<(), RestateError> {
    let context = context(settings, pool, Shutdown::new().token());
    jobs::refresh(&context).await.map_err(|error| RestateError(Box::new(error)))
}

/// What a process works with.
pub(crate) fn context(
    settings: &ServeSettings,
    pool: &PgPool,
    stop: tokio_util::sync::CancellationToken,
) -> Context {
    Context {
        pool: pool.clone(),
        outbox: Outbox::new(Service::ChatApi, settings.service.event_bus),
        hub: Arc::new(Hub::new(settings.http.max_streams_per_person())),
        requests: http::metrics::Counts::default(),
        keys: settings.service.sealing_keys.clone(),
        passwords: Passwords::new(),
        transfers: Transfers::new(),
        talker: None,
        model_counts: ModelCounts::default(),
        public_url: settings.public_url.clone(),
        admins: Admins {
            emails: settings.admin_emails.to_strings(),
            first_account: settings.first_account_is_admin,
        },
        vapid_public_key: settings.vapid_public_key.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        cors_origins: settings.http.cors_origins.clone(),
        stop,
    }
}

fn start_jobs(settings: &ServeSettings, context: &Context, shutdown: &Shutdown) {
    shutdown.spawn(jobs::read_feeds(context.clone(), shutdown.token()));
    shutdown.spawn(jobs::check_followers(context.clone(), shutdown.token()));
    shutdown.spawn(jobs::tidy(context.clone(), shutdown.token()));
    // Held events only wait; saying things again would pile them up.
    if settings.service.event_bus == EventBus::Dapr {
        shutdown.spawn(jobs::refresh_daily(context.clone(), shutdown.token()));
    }
}

/// The relay stops on its own, after everything else.
fn start_relay(
    settings: &ServeSettings,
    sidecar: &SidecarSettings,
    pool: &PgPool,
    outbox: Outbox,
) -> Result<Shutdown, ServeError> {
    let shutdown = Shutdown::new();
    if settings.service.event_bus == EventBus::Dapr {
        let relay_settings = RelaySettings::new(settings.service.pubsub_name.clone());
        let relay = Relay::new(pool.clone(), outbox, Sidecar::new(sidecar)?, relay_settings);
        shutdown.spawn(relay.run(shutdown.token()));
    }
    Ok(shutdown)
}
