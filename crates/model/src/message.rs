//! What is said to the model and by it, in the endpoint's own form.
//!
//! Promises: serialised, a message is what the endpoint takes, so that a conversation can be kept as
//! it is. Never: shows what somebody wrote where it is printed for debugging.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message of a conversation: `{"role": "user", "content": "…"}` and the like.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message {
    /// What the model has to know and to keep to.
    System {
        /// The words.
        content: String,
    },
    /// What the person said.
    User {
        /// The words.
        content: String,
    },
    /// What the model said and asked for.
    Assistant {
        /// The words; `null` where it only asks for tools.
        content: Option<String>,
        /// The calls, each of which needs a [`Message::Tool`] after this message.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
    },
    /// What came of a call.
    Tool {
        /// [`ToolCall::id`].
        tool_call_id: String,
        /// The words.
        content: String,
    },
}

/// A call that the model asks for:
/// `{"id", "type": "function", "function": {"name", "arguments"}}`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "WireCall", from = "WireCall")]
pub struct ToolCall {
    /// What ties the result to the call; unique within its message.
    pub id: String,
    /// The tool's name as the model wrote it, known or not.
    pub name: String,
    /// The arguments as the model wrote them: JSON, or what was meant as such.
    pub arguments: String,
    /// What the endpoint wants to see again with the call: Gemini's `extra_content`, the signature
    /// of a thought.
    pub extra_content: Option<Value>,
}

#[derive(Serialize, Deserialize)]
struct WireCall {
    id: String,
    #[serde(rename = "type")]
    kind: WireKind,
    function: WireFunction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra_content: Option<Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WireKind {
    Function,
}

#[derive(Serialize, Deserialize)]
struct WireFunction {
    name: String,
    arguments: String,
}

impl Message {
    /// What the model has to know and to keep to.
    pub fn system(content: impl Into<String>) -> Self {
        Self::System { content: content.into() }
    }

    /// What the person said.
    pub fn user(content: impl Into<String>) -> Self {
        Self::User { content: content.into() }
    }

    /// What the model said in an earlier turn.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::Assistant { content: Some(content.into()), tool_calls: Vec::new() }
    }
}

impl From<ToolCall> for WireCall {
    fn from(call: ToolCall) -> Self {
        let ToolCall { id, name, arguments, extra_content } = call;
        let function = WireFunction { name, arguments };
        Self { id, kind: WireKind::Function, function, extra_content }
    }
}

impl From<WireCall> for ToolCall {
    fn from(call: WireCall) -> Self {
        let WireFunction { name, arguments } = call.function;
        Self { id: call.id, name, arguments, extra_content: call.extra_content }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (role, bytes, calls) = match self {
            Self::System { content } => ("System", content.len(), 0),
            Self::User { content } => ("User", content.len(), 0),
            Self::Assistant { content, tool_calls } => {
                ("Assistant", content.as_ref().map_or(0, String::len), tool_calls.len())
            }
            Self::Tool { content, .. } => ("Tool", content.len(), 0),
        };
        write!(formatter, "{role}({bytes} bytes, {calls} calls)")
    }
}

impl fmt::Debug for ToolCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ToolCall({} bytes of arguments)", self.arguments.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conversation() -> Vec<Message> {
        let arguments = r#"{"title":"Milk"}"#.to_owned();
        let extra_content = Some(json!({ "google": { "thought_signature": "s" } }));
        let call =
            ToolCall { id: "c1".to_owned(), name: "add".to_owned(), arguments, extra_content };
        vec![
            Message::system("Be brief."),
            Message::user("Buy milk"),
            Message::Assistant { content: None, tool_calls: vec![call] },
            Message::Tool { tool_call_id: "c1".to_owned(), content: "{}".to_owned() },
            Message::assistant("Added."),
        ]
    }

    #[test]
    fn messages_have_the_form_that_the_endpoint_takes_and_can_be_read_again() {
        let written = serde_json::to_value(conversation()).expect("JSON");
        let expected = json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Buy milk" },
            { "role": "assistant", "content": null, "tool_calls": [{
                "id": "c1",
                "type": "function",
                "function": { "name": "add", "arguments": "{\"title\":\"Milk\"}" },
                "extra_content": { "google": { "thought_signature": "s" } },
            }] },
            { "role": "tool", "tool_call_id": "c1", "content": "{}" },
            { "role": "assistant", "content": "Added." },
        ]);
        assert_eq!(written, expected);
        let read: Vec<Message> = serde_json::from_value(written).expect("messages");
        assert_eq!(read, conversation());
    }

    #[test]
    fn what_was_said_is_not_printed() {
        let printed = format!("{:?}", conversation());
        for text in ["brief", "milk", "Milk", "title", "Added"] {
            assert!(!printed.contains(text), "{printed}");
        }
    }
}
