//! `/channels`.

use actix_web::{HttpResponse, web};
use events::{ChannelId, ChannelKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Field, Fields, JsonBody},
    caller::{Caller, SignedIn, parse_id},
    schemas,
};
use crate::{
    commands,
    context::Context,
    domain::{
        Refused,
        channel::{NewChannel, NtfyToken, NtfyTopic, PushSubscription, WebhookSecret, WebhookUrl},
        email::Email,
    },
    error::{Failure, code},
    queries::{self, channels::OpenChannel},
};

/// A channel that somebody adds; which fields it needs, its kind says (`schemas::NewChannel`).
#[derive(Debug, Deserialize)]
pub(super) struct ChannelBody {
    #[serde(default)]
    kind: Field,
    #[serde(default)]
    url: Field,
    #[serde(default)]
    secret: Field,
    #[serde(default)]
    email: Field,
    #[serde(default)]
    token: Field,
    #[serde(default)]
    subscription: Field,
}

/// What `PushSubscription.toJSON()` gives in a browser.
#[derive(Debug, Deserialize)]
struct SubscriptionBody {
    endpoint: String,
    keys: SubscriptionKeys,
}

#[derive(Debug, Deserialize)]
struct SubscriptionKeys {
    p256dh: String,
    auth: String,
}

/// What a page subscribes with: `applicationServerKey`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebPushKey)]
pub(super) struct WebPushKeyView {
    /// base64url of a point of P-256; null where this server sends no Web Push.
    public_key: Option<String>,
}

/// A channel as it is listed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
pub(super) struct ChannelView {
    #[schema(value_type = String, format = Uuid)]
    id: ChannelId,
    #[schema(value_type = schemas::ChannelKind)]
    kind: ChannelKind,
    #[serde(flatten)]
    shown: Shown,
}

/// Where a channel leads, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelAddress)]
pub(super) struct Shown {
    /// Null where it leads to no URL, or the key that sealed it is gone.
    pub(super) url: Option<String>,
    /// Null where it leads to no mailbox, or that key is gone.
    pub(super) email: Option<String>,
}

/// A channel with its secret, which is shown once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelWithSecret)]
pub(super) struct NewChannelView {
    #[serde(flatten)]
    view: ChannelView,
    /// What a webhook's requests are signed with; null for other kinds.
    #[schema(value_type = Option<schemas::WebhookSecret>, required)]
    secret: Option<String>,
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
        let OpenChannel { channel_id, kind, address } = channel;
        Self { id: channel_id, kind, shown: Shown::of(kind, address) }
    }
}

impl Shown {
    /// What of an address its owner sees.
    pub(super) fn of(kind: ChannelKind, address: Option<String>) -> Self {
        match kind {
            ChannelKind::Email => Self { url: None, email: address },
            ChannelKind::WebPush => {
                let endpoint = address.as_deref().and_then(PushSubscription::endpoint_of);
                Self { url: endpoint, email: None }
            }
            _ => Self { url: address, email: None },
        }
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

/// Adds a channel. The secret of a webhook is shown this once.
#[utoipa::path(post, path = "/api/v1/channels", operation_id = "createChannel", tag = "settings",
    request_body = schemas::NewChannel,
    responses((status = 201, body = NewChannelView), code::TooMany))]
pub(super) async fn create(
    context: web::Data<Context>,
    Caller(call): Caller,
    JsonBody(body): JsonBody<ChannelBody>,
) -> Result<HttpResponse, Failure> {
    let new = body.parse(context.vapid_public_key.is_some())?;
    let id = commands::channels::add(&context, call, &new).await?;
    let kind = new.kind();
    let shown = Shown::of(kind, Some(new.address().to_owned()));
    let secret = match &new {
        NewChannel::Webhook { secret, .. } => Some(secret.reveal().to_owned()),
        NewChannel::Email { .. } | NewChannel::Ntfy { .. } | NewChannel::WebPush { .. } => None,
    };
    let view = ChannelView { id, kind, shown };
    Ok(HttpResponse::Created().json(NewChannelView { view, secret }))
}

impl ChannelBody {
    fn parse(self, has_web_push: bool) -> Result<NewChannel, Failure> {
        let mut fields = Fields::default();
        let kind = fields.required("kind", self.kind, |name| offered_kind(name, has_web_push));
        let new = match kind {
            Some(ChannelKind::Webhook) => {
                let url = fields.required("url", self.url, WebhookUrl::parse);
                let secret = fields.optional("secret", self.secret, WebhookSecret::parse);
                let secret = secret.unwrap_or_else(WebhookSecret::random);
                url.map(|url| NewChannel::Webhook { url, secret })
            }
            Some(ChannelKind::Email) => fields
                .required("email", self.email, |text: String| Email::parse_for_mail(&text))
                .map(|to| NewChannel::Email { to }),
            Some(ChannelKind::Ntfy) => {
                let topic = fields.required("url", self.url, NtfyTopic::parse);
                let token = fields.optional("token", self.token, NtfyToken::parse);
                topic.map(|topic| NewChannel::Ntfy { topic, token })
            }
            Some(ChannelKind::WebPush) => fields
                .required("subscription", self.subscription, |body: SubscriptionBody| {
                    let SubscriptionKeys { p256dh, auth } = body.keys;
                    PushSubscription::parse(&body.endpoint, &p256dh, &auth)
                })
                .map(|subscription| NewChannel::WebPush { subscription }),
            Some(ChannelKind::Unknown) | None => None,
        };
        fields.finish(new)
    }
}

fn offered_kind(name: String, has_web_push: bool) -> Result<ChannelKind, Refused> {
    match ChannelKind::named(&name) {
        ChannelKind::Unknown => Err(Refused::new("is no kind of channel")),
        ChannelKind::WebPush if !has_web_push => {
            Err(Refused::new("is not offered: this server has no key for Web Push"))
        }
        kind => Ok(kind),
    }
}

/// The key that a page subscribes to Web Push with.
#[utoipa::path(get, path = "/api/v1/channels/web-push-key", operation_id = "getWebPushKey",
    tag = "settings", responses((status = 200, body = WebPushKeyView)))]
pub(super) async fn web_push_key(context: web::Data<Context>, _: SignedIn) -> HttpResponse {
    let public_key = context.vapid_public_key.as_ref().map(|key| key.as_str().to_owned());
    HttpResponse::Ok().json(WebPushKeyView { public_key })
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
