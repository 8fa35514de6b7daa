//! What the tests share: tools that note what they are asked, and a turn against the stand-in.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use model::{
    CallResult, Limits, Message, Model, ModelSettings, Outcome, ToolAnswer, ToolSpec, Tools,
    Unlimited,
};
use serde_json::{Value, json};
use testing::fake_model::FakeModel;

/// What every test asks.
pub(crate) const QUESTION: &str = "Remind me to buy milk";
/// The one word that must be in no log.
pub(crate) const KEY: &str = "sk-not-for-logs";

type Answering = Box<dyn Fn(&str, &Value) -> ToolAnswer + Send + Sync>;

/// The tools `add` and `list`, and a note of each call.
pub(crate) struct NotingTools {
    calls: Mutex<Vec<(String, Value)>>,
    answering: Answering,
}

/// A turn's outcome and what was told on the way.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) outcome: Outcome,
    pub(crate) told: String,
}

impl NotingTools {
    /// Tools that do what they are asked.
    pub(crate) fn new() -> Self {
        Self::answering(|name, _| ToolAnswer::Done(format!("{name} is done")))
    }

    pub(crate) fn answering(
        answering: impl Fn(&str, &Value) -> ToolAnswer + Send + Sync + 'static,
    ) -> Self {
        Self { calls: Mutex::default(), answering: Box::new(answering) }
    }

    pub(crate) fn calls(&self) -> Vec<(String, Value)> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tools for NotingTools {
    fn specs(&self) -> Vec<ToolSpec> {
        let spec = |name: &str| ToolSpec {
            name: name.to_owned(),
            description: format!("{name} tasks"),
            parameters: json!({ "type": "object" }),
        };
        vec![spec("add"), spec("list")]
    }

    fn call<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, ToolAnswer> {
        Box::pin(async move {
            let answer = (self.answering)(name, &arguments);
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push((name.to_owned(), arguments));
            answer
        })
    }
}

pub(crate) fn settings(fake: &FakeModel) -> ModelSettings {
    let mut settings = ModelSettings::at(fake.base_url().parse().expect("an address"), "small");
    settings.api_key = Some(KEY.into());
    settings
}

pub(crate) fn client(fake: &FakeModel) -> Model {
    Model::new(&settings(fake)).expect("a client")
}

pub(crate) fn question() -> Vec<Message> {
    vec![Message::system("Be brief."), Message::user(QUESTION)]
}

/// A turn with default limits and an endless budget.
pub(crate) async fn turn(fake: &FakeModel, tools: &NotingTools) -> Seen {
    turn_of(&client(fake), tools, Limits::default()).await
}

/// A turn of a client that is used for many.
pub(crate) async fn turn_of(model: &Model, tools: &NotingTools, limits: Limits) -> Seen {
    let mut told = String::new();
    let mut on_text = |text: &str| told.push_str(text);
    let outcome = model.converse(question(), tools, &Unlimited, limits, &mut on_text).await;
    assert_eq!(told, outcome.text, "what was told is what the outcome has");
    assert_each_call_has_its_result(&outcome);
    Seen { outcome, told }
}

pub(crate) fn results(outcome: &Outcome) -> Vec<CallResult> {
    outcome.calls.iter().map(|call| call.result.clone()).collect()
}

/// What endpoints insist on.
fn assert_each_call_has_its_result(outcome: &Outcome) {
    let mut open: Vec<&str> = Vec::new();
    for message in &outcome.messages {
        match message {
            Message::Tool { tool_call_id, .. } => {
                assert_eq!(open.first(), Some(&tool_call_id.as_str()), "in their order");
                open.remove(0);
            }
            Message::Assistant { tool_calls, .. } => {
                assert!(open.is_empty(), "a call without a result");
                open = tool_calls.iter().map(|call| call.id.as_str()).collect();
            }
            _ => panic!("neither the model's nor a tool's"),
        }
    }
    assert!(open.is_empty(), "a call without a result");
}
