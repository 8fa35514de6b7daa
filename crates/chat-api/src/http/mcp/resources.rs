//! `resources/list`, `resources/templates/list` and `resources/read`: the tasks as documents.

use events::TaskId;
use serde_json::{Value, json};

use super::rpc::Refused;
use crate::{
    chat::{
        programs::{self, MAX_OPEN_TASKS},
        tools::{CallError, Use, arguments::OneTask},
    },
    context::{Call, Context},
    error::Failure,
};

const OPEN_TASKS: &str = "tasks://open";
const ONE_TASK: &str = "tasks://{task_id}";
const ONE_TASK_PREFIX: &str = "tasks://";
const JSON: &str = "application/json";

/// What can be read without knowing anything.
pub(super) fn list() -> Value {
    json!({"resources": [{
        "uri": OPEN_TASKS,
        "name": "open_tasks",
        "title": "Open tasks",
        "description": format!(
            "The person's tasks that are not done, what is due first at the top; at most {MAX_OPEN_TASKS}."
        ),
        "mimeType": JSON,
    }]})
}

/// What can be read of a task whose id one knows.
pub(super) fn templates() -> Value {
    json!({"resourceTemplates": [{
        "uriTemplate": ONE_TASK,
        "name": "task",
        "title": "Task",
        "description": "One task whole.",
        "mimeType": JSON,
    }]})
}

pub(super) async fn read(context: &Context, call: Call, params: &Value) -> Result<Value, Refused> {
    let uri = params["uri"].as_str().ok_or_else(|| Refused::params("uri", "is required"))?;
    let read = if uri == OPEN_TASKS {
        programs::open_tasks(context, call).await
    } else {
        one_task(context, call, uri).await
    };
    match read {
        Ok(read) => Ok(json!({
            "contents": [{"uri": uri, "mimeType": JSON, "text": read.to_string()}],
        })),
        Err(Failure::NotFound) => Err(Refused::no_such_resource(uri)),
        Err(failure) => Err(failure.into()),
    }
}

async fn one_task(context: &Context, call: Call, uri: &str) -> Result<Value, Failure> {
    let task_id = uri.strip_prefix(ONE_TASK_PREFIX).and_then(|id| id.parse::<TaskId>().ok());
    let task_id = task_id.ok_or(Failure::NotFound)?;
    let use_of = Use::GetTask(OneTask { task_id });
    match programs::call(context, call, &use_of, None).await {
        Ok(called) => Ok(called.outcome["task"].clone()),
        Err(CallError::Failed(failure)) => Err(failure),
        Err(CallError::Arguments { .. } | CallError::UnknownTool(_)) => Err(Failure::NotFound),
    }
}
