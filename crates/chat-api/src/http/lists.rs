//! `/lists`.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use events::ListId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    body::{Field, Fields, JsonBody, any},
    caller::{Caller, SignedIn, parse_id},
    query::Query,
    schemas::{ListMove, Name, TasksOfDeletedList},
};
use crate::{
    commands::{
        self,
        lists::{BesideList, Fate},
    },
    context::Context,
    domain::text::ListName,
    error::{Failure, code},
    queries,
    store::lists::List,
};

/// A list that somebody asks for, or another name for one.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ListName)]
pub(super) struct ListBody {
    #[schema(value_type = Name, required)]
    #[serde(default)]
    name: Field,
}

/// Where a list is to stand: one of the two.
#[derive(Debug, Deserialize)]
pub(super) struct ListMoveBody {
    #[serde(default)]
    before: Field,
    #[serde(default)]
    after: Field,
}

/// What the deletion of a list may say.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes to OpenAPI what is read of Query")]
pub(super) struct DeletionQuery {
    /// `move` (into the inbox) where it is left out.
    #[param(value_type = Option<TasksOfDeletedList>)]
    tasks: Option<String>,
}

/// A list of tasks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = List)]
pub(super) struct ListView {
    id: Uuid,
    name: String,
    /// Everybody's first; it can't be deleted.
    is_inbox: bool,
    /// Where it stands among the lists, compared byte by byte.
    position: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// All lists.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListPage)]
pub(super) struct ListList {
    items: Vec<ListView>,
    /// Always null: they all fit on a page.
    next_cursor: Option<String>,
}

impl From<List> for ListView {
    fn from(list: List) -> Self {
        Self {
            id: list.list_id,
            name: list.name,
            is_inbox: list.is_inbox,
            position: list.position,
            created_at: list.created_at,
            updated_at: list.updated_at,
        }
    }
}

impl ListBody {
    fn into_name(self) -> Result<ListName, Failure> {
        let mut fields = Fields::default();
        let name = fields.required("name", self.name, ListName::parse);
        fields.finish(name)
    }
}

/// The lists, in their order.
#[utoipa::path(get, path = "/api/v1/lists", operation_id = "listLists", tag = "lists",
    responses((status = 200, body = ListList)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    let lists = queries::lists::list(&context, signed_in.user_id).await?;
    let items = lists.into_iter().map(ListView::from).collect();
    Ok(HttpResponse::Ok().json(ListList { items, next_cursor: None }))
}

/// Makes a list, after all others.
#[utoipa::path(post, path = "/api/v1/lists", operation_id = "createList", tag = "lists",
    request_body = ListBody, responses((status = 201, body = ListView), code::TooMany))]
pub(super) async fn create(
    context: web::Data<Context>,
    Caller(call): Caller,
    JsonBody(body): JsonBody<ListBody>,
) -> Result<HttpResponse, Failure> {
    let list = commands::lists::create(&context, call, body.into_name()?).await?;
    Ok(HttpResponse::Created().json(ListView::from(list)))
}

/// Gives a list another name; the inbox too.
#[utoipa::path(patch, path = "/api/v1/lists/{list_id}", operation_id = "renameList", tag = "lists",
    request_body = ListBody, params(("list_id" = Uuid, Path)),
    responses((status = 200, body = ListView)))]
pub(super) async fn rename(
    context: web::Data<Context>,
    Caller(call): Caller,
    list_id: web::Path<String>,
    JsonBody(body): JsonBody<ListBody>,
) -> Result<HttpResponse, Failure> {
    let (list_id, name) = (parse_id(&list_id)?, body.into_name()?);
    let list = commands::lists::rename(&context, call, list_id, name).await?;
    Ok(HttpResponse::Ok().json(ListView::from(list)))
}

/// Puts a list beside another.
#[utoipa::path(post, path = "/api/v1/lists/{list_id}/move", operation_id = "moveList", tag = "lists",
    request_body = ListMove, params(("list_id" = Uuid, Path)),
    responses((status = 200, body = ListView)))]
pub(super) async fn put(
    context: web::Data<Context>,
    Caller(call): Caller,
    list_id: web::Path<String>,
    JsonBody(body): JsonBody<ListMoveBody>,
) -> Result<HttpResponse, Failure> {
    let list_id = parse_id(&list_id)?;
    let mut fields = Fields::default();
    let before = fields.optional("before", body.before, any::<ListId>);
    let after = fields.optional("after", body.after, any::<ListId>);
    let beside = match fields.finish(Some((before, after)))? {
        (Some(list), None) => BesideList::Before(list),
        (None, Some(list)) => BesideList::After(list),
        _ => return Err(Failure::field("", "names one of before and after")),
    };
    let list = commands::lists::put(&context, call, list_id, beside).await?;
    Ok(HttpResponse::Ok().json(ListView::from(list)))
}

/// Deletes a list. Its tasks go into the inbox, or with `tasks=trash` into the trash.
#[utoipa::path(delete, path = "/api/v1/lists/{list_id}", operation_id = "deleteList", tag = "lists",
    params(("list_id" = Uuid, Path), DeletionQuery), responses((status = 204), code::InboxStays))]
pub(super) async fn delete(
    context: web::Data<Context>,
    Caller(call): Caller,
    list_id: web::Path<String>,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let fate = match query.get("tasks") {
        None | Some("move") => Fate::Move,
        Some("trash") => Fate::Trash,
        Some(_) => return Err(Failure::field("tasks", "is move or trash")),
    };
    commands::lists::delete(&context, call, parse_id(&list_id)?, fate).await?;
    Ok(HttpResponse::NoContent().finish())
}
