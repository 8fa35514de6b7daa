//! A webhook's target that honours the key: it counts what it sees.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

/// The `type` of what a person sends to try a channel.
const CHANNEL_TEST: &str = "channel-test";

/// A notification as it came; `webhook-sink` prints it so, and the cluster's test reads it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Notification {
    /// Its `webhook-id`: the key that makes a repetition one.
    pub key: String,
    /// Its body.
    pub body: Value,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
    /// When it came, by this machine's clock, which is also the database's here.
    pub at: DateTime<Utc>,
}

impl Notification {
    /// What came just now.
    #[must_use]
    pub fn of(request: &HttpRequest, body: &[u8]) -> Self {
        let header = |name: &str| request.headers().get(name)?.to_str().ok().map(ToOwned::to_owned);
        #[expect(clippy::disallowed_methods, reason = "a test's stamp")]
        let at = Utc::now();
        Self {
            key: header("webhook-id").unwrap_or_default(),
            traceparent: header("traceparent"),
            body: serde_json::from_slice(body).unwrap_or_default(),
            at,
        }
    }

    /// Whether a person wanted to try their channel.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.body["type"] == CHANNEL_TEST
    }
}

/// The target.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Notification>>>,
    answering: watch::Sender<bool>,
    server: ServerHandle,
}

impl Sink {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start() -> Self {
        let got: Arc<Mutex<Vec<Notification>>> = Arc::default();
        let answering = watch::Sender::new(true);
        let seen = web::Data::from(got.clone());
        let may_answer = web::Data::new(answering.subscribe());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(seen.clone())
                .app_data(may_answer.clone())
                .default_service(web::to(take))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .expect("a free port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, got, answering, server: handle }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes what comes from now on and leaves it unanswered: who sends is held between the request
    /// and the answer.
    pub fn hold(&self) {
        self.answering.send_replace(false);
    }

    /// Answers what was held, and all that comes.
    pub fn release(&self) {
        self.answering.send_replace(true);
    }

    /// The reminders that came, in their order, repetitions included.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn got(&self) -> Vec<Notification> {
        self.came(|notification| !notification.is_test())
    }

    /// The tests of channels that came.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn tests(&self) -> Vec<Notification> {
        self.came(Notification::is_test)
    }

    /// What a receiver that honours the key has: the first of each.
    #[must_use]
    pub fn distinct(&self) -> HashMap<String, Notification> {
        let mut distinct = HashMap::new();
        for notification in self.got() {
            distinct.entry(notification.key.clone()).or_insert(notification);
        }
        distinct
    }

    /// Stops it.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }

    fn came(&self, is_meant: impl Fn(&Notification) -> bool) -> Vec<Notification> {
        let mut came = self.got.lock().expect("no thread panicked").clone();
        came.retain(is_meant);
        came
    }
}

async fn take(
    request: HttpRequest,
    body: web::Bytes,
    seen: web::Data<Mutex<Vec<Notification>>>,
    may_answer: web::Data<watch::Receiver<bool>>,
) -> HttpResponse {
    let notification = Notification::of(&request, &body);
    seen.lock().expect("no thread panicked").push(notification);
    let mut may_answer = may_answer.get_ref().clone();
    // An error means that the sink is gone, and nobody waits for its answer.
    let _gone = may_answer.wait_for(|may| *may).await;
    HttpResponse::NoContent().finish()
}
