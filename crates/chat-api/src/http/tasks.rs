//! `/tasks`.

use actix_web::{HttpResponse, HttpResponseBuilder, http::header, web};
use events::Status;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{JsonBody, OptionalJsonBody},
    caller::{Caller, IfMatch, SignedIn, parse_id},
    query::{Place, Query, list_response, write_cursor},
    task_body::{CompleteBody, TaskBody},
    task_view::TaskView,
};
use crate::{
    commands::{self, precondition::Precondition},
    context::Context,
    domain::task::{self, Task},
    error::{Failure, Problem},
    queries,
    store::tasks::Cursor,
};

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskList {
    items: Vec<TaskView>,
    next_cursor: Option<String>,
}

/// Makes a task.
#[utoipa::path(post, path = "/api/v1/tasks", tag = "tasks", request_body = TaskBody,
    responses((status = 201, body = TaskView), (status = 413, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn create(
    context: web::Data<Context>,
    Caller(call): Caller,
    JsonBody(body): JsonBody<TaskBody>,
) -> Result<HttpResponse, Failure> {
    let task = commands::tasks::create(&context, call, body.into_new()?).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/api/v1/tasks/{}", task.state.task_id)));
    Ok(rendered(response, task))
}

/// A page of tasks, newest first; without a status those that are DONE too.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks",
    params(("status" = inline(Option<String>), Query, description = "TODO, IN_PROGRESS or DONE"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before")),
    responses((status = 200, body = TaskList,
        headers(("X-Feed-Position" = i64, description = "where to follow the stream from"))),
        (status = 422, body = Problem)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let status: Option<Status> = query.word("status")?;
    let cursor =
        query.cursor::<Place>()?.map(|(created_at, id)| Cursor { created_at, task_id: id.into() });
    let limit = query.limit()?;
    let page = queries::tasks::list(&context, signed_in.user_id, status, cursor, limit).await?;
    let next_cursor =
        page.next.map(|next| write_cursor(&(next.created_at, next.task_id.uuid()))).transpose()?;
    let items = page.items.into_iter().map(TaskView::from).collect();
    Ok(list_response(page.feed_position).json(TaskList { items, next_cursor }))
}

/// A task; its ETag is its version.
#[utoipa::path(get, path = "/api/v1/tasks/{task_id}", tag = "tasks",
    params(("task_id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaskView), (status = 404, body = Problem)))]
pub(super) async fn show(
    context: web::Data<Context>,
    signed_in: SignedIn,
    task_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let task = queries::tasks::find(&context, signed_in.user_id, parse_id(&task_id)?).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

/// Changes a task by merge patch.
#[utoipa::path(patch, path = "/api/v1/tasks/{task_id}", tag = "tasks", request_body = TaskBody,
    params(("task_id" = uuid::Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = TaskView), (status = 404, body = Problem),
        (status = 412, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn change(
    context: web::Data<Context>,
    Caller(call): Caller,
    IfMatch(precondition): IfMatch,
    task_id: web::Path<String>,
    JsonBody(body): JsonBody<TaskBody>,
) -> Result<HttpResponse, Failure> {
    let (task_id, patch) = (parse_id(&task_id)?, body.into_patch()?);
    let decide = |task: &Task, moment| task::change(task, patch, moment);
    let task = commands::tasks::decide_on(&context, call, task_id, &precondition, decide).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

/// Puts a task into the trash.
#[utoipa::path(delete, path = "/api/v1/tasks/{task_id}", tag = "tasks",
    params(("task_id" = uuid::Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem)))]
pub(super) async fn delete(
    context: web::Data<Context>,
    Caller(call): Caller,
    IfMatch(precondition): IfMatch,
    task_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let task_id = parse_id(&task_id)?;
    commands::tasks::decide_on(&context, call, task_id, &precondition, task::delete).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Does a task. Of a recurring one, the body names the occurrence; an earlier one than the current
/// changes nothing.
#[utoipa::path(post, path = "/api/v1/tasks/{task_id}/complete", tag = "tasks",
    request_body = CompleteBody, params(("task_id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaskView), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn complete(
    context: web::Data<Context>,
    Caller(call): Caller,
    task_id: web::Path<String>,
    OptionalJsonBody(body): OptionalJsonBody<CompleteBody>,
) -> Result<HttpResponse, Failure> {
    let (task_id, occurrence) = (parse_id(&task_id)?, body.into_occurrence()?);
    let decide = |task: &Task, moment| task::complete(task, occurrence, moment);
    let any = Precondition::None;
    let task = commands::tasks::decide_on(&context, call, task_id, &any, decide).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

/// Takes a completion back.
#[utoipa::path(post, path = "/api/v1/tasks/{task_id}/reopen", tag = "tasks",
    params(("task_id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaskView), (status = 404, body = Problem)))]
pub(super) async fn reopen(
    context: web::Data<Context>,
    Caller(call): Caller,
    task_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let (task_id, any) = (parse_id(&task_id)?, Precondition::None);
    let task = commands::tasks::decide_on(&context, call, task_id, &any, task::reopen).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

/// Takes a task out of the trash.
#[utoipa::path(post, path = "/api/v1/tasks/{task_id}/restore", tag = "tasks",
    params(("task_id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaskView), (status = 404, body = Problem)))]
pub(super) async fn restore(
    context: web::Data<Context>,
    Caller(call): Caller,
    task_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let (task_id, any) = (parse_id(&task_id)?, Precondition::None);
    let task = commands::tasks::decide_on(&context, call, task_id, &any, task::restore).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

fn rendered(mut response: HttpResponseBuilder, task: Task) -> HttpResponse {
    let view = TaskView::from(task);
    response.insert_header((header::ETAG, view.entity_tag())).json(view)
}
