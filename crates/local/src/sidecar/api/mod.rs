//! The Dapr HTTP API, as far as pub/sub needs it.

mod bulk;
mod error;
mod health;
mod publish;

use std::{collections::BTreeMap, net::TcpListener, sync::Arc};

use actix_web::{
    App as Routes, Error, HttpRequest, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{Server, ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    web,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OnceCell, watch};

use self::error::ApiError;
use super::{
    announce::Announcer,
    app::App,
    component::Component,
    log::{AppendError, Log, NewRecord},
    metadata::{self, Metadata},
    subscription::Subscription,
    trace::TraceParent,
};

/// The longest body, in bytes: daprd's default.
const BODY_MAX_BYTES: usize = 4 * 1024 * 1024;
/// The largest record, in bytes, with its key, headers and overhead: the Kafka client's default.
const RECORD_MAX_BYTES: usize = 1_000_000;
/// What the Kafka client counts for a record itself, in bytes.
const RECORD_OVERHEAD_BYTES: usize = 36;
/// What the Kafka client counts for each header, in bytes.
const HEADER_OVERHEAD_BYTES: usize = 10;
/// Threads of the API.
const WORKERS: usize = 2;
const TOKEN: &str = "dapr-api-token";

/// What the handlers need.
#[derive(Debug)]
pub(crate) struct ApiState {
    /// The application's id.
    pub(crate) app_id: String,
    /// What callers must send.
    pub(crate) token: Option<SecretString>,
    /// By name.
    pub(crate) components: BTreeMap<String, Component>,
    /// Known as soon as the application was asked.
    pub(crate) subscriptions: OnceCell<Vec<Subscription>>,
    /// Where records go.
    pub(crate) log: Arc<Log>,
    /// Tells the consumers.
    pub(crate) announcer: Announcer,
    /// Whether the log answers.
    pub(crate) reachable: watch::Receiver<bool>,
    /// The application.
    pub(crate) app: Arc<App>,
}

/// Serves the API on a listener.
///
/// # Errors
/// The listener's own error.
pub(crate) fn serve(listener: TcpListener, state: Arc<ApiState>) -> std::io::Result<Server> {
    let state = web::Data::from(state);
    Ok(HttpServer::new(move || {
        let publish = "/v1.0/publish/{pubsub}/{topic:.*}";
        let bulk = "/v1.0-alpha1/publish/bulk/{pubsub}/{topic:.*}";
        Routes::new()
            .app_data(state.clone())
            .wrap(from_fn(authenticate))
            .route(publish, web::post().to(publish::publish))
            .route(publish, web::put().to(publish::publish))
            .route(bulk, web::post().to(bulk::publish))
            .route(bulk, web::put().to(bulk::publish))
            .route(health::HEALTHZ, web::get().to(health::healthz))
            .route(health::HEALTHZ_OUTBOUND, web::get().to(health::outbound))
            .route("/v1.0/metadata", web::get().to(health::metadata))
    })
    .workers(WORKERS)
    .disable_signals()
    .listen(listener)?
    .run())
}

async fn authenticate(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let open = matches!(request.path(), health::HEALTHZ | health::HEALTHZ_OUTBOUND);
    let sent = request.headers().get(TOKEN).map(|token| token.as_bytes());
    let expected = state.token.as_ref().map(|token| token.expose_secret().as_bytes());
    if open || expected.is_none() || sent == expected {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let refusal = HttpResponse::Unauthorized().body("invalid api token\n");
    Ok(request.into_response(refusal).map_into_right_body())
}

/// Where a request wants to publish, checked in daprd's order.
struct Target<'a> {
    component: &'a Component,
    pubsub: &'a str,
    topic: &'a str,
    metadata: Metadata,
    raw_payload: bool,
    now: DateTime<Utc>,
}

impl ApiState {
    fn target<'a>(
        &'a self,
        (pubsub, topic): &'a (String, String),
        request: &HttpRequest,
    ) -> Result<Target<'a>, ApiError> {
        let component = self
            .components
            .get(pubsub)
            .ok_or_else(|| ApiError::PubsubNotFound { pubsub: pubsub.clone() })?;
        if topic.is_empty() {
            return Err(ApiError::TopicEmpty { pubsub: pubsub.clone() });
        }
        let metadata = metadata::from_query(request.query_string())?;
        let raw_payload = metadata::raw_payload(&metadata)?;
        let now = self.log.clock.now().ok_or_else(|| ApiError::Publish {
            pubsub: pubsub.clone(),
            topic: topic.clone(),
            reason: "the log does not answer".to_owned(),
        })?;
        Ok(Target { component, pubsub, topic, metadata, raw_payload, now })
    }

    /// Appends and wakes the consumers.
    async fn append(&self, topic: &str, records: Vec<NewRecord>) -> Result<(), AppendError> {
        let heads = self.log.append(topic, records).await?;
        self.announcer.heads(heads);
        Ok(())
    }
}

impl Target<'_> {
    fn check_scope(&self, app_id: &str) -> Result<(), ApiError> {
        if self.component.may_publish(self.topic) {
            return Ok(());
        }
        Err(ApiError::Forbidden { topic: self.topic.to_owned(), app_id: app_id.to_owned() })
    }

    fn failed(&self, reason: impl ToString) -> ApiError {
        ApiError::Publish {
            pubsub: self.pubsub.to_owned(),
            topic: self.topic.to_owned(),
            reason: reason.to_string(),
        }
    }
}

async fn read_body(payload: web::Payload) -> Result<Bytes, ApiError> {
    match payload.to_bytes_limited(BODY_MAX_BYTES).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(ApiError::Body(error.to_string())),
        Err(_) => Err(ApiError::Body(format!("it has more than {BODY_MAX_BYTES} bytes"))),
    }
}

/// A record with its headers, unless it is too large for the broker that this stands for.
fn record(value: Vec<u8>, headers: Metadata) -> Result<NewRecord, String> {
    let key = metadata::partition_key(&headers).map(str::to_owned);
    let header_bytes: usize =
        headers.iter().map(|(name, value)| name.len() + value.len() + HEADER_OVERHEAD_BYTES).sum();
    let key_bytes = key.as_deref().map_or(0, str::len);
    let bytes = RECORD_OVERHEAD_BYTES + header_bytes + key_bytes + value.len();
    if bytes > RECORD_MAX_BYTES {
        return Err(format!("the record has {bytes} bytes, {RECORD_MAX_BYTES} are allowed"));
    }
    Ok(NewRecord { key, value, headers })
}

/// The request's trace with a span of our own.
fn trace_parent(request: &HttpRequest) -> TraceParent {
    header(request, "traceparent")
        .and_then(TraceParent::parse)
        .map_or_else(TraceParent::root, TraceParent::child)
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
