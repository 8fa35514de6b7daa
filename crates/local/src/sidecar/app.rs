//! The application beside the sidecar: is it there, does it want deliveries?

use std::{sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    sync::{Notify, watch},
};
use tokio_util::sync::CancellationToken;

use super::{
    options::Options,
    subscription::{ProgrammaticSubscription, Subscription},
};

/// The wait between two looks at a closed port, in milliseconds.
const PORT_PROBE_INTERVAL_MS: u64 = 50;
/// The longest that a look at the port takes, in milliseconds.
const PORT_PROBE_TIMEOUT_MS: u64 = 500;
/// The longest that the answer to `GET /dapr/subscribe` may take, in seconds.
const SUBSCRIBE_TIMEOUT_SECS: u64 = 10;

/// The application, as a sidecar sees it.
#[derive(Debug)]
pub(crate) struct App {
    port: Option<u16>,
    client: reqwest::Client,
    health: Option<HealthCheck>,
    /// Its port has been open once.
    discovered: watch::Sender<bool>,
    /// Deliveries make sense.
    ready: watch::Sender<bool>,
    suspected: Notify,
}

#[derive(Debug)]
struct HealthCheck {
    path: String,
    interval: Duration,
    timeout: Duration,
    threshold: u32,
}

impl App {
    /// Nothing is known of it yet.
    pub(crate) fn new(options: &Options, client: reqwest::Client) -> Arc<Self> {
        let health = options.enable_app_health_check.then(|| HealthCheck {
            path: format!("/{}", options.app_health_check_path.trim_start_matches('/')),
            interval: Duration::from_secs(options.app_health_probe_interval),
            timeout: Duration::from_millis(options.app_health_probe_timeout),
            threshold: options.app_health_threshold,
        });
        Arc::new(Self {
            port: options.app_port.filter(|port| *port != 0),
            client,
            health,
            discovered: watch::Sender::new(false),
            ready: watch::Sender::new(false),
            suspected: Notify::new(),
        })
    }

    /// Where it listens; none for one that only publishes.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it was seen listening; always for one that does not listen.
    pub(crate) fn was_discovered(&self) -> bool {
        self.port.is_none() || *self.discovered.borrow()
    }

    /// Waits until it was seen listening.
    pub(crate) async fn discovered(&self) {
        let mut discovered = self.discovered.subscribe();
        // No error: the sender lives as long as `self`.
        let _seen = discovered.wait_for(|seen| *seen).await;
    }

    /// Waits until deliveries make sense.
    pub(crate) async fn ready(&self) {
        let mut ready = self.ready.subscribe();
        let _ready = ready.wait_for(|ready| *ready).await;
    }

    /// Waits until it has not been ready for so long, without a break.
    pub(crate) async fn absent(&self, duration: Duration) {
        let mut ready = self.ready.subscribe();
        loop {
            drop(ready.wait_for(|ready| !*ready).await);
            let back = ready.wait_for(|ready| *ready);
            if tokio::time::timeout(duration, back).await.is_err() {
                return;
            }
        }
    }

    /// A delivery did not reach it. Returns whether its port is closed; if so, it is not
    /// [`ready`](Self::ready) until the port opens again.
    pub(crate) async fn has_closed(&self) -> bool {
        if self.accepts().await {
            return false;
        }
        self.ready.send_replace(false);
        self.suspected.notify_one();
        true
    }

    /// Where one of its paths is.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port.unwrap_or_default())
    }

    /// Watches it until the sidecar stops.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        if self.port.is_some() {
            tokio::select! {
                () = self.keep_watching() => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// What it subscribes to by itself. Asked once, as daprd does: an error means none, for good.
    pub(crate) async fn subscriptions(&self) -> Vec<Subscription> {
        let request = self
            .client
            .get(self.url("/dapr/subscribe"))
            .timeout(Duration::from_secs(SUBSCRIBE_TIMEOUT_SECS));
        let items: Vec<ProgrammaticSubscription> = match request.send().await {
            Ok(answer) if answer.status() == reqwest::StatusCode::OK => {
                answer.json().await.unwrap_or_else(|error| {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the application's subscriptions can't be read"
                    );
                    Vec::new()
                })
            }
            Ok(answer) => {
                tracing::debug!(
                    status = answer.status().as_u16(),
                    "no subscriptions by the application"
                );
                Vec::new()
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the application did not answer for its subscriptions"
                );
                Vec::new()
            }
        };
        items
            .into_iter()
            .filter_map(|item| {
                Subscription::try_from(item)
                    .inspect_err(|reason| tracing::error!(reason, "a subscription is left out"))
                    .ok()
            })
            .collect()
    }

    async fn keep_watching(&self) {
        loop {
            while !self.accepts().await {
                tokio::time::sleep(Duration::from_millis(PORT_PROBE_INTERVAL_MS)).await;
            }
            self.discovered.send_replace(true);
            match &self.health {
                None => {
                    self.ready.send_replace(true);
                    self.suspected.notified().await;
                }
                Some(health) => tokio::select! {
                    () = self.keep_probing(health) => {}
                    () = self.suspected.notified() => {}
                },
            }
        }
    }

    /// One good probe makes it ready, several bad ones in a row end that.
    async fn keep_probing(&self, health: &HealthCheck) {
        let mut failures = 0;
        let mut ticks = tokio::time::interval(health.interval);
        loop {
            ticks.tick().await;
            let probe = self.client.get(self.url(&health.path)).timeout(health.timeout).send();
            if probe.await.is_ok_and(|answer| answer.status().is_success()) {
                failures = 0;
                self.ready.send_replace(true);
            } else {
                failures += 1;
                if failures >= health.threshold && self.ready.send_replace(false) {
                    tracing::warn!("the application is unhealthy: subscriptions pause");
                }
            }
        }
    }

    async fn accepts(&self) -> bool {
        let Some(port) = self.port else { return false };
        let connect = TcpStream::connect(("127.0.0.1", port));
        let limit = Duration::from_millis(PORT_PROBE_TIMEOUT_MS);
        matches!(tokio::time::timeout(limit, connect).await, Ok(Ok(_)))
    }
}
