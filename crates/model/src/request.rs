//! What is sent: a conversation and the tools, as `POST {base}/chat/completions` takes them.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{message::Message, tools::ToolSpec};

/// What the model is to answer.
#[derive(Clone, Copy)]
pub(crate) struct Prompt<'a> {
    pub(crate) messages: &'a [Message],
    pub(crate) tools: &'a [ToolSpec],
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: &'a [Message],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
}

impl Prompt<'_> {
    /// The request's body. An endpoint that asks for nothing but tools refuses an empty list of them.
    pub(crate) fn body(&self, model: &str, asks_usage: bool) -> Bytes {
        let request = Request {
            model,
            messages: self.messages,
            tools: self.tools.iter().map(function).collect(),
            tool_choice: (!self.tools.is_empty()).then_some("auto"),
            stream: true,
            stream_options: asks_usage.then(|| json!({ "include_usage": true })),
        };
        // Nothing in it can fail: keys are text.
        Bytes::from(serde_json::to_vec(&request).unwrap_or_default())
    }
}

fn function(tool: &ToolSpec) -> Value {
    let ToolSpec { name, description, parameters } = tool;
    json!({
        "type": "function",
        "function": { "name": name, "description": description, "parameters": parameters },
    })
}
