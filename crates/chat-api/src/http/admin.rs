//! `/admin`: what only administrators reach.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    caller::Admin,
    query::{Paging, Place, Query, write_cursor},
};
use crate::{
    context::Context,
    error::Failure,
    queries,
    store::accounts::{AccountSummary, Cursor},
};

/// Somebody's account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(super) struct PersonItem {
    user_id: Uuid,
    email: String,
    created_at: DateTime<Utc>,
    /// How many, without those in the trash.
    tasks: i64,
    /// To the minute; null where nobody came back since the account was made.
    last_used_at: Option<DateTime<Utc>>,
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonPage)]
pub(super) struct PersonList {
    items: Vec<PersonItem>,
    next_cursor: Option<String>,
}

impl From<AccountSummary> for PersonItem {
    fn from(account: AccountSummary) -> Self {
        Self {
            user_id: account.user_id,
            email: account.email,
            created_at: account.created_at,
            tasks: account.tasks,
            last_used_at: account.last_used_at,
        }
    }
}

/// A page of everybody's accounts, oldest first.
#[utoipa::path(get, path = "/api/v1/admin/people", operation_id = "listPeople", tag = "admin",
    params(Paging), responses((status = 200, body = PersonList)))]
pub(super) async fn people(
    context: web::Data<Context>,
    _: Admin,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let cursor =
        query.cursor::<Place>()?.map(|(created_at, user_id)| Cursor { created_at, user_id });
    let page = queries::people::list(&context, cursor, query.limit()?).await?;
    let next_cursor =
        page.next.map(|next| write_cursor(&(next.created_at, next.user_id))).transpose()?;
    let items = page.items.into_iter().map(PersonItem::from).collect();
    Ok(HttpResponse::Ok().json(PersonList { items, next_cursor }))
}
