//! The worker as it serves: two listeners and the background work.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use events::Service;
use messaging::{Inbox, Outbox, Relay, RelaySettings};
use platform::{health, metrics::Metrics, settings::EventBus, shutdown::Shutdown};
use sidecar::{AppToken, Sidecar, SidecarSettings};
use sqlx::PgPool;

use crate::{
    delivery::{Deliveries, InvalidMail, InvalidVapid, Mail, Vapid, Ways},
    migrate::schema,
    reconcile,
    scheduler::{Digests, Scheduler},
    settings::ServeSettings,
    subscribers::{Wakes, WorkerSubscriber},
    tidy,
};

/// The worker can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken or not ours.
    #[error("can't listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's own error.
        source: std::io::Error,
    },
    /// The sidecar's settings can't be used.
    #[error("the sidecar's settings can't be used")]
    Sidecar(#[from] sidecar::SettingsError),
    /// The mail server's settings can't be used.
    #[error("the mail server's settings can't be used")]
    Mail(#[from] InvalidMail),
    /// The settings of Web Push can't be used.
    #[error("the settings of Web Push can't be used")]
    Push(#[from] InvalidVapid),
    /// The HTTP client for webhooks can't be built.
    #[error("the HTTP client can't be built")]
    Client(#[from] reqwest::Error),
    /// A server can't be started, or the system refuses signal handlers.
    #[error("a server can't be started")]
    Serve(#[from] std::io::Error),
    /// A part of it panicked; it was stopped as a whole.
    #[error("background work broke")]
    Broken,
}

/// Serves until SIGINT or SIGTERM, then stops in order: no more deliveries from the sidecar, what
/// is under way ends, the relay publishes no more.
///
/// # Errors
/// [`StartError`]; once it serves, only [`StartError::Broken`].
pub async fn serve(pool: PgPool, settings: ServeSettings) -> Result<(), StartError> {
    let ServeSettings { service, scheduler, webhook_allow, mail, push, public_url, .. } = settings;
    let mail = Mail::new(mail.smtp_url.as_ref(), mail.smtp_from.as_deref())?;
    let vapid = Vapid::new(push.vapid_private_key.as_ref(), push.vapid_subject.as_deref())?;
    let sidecar_settings = SidecarSettings::from_env()?;
    let health = listen(service.health_addr)?;
    let mut metrics = Metrics::new(Service::ReminderWorker.name(), &pool);
    let (shutdown, publishing) = (Shutdown::new(), Shutdown::new());
    let outbox = Outbox::new(Service::ReminderWorker, service.event_bus);
    outbox.register(&pool, &mut metrics);
    let wakes = Wakes::default();

    let subscriber = Arc::new(WorkerSubscriber::new(outbox.clone(), wakes.clone()));
    let inbox = Arc::new(Inbox::new(pool.clone(), outbox.clone(), subscriber));
    let token = AppToken::new(sidecar_settings.app_api_token.clone());
    let events = messaging::serve(listen(service.app_addr)?, inbox, token)?;

    if service.event_bus == EventBus::Dapr {
        let relay_settings = RelaySettings::new(service.pubsub_name);
        let sidecar = Sidecar::new(&sidecar_settings)?;
        let relay = Relay::new(pool.clone(), outbox.clone(), sidecar, relay_settings);
        publishing.spawn(relay.run(publishing.token()));
    }
    let keys = service.sealing_keys;
    let ways = Ways { keys, policy: webhook_allow, mail, vapid, public_url };
    let deliveries = Deliveries::new(pool.clone(), outbox.clone(), wakes.clone(), ways)?;
    deliveries.register(&mut metrics);
    shutdown.spawn(deliveries.run(shutdown.token()));
    let digests = Digests::new(pool.clone(), wakes.clone());
    shutdown.spawn(digests.run(shutdown.token()));
    let reminding = Scheduler::new(pool.clone(), outbox.clone(), wakes, scheduler);
    reminding.register(&mut metrics);
    shutdown.spawn(reminding.run(shutdown.token()));
    let health = health::serve(health, pool.clone(), schema(), metrics)?;
    shutdown.spawn(tidy::run(pool.clone(), shutdown.token()));
    let stop = shutdown.token();
    shutdown.spawn(async move {
        tokio::select! {
            () = derive_outdated(pool, outbox) => {}
            () = stop.cancelled() => {}
        }
    });

    let servers =
        [(events.handle(), tokio::spawn(events)), (health.handle(), tokio::spawn(health))];
    tracing::info!(app_addr = %service.app_addr, health_addr = %service.health_addr, "serving");
    tokio::select! {
        requested = shutdown.requested() => requested?,
        () = publishing.token().cancelled_owned() => {}
    }
    shutdown.begin();
    tracing::info!("stopping");
    for (handle, _) in &servers {
        handle.stop(true).await;
    }
    let drained = shutdown.drained().await;
    // Last, so that what the others have just said still goes out.
    publishing.begin();
    if !publishing.drained().await || !drained {
        tracing::warn!("background work was cut off");
    }
    if shutdown.is_broken() || publishing.is_broken() { Err(StartError::Broken) } else { Ok(()) }
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })
}

async fn derive_outdated(pool: PgPool, outbox: Outbox) {
    platform::database::wait_until_reachable(&pool).await;
    match reconcile::derive_outdated(&pool, &outbox).await {
        Ok(0) => {}
        Ok(tasks) => tracing::info!(tasks, "derived anew by other time-zone rules"),
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "not all tasks are derived by this build's time-zone rules"
            );
        }
    }
}
