//! An application that records what it gets and answers as it is told.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::{Method, StatusCode},
    web,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{eventually, free_port};

/// What a sidecar sent.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
}

/// What the application answers.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) delay: Duration,
}

type Decide = Arc<dyn Fn(&Delivery) -> Reply + Send + Sync>;

#[derive(Clone)]
struct State {
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    decide: Arc<Mutex<Decide>>,
    subscriptions: Arc<Mutex<Reply>>,
    /// How often somebody asked for them.
    asked: Arc<AtomicUsize>,
    health: Arc<Mutex<u16>>,
    /// How often somebody asked for its health.
    probed: Arc<AtomicUsize>,
}

/// Listens on its port from `start` to `stop`; what it recorded stays.
pub(crate) struct Application {
    pub(crate) port: u16,
    state: State,
    server: Option<ServerHandle>,
}

impl Reply {
    pub(crate) fn success() -> Self {
        Self::with(json!({"status": "SUCCESS"}))
    }

    pub(crate) fn with(body: Value) -> Self {
        Self { status: 200, body, delay: Duration::ZERO }
    }

    pub(crate) fn status(status: &str) -> Self {
        Self::with(json!({ "status": status }))
    }

    pub(crate) fn http(status: u16) -> Self {
        Self { status, body: Value::Null, ..Self::success() }
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

impl Delivery {
    /// The body, which is a CloudEvent.
    pub(crate) fn event(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a CloudEvent")
    }

    /// The record's bytes, as a raw subscription gets them.
    pub(crate) fn record(&self) -> Vec<u8> {
        let event = self.event();
        BASE64.decode(event["data_base64"].as_str().expect("data_base64")).expect("base64")
    }

    /// The record as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.record()).expect("text")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn partition(&self) -> i32 {
        self.header("__partition").parse().expect("a partition")
    }

    pub(crate) fn offset(&self) -> i64 {
        self.header("__offset").parse().expect("an offset")
    }
}

impl Application {
    /// Has a port, does not listen yet.
    pub(crate) fn new() -> Self {
        Self::subscribing(json!([]))
    }

    /// Answers so to `GET /dapr/subscribe`.
    pub(crate) fn subscribing(subscriptions: Value) -> Self {
        let decide: Decide = Arc::new(|_| Reply::success());
        let state = State {
            deliveries: Arc::default(),
            decide: Arc::new(Mutex::new(decide)),
            subscriptions: Arc::new(Mutex::new(Reply::with(subscriptions))),
            asked: Arc::default(),
            health: Arc::new(Mutex::new(200)),
            probed: Arc::default(),
        };
        Self { port: free_port(), state, server: None }
    }

    /// Listens and takes everything.
    pub(crate) async fn started() -> Self {
        let mut application = Self::new();
        application.start().await;
        application
    }

    pub(crate) async fn start(&mut self) {
        let state = self.state.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(state.clone()))
                .app_data(web::PayloadConfig::new(8 * 1024 * 1024))
                .route("/dapr/subscribe", web::get().to(subscribe))
                .route("/healthz", web::get().to(health))
                .default_service(web::to(take))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", self.port))
        .expect("the application's port")
        .run();
        self.server = Some(server.handle());
        tokio::spawn(server);
    }

    /// Closes its port and cuts what is in flight.
    pub(crate) async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop(false).await;
        }
    }

    /// Answers so from now on.
    pub(crate) fn answer(&self, decide: impl Fn(&Delivery) -> Reply + Send + Sync + 'static) {
        *self.state.decide.lock().expect("the answer") = Arc::new(decide);
    }

    /// Answers health probes so from now on.
    pub(crate) fn set_health(&self, status: u16) {
        *self.state.health.lock().expect("health") = status;
    }

    /// Answers so to `GET /dapr/subscribe` from now on.
    pub(crate) fn answer_for_subscriptions(&self, reply: Reply) {
        *self.state.subscriptions.lock().expect("subscriptions") = reply;
    }

    /// How often its subscriptions were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// Waits until its health was asked for so often from now on.
    pub(crate) async fn is_probed(&self, times: usize) {
        let probed = || self.state.probed.load(Ordering::SeqCst);
        let until = probed() + times;
        eventually(format!("{times} probes of health"), async || (probed() >= until).then_some(()))
            .await;
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.state.deliveries.lock().expect("deliveries").clone()
    }

    /// The records that came, as text, in their order.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.deliveries().iter().map(Delivery::text).collect()
    }

    /// Waits until so many came.
    pub(crate) async fn receives(&self, count: usize) -> Vec<Delivery> {
        eventually(format!("{count} deliveries"), async || {
            Some(self.deliveries()).filter(|deliveries| deliveries.len() >= count)
        })
        .await
    }
}

async fn subscribe(state: web::Data<State>) -> HttpResponse {
    state.asked.fetch_add(1, Ordering::SeqCst);
    let reply = state.subscriptions.lock().expect("subscriptions").clone();
    respond(reply).await
}

async fn health(state: web::Data<State>) -> HttpResponse {
    let status = *state.health.lock().expect("health");
    state.probed.fetch_add(1, Ordering::SeqCst);
    HttpResponse::build(StatusCode::from_u16(status).expect("a status")).finish()
}

async fn take(state: web::Data<State>, request: HttpRequest, body: Bytes) -> HttpResponse {
    // daprd asks for the configuration of actors too.
    if request.method() != Method::POST {
        return HttpResponse::NotFound().finish();
    }
    let header = |(name, value): (&actix_web::http::header::HeaderName, _)| {
        let value: &actix_web::http::header::HeaderValue = value;
        (name.as_str().to_owned(), value.to_str().expect("text").to_owned())
    };
    let delivery = Delivery {
        path: request.path().to_owned(),
        headers: request.headers().iter().map(header).collect(),
        body,
    };
    let decide = state.decide.lock().expect("the answer").clone();
    let reply = decide(&delivery);
    state.deliveries.lock().expect("deliveries").push(delivery);
    respond(reply).await
}

async fn respond(reply: Reply) -> HttpResponse {
    tokio::time::sleep(reply.delay).await;
    let mut response = HttpResponse::build(StatusCode::from_u16(reply.status).expect("a status"));
    if reply.body.is_null() { response.finish() } else { response.json(reply.body) }
}
