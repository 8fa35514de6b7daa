//! `/tasks`.

use actix_web::{HttpResponse, HttpResponseBuilder, http::header, web};
use events::{ListId, TaskId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Field, Fields, IdempotencyKey, JsonBody, KeyedBody, OptionalJsonBody, any},
    caller::{Caller, IfMatch, SignedIn, parse_id},
    query::{Paging, Query, list_response, write_cursor},
    schemas::TaskMove,
    task_body::{CompleteBody, NewTaskBody, TaskBody},
    task_query::{self, TaskQuery},
    task_view::TaskView,
};
use crate::{
    commands::{self, precondition::Precondition, tasks::Beside},
    context::Context,
    domain::task::{self, Task},
    error::{Failure, code},
    queries::{self, Page},
    store::task_list::Cursor,
};

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskPage)]
pub(super) struct TaskList {
    items: Vec<TaskView>,
    next_cursor: Option<String>,
}

/// Makes a task, at the end of its list. With an `Idempotency-Key`, once in 24 hours.
#[utoipa::path(post, path = "/api/v1/tasks", operation_id = "createTask", tag = "tasks",
    request_body = NewTaskBody, params(IdempotencyKey),
    responses((status = 201, body = TaskView), code::IdempotencyKeyReused))]
pub(super) async fn create(
    context: web::Data<Context>,
    Caller(call): Caller,
    KeyedBody(once, body): KeyedBody<TaskBody>,
) -> Result<HttpResponse, Failure> {
    let new = body.into_new()?;
    let body = match once {
        Some(once) => commands::tasks::create_once(&context, call, new, &once, json_of).await?,
        None => json_of(commands::tasks::create(&context, call, new).await?)?,
    };
    created(body)
}

fn json_of(task: Task) -> Result<String, Failure> {
    serde_json::to_string(&TaskView::from(task)).map_err(Failure::internal)
}

/// The answer to a task that was made, now or by the first request with the same key.
fn created(body: String) -> Result<HttpResponse, Failure> {
    #[derive(Deserialize)]
    struct Made {
        id: TaskId,
        version: i64,
    }
    let Made { id, version } = serde_json::from_str(&body).map_err(Failure::internal)?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/api/v1/tasks/{id}")))
        .insert_header((header::ETAG, format!("\"{version}\"")))
        .content_type(header::ContentType::json())
        .body(body))
}

/// A page of tasks; newest first, and without a status those that are DONE too.
#[utoipa::path(get, path = "/api/v1/tasks", operation_id = "listTasks", tag = "tasks",
    params(TaskQuery, Paging), responses((status = 200, body = TaskList)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let asked = task_query::read(&query)?;
    let page = queries::tasks::list(&context, signed_in.user_id, asked).await?;
    page_of(page)
}

pub(super) fn page_of(page: Page<Task, Cursor>) -> Result<HttpResponse, Failure> {
    let next_cursor = page.next.map(|next| write_cursor(&next)).transpose()?;
    let items = page.items.into_iter().map(TaskView::from).collect();
    Ok(list_response(page.feed_position).json(TaskList { items, next_cursor }))
}

/// A task; its ETag is its version.
#[utoipa::path(get, path = "/api/v1/tasks/{task_id}", operation_id = "getTask", tag = "tasks",
    params(("task_id" = uuid::Uuid, Path)), responses((status = 200, body = TaskView)))]
pub(super) async fn show(
    context: web::Data<Context>,
    signed_in: SignedIn,
    task_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let task = queries::tasks::find(&context, signed_in.user_id, parse_id(&task_id)?).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

/// Changes a task by merge patch.
#[utoipa::path(patch, path = "/api/v1/tasks/{task_id}", operation_id = "changeTask", tag = "tasks",
    request_body = TaskBody, params(("task_id" = uuid::Uuid, Path), IfMatch),
    responses((status = 200, body = TaskView), code::VersionMismatch, code::OccurrenceRequired))]
pub(super) async fn change(
    context: web::Data<Context>,
    Caller(call): Caller,
    IfMatch(precondition): IfMatch,
    task_id: web::Path<String>,
    JsonBody(body): JsonBody<TaskBody>,
) -> Result<HttpResponse, Failure> {
    let (task_id, (patch, list_id)) = (parse_id(&task_id)?, body.into_patch()?);
    let task =
        commands::tasks::change(&context, call, task_id, &precondition, patch, list_id).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

/// Puts a task into the trash.
#[utoipa::path(delete, path = "/api/v1/tasks/{task_id}", operation_id = "deleteTask", tag = "tasks",
    params(("task_id" = uuid::Uuid, Path), IfMatch),
    responses((status = 204), code::VersionMismatch))]
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

/// Does a task. Of a recurring one, the body names the occurrence: the task passes on to the next one that
/// has not passed. An earlier one than the current changes nothing, a later one passes over those before.
#[utoipa::path(post, path = "/api/v1/tasks/{task_id}/complete", operation_id = "completeTask",
    tag = "tasks", request_body = CompleteBody, params(("task_id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaskView), code::OccurrenceRequired))]
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

/// Passes over an occurrence of a recurring task without doing it. One before the current changes nothing;
/// the last one ends the task.
#[utoipa::path(post, path = "/api/v1/tasks/{task_id}/skip", operation_id = "skipOccurrence",
    tag = "tasks", request_body = CompleteBody, params(("task_id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaskView), code::OccurrenceRequired))]
pub(super) async fn skip(
    context: web::Data<Context>,
    Caller(call): Caller,
    task_id: web::Path<String>,
    JsonBody(body): JsonBody<CompleteBody>,
) -> Result<HttpResponse, Failure> {
    let (task_id, occurrence) = (parse_id(&task_id)?, body.into_occurrence()?);
    let decide = |task: &Task, moment| task::skip(task, occurrence, moment);
    let any = Precondition::None;
    let task = commands::tasks::decide_on(&context, call, task_id, &any, decide).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

/// Takes a completion back. Of a recurring one, the body names the occurrence to go back to: the one that was done
/// or skipped last, with what was moved, put off and ticked in it, as long as the task has not changed since.
#[utoipa::path(post, path = "/api/v1/tasks/{task_id}/reopen", operation_id = "reopenTask", tag = "tasks",
    request_body = CompleteBody, params(("task_id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaskView), code::ChangedSince))]
pub(super) async fn reopen(
    context: web::Data<Context>,
    Caller(call): Caller,
    task_id: web::Path<String>,
    OptionalJsonBody(body): OptionalJsonBody<CompleteBody>,
) -> Result<HttpResponse, Failure> {
    let (task_id, occurrence) = (parse_id(&task_id)?, body.into_occurrence()?);
    let decide = |task: &Task, moment| task::reopen(task, occurrence, moment);
    let any = Precondition::None;
    let task = commands::tasks::decide_on(&context, call, task_id, &any, decide).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

/// Takes a task out of the trash.
#[utoipa::path(post, path = "/api/v1/tasks/{task_id}/restore", operation_id = "restoreTask",
    tag = "tasks", params(("task_id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaskView)))]
pub(super) async fn restore(
    context: web::Data<Context>,
    Caller(call): Caller,
    task_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let (task_id, any) = (parse_id(&task_id)?, Precondition::None);
    let task = commands::tasks::decide_on(&context, call, task_id, &any, task::restore).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

/// Where a task is to stand: one of the three.
#[derive(Debug, Deserialize)]
pub(super) struct MoveBody {
    #[serde(default)]
    before: Field,
    #[serde(default)]
    after: Field,
    #[serde(default)]
    list_id: Field,
}

impl MoveBody {
    fn into_beside(self) -> Result<Beside, Failure> {
        let mut fields = Fields::default();
        let before = fields.optional("before", self.before, any::<TaskId>);
        let after = fields.optional("after", self.after, any::<TaskId>);
        let list_id = fields.optional("list_id", self.list_id, any::<ListId>);
        match fields.finish(Some((before, after, list_id)))? {
            (Some(task), None, None) => Ok(Beside::Before(task)),
            (None, Some(task), None) => Ok(Beside::After(task)),
            (None, None, Some(list)) => Ok(Beside::EndOf(list)),
            _ => Err(Failure::field("", "names one of before, after and list_id")),
        }
    }
}

/// Puts a task into another place.
#[utoipa::path(post, path = "/api/v1/tasks/{task_id}/move", operation_id = "moveTask", tag = "tasks",
    request_body = TaskMove, params(("task_id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaskView)))]
pub(super) async fn put(
    context: web::Data<Context>,
    Caller(call): Caller,
    task_id: web::Path<String>,
    JsonBody(body): JsonBody<MoveBody>,
) -> Result<HttpResponse, Failure> {
    let (task_id, beside) = (parse_id(&task_id)?, body.into_beside()?);
    let task = commands::tasks::put(&context, call, task_id, beside).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

pub(super) fn rendered(mut response: HttpResponseBuilder, task: Task) -> HttpResponse {
    let view = TaskView::from(task);
    response.insert_header((header::ETAG, view.entity_tag())).json(view)
}
