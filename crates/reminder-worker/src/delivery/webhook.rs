//! Webhooks: signed requests, as Standard Webhooks has it.

use chrono::{DateTime, Utc};
use url::Url;

use super::{
    error::AttemptError,
    http::{self, Http},
    message::Message,
    signature::sign,
};

/// Posts a notification, signed where there is a secret. It is signed anew at each attempt: receivers
/// refuse what was signed long ago.
pub(super) async fn send(
    http: &Http,
    address: &str,
    secret: Option<&str>,
    message: &Message,
    begun_at: DateTime<Utc>,
) -> Result<(), AttemptError> {
    let id = message.key.to_string();
    let timestamp = begun_at.timestamp();
    let body = message.to_json()?;
    let mut request = http
        .post(Url::parse(address)?)?
        .header("content-type", "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", timestamp)
        .header("x-correlation-id", message.correlation_id.to_string());
    if let Some(secret) = secret {
        request = request.header("webhook-signature", sign(secret, &id, timestamp, &body)?);
    }
    http::send(request.body(body), begun_at).await
}
