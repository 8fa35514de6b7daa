//! A turn: the model answers a message, with the help of tools.
//!
//! Owns: the rounds between the model and the tools, and their limits. Promises: calls are run one by
//! one and in order; a call is run only out of a whole answer; a tool that has begun is let finish; what
//! came of each call is in the outcome, however the turn ends. Dropping the future stops everything
//! where it is: the connection is closed, what tools did stays done, and only they know of it. Never:
//! decides what a call may do; that is the tools' part.
//!
//! It asks once more after an error that can pass, but only before the first byte of the first answer:
//! later on, somebody has read a part of it, or a tool has run.

use std::{collections::HashSet, ops::ControlFlow, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::debug;

use crate::{
    answer::{Answer, Finish},
    budget::{Budget, Usage},
    client::{Model, Reached},
    error::{Broken, ModelError},
    limits::Limits,
    message::{Message, ToolCall},
    outcome::{CallRecord, CallResult, Ended, Limit, Outcome},
    request::Prompt,
    retry,
    tools::{ToolAnswer, ToolSpec, Tools},
};

/// What stands between the words of two rounds.
const BETWEEN_ROUNDS: &str = "\n\n";

struct Turn<'a> {
    model: &'a Model,
    tools: &'a dyn Tools,
    specs: Vec<ToolSpec>,
    budget: &'a dyn Budget,
    limits: Limits,
    end: Instant,
    speech: Speech<'a>,
    messages: Vec<Message>,
    calls: Vec<CallRecord>,
    usage: Usage,
    rounds: u32,
    may_retry: bool,
    /// Calls that failed in an earlier round: name and arguments.
    failed: HashSet<(String, String)>,
}

/// The words as they come, and what was said so far.
struct Speech<'a> {
    said: String,
    is_new_round: bool,
    on_text: &'a mut (dyn FnMut(&str) + Send),
}

impl Model {
    /// Lets the model answer the conversation, and run tools for it. `on_text` is told its words as
    /// they come; together they are [`Outcome::text`].
    pub async fn converse(
        &self,
        messages: Vec<Message>,
        tools: &dyn Tools,
        budget: &dyn Budget,
        limits: Limits,
        on_text: &mut (dyn FnMut(&str) + Send),
    ) -> Outcome {
        let given = messages.len();
        let mut turn = Turn {
            model: self,
            tools,
            specs: tools.specs(),
            budget,
            limits,
            end: Instant::now() + Duration::from_millis(limits.turn_ms),
            speech: Speech { said: String::new(), is_new_round: false, on_text },
            messages,
            calls: Vec::new(),
            usage: Usage::NONE,
            rounds: 0,
            may_retry: true,
            failed: HashSet::new(),
        };
        let ended = loop {
            if let ControlFlow::Break(ended) = turn.round().await {
                break ended;
            }
        };
        Outcome {
            text: turn.speech.said,
            calls: turn.calls,
            messages: turn.messages.split_off(given),
            usage: turn.usage,
            rounds: turn.rounds,
            ended,
        }
    }
}

impl Turn<'_> {
    /// One answer of the model, and the calls in it.
    async fn round(&mut self) -> ControlFlow<Ended> {
        let answer = self.answer().await?;
        let is_empty = answer.is_empty();
        let Answer { text, calls, finish, .. } = answer;
        if !is_empty {
            let content = (!text.is_empty()).then_some(text);
            self.messages.push(Message::Assistant { content, tool_calls: calls.clone() });
        }
        if !calls.is_empty() {
            return self.run(calls).await;
        }
        ControlFlow::Break(match finish {
            Finish::Length => Ended::Limited(Limit::Length),
            Finish::Filtered => Ended::Limited(Limit::Filter),
            _ if is_empty && self.calls.is_empty() => {
                Ended::Failed(ModelError::Broken(Broken::Empty))
            }
            _ => Ended::Answered,
        })
    }

    /// Asks the model, within what is left of time and budget.
    async fn answer(&mut self) -> ControlFlow<Ended, Answer> {
        if Instant::now() >= self.end {
            return ControlFlow::Break(Ended::Limited(Limit::Time));
        }
        let prompt = Prompt { messages: &self.messages, tools: &self.specs };
        let prompt_bytes = prompt.body(self.model.name(), true).len();
        let reserved = Usage::estimate(prompt_bytes, 0).prompt_tokens;
        if self.budget.reserve(reserved).await.is_err() {
            return ControlFlow::Break(Ended::Limited(Limit::Budget));
        }
        self.rounds += 1;
        let mut reached = Reached::default();
        self.speech.begin_round();
        let answered = self.ask(&mut reached).await;
        let reported = answered.as_ref().ok().and_then(|answer| answer.usage);
        let usage = match reported {
            Some(usage) => usage,
            None if reached.is_taken => Usage::estimate(prompt_bytes, reached.written_bytes),
            None => Usage::NONE,
        };
        self.usage = self.usage.and(usage);
        self.budget.settle(reserved, usage).await;
        debug!(
            model.round = self.rounds,
            model.is_answered = answered.is_ok(),
            model.prompt_tokens = usage.prompt_tokens,
            model.completion_tokens = usage.completion_tokens,
            model.is_estimate = usage.is_estimate,
            "a round with the model is over"
        );
        match answered {
            Ok(answer) => ControlFlow::Continue(answer),
            Err(ended) => ControlFlow::Break(ended),
        }
    }

    /// Asks once, or twice where the first failed before it began.
    async fn ask(&mut self, reached: &mut Reached) -> Result<Answer, Ended> {
        loop {
            let prompt = Prompt { messages: &self.messages, tools: &self.specs };
            let speech = &mut self.speech;
            let mut on_text = |text: &str| speech.say(text);
            let answering = self.model.answer(&prompt, reached, &mut on_text);
            let error = match timeout_at(self.end, answering).await {
                Ok(Ok(answer)) => {
                    self.may_retry = false;
                    return Ok(answer);
                }
                Ok(Err(error)) => error,
                Err(_elapsed) => return Err(Ended::Limited(Limit::Time)),
            };
            let may_retry = std::mem::replace(&mut self.may_retry, false) && !reached.has_begun;
            let again = retry::wait(&error).map(|wait| Instant::now() + wait);
            match again.filter(|again| may_retry && *again < self.end) {
                Some(again) => sleep_until(again).await,
                None => return Err(Ended::Failed(error)),
            }
        }
    }

    /// Runs the calls of an answer, and gives each its result.
    async fn run(&mut self, calls: Vec<ToolCall>) -> ControlFlow<Ended> {
        let is_last = self.rounds >= self.limits.rounds;
        let mut ended = is_last.then_some(Ended::Limited(Limit::Rounds));
        let mut failed = HashSet::new();
        for call in calls {
            ended = ended.or_else(|| self.limit().map(Ended::Limited));
            let arguments = arguments(&call.arguments);
            let result = match ended {
                Some(_) => CallResult::NotRun,
                None => result_of(self.tools, &self.specs, &call, arguments.as_ref()).await,
            };
            if result.is_failure() {
                let repeated = arguments.as_ref().map_or(call.arguments, Value::to_string);
                let key = (call.name.clone(), repeated);
                let is_repeated = self.failed.contains(&key);
                ended = ended.or(is_repeated.then_some(Ended::Limited(Limit::RepeatedFailure)));
                failed.insert(key);
            }
            if let CallResult::Asked(question) = &result {
                ended = ended.or_else(|| Some(Ended::Asked(question.clone())));
            }
            let content = self.told(&result);
            self.messages.push(Message::Tool { tool_call_id: call.id, content });
            let arguments = arguments.unwrap_or_default();
            self.calls.push(CallRecord { name: call.name, arguments, result });
        }
        self.failed.extend(failed);
        match ended {
            Some(ended) => ControlFlow::Break(ended),
            None => ControlFlow::Continue(()),
        }
    }

    /// The limit that keeps the next call from being run.
    fn limit(&self) -> Option<Limit> {
        if self.calls.len() >= self.limits.tool_calls as usize {
            Some(Limit::ToolCalls)
        } else if Instant::now() >= self.end {
            Some(Limit::Time)
        } else {
            None
        }
    }

    /// What the model is told of a call's result.
    fn told(&self, result: &CallResult) -> String {
        let error = match result {
            CallResult::Done(answer) => return answer.clone(),
            CallResult::Asked(question) => {
                return json!({ "asked_the_person": question }).to_string();
            }
            CallResult::Refused(why) => why.clone(),
            CallResult::UnknownTool => {
                let names: Vec<&str> = self.specs.iter().map(|tool| tool.name.as_str()).collect();
                format!("There is no such tool. The tools are: {}.", names.join(", "))
            }
            CallResult::InvalidArguments => "The arguments are no JSON object.".to_owned(),
            CallResult::NotRun => "It was not run: the turn ended before it.".to_owned(),
        };
        json!({ "error": error }).to_string()
    }
}

impl Speech<'_> {
    fn begin_round(&mut self) {
        self.is_new_round = !self.said.is_empty();
    }

    fn say(&mut self, text: &str) {
        if std::mem::take(&mut self.is_new_round) {
            self.tell(BETWEEN_ROUNDS);
        }
        self.tell(text);
    }

    fn tell(&mut self, text: &str) {
        self.said.push_str(text);
        (self.on_text)(text);
    }
}

async fn result_of(
    tools: &dyn Tools,
    specs: &[ToolSpec],
    call: &ToolCall,
    arguments: Option<&Value>,
) -> CallResult {
    let Some(tool) = specs.iter().find(|tool| tool.name == call.name) else {
        return CallResult::UnknownTool;
    };
    let Some(arguments) = arguments else {
        return CallResult::InvalidArguments;
    };
    match tools.call(&tool.name, arguments.clone()).await {
        ToolAnswer::Done(answer) => CallResult::Done(answer),
        ToolAnswer::Refused(why) => CallResult::Refused(why),
        ToolAnswer::Ask(question) => CallResult::Asked(question),
    }
}

/// The arguments that a tool takes: an object; where nothing was written, an empty one.
fn arguments(written: &str) -> Option<Value> {
    match written.trim() {
        "" => Some(json!({})),
        written => serde_json::from_str(written).ok().filter(Value::is_object),
    }
}
