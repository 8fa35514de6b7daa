//! Health and metadata.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, ApiState};
use crate::sidecar::subscription::Subscription;

pub(super) const HEALTHZ: &str = "/v1.0/healthz";
pub(super) const HEALTHZ_OUTBOUND: &str = "/v1.0/healthz/outbound";
const RUNTIME_VERSION: &str = "local";

#[derive(Deserialize)]
pub(super) struct HealthQuery {
    appid: Option<String>,
}

/// 204 once the application was seen, and the log answers.
pub(super) async fn healthz(
    state: web::Data<ApiState>,
    query: web::Query<HealthQuery>,
) -> Result<HttpResponse, ApiError> {
    if !(state.app.was_discovered() && *state.reachable.borrow()) {
        return Err(ApiError::NotReady);
    }
    if query.appid.as_ref().is_some_and(|app_id| *app_id != state.app_id) {
        return Err(ApiError::AppIdMismatch);
    }
    Ok(HttpResponse::NoContent().finish())
}

/// 204 while publishing can work.
pub(super) async fn outbound(state: web::Data<ApiState>) -> Result<HttpResponse, ApiError> {
    if !*state.reachable.borrow() {
        return Err(ApiError::OutboundNotReady);
    }
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn metadata(state: web::Data<ApiState>) -> HttpResponse {
    let components: Vec<Value> = state
        .components
        .iter()
        .map(|(name, component)| {
            json!({"name": name, "type": "pubsub.kafka", "version": component.version})
        })
        .collect();
    let subscriptions: Vec<Value> =
        state.subscriptions.get().into_iter().flatten().map(subscription).collect();
    HttpResponse::Ok().json(json!({
        "id": state.app_id,
        "runtimeVersion": RUNTIME_VERSION,
        "components": components,
        "subscriptions": subscriptions,
        "appConnectionProperties": {
            "port": state.app.port(),
            "protocol": "http",
            "channelAddress": "127.0.0.1",
        },
        "actorRuntime": {"runtimeStatus": "DISABLED", "hostReady": false},
    }))
}

fn subscription(subscription: &Subscription) -> Value {
    json!({
        "pubsubname": subscription.pubsub,
        "topic": subscription.topic,
        "metadata": subscription.metadata,
        "rules": [{"path": subscription.route}],
        "deadLetterTopic": "",
        "type": if subscription.programmatic { "PROGRAMMATIC" } else { "DECLARATIVE" },
    })
}
