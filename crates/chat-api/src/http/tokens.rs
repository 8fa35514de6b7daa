//! `/tokens`.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::{Field, Fields, JsonBody},
    caller::{SignedIn, parse_id},
    schemas::{Name, ScopeName},
};
use crate::{
    commands::{self, tokens::NewToken},
    context::Context,
    domain::{schedule::check_instant, scope::Scopes, text::TokenName},
    error::{Failure, code},
    queries,
    store::tokens::ApiToken,
};

/// A token that somebody asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewToken)]
pub(super) struct TokenBody {
    /// What its owner calls it.
    #[schema(value_type = Name, required)]
    #[serde(default)]
    name: Field,
    /// What it may be used for: `read` (tasks, reminders, settings, the stream), `write` (changing
    /// those), `account` (tokens, sessions, password, address, deletion), `admin` (administrators
    /// only). Left out it reads and writes.
    #[schema(value_type = Option<Vec<ScopeName>>, min_items = 1)]
    #[serde(default)]
    scopes: Field,
    /// When it ends by itself; left out it lasts until it is deleted.
    #[schema(value_type = Option<DateTime<Utc>>)]
    #[serde(default)]
    expires_at: Field,
}

/// A token as it is listed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(super) struct TokenView {
    id: Uuid,
    name: String,
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    /// To the minute; null where it never was.
    last_used_at: Option<DateTime<Utc>>,
}

/// A token as it is seen once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenWithSecret)]
pub(super) struct NewTokenView {
    #[serde(flatten)]
    view: TokenView,
    /// To be sent as `Authorization: Bearer …`.
    token: String,
}

/// All tokens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenPage)]
pub(super) struct TokenList {
    items: Vec<TokenView>,
    /// Always null: they all fit on a page.
    next_cursor: Option<String>,
}

impl From<ApiToken> for TokenView {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.token_id,
            name: token.name,
            scopes: token.scopes.names(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// The tokens, oldest first, those that ran out too.
#[utoipa::path(get, path = "/api/v1/tokens", operation_id = "listTokens", tag = "accounts",
    responses((status = 200, body = TokenList)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    let tokens = queries::tokens::list(&context, signed_in.user_id).await?;
    let items = tokens.into_iter().map(TokenView::from).collect();
    Ok(HttpResponse::Ok().json(TokenList { items, next_cursor: None }))
}

/// Makes a token; it is shown this once. A token makes none beyond its own scopes.
#[utoipa::path(post, path = "/api/v1/tokens", operation_id = "createToken", tag = "accounts",
    request_body = TokenBody,
    responses((status = 201, body = NewTokenView), code::AdminsOnly, code::TooMany))]
pub(super) async fn create(
    context: web::Data<Context>,
    signed_in: SignedIn,
    JsonBody(body): JsonBody<TokenBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let name = fields.required("name", body.name, TokenName::parse);
    let scopes = fields.optional("scopes", body.scopes, Scopes::parse).unwrap_or_default();
    let expires_at = fields.optional("expires_at", body.expires_at, check_instant);
    let new = NewToken { name: fields.finish(name)?, scopes, expires_at };
    let SignedIn { user_id, scopes: own, .. } = signed_in;
    let (token, secret) = commands::tokens::create(&context, user_id, &own, new).await?;
    let view = NewTokenView { view: token.into(), token: secret.reveal() };
    Ok(HttpResponse::Created().json(view))
}

/// Deletes a token.
#[utoipa::path(delete, path = "/api/v1/tokens/{token_id}", operation_id = "deleteToken", tag = "accounts",
    params(("token_id" = Uuid, Path)), responses((status = 204)))]
pub(super) async fn delete(
    context: web::Data<Context>,
    signed_in: SignedIn,
    token_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    commands::tokens::delete(&context, signed_in.user_id, parse_id(&token_id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
