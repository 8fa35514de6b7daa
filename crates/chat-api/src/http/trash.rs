//! `/trash`.

use actix_web::{HttpResponse, web};

use super::{
    caller::{Caller, SignedIn, parse_id},
    query::{Paging, Query},
    task_query,
    tasks::{TaskList, page_of},
};
use crate::{commands, context::Context, error::Failure, queries};

/// A page of what is in the trash, the last that went there first.
#[utoipa::path(get, path = "/api/v1/trash", operation_id = "listTrash", tag = "trash",
    params(Paging), responses((status = 200, body = TaskList)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let asked = task_query::read_trash(&query)?;
    page_of(queries::tasks::list(&context, signed_in.user_id, asked).await?)
}

/// Deletes one task in the trash for good.
#[utoipa::path(delete, path = "/api/v1/trash/{task_id}", operation_id = "purgeTask", tag = "trash",
    params(("task_id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(super) async fn purge(
    context: web::Data<Context>,
    Caller(call): Caller,
    task_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    commands::tasks::purge(&context, call, parse_id(&task_id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Deletes all that is in the trash for good.
#[utoipa::path(delete, path = "/api/v1/trash", operation_id = "emptyTrash", tag = "trash",
    responses((status = 204)))]
pub(super) async fn empty(
    context: web::Data<Context>,
    Caller(call): Caller,
) -> Result<HttpResponse, Failure> {
    commands::tasks::empty_trash(&context, call).await?;
    Ok(HttpResponse::NoContent().finish())
}
