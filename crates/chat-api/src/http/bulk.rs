//! `/tasks/bulk`.

use actix_web::{HttpResponse, web};
use events::{Due, ListId, Nominal, TaskId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Field, Fields, JsonBody, any},
    caller::Caller,
    schemas::{BulkAction, LocalTime},
    task_view::TaskView,
};
use crate::{
    commands::{
        self,
        bulk::{Act, MAX_TASKS, Target},
        precondition::Precondition,
    },
    context::Context,
    domain::{Refused, schedule::check_due},
    error::{Failure, code},
};

/// The same for many tasks.
#[derive(Debug, Deserialize)]
pub(super) struct BulkBody {
    #[serde(default)]
    action: Field,
    #[serde(default)]
    tasks: Field,
    /// Of reschedule: the due date; null removes it.
    #[serde(default)]
    due_date: Field,
    /// Of move: the list.
    #[serde(default)]
    list_id: Field,
}

/// One of the tasks.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct BulkTask {
    #[schema(value_type = uuid::Uuid)]
    id: TaskId,
    /// Where it is named, the task must still be at this version.
    version: Option<i64>,
    /// Of a recurring task: the occurrence that was done; of reopen the one to go back to.
    #[schema(value_type = Option<LocalTime>)]
    occurrence: Option<Nominal>,
}

/// The tasks after, in the order in which they were named.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkResult)]
pub(super) struct BulkAnswer {
    items: Vec<TaskView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Complete,
    Reopen,
    Delete,
    Restore,
    Reschedule,
    Move,
}

impl BulkBody {
    fn into_act(self) -> Result<(Act, Vec<Target>), Failure> {
        let mut fields = Fields::default();
        let action = fields.required("action", self.action, any::<Action>);
        let targets = fields.required("tasks", self.tasks, targets);
        let due_date = fields.patch("due_date", self.due_date, |due: Due| check_due(due));
        let list_id = fields.optional("list_id", self.list_id, any::<ListId>);
        let (action, targets) = fields.finish(action.zip(targets))?;
        let missing = |field| Failure::field(field, "is required");
        let act = match action {
            Action::Complete => Act::Complete,
            Action::Reopen => Act::Reopen,
            Action::Delete => Act::Delete,
            Action::Restore => Act::Restore,
            Action::Reschedule => Act::Reschedule(due_date.ok_or_else(|| missing("due_date"))?),
            Action::Move => Act::MoveTo(list_id.ok_or_else(|| missing("list_id"))?),
        };
        Ok((act, targets))
    }
}

fn targets(tasks: Vec<BulkTask>) -> Result<Vec<Target>, Refused> {
    if !(1..=MAX_TASKS).contains(&tasks.len()) {
        return Err(Refused::new(format!("has 1 to {MAX_TASKS} tasks")));
    }
    let mut seen = std::collections::HashSet::new();
    if !tasks.iter().all(|task| seen.insert(task.id)) {
        return Err(Refused::new("names a task twice"));
    }
    let target = |task: BulkTask| Target {
        task_id: task.id,
        precondition: match task.version {
            Some(version) => Precondition::OneOf(vec![version]),
            None => Precondition::None,
        },
        occurrence: task.occurrence,
    };
    Ok(tasks.into_iter().map(target).collect())
}

/// Does the same to many tasks: to all, or where one refuses, to none.
#[utoipa::path(post, path = "/api/v1/tasks/bulk", operation_id = "changeManyTasks", tag = "tasks",
    request_body = BulkAction,
    responses((status = 200, body = BulkAnswer), code::VersionMismatch))]
pub(super) async fn act(
    context: web::Data<Context>,
    Caller(call): Caller,
    JsonBody(body): JsonBody<BulkBody>,
) -> Result<HttpResponse, Failure> {
    let (act, targets) = body.into_act()?;
    let tasks = commands::bulk::act(&context, call, &act, &targets).await?;
    let items = tasks.into_iter().map(TaskView::from).collect();
    Ok(HttpResponse::Ok().json(BulkAnswer { items }))
}
