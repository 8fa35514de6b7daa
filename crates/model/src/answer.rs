//! An answer out of its bytes, however those are cut.
//!
//! Owns: what an answer's events mean, and when it is whole. Promises: pieces of any size give the same
//! answer; words are told as they come; tool calls are given only with the whole answer, so that half
//! of one is never run. Never: I/O.
//!
//! An answer is whole when `[DONE]` has come, or when its body has ended as HTTP has it and the model
//! had said that it was done (`finish_reason`).

use serde_json::Value;

use crate::{
    budget::Usage,
    calls::Calls,
    error::{Broken, ModelError, Part},
    limits::{MAX_OBJECT_BYTES, MAX_STREAM_BYTES, MAX_TEXT_BYTES},
    message::ToolCall,
    sse::Decoder,
};

/// What ends a stream, in place of JSON.
const DONE: &[u8] = b"[DONE]";

/// A whole answer.
#[derive(PartialEq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) finish: Finish,
    /// What the endpoint reports.
    pub(crate) usage: Option<Usage>,
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It was done, or waits for its tools.
    Done,
    /// It may write no more at once.
    Length,
    /// The endpoint's filter did not let it go on.
    Filtered,
    /// It failed.
    Failed,
}

/// How the body of an answer is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Server-sent events, as was asked for.
    Stream,
    /// One JSON object, from an endpoint that does not stream.
    Whole,
}

/// An answer, as far as it has come.
pub(crate) struct Reader {
    form: Form,
    decoder: Decoder,
    whole: Vec<u8>,
    bytes: usize,
    text: String,
    calls: Calls,
    finish: Option<Finish>,
    usage: Option<Usage>,
    is_done: bool,
}

impl Answer {
    /// Whether the model neither said nor wants anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.calls.is_empty()
    }
}

impl Reader {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            decoder: Decoder::default(),
            whole: Vec::new(),
            bytes: 0,
            text: String::new(),
            calls: Calls::default(),
            finish: None,
            usage: None,
            is_done: false,
        }
    }

    /// Takes the next bytes of the body and tells the words that are in them.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        on_text: &mut dyn FnMut(&str),
    ) -> Result<(), ModelError> {
        self.bytes = self.bytes.saturating_add(bytes.len());
        let most = match self.form {
            Form::Stream => MAX_STREAM_BYTES,
            Form::Whole => MAX_OBJECT_BYTES,
        };
        if self.bytes > most {
            return Err(ModelError::TooLarge(Part::Stream));
        }
        if self.form == Form::Whole {
            self.whole.extend_from_slice(bytes);
            return Ok(());
        }
        for event in self.decoder.push(bytes)? {
            self.take(&event, on_text)?;
        }
        Ok(())
    }

    /// Whether nothing more is to come.
    pub(crate) fn is_done(&self) -> bool {
        self.is_done
    }

    /// The bytes of what the model has written so far.
    pub(crate) fn written_bytes(&self) -> usize {
        self.text.len() + self.calls.bytes()
    }

    /// The answer, given that the body has ended, or that [`Reader::is_done`].
    pub(crate) fn end(mut self, on_text: &mut dyn FnMut(&str)) -> Result<Answer, ModelError> {
        let last = match self.form {
            Form::Stream => std::mem::take(&mut self.decoder).end()?,
            Form::Whole => Some(std::mem::take(&mut self.whole)),
        };
        match last {
            // Half an event of a stream that ended as if it were whole.
            Some(event) if self.form == Form::Stream && !is_whole(&event) => {}
            Some(event) => self.take(&event, on_text)?,
            None => {}
        }
        let Some(finish) = self.finish.or(self.is_done.then_some(Finish::Done)) else {
            return Err(ModelError::Broken(Broken::Cut(None)));
        };
        match finish {
            Finish::Failed => Err(ModelError::Broken(Broken::Cut(None))),
            Finish::Length | Finish::Filtered if !self.calls.is_empty() => {
                Err(ModelError::Broken(Broken::HalfCall))
            }
            _ => Ok(self.finished(finish)),
        }
    }

    fn finished(self, finish: Finish) -> Answer {
        Answer { text: self.text, calls: self.calls.finish(), finish, usage: self.usage }
    }

    fn take(&mut self, event: &[u8], on_text: &mut dyn FnMut(&str)) -> Result<(), ModelError> {
        let event = event.trim_ascii();
        if self.is_done || event.is_empty() {
            return Ok(());
        }
        if event == DONE {
            self.is_done = true;
            return Ok(());
        }
        let event: Value = serde_json::from_slice(event)
            .ok()
            .filter(Value::is_object)
            .ok_or(ModelError::Broken(Broken::Json))?;
        if let Some(error) = ModelError::in_stream(&event) {
            return Err(error);
        }
        // With each event or with the last one; what comes later counts all.
        self.usage = usage(&event["usage"]).or(self.usage);
        let choices = event["choices"].as_array().into_iter().flatten();
        // One was asked for.
        for choice in choices.filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0) {
            self.take_choice(choice, on_text)?;
        }
        Ok(())
    }

    fn take_choice(
        &mut self,
        choice: &Value,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<(), ModelError> {
        let said = choice.get("delta").or_else(|| choice.get("message")).unwrap_or(&Value::Null);
        self.say(&said["content"], on_text)?;
        self.say(&said["refusal"], on_text)?;
        for piece in said["tool_calls"].as_array().into_iter().flatten() {
            self.calls.take(piece)?;
        }
        self.finish = self.finish.or_else(|| finish(choice["finish_reason"].as_str()?));
        Ok(())
    }

    /// Takes words, or Mistral's list of parts, of which only the text is meant for people.
    fn say(&mut self, content: &Value, on_text: &mut dyn FnMut(&str)) -> Result<(), ModelError> {
        match content {
            Value::String(text) if !text.is_empty() => {
                if self.text.len() + text.len() > MAX_TEXT_BYTES {
                    return Err(ModelError::TooLarge(Part::Text));
                }
                self.text.push_str(text);
                on_text(text);
                Ok(())
            }
            Value::Array(parts) => parts
                .iter()
                .filter(|part| part["type"] == "text" && part["text"].is_string())
                .try_for_each(|part| self.say(&part["text"], on_text)),
            _ => Ok(()),
        }
    }
}

/// Whether what came last without an empty line after it is an event and not the beginning of one.
fn is_whole(event: &[u8]) -> bool {
    event.trim_ascii() == DONE || serde_json::from_slice::<serde::de::IgnoredAny>(event).is_ok()
}

fn finish(reason: &str) -> Option<Finish> {
    match reason {
        "" => None,
        "length" | "max_tokens" => Some(Finish::Length),
        "content_filter" => Some(Finish::Filtered),
        "error" => Some(Finish::Failed),
        // "stop" and "tool_calls", which endpoints mix up, and words of their own.
        _ => Some(Finish::Done),
    }
}

/// A report that can be true: a model reads at least something.
fn usage(report: &Value) -> Option<Usage> {
    let tokens = |name| report[name].as_u64().and_then(|tokens| u32::try_from(tokens).ok());
    let prompt_tokens = tokens("prompt_tokens").filter(|tokens| *tokens > 0)?;
    let completion_tokens = tokens("completion_tokens")?;
    Some(Usage {
        prompt_tokens: prompt_tokens.into(),
        completion_tokens: completion_tokens.into(),
        is_estimate: false,
    })
}

#[cfg(test)]
mod tests;
