//! A model's answer, as real endpoints stream it.

use serde_json::{Value, json};

use super::reply::Reply;

/// The bytes of arguments that come in a piece.
const ARGUMENT_PIECE_BYTES: usize = 7;

/// A good answer: words, tool calls, or both. By itself it has OpenAI's form; deviations change it.
#[derive(Clone, Debug, Default)]
pub struct ModelAnswer {
    text: Vec<String>,
    calls: Vec<(String, Value)>,
    finish: Option<String>,
    usage: Option<(u64, u64)>,
    deviations: Vec<Deviation>,
}

/// What endpoints do otherwise than OpenAI's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// Tool calls have no ids (older llama.cpp).
    NoIds,
    /// Tool calls have no index (Gemini, older Ollama).
    NoIndex,
    /// All tool calls have the index 0 (Ollama).
    SameIndex,
    /// Arguments are an object in place of its text.
    ArgumentsAsObject,
    /// Each tool call comes in one piece (Ollama, vLLM with some parsers).
    WholeCalls,
    /// The pieces of several calls come in turn.
    Interleaved,
    /// A tool's name comes in pieces too.
    NameInPieces,
    /// Id and name come again with each piece.
    RepeatedHeads,
    /// Where there are no words, `content` is `null`.
    ContentNull,
    /// The role comes again with each piece.
    RoleRepeated,
    /// Nothing says what was spent.
    NoUsage,
    /// What was spent so far comes with each event (xAI, vLLM where asked).
    UsageEverywhere,
    /// An answer with tool calls ends with "stop".
    StopWithCalls,
    /// Nothing says why the model stopped.
    NoFinish,
    /// The stream ends without `[DONE]`.
    NoDone,
    /// Lines end with carriage return and line feed.
    CarriageReturns,
    /// Comments between events keep the connection alive (OpenRouter).
    KeepAlives,
    /// There is no space after `data:`.
    NoSpace,
    /// Events have a name and an id.
    NamedEvents,
    /// The answer is one JSON object, although a stream was asked for.
    NotStreamed,
}

impl ModelAnswer {
    /// An answer in words, in these pieces.
    #[must_use]
    pub fn saying(pieces: &[&str]) -> Self {
        let text = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        Self { text, usage: Some((100, 20)), ..Self::default() }
    }

    /// An answer that asks for a tool.
    #[must_use]
    pub fn calling(name: &str, arguments: Value) -> Self {
        Self::saying(&[]).and_calling(name, arguments)
    }

    /// And for one more.
    #[must_use]
    pub fn and_calling(mut self, name: &str, arguments: Value) -> Self {
        self.calls.push((name.to_owned(), arguments));
        self
    }

    /// That ends for another reason, such as "length".
    #[must_use]
    pub fn finishing(self, reason: &str) -> Self {
        Self { finish: Some(reason.to_owned()), ..self }
    }

    /// That reports these tokens: read and written.
    #[must_use]
    pub fn spending(self, prompt_tokens: u64, completion_tokens: u64) -> Self {
        Self { usage: Some((prompt_tokens, completion_tokens)), ..self }
    }

    /// That deviates.
    #[must_use]
    pub fn with(mut self, deviation: Deviation) -> Self {
        self.deviations.push(deviation);
        self
    }

    /// As the answer to a request.
    #[must_use]
    pub fn reply(&self) -> Reply {
        if self.has(Deviation::NotStreamed) {
            return Reply::body(200, "application/json", self.whole().to_string());
        }
        Reply::stream(self.stream())
    }

    fn has(&self, deviation: Deviation) -> bool {
        self.deviations.contains(&deviation)
    }

    /// The events as they are sent.
    fn stream(&self) -> String {
        let end = if self.has(Deviation::CarriageReturns) { "\r\n" } else { "\n" };
        let space = if self.has(Deviation::NoSpace) { "" } else { " " };
        let done = (!self.has(Deviation::NoDone)).then(|| "[DONE]".to_owned());
        let events = self.events().into_iter().map(|event| event.to_string()).chain(done);
        let mut stream = String::new();
        for (number, event) in events.enumerate() {
            if self.has(Deviation::KeepAlives) {
                stream.push_str(&format!(": PROCESSING{end}{end}"));
            }
            if self.has(Deviation::NamedEvents) {
                stream.push_str(&format!("event: message{end}id: {number}{end}"));
            }
            stream.push_str(&format!("data:{space}{event}{end}{end}"));
        }
        stream
    }

    fn events(&self) -> Vec<Value> {
        let content = if self.has(Deviation::ContentNull) { Value::Null } else { json!("") };
        let mut deltas = vec![json!({ "role": "assistant", "content": content })];
        deltas.extend(self.text.iter().map(|piece| json!({ "content": piece })));
        deltas.extend(self.call_pieces().into_iter().map(|piece| json!({ "tool_calls": [piece] })));
        let mut events: Vec<Value> =
            deltas.into_iter().map(|delta| self.event(delta, Value::Null)).collect();
        if !self.has(Deviation::NoFinish) {
            events.push(self.event(json!({}), json!(self.reason())));
        }
        if let Some(usage) = self.usage() {
            let mut last = self.event(json!({}), Value::Null);
            last["choices"] = json!([]);
            last["usage"] = usage;
            events.push(last);
        }
        events
    }

    fn event(&self, mut delta: Value, finish: Value) -> Value {
        if self.has(Deviation::RoleRepeated) {
            delta["role"] = json!("assistant");
        }
        if self.has(Deviation::ContentNull) && delta.get("content").is_none() {
            delta["content"] = Value::Null;
        }
        let usage = self.has(Deviation::UsageEverywhere).then(|| self.usage()).flatten();
        json!({
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_764_000_000,
            "model": "fake",
            "choices": [{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }],
            "usage": usage,
        })
    }

    fn usage(&self) -> Option<Value> {
        let (prompt, completion) = self.usage.filter(|_| !self.has(Deviation::NoUsage))?;
        Some(json!({
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }))
    }

    fn reason(&self) -> &str {
        let has_calls = !self.calls.is_empty() && !self.has(Deviation::StopWithCalls);
        let usual = if has_calls { "tool_calls" } else { "stop" };
        self.finish.as_deref().unwrap_or(usual)
    }

    /// The pieces of all calls, in the order in which they are sent.
    fn call_pieces(&self) -> Vec<Value> {
        let calls = self.calls.iter().enumerate();
        let mut calls: Vec<_> = calls
            .map(|(number, (name, arguments))| self.pieces_of(number, name, arguments).into_iter())
            .collect();
        if !self.has(Deviation::Interleaved) {
            return calls.into_iter().flatten().collect();
        }
        let mut pieces = Vec::new();
        loop {
            let next: Vec<Value> = calls.iter_mut().filter_map(Iterator::next).collect();
            if next.is_empty() {
                return pieces;
            }
            pieces.extend(next);
        }
    }

    fn pieces_of(&self, number: usize, name: &str, arguments: &Value) -> Vec<Value> {
        let id = format!("call_{number}_of_fake");
        let text = arguments.to_string();
        if self.has(Deviation::ArgumentsAsObject) {
            return vec![self.piece(number, Some(&id), Some(name), arguments.clone())];
        }
        if self.has(Deviation::WholeCalls) {
            return vec![self.piece(number, Some(&id), Some(name), json!(text))];
        }
        let (first, rest) = match self.has(Deviation::NameInPieces) {
            true => name.split_at(name.len() / 2),
            false => (name, ""),
        };
        let mut pieces = vec![self.piece(number, Some(&id), Some(first), json!(""))];
        if !rest.is_empty() {
            pieces.push(self.piece(number, None, Some(rest), json!("")));
        }
        let repeated = self.has(Deviation::RepeatedHeads);
        let head = repeated.then_some((id.as_str(), name)).unzip();
        for piece in split(&text) {
            pieces.push(self.piece(number, head.0, head.1, json!(piece)));
        }
        pieces
    }

    fn piece(
        &self,
        number: usize,
        id: Option<&str>,
        name: Option<&str>,
        arguments: Value,
    ) -> Value {
        let mut piece = json!({ "function": { "arguments": arguments } });
        if let Some(name) = name {
            piece["function"]["name"] = json!(name);
            piece["type"] = json!("function");
        }
        if let Some(id) = id.filter(|_| !self.has(Deviation::NoIds)) {
            piece["id"] = json!(id);
        }
        if !self.has(Deviation::NoIndex) {
            piece["index"] = json!(if self.has(Deviation::SameIndex) { 0 } else { number });
        }
        piece
    }

    /// The answer where it is not streamed.
    fn whole(&self) -> Value {
        let calls = self.calls.iter().enumerate();
        let calls: Vec<Value> = calls
            .map(|(number, (name, arguments))| {
                let id = format!("call_{number}_of_fake");
                self.piece(number, Some(&id), Some(name), json!(arguments.to_string()))
            })
            .collect();
        let mut message = json!({ "role": "assistant", "content": self.text.concat() });
        if !calls.is_empty() {
            message["tool_calls"] = json!(calls);
        }
        json!({
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "choices": [{ "index": 0, "message": message, "finish_reason": self.reason() }],
            "usage": self.usage(),
        })
    }
}

/// Text in short pieces, none of which cuts a letter.
fn split(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for letter in text.chars() {
        match pieces.last_mut() {
            Some(piece) if piece.len() < ARGUMENT_PIECE_BYTES => piece.push(letter),
            _ => pieces.push(letter.to_string()),
        }
    }
    pieces
}
