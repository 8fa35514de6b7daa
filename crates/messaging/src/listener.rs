//! The listener that the sidecar delivers to: loopback only, behind the app token, never behind the
//! ingress.
//!
//! `POST /events/{topic}` takes raw bytes and answers 200 with a status, whatever they are: a 4xx
//! would be retried for ever, and a 404 would lose the record. `GET /healthz` answers without the
//! token, as daprd probes it without one and a refusal stops the subscriptions.

use std::{net::TcpListener, sync::Arc};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::Server,
    web::{self, Bytes, BytesMut},
};
use events::Topic;
use futures_util::StreamExt;
use sidecar::{AppToken, Delivery, DeliveryStatus, TOKEN_HEADER};

pub use sidecar::MAX_DELIVERY_BYTES;

use crate::{Inbox, Subscriber};

/// Threads that take deliveries; the sidecar has one delivery under way per partition.
const WORKERS: usize = 2;

/// Serves an inbox to the sidecar.
///
/// # Errors
/// The listener's own error.
pub fn serve<S: Subscriber>(
    listener: TcpListener,
    inbox: Arc<Inbox<S>>,
    token: AppToken,
) -> std::io::Result<Server> {
    let token = Arc::new(token);
    Ok(HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(inbox.clone()))
            .app_data(web::Data::from(token.clone()))
            .route("/healthz", web::get().to(HttpResponse::Ok))
            // Subscriptions are declared as resources; daprd asks once all the same.
            .route("/dapr/subscribe", web::get().to(no_subscriptions))
            // The configuration of actors, of which there are none; daprd asks once for it too.
            .route("/dapr/config", web::get().to(HttpResponse::NotFound))
            .route("/events/{topic}", web::post().to(deliver::<S>))
            // A 404 would be taken for an acknowledgement.
            .default_service(web::to(unknown_route))
    })
    .workers(WORKERS)
    .disable_signals()
    .listen(listener)?
    .run())
}

async fn no_subscriptions() -> HttpResponse {
    HttpResponse::Ok().json([(); 0])
}

async fn unknown_route(request: HttpRequest) -> HttpResponse {
    tracing::error!(path = request.path(), "a delivery by a route that is none of ours");
    HttpResponse::Ok().json(DeliveryStatus::Retry)
}

async fn deliver<S: Subscriber>(
    request: HttpRequest,
    topic: web::Path<String>,
    body: web::Payload,
    inbox: web::Data<Inbox<S>>,
    token: web::Data<AppToken>,
) -> HttpResponse {
    let presented = request.headers().get(TOKEN_HEADER).map(|value| value.as_bytes());
    if !token.accepts(presented) {
        return HttpResponse::Unauthorized().finish();
    }
    let Ok(topic) = topic.parse::<Topic>() else {
        // A subscription that nobody here declared: its records wait until it is mended.
        tracing::error!(route = %topic, "a delivery for a topic that is none of ours");
        return HttpResponse::Ok().json(DeliveryStatus::Retry);
    };
    let Some((body, size)) = collect(body).await else {
        return HttpResponse::Ok().json(DeliveryStatus::Retry);
    };
    let headers = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let is_cut = (body.len() as u64) < size;
    let delivery = Delivery::parse(body, headers);
    let status = if is_cut {
        inbox.refuse_oversized(topic, &delivery, size).await
    } else {
        inbox.receive(topic, &delivery).await
    };
    HttpResponse::Ok().json(status)
}

/// The body, cut off at [`MAX_DELIVERY_BYTES`], and how many bytes it has; `None` where it broke off.
async fn collect(mut body: web::Payload) -> Option<(Bytes, u64)> {
    let mut bytes = BytesMut::new();
    let mut size = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.ok()?;
        size += chunk.len() as u64;
        let room = MAX_DELIVERY_BYTES - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Some((bytes.freeze(), size))
}
