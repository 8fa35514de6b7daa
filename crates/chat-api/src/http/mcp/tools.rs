//! `tools/list` and `tools/call`: the conversation's tools, by name.

use serde_json::{Value, json};

use super::{Program, rpc::Refused};
use crate::{
    chat::{
        programs::{self, Called},
        tools::{self, CallError, Effect, Spec, Tool, Use},
    },
    commands::idempotency::Once,
    context::Context,
    domain::scope::Scopes,
    error::Failure,
    http::scopes,
};

/// Where a call's `_meta` has the key of a call that may be sent twice.
const KEY: &str = "idempotency_key";

/// The tools that these scopes reach. They are few, so they are one page.
pub(super) fn list(granted: &Scopes) -> Value {
    let specs = tools::specs().into_iter();
    let reached = specs.filter(|spec| granted.missing(scopes::of_tool(spec.effect)).is_none());
    json!({"tools": reached.map(described).collect::<Vec<_>>()})
}

fn described(spec: Spec) -> Value {
    let Spec { name, description, arguments, effect } = spec;
    // Completing what repeats passes on once more, and adding to a text adds again.
    let is_idempotent = effect == Effect::Reads
        || [Tool::ReopenTasks, Tool::DeleteTasks].iter().any(|tool| tool.name() == name);
    json!({
        "name": name,
        "description": description,
        "inputSchema": arguments,
        "annotations": {
            "readOnlyHint": effect == Effect::Reads,
            "destructiveHint": effect == Effect::Destroys,
            "idempotentHint": is_idempotent,
            "openWorldHint": false,
        },
    })
}

/// Calls a tool. What a model can do better next time is a result that says so; the rest is an error.
pub(super) async fn call(
    context: &Context,
    program: &Program,
    params: &Value,
) -> Result<Value, Refused> {
    let name = params["name"].as_str().ok_or_else(|| Refused::params("name", "is required"))?;
    let tool = Tool::ALL.iter().find(|tool| tool.name() == name);
    let tool = tool.ok_or_else(|| Refused::params("name", "is none of the tools"))?;
    if let Some(scope) = program.scopes.missing(scopes::of_tool(tool.effect())) {
        return Err(Failure::InsufficientScope(scope).into());
    }
    let arguments = match &params["arguments"] {
        Value::Null => json!({}),
        arguments => arguments.clone(),
    };
    let once = once(name, &arguments, &params["_meta"][KEY])?;
    let called = match Use::read(name, arguments) {
        Ok(use_of) => programs::call(context, program.call, &use_of, once.as_ref()).await,
        Err(error) => Err(error),
    };
    tracing::info!(mcp.tool = tool.name(), mcp.done = called.is_ok(), "called a tool");
    match called {
        Ok(called) => Ok(answered(&called)),
        Err(CallError::UnknownTool(_)) => Err(Refused::params("name", "is none of the tools")),
        Err(CallError::Arguments { reason, .. }) => {
            Ok(failed(&Failure::field("arguments", reason)))
        }
        Err(CallError::Failed(failure)) if failure.is_ours() => Err(failure.into()),
        Err(CallError::Failed(failure)) => Ok(failed(&failure)),
    }
}

/// The same key with another call is refused, as anywhere.
fn once(name: &str, arguments: &Value, key: &Value) -> Result<Option<Once>, Refused> {
    let key = match key {
        Value::Null => return Ok(None),
        key => key.as_str().unwrap_or_default(),
    };
    let asked = json!(["mcp", name, arguments]).to_string();
    let once = Once::new(key, asked.as_bytes());
    once.map(Some).map_err(|refused| Refused::params("_meta.idempotency_key", refused))
}

fn answered(called: &Called) -> Value {
    let Called { text, outcome, is_refused } = called;
    json!({
        // The second is for programs that hand on only this.
        "content": [{"type": "text", "text": text}, {"type": "text", "text": outcome.to_string()}],
        "structuredContent": outcome,
        "isError": is_refused,
    })
}

fn failed(failure: &Failure) -> Value {
    json!({
        "content": [{"type": "text", "text": failure.to_string()}],
        "structuredContent": {"outcome": "failed", "code": failure.code().name()},
        "isError": true,
    })
}
