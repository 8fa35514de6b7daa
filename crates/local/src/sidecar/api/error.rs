//! Every refusal of the API: its code, its status, its words.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;

use crate::sidecar::{cloud_event::InvalidCloudEvent, metadata::InvalidMetadata};

/// A refusal, as daprd words it.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("failed to read request body: {0}")]
    Body(String),
    #[error("failed deserializing metadata. Error: {0}")]
    Metadata(#[from] InvalidMetadata),
    #[error("pubsub {pubsub} is not found")]
    PubsubNotFound { pubsub: String },
    #[error("topic is empty in pubsub {pubsub}")]
    TopicEmpty { pubsub: String },
    #[error("topic {topic} is not allowed for app id {app_id}")]
    Forbidden { topic: String, app_id: String },
    #[error("cannot create cloudevent")]
    CloudEvent(#[from] InvalidCloudEvent),
    #[error("error when unmarshaling the request for topic {topic} pubsub {pubsub}: {reason}")]
    BulkBody { pubsub: String, topic: String, reason: String },
    #[error("error when publishing to topic {topic} in pubsub {pubsub}: {reason}")]
    Publish { pubsub: String, topic: String, reason: String },
    #[error("dapr is not ready")]
    NotReady,
    #[error("dapr outbound is not ready")]
    OutboundNotReady,
    #[error("dapr app-id does not match")]
    AppIdMismatch,
}

impl ApiError {
    fn code_and_status(&self) -> (&'static str, StatusCode) {
        match self {
            Self::Body(_) => ("ERR_BODY_READ", StatusCode::BAD_REQUEST),
            Self::Metadata(_) => ("ERR_PUBSUB_REQUEST_METADATA", StatusCode::BAD_REQUEST),
            Self::PubsubNotFound { .. } => ("ERR_PUBSUB_NOT_FOUND", StatusCode::NOT_FOUND),
            Self::TopicEmpty { .. } => ("ERR_TOPIC_NAME_EMPTY", StatusCode::NOT_FOUND),
            Self::Forbidden { .. } => ("ERR_PUBSUB_FORBIDDEN", StatusCode::FORBIDDEN),
            // Not 400: so it is with daprd.
            Self::CloudEvent(_) => {
                ("ERR_PUBSUB_CLOUD_EVENTS_SER", StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::BulkBody { .. } => ("ERR_PUBSUB_EVENTS_SER", StatusCode::BAD_REQUEST),
            Self::Publish { .. } => {
                ("ERR_PUBSUB_PUBLISH_MESSAGE", StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::NotReady => ("ERR_HEALTH_NOT_READY", StatusCode::INTERNAL_SERVER_ERROR),
            Self::OutboundNotReady => {
                ("ERR_OUTBOUND_HEALTH_NOT_READY", StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::AppIdMismatch => {
                ("ERR_HEALTH_APPID_NOT_MATCH", StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code_and_status().1
    }

    fn error_response(&self) -> HttpResponse {
        let (code, status) = self.code_and_status();
        HttpResponse::build(status).json(json!({"errorCode": code, "message": self.to_string()}))
    }
}
