//! The running parts, and the order in which they stop.

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    leftovers::Records,
    part::{Embedded, Part, keep_server_running},
    preparation::Prepared,
    signals::Wishes,
};
use crate::postgres::{Server, ServerOptions};

/// How long a service may take to end, in seconds: a little more than it gives its own work.
const SERVICE_GRACE_SECS: u64 = platform::shutdown::DRAIN_TIMEOUT_SECS + 5;
/// How long a sidecar may take to end, in seconds.
const SIDECAR_GRACE_SECS: u64 = 10;

/// Everything that runs. What is listed first stops first: who is served before who serves.
#[derive(Debug)]
pub(crate) struct Stack {
    services: Layer,
    sidecars: Layer,
    kafka: Layer,
    postgres: Layer,
}

/// Parts that stop together.
#[derive(Debug)]
struct Layer {
    name: &'static str,
    wishes: Wishes,
    parts: TaskTracker,
}

impl Stack {
    /// Starts the sidecars and services beside a running PostgreSQL.
    pub(crate) fn start(
        prepared: Prepared,
        records: &Records,
        server: Server,
        options: ServerOptions,
        hurry: &CancellationToken,
    ) -> Self {
        let [services, sidecars, kafka, postgres] =
            ["the services", "the sidecars", "kafka", "postgres"]
                .map(|name| Layer::new(name, hurry));
        postgres.keep_server_running(server, options);
        if let Some((broker, options)) = prepared.kafka {
            kafka.keep_server_running(broker, options);
        }
        let settings = Arc::new(prepared.sidecars);
        for application in prepared.applications.map(Arc::new) {
            let name = application.service.name();
            let (of_sidecar, settings) = (application.clone(), settings.clone());
            sidecars.keep_running(Part {
                name: format!("{name}-sidecar"),
                command: Box::new(move || of_sidecar.sidecar(&settings)),
                record: records.of(&format!("{name}-sidecar")),
                grace_secs: SIDECAR_GRACE_SECS,
            });
            let keys = prepared.sealing_keys.clone();
            services.keep_running(Part {
                name: name.to_owned(),
                command: Box::new(move || application.command(None, &keys)),
                record: records.of(name),
                grace_secs: SERVICE_GRACE_SECS,
            });
        }
        Self { services, sidecars, kafka, postgres }
    }

    /// Stops everything, one layer after the other.
    pub(crate) async fn stop(self) {
        for layer in [self.services, self.sidecars, self.kafka, self.postgres] {
            layer.stop().await;
        }
    }
}

impl Layer {
    fn new(name: &'static str, hurry: &CancellationToken) -> Self {
        let wishes = Wishes { stop: CancellationToken::new(), hurry: hurry.clone() };
        Self { name, wishes, parts: TaskTracker::new() }
    }

    fn keep_running(&self, part: Part) {
        self.parts.spawn(part.keep_running(self.wishes.clone()));
    }

    fn keep_server_running<S>(&self, server: S, options: S::Options)
    where
        S: Embedded + Send + 'static,
        S::Options: Send + Sync,
        S::Error: Send,
    {
        let running = keep_server_running(server, options, self.wishes.clone());
        self.parts.spawn(async move {
            if let Err(error) = running.await {
                tracing::error!("{error}");
            }
        });
    }

    async fn stop(self) {
        self.wishes.stop.cancel();
        if self.parts.is_empty() {
            return;
        }
        self.parts.close();
        self.parts.wait().await;
        tracing::info!("stopped {}", self.name);
    }
}
