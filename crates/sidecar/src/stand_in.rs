//! A stand-in for the sidecar: a real HTTP server that notes each request and gives one answer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use url::Url;

use crate::publish::Sidecar;
use crate::settings::SidecarSettings;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

/// The answer to every request.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

pub(crate) struct StandIn {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl StandIn {
    pub(crate) fn answering(status: u16, body: &str) -> Self {
        Self::playing(Scripted { status, headers: Vec::new(), body: body.to_owned() })
    }

    pub(crate) fn playing(script: Scripted) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let state = web::Data::new((script, Arc::clone(&seen)));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(web::PayloadConfig::new(16 * 1024 * 1024))
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        actix_web::rt::spawn(server.run());
        Self { address, seen }
    }

    pub(crate) fn settings(&self) -> SidecarSettings {
        settings_at(self.address)
    }

    pub(crate) fn sidecar(&self) -> Sidecar {
        Sidecar::new(&self.settings()).unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn only_request(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

/// A client for an address where nobody listens.
pub(crate) fn nobody() -> Sidecar {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    Sidecar::new(&settings_at(address)).unwrap()
}

/// A client for a socket that takes connections and never answers; the listener has to be kept.
pub(crate) async fn silence() -> (Sidecar, tokio::net::TcpListener) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut sidecar = Sidecar::new(&settings_at(listener.local_addr().unwrap())).unwrap();
    sidecar.publish_timeout = Duration::from_millis(50);
    sidecar.health_timeout = Duration::from_millis(50);
    (sidecar, listener)
}

fn settings_at(address: SocketAddr) -> SidecarSettings {
    SidecarSettings::at(Url::parse(&format!("http://{address}")).unwrap())
}

async fn answer(
    request: HttpRequest,
    body: web::Bytes,
    state: web::Data<(Scripted, Arc<Mutex<Vec<Seen>>>)>,
) -> HttpResponse {
    let (script, seen) = state.get_ref();
    let header = |(name, value): (&_, &actix_web::http::header::HeaderValue)| {
        (ToString::to_string(name), value.to_str().unwrap().to_owned())
    };
    seen.lock().unwrap().push(Seen {
        method: request.method().to_string(),
        target: request.uri().to_string(),
        headers: request.headers().iter().map(|(n, v)| header((n, v))).collect(),
        body,
    });
    let mut response = HttpResponse::build(StatusCode::from_u16(script.status).unwrap());
    for (name, value) in &script.headers {
        response.insert_header((*name, value.as_str()));
    }
    match script.body.as_str() {
        "" => response.finish(),
        body => response.body(body.to_owned()),
    }
}
