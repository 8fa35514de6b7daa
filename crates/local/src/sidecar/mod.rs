//! A durable local stand-in for daprd's pub/sub over HTTP: one process per instance of an
//! application, started with daprd's flags, over a log in PostgreSQL instead of Kafka.
//!
//! Promises: what was answered 204 is in the log and survives any crash; each consumer group gets
//! every record at least once, in the order of its partition; a record that the application refuses
//! blocks only its own partition. Answers, bodies and headers are those of daprd 1.14, as far as
//! pub/sub needs them; where daprd loses a record (404, DROP without a dead-letter topic) this does
//! too, so that what works here works there.
//!
//! Never: gRPC, actors, state, routing rules, dead-letter topics, bulk subscriptions, creating a
//! topic that is published to.
//!
//! A record's way: `api` → `log` (append, commit) → `heads` and `announce` (wake) → `consumer`
//! (fetch) → `delivery` (the application) → `log` (acknowledge). `group` decides which instance
//! consumes which partition.

mod announce;
mod api;
mod app;
mod clock;
mod cloud_event;
mod component;
mod consumer;
mod delivery;
mod error;
mod group;
mod heads;
mod log;
mod metadata;
mod options;
mod partitioner;
mod resources;
mod retention;
mod subscription;
pub mod topics;
mod trace;

use std::{net::TcpListener, sync::Arc, time::Duration};

use platform::shutdown::Shutdown;
use tokio::sync::{OnceCell, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use self::{
    announce::Announcer,
    api::ApiState,
    app::App,
    consumer::{Context, Seat},
    delivery::Courier,
    group::Membership,
    log::Log,
    resources::Resources,
    subscription::Subscription,
};
pub use self::{
    error::SidecarError,
    options::{DEFAULT_REDELIVERY_INTERVAL_MS, Environment, Ignored, Options},
};

/// The wait between two attempts to reach the log at the start, in milliseconds.
const LOG_RETRY_MS: u64 = 500;
/// The longest that background work may take to end, in seconds.
const CLOSE_TIMEOUT_SECS: u64 = 5;

/// Runs a sidecar until SIGTERM or SIGINT, then stops in order: consuming, publishing, out.
///
/// # Errors
/// [`SidecarError`] when it can't start, or its API fails.
pub async fn run(options: Options) -> Result<(), SidecarError> {
    let environment = Environment::read()?;
    let shutdown = Shutdown::new();
    let serving = serve(options, environment, shutdown.token());
    tokio::pin!(serving);
    tokio::select! {
        // Signals are caught before anybody can find that the API answers.
        biased;
        requested = shutdown.requested() => requested.map_err(SidecarError::Server)?,
        served = &mut serving => return served,
    }
    serving.await
}

/// Runs a sidecar until the token is cancelled; for a process that handles signals itself.
///
/// # Errors
/// As [`run`].
pub async fn serve(
    options: Options,
    environment: Environment,
    stop: CancellationToken,
) -> Result<(), SidecarError> {
    let stop = stop.child_token();
    let resources = Resources::load(&options.resources_path, &options.app_id)?;
    let log = Arc::new(Log::new(&environment.database_url, &options.app_id)?);
    let client = client()?;
    let app = App::new(&options, client.clone());
    let port = options.dapr_http_port;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .map_err(|source| SidecarError::Listen { port, source })?;

    let announcer = Announcer::start(log.clone());
    let (reachable_sender, reachable) = watch::channel(false);
    let state = Arc::new(ApiState {
        app_id: options.app_id.clone(),
        token: environment.api_token.clone(),
        components: resources.components.clone(),
        subscriptions: OnceCell::new(),
        log: log.clone(),
        announcer: announcer.clone(),
        reachable,
        app: app.clone(),
    });
    let server = api::serve(listener, state.clone()).map_err(SidecarError::Server)?;
    let api = server.handle();
    tracing::info!(app.id = options.app_id, port, "the local sidecar listens");

    let background = Background::start(&log, &app, reachable_sender);
    let context = Arc::new(Context {
        courier: Courier::new(client, app.clone(), log.clone(), environment.app_token),
        log: log.clone(),
        app,
        redelivery_interval: environment.redelivery_interval,
    });
    let consuming = consume(state, resources, context, announcer, stop.clone());

    let failed = stop.clone();
    let server = tokio::spawn(async move {
        let served = server.await;
        // An API that ends by itself ends the sidecar.
        failed.cancel();
        served
    });
    let stopping = async {
        tokio::join!(consuming, async {
            stop.cancelled().await;
            tokio::time::sleep(options.dapr_block_shutdown_duration).await;
        });
        api.stop(true).await;
    };
    let (served, ()) = tokio::join!(server, stopping);
    background.end(&log).await;
    match served {
        Ok(served) => served.map_err(SidecarError::Server),
        Err(error) => Err(SidecarError::Server(std::io::Error::other(error))),
    }
}

/// What runs beside consuming, until the sidecar ends.
struct Background {
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Background {
    fn start(log: &Arc<Log>, app: &Arc<App>, reachable: watch::Sender<bool>) -> Self {
        let (closing, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(announce::poll(log.clone(), reachable, closing.clone()));
        tasks.spawn(announce::listen(log.clone(), closing.clone()));
        tasks.spawn(app.clone().watch(closing.clone()));
        tasks.spawn(retention::run(log.clone(), closing.clone()));
        Self { closing, tasks }
    }

    async fn end(self, log: &Log) {
        self.closing.cancel();
        self.tasks.close();
        let ending = async {
            self.tasks.wait().await;
            log.close().await;
        };
        // What does not end by itself ends with the process.
        let _ended = tokio::time::timeout(Duration::from_secs(CLOSE_TIMEOUT_SECS), ending).await;
    }
}

/// Brings the log up to date, waits for the application, then consumes until stopped.
async fn consume(
    state: Arc<ApiState>,
    resources: Resources,
    context: Arc<Context>,
    announcer: Announcer,
    stop: CancellationToken,
) {
    let prepared = async {
        migrate(&context.log).await;
        context.app.discovered().await;
        context.app.ready().await;
        subscriptions(&resources, context.app.subscriptions().await)
    };
    let subscriptions = tokio::select! {
        subscriptions = prepared => subscriptions,
        () = stop.cancelled() => return,
    };
    let seats = seats(&resources, &subscriptions);
    tracing::info!(subscriptions = seats.len(), "the application is there");
    // Nobody else sets it.
    let _first = state.subscriptions.set(subscriptions);
    if seats.is_empty() {
        return;
    }
    let membership = Membership { context, seats, announcer, instance: Uuid::new_v4() };
    membership.run(stop).await;
}

async fn migrate(log: &Log) {
    while let Err(error) = topics::migrate(&log.durable).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the log can't be used yet");
        tokio::time::sleep(Duration::from_millis(LOG_RETRY_MS)).await;
    }
}

/// What the application asks for replaces what is declared for the same topic.
fn subscriptions(resources: &Resources, asked_for: Vec<Subscription>) -> Vec<Subscription> {
    let mut subscriptions = resources.subscriptions.clone();
    for subscription in asked_for {
        subscriptions.retain(|other| !other.same_topic(&subscription));
        subscriptions.push(subscription);
    }
    subscriptions
}

fn seats(resources: &Resources, subscriptions: &[Subscription]) -> Vec<Arc<Seat>> {
    let seat = |subscription: &Subscription| {
        let Some(component) = resources.component_of(subscription) else {
            tracing::error!(
                subscription.topic,
                subscription.pubsub,
                "no such component, or the topic is not allowed there"
            );
            return None;
        };
        Some(Arc::new(Seat {
            subscription: subscription.clone(),
            group: component.consumer_group.clone(),
            from_oldest: component.from_oldest,
        }))
    };
    subscriptions.iter().filter_map(seat).collect()
}

/// No time-outs and no redirects, as daprd's client to the application; never through a proxy.
fn client() -> Result<reqwest::Client, SidecarError> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(SidecarError::Client)
}
