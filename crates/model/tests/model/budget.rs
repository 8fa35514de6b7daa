//! What a turn may cost, and what it is told to have cost.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use model::{Budget, BudgetExhausted, Ended, Limit, Limits, Model, Outcome, Usage};
use serde_json::json;
use testing::fake_model::{Deviation, FakeModel, ModelAnswer, Reply};

use crate::support::{NotingTools, client, question, settings};

/// Grants so many rounds, and notes what it is told.
struct Rounds {
    left: Mutex<u32>,
    reserved: Mutex<Vec<u64>>,
    settled: Mutex<Vec<(u64, Usage)>>,
}

impl Rounds {
    fn of(rounds: u32) -> Self {
        Self { left: Mutex::new(rounds), reserved: Mutex::default(), settled: Mutex::default() }
    }

    fn settled(&self) -> Vec<Usage> {
        let settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let given_back: Vec<u64> = settled.iter().map(|(reserved, _)| *reserved).collect();
        assert_eq!(given_back, *reserved, "each reserve is settled once");
        settled.iter().map(|(_, usage)| *usage).collect()
    }
}

impl Budget for Rounds {
    fn reserve(&self, tokens: u64) -> BoxFuture<'_, Result<(), BudgetExhausted>> {
        Box::pin(async move {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            *left = left.checked_sub(1).ok_or(BudgetExhausted)?;
            self.reserved.lock().unwrap_or_else(PoisonError::into_inner).push(tokens);
            Ok(())
        })
    }

    fn settle(&self, reserved: u64, usage: Usage) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
            settled.push((reserved, usage));
        })
    }
}

async fn outcome(replies: Vec<Reply>, budget: &Rounds) -> (FakeModel, Outcome) {
    let fake = FakeModel::start(replies).await;
    let model = client(&fake);
    let tools = NotingTools::new();
    let limits = Limits::default();
    let outcome = model.converse(question(), &tools, budget, limits, &mut |_| {}).await;
    (fake, outcome)
}

fn call() -> ModelAnswer {
    ModelAnswer::calling("add", json!({ "title": "Milk" })).spending(300, 30)
}

fn reported(prompt_tokens: u64, completion_tokens: u64) -> Usage {
    Usage { prompt_tokens, completion_tokens, is_estimate: false }
}

#[tokio::test]
async fn the_budget_is_asked_before_each_round_and_told_after_it() {
    let words = ModelAnswer::saying(&["Yes."]).spending(400, 4);
    let budget = Rounds::of(8);
    let (_, outcome) = outcome(vec![call().reply(), words.reply()], &budget).await;
    assert_eq!(budget.settled(), [reported(300, 30), reported(400, 4)]);
    assert_eq!(outcome.usage, reported(700, 34));
}

#[tokio::test]
async fn an_exhausted_budget_ends_the_turn_before_the_endpoint_is_asked() {
    let (fake, ended) = outcome(vec![], &Rounds::of(0)).await;
    assert!(matches!(ended.ended, Ended::Limited(Limit::Budget)), "{ended:?}");
    assert!(fake.requests().is_empty());

    let (fake, ended) = outcome(vec![call().reply()], &Rounds::of(1)).await;
    assert!(matches!(ended.ended, Ended::Limited(Limit::Budget)), "{ended:?}");
    assert_eq!((fake.requests().len(), ended.calls.len()), (1, 1), "what was done is known");
}

#[tokio::test]
async fn where_nothing_is_reported_an_estimate_by_bytes_is_told_and_marked() {
    let words = ModelAnswer::saying(&["Twenty bytes of word"]).with(Deviation::NoUsage);
    let zero = ModelAnswer::saying(&["Twenty bytes of word"]).spending(0, 0);
    for answer in [words, zero] {
        let budget = Rounds::of(8);
        let (fake, _) = outcome(vec![answer.reply()], &budget).await;
        let sent_bytes = fake.requests()[0].body.to_string().len() as u64;
        let [usage] = budget.settled()[..] else { panic!("one round") };
        assert!(usage.is_estimate);
        assert_eq!((usage.prompt_tokens, usage.completion_tokens), (sent_bytes.div_ceil(4), 5));
    }
}

#[tokio::test]
async fn an_answer_that_breaks_counts_as_far_as_it_came() {
    let words = ModelAnswer::saying(&["Twenty bytes of word"]).reply();
    let budget = Rounds::of(8);
    let bytes = words.bytes().len();
    outcome(vec![words.cut_after(bytes - 1)], &budget).await;
    let [usage] = budget.settled()[..] else { panic!("one round") };
    assert!(usage.is_estimate && usage.prompt_tokens > 0);
    assert_eq!(usage.completion_tokens, 5);
}

#[tokio::test]
async fn a_model_that_is_waited_for_in_vain_has_read_what_it_was_asked() {
    for in_vain in ["its first byte", "the turn"] {
        let fake = FakeModel::start([Reply::silence()]).await;
        let mut settings = settings(&fake);
        let mut limits = Limits::default();
        match in_vain {
            "its first byte" => settings.first_byte_timeout_ms = 500,
            _ => limits.turn_ms = 500,
        }
        let budget = Rounds::of(8);
        let model = Model::new(&settings).unwrap();
        model.converse(question(), &NotingTools::new(), &budget, limits, &mut |_| {}).await;
        let [usage] = budget.settled()[..] else { panic!("one round") };
        assert!(usage.is_estimate && usage.prompt_tokens > 0, "{in_vain}: {usage:?}");
        assert_eq!(usage.completion_tokens, 0);
    }
}

#[tokio::test]
async fn what_was_refused_costs_nothing() {
    let budget = Rounds::of(8);
    outcome(vec![Reply::error(401, None)], &budget).await;
    assert_eq!(budget.settled(), [Usage::NONE]);

    let budget = Rounds::of(8);
    outcome(vec![Reply::closed(), Reply::closed()], &budget).await;
    assert_eq!(budget.settled(), [Usage::NONE]);

    let budget = Rounds::of(8);
    let words = ModelAnswer::saying(&["Yes."]).spending(400, 4).reply();
    outcome(vec![Reply::error(503, None), words], &budget).await;
    assert_eq!(budget.settled(), [reported(400, 4)], "a retry is part of its round");
}
