//! `/sessions`.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    caller::{SignedIn, parse_id},
    query::{Paging, Place, Query, write_cursor},
};
use crate::{
    commands,
    context::Context,
    error::Failure,
    queries,
    store::sessions::{Cursor, Session},
};

/// A browser that is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionView {
    id: Uuid,
    created_at: DateTime<Utc>,
    /// To the minute.
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// What the browser called itself when it signed in, at most 200 characters.
    #[schema(max_length = 200)]
    user_agent: Option<String>,
    /// It is the one that asks.
    current: bool,
}

/// A page of sessions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionPage)]
pub(super) struct SessionList {
    items: Vec<SessionView>,
    next_cursor: Option<String>,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            id: session.session_id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            user_agent: session.user_agent,
            current: session.current,
        }
    }
}

/// A page of sessions, newest first.
#[utoipa::path(get, path = "/api/v1/sessions", operation_id = "listSessions", tag = "accounts",
    params(Paging), responses((status = 200, body = SessionList)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let cursor = query.cursor::<Place>()?;
    let cursor = cursor.map(|(created_at, session_id)| Cursor { created_at, session_id });
    let (user_id, limit) = (signed_in.user_id, query.limit()?);
    let credential = &signed_in.credential;
    let page = queries::sessions::list(&context, user_id, credential, cursor, limit).await?;
    let next_cursor =
        page.next.map(|next| write_cursor(&(next.created_at, next.session_id))).transpose()?;
    let items = page.items.into_iter().map(SessionView::from).collect();
    Ok(HttpResponse::Ok().json(SessionList { items, next_cursor }))
}

/// Ends a session.
#[utoipa::path(delete, path = "/api/v1/sessions/{session_id}", operation_id = "endSession", tag = "accounts",
    params(("session_id" = Uuid, Path)), responses((status = 204)))]
pub(super) async fn end(
    context: web::Data<Context>,
    signed_in: SignedIn,
    session_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    commands::sessions::end(&context, signed_in.user_id, parse_id(&session_id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends every session but the one that asks; with an API token, every session.
#[utoipa::path(delete, path = "/api/v1/sessions", operation_id = "endOtherSessions", tag = "accounts",
    responses((status = 204)))]
pub(super) async fn end_others(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    let SignedIn { user_id, credential, .. } = signed_in;
    commands::sessions::end_others(&context, user_id, &credential).await?;
    Ok(HttpResponse::NoContent().finish())
}
