//! `/channels`.

use actix_web::{HttpResponse, web};
use events::{ChannelId, ChannelKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Field, Fields, JsonBody, any},
    caller::{Caller, SignedIn, parse_id},
    schemas,
};
use crate::{
    commands,
    context::Context,
    domain::channel::{WebhookSecret, WebhookUrl},
    error::{Failure, code},
    queries::{self, channels::OpenChannel},
};

/// A channel that somebody adds.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewChannel)]
pub(super) struct ChannelBody {
    #[schema(value_type = schemas::ChannelKind, required)]
    #[serde(default)]
    kind: Field,
    /// Where requests go: http or https.
    #[schema(value_type = String, format = "uri", max_length = 2000,
        pattern = "^[Hh][Tt][Tt][Pp][Ss]?://", required)]
    #[serde(default)]
    url: Field,
    /// Made up where it is left out.
    #[schema(value_type = Option<schemas::WebhookSecret>)]
    #[serde(default)]
    secret: Field,
}

/// A channel as it is listed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
pub(super) struct ChannelView {
    #[schema(value_type = String, format = Uuid)]
    id: ChannelId,
    #[schema(value_type = schemas::ChannelKind)]
    kind: ChannelKind,
    /// Null where the key that sealed it is gone.
    url: Option<String>,
}

/// A channel with its secret, which is shown once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelWithSecret)]
pub(super) struct NewChannelView {
    #[serde(flatten)]
    view: ChannelView,
    #[schema(value_type = schemas::WebhookSecret)]
    secret: String,
}

/// All channels.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelPage)]
pub(super) struct ChannelList {
    items: Vec<ChannelView>,
    /// Always null: they all fit on a page.
    next_cursor: Option<String>,
}

impl From<OpenChannel> for ChannelView {
    fn from(channel: OpenChannel) -> Self {
        Self { id: channel.channel_id, kind: ChannelKind::Webhook, url: channel.url }
    }
}

/// The channels, oldest first.
#[utoipa::path(get, path = "/api/v1/channels", operation_id = "listChannels", tag = "settings",
    responses((status = 200, body = ChannelList)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    let channels = queries::channels::list(&context, signed_in.user_id).await?;
    let items = channels.into_iter().map(ChannelView::from).collect();
    Ok(HttpResponse::Ok().json(ChannelList { items, next_cursor: None }))
}

/// Adds a webhook; its secret is shown this once.
#[utoipa::path(post, path = "/api/v1/channels", operation_id = "createChannel", tag = "settings",
    request_body = ChannelBody, responses((status = 201, body = NewChannelView), code::TooMany))]
pub(super) async fn create(
    context: web::Data<Context>,
    Caller(call): Caller,
    JsonBody(body): JsonBody<ChannelBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let kind = fields.required("kind", body.kind, any::<ChannelKind>);
    let url = fields.required("url", body.url, WebhookUrl::parse);
    let secret = fields.optional("secret", body.secret, WebhookSecret::parse);
    let (kind, url) = fields.finish(kind.zip(url))?;
    let secret = secret.unwrap_or_else(WebhookSecret::random);
    let id = match kind {
        ChannelKind::Webhook => {
            commands::channels::add_webhook(&context, call, &url, &secret).await?
        }
    };
    let view = ChannelView { id, kind, url: Some(url.as_str().to_owned()) };
    let secret = secret.reveal().to_owned();
    Ok(HttpResponse::Created().json(NewChannelView { view, secret }))
}

/// Removes a channel.
#[utoipa::path(delete, path = "/api/v1/channels/{channel_id}", operation_id = "deleteChannel",
    tag = "settings", params(("channel_id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(super) async fn delete(
    context: web::Data<Context>,
    Caller(call): Caller,
    channel_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    commands::channels::remove(&context, call, parse_id(&channel_id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sends a test through a channel; what comes of it shows in the stream as notification-delivered.
#[utoipa::path(post, path = "/api/v1/channels/{channel_id}/test", operation_id = "testChannel",
    tag = "settings", params(("channel_id" = uuid::Uuid, Path)), responses((status = 202)))]
pub(super) async fn test(
    context: web::Data<Context>,
    Caller(call): Caller,
    channel_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    commands::channels::test(&context, call, parse_id(&channel_id)?).await?;
    Ok(HttpResponse::Accepted().finish())
}
