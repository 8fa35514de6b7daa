//! `POST /v1.0/publish/{pubsub}/{topic}`.

use actix_web::{HttpRequest, HttpResponse, http::header::CONTENT_TYPE, web};

use super::{ApiError, ApiState, header, read_body, record, trace_parent};
use crate::sidecar::cloud_event::Publication;

pub(super) async fn publish(
    state: web::Data<ApiState>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let target = state.target(&path, &request)?;
    let body = read_body(payload).await?;
    let value = if target.raw_payload {
        body.to_vec()
    } else {
        Publication {
            app_id: &state.app_id,
            pubsub: target.pubsub,
            topic: target.topic,
            content_type: header(&request, CONTENT_TYPE.as_str()).unwrap_or_default(),
            payload: &body,
            trace_parent: trace_parent(&request).to_string(),
            trace_state: header(&request, "tracestate").unwrap_or_default(),
            now: target.now,
        }
        .into_cloud_event(&target.metadata)?
    };
    target.check_scope(&state.app_id)?;
    let record = record(value, target.metadata.clone()).map_err(|reason| target.failed(reason))?;
    let appended = state.append(target.topic, vec![record]).await;
    appended.map_err(|error| target.failed(error))?;
    Ok(HttpResponse::NoContent().finish())
}
