//! Tool calls out of their pieces.
//!
//! A piece says by its `index` which call it belongs to, and the first one of a call has its id and
//! name. Endpoints that are not OpenAI's keep to that as they like: Gemini sends no index, Ollama sends
//! 0 for all calls, others no ids, or id and name with each piece, or arguments that are an object.
//! What can't be told apart ends as arguments that are no JSON or a tool that nobody knows, which the
//! model is told; it is never guessed into a call.

use std::collections::HashSet;

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{
    error::{ModelError, Part},
    limits::{MAX_ANSWER_TOOL_CALLS, MAX_TOOL_CALL_BYTES},
    message::ToolCall,
};

/// The calls of an answer, as far as they have come.
#[derive(Default)]
pub(crate) struct Calls {
    calls: Vec<Begun>,
}

#[derive(Default)]
struct Begun {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
    extra_content: Option<Value>,
}

impl Calls {
    /// Takes `{"index", "id", "function": {"name", "arguments"}}`, or what there is of it.
    pub(crate) fn take(&mut self, piece: &Value) -> Result<(), ModelError> {
        let function = &piece["function"];
        let id = text(&piece["id"]).filter(|id| !id.is_empty());
        let name = function["name"].as_str().filter(|name| !name.is_empty());
        let index = piece["index"].as_u64();
        let call = match self.find(index, id.as_deref(), name) {
            Some(at) => &mut self.calls[at],
            None => self.begin(index)?,
        };
        match id {
            Some(id) if call.id.is_empty() => call.id = id,
            _ => {}
        }
        // A name comes whole, in pieces, or again with each piece.
        match name {
            Some(name) if call.name != name => call.name.push_str(name),
            _ => {}
        }
        match &function["arguments"] {
            Value::Null => {}
            Value::String(piece) => call.arguments.push_str(piece),
            whole => call.arguments = whole.to_string(),
        }
        if let Some(extra) = piece.get("extra_content").filter(|extra| !extra.is_null()) {
            call.extra_content = Some(extra.clone());
        }
        let extra_bytes = call.extra_content.as_ref().map_or(0, |extra| extra.to_string().len());
        let bytes = call.id.len() + call.name.len() + call.arguments.len() + extra_bytes;
        if bytes > MAX_TOOL_CALL_BYTES {
            return Err(ModelError::TooLarge(Part::ToolCall));
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The bytes of all calls.
    pub(crate) fn bytes(&self) -> usize {
        self.calls.iter().map(|call| call.name.len() + call.arguments.len()).sum()
    }

    /// The calls, each with an id of its own.
    pub(crate) fn finish(self) -> Vec<ToolCall> {
        let mut known = HashSet::new();
        let mut calls = Vec::new();
        for Begun { id, name, arguments, extra_content, .. } in self.calls {
            let own = (0..).map(|number| format!("call_{number}"));
            let id = [id].into_iter().chain(own).find(|id| !id.is_empty() && !known.contains(id));
            let id = id.unwrap_or_default();
            known.insert(id.clone());
            calls.push(ToolCall { id, name, arguments, extra_content });
        }
        calls
    }

    /// Which call a piece belongs to; none where it begins one.
    fn find(&self, index: Option<u64>, id: Option<&str>, name: Option<&str>) -> Option<usize> {
        let is_there = |call: &Begun| index.is_none() || call.index == index;
        let same = |call: &Begun| is_there(call) && id.is_some_and(|id| call.id == id);
        if let Some(at) = self.calls.iter().rposition(same) {
            return Some(at);
        }
        let at = self.calls.iter().rposition(is_there)?;
        let call = &self.calls[at];
        let begins = match (id, name) {
            (_, None) => false,
            (Some(_), Some(_)) if !call.id.is_empty() => true,
            (_, Some(_)) => call.is_whole(),
        };
        (!begins).then_some(at)
    }

    fn begin(&mut self, index: Option<u64>) -> Result<&mut Begun, ModelError> {
        if self.calls.len() == MAX_ANSWER_TOOL_CALLS {
            return Err(ModelError::TooLarge(Part::ToolCalls));
        }
        self.calls.push(Begun { index, ..Begun::default() });
        let last = self.calls.len() - 1;
        Ok(&mut self.calls[last])
    }
}

impl Begun {
    /// Whether its arguments are all there.
    fn is_whole(&self) -> bool {
        serde_json::from_str::<IgnoredAny>(&self.arguments).is_ok()
    }
}

/// Text, also where it is a number.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Seen = (String, String, String);

    fn assembled(pieces: &[Value]) -> Vec<Seen> {
        let mut calls = Calls::default();
        pieces.iter().for_each(|piece| calls.take(piece).expect("small"));
        let calls = calls.finish().into_iter();
        calls.map(|call| (call.id, call.name, call.arguments)).collect()
    }

    fn call(id: &str, name: &str, arguments: &str) -> Seen {
        (id.to_owned(), name.to_owned(), arguments.to_owned())
    }

    fn piece(index: Option<u64>, id: Option<&str>, name: Option<&str>, arguments: &str) -> Value {
        let mut piece = json!({ "type": "function", "function": { "arguments": arguments } });
        if let Some(index) = index {
            piece["index"] = json!(index);
        }
        if let Some(id) = id {
            piece["id"] = json!(id);
        }
        if let Some(name) = name {
            piece["function"]["name"] = json!(name);
        }
        piece
    }

    #[test]
    fn pieces_of_several_calls_are_told_apart_by_index() {
        let pieces = [
            piece(Some(0), Some("a"), Some("add"), ""),
            piece(Some(1), Some("b"), Some("list"), ""),
            piece(Some(0), None, None, "{\"x\""),
            piece(Some(1), Some(""), None, "{}"),
            piece(Some(0), None, None, ":1}"),
        ];
        let expected = [call("a", "add", "{\"x\":1}"), call("b", "list", "{}")];
        assert_eq!(assembled(&pieces), expected);
    }

    #[test]
    fn without_an_index_or_with_the_same_one_for_all_ids_tell_them_apart() {
        for index in [None, Some(0)] {
            let pieces = [
                piece(index, Some("a"), Some("add"), "{}"),
                piece(index, Some("b"), Some("add"), "{\"x\""),
                piece(index, None, None, ":1}"),
                piece(index, Some("c"), Some("list"), ""),
            ];
            let expected =
                [call("a", "add", "{}"), call("b", "add", "{\"x\":1}"), call("c", "list", "")];
            assert_eq!(assembled(&pieces), expected, "{index:?}");
        }
    }

    #[test]
    fn an_id_of_its_own_begins_a_call_also_after_one_without_arguments() {
        for index in [None, Some(0)] {
            let pieces = [
                piece(index, Some("a"), Some("list"), ""),
                piece(index, Some("b"), Some("add"), "{}"),
            ];
            let expected = [call("a", "list", ""), call("b", "add", "{}")];
            assert_eq!(assembled(&pieces), expected, "{index:?}");
        }
    }

    #[test]
    fn without_ids_too_a_name_after_whole_arguments_begins_the_next() {
        for index in [None, Some(0)] {
            let pieces = [
                piece(index, None, Some("add"), "{\"x\""),
                piece(index, None, None, ":1}"),
                piece(index, None, Some("add"), "{}"),
            ];
            let expected = [call("call_0", "add", "{\"x\":1}"), call("call_1", "add", "{}")];
            assert_eq!(assembled(&pieces), expected, "{index:?}");
        }
    }

    #[test]
    fn what_is_repeated_with_each_piece_is_taken_once() {
        let pieces = [
            piece(Some(0), Some("a"), Some("add"), "{\"x\""),
            piece(Some(0), Some("a"), Some("add"), ":1"),
            piece(Some(0), Some("made anew"), None, "}"),
        ];
        assert_eq!(assembled(&pieces), [call("a", "add", "{\"x\":1}")]);
    }

    #[test]
    fn a_name_may_come_in_pieces_and_an_id_late_or_as_a_number() {
        let pieces = [
            piece(Some(0), None, Some("create_"), ""),
            piece(Some(0), None, Some("task"), ""),
            json!({ "index": 0, "id": 7, "function": { "arguments": "{}" } }),
        ];
        assert_eq!(assembled(&pieces), [call("7", "create_task", "{}")]);
    }

    #[test]
    fn arguments_may_be_an_object_or_missing() {
        let pieces = [
            json!({ "index": 0, "id": "a", "function": { "name": "x", "arguments": { "y": [1] } } }),
            json!({ "index": 1, "id": "b", "function": { "name": "x", "arguments": null } }),
            json!({ "index": 2, "id": "c", "function": { "name": "x" } }),
        ];
        let expected = [call("a", "x", "{\"y\":[1]}"), call("b", "x", ""), call("c", "x", "")];
        assert_eq!(assembled(&pieces), expected);
    }

    #[test]
    fn an_id_that_two_calls_have_is_left_to_the_first() {
        let pieces = [
            piece(Some(0), Some("call_0"), Some("add"), "{}"),
            piece(Some(1), Some("call_0"), Some("add"), "{}"),
        ];
        let expected = [call("call_0", "add", "{}"), call("call_1", "add", "{}")];
        assert_eq!(assembled(&pieces), expected);
    }

    #[test]
    fn what_the_endpoint_wants_to_see_again_is_kept() {
        let mut whole = piece(None, Some("a"), Some("add"), "{}");
        whole["extra_content"] = json!({ "google": { "thought_signature": "s" } });
        let mut calls = Calls::default();
        calls.take(&whole).expect("small");
        assert_eq!(calls.finish()[0].extra_content, Some(whole["extra_content"].clone()));
    }

    #[test]
    fn calls_are_limited_in_number_and_size() {
        let mut calls = Calls::default();
        for number in 0..MAX_ANSWER_TOOL_CALLS as u64 {
            calls.take(&piece(Some(number), None, Some("x"), "{}")).expect("few");
        }
        let next = piece(Some(MAX_ANSWER_TOOL_CALLS as u64), None, Some("x"), "{}");
        let error = calls.take(&next).expect_err("many");
        assert!(matches!(error, ModelError::TooLarge(Part::ToolCalls)), "{error:?}");

        let mut calls = Calls::default();
        let half = "x".repeat(MAX_TOOL_CALL_BYTES / 2);
        calls.take(&piece(Some(0), None, None, &half)).expect("half");
        calls.take(&piece(Some(0), None, None, &half)).expect("all");
        let error = calls.take(&piece(Some(0), None, None, "x")).expect_err("more");
        assert!(matches!(error, ModelError::TooLarge(Part::ToolCall)), "{error:?}");

        let extra = json!({ "extra_content": "x".repeat(MAX_TOOL_CALL_BYTES) });
        let error = Calls::default().take(&extra).expect_err("more");
        assert!(matches!(error, ModelError::TooLarge(Part::ToolCall)), "{error:?}");
    }

    #[test]
    fn pieces_of_any_shape_are_taken_without_a_panic() {
        for piece in [json!(null), json!([]), json!("x"), json!({ "function": 3, "index": -1 })] {
            Calls::default().take(&piece).expect("nothing much");
        }
    }
}
