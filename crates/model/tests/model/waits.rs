//! Endpoints that hang, at each point.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use futures_util::future::BoxFuture;
use model::{
    CallResult, Ended, Limit, Limits, Model, ModelError, ModelSettings, ToolAnswer, ToolSpec,
    Tools, Unlimited, Wait,
};
use serde_json::{Value, json};
use testing::fake_model::{DeafEndpoint, FakeModel, ModelAnswer, Reply};
use tokio::time::{Instant, sleep};

use crate::support::{NotingTools, question, results, settings, turn_of};

/// The time-out that a test is about, in milliseconds; the others are longer than any test.
const SHORT_MS: u64 = 100;
const LONG_MS: u64 = 60_000;
/// What a slow endpoint takes between two pieces, in milliseconds.
const PAUSE_MS: u64 = 400;
/// Long enough for a round on a busy machine, in milliseconds.
const ROUND_MS: u64 = 2_000;

fn patient(fake: &FakeModel) -> ModelSettings {
    let mut settings = settings(fake);
    settings.connect_timeout_ms = LONG_MS;
    settings.first_byte_timeout_ms = LONG_MS;
    settings.idle_timeout_ms = LONG_MS;
    settings.answer_timeout_ms = LONG_MS;
    settings
}

/// What was waited for in vain.
async fn wait_of(settings: &ModelSettings) -> Wait {
    let model = Model::new(settings).expect("a client");
    let begun = Instant::now();
    let limits = Limits { turn_ms: LONG_MS, ..Limits::default() };
    let seen = turn_of(&model, &NotingTools::new(), limits).await;
    assert!(begun.elapsed() >= Duration::from_millis(SHORT_MS));
    match seen.outcome.ended {
        Ended::Failed(ModelError::TimedOut(wait)) => wait,
        _ => panic!("{seen:?}"),
    }
}

fn words() -> Reply {
    ModelAnswer::saying(&["One ", "moment."]).reply()
}

#[tokio::test]
async fn a_connection_that_nobody_takes_is_given_up() {
    let deaf = DeafEndpoint::start().await;
    let mut settings = ModelSettings::at(deaf.base_url().parse().unwrap(), "small");
    settings.connect_timeout_ms = SHORT_MS;
    assert_eq!(wait_of(&settings).await, Wait::Connect);
}

#[tokio::test]
async fn silence_before_the_first_byte_is_given_up_with_a_head_or_without() {
    for silence in [Reply::silence(), words().hang_after(0)] {
        let fake = FakeModel::start([silence]).await;
        let mut settings = patient(&fake);
        settings.first_byte_timeout_ms = SHORT_MS;
        assert_eq!(wait_of(&settings).await, Wait::FirstByte);
        assert_eq!(fake.requests().len(), 1, "what took its time is not asked for again");
    }
}

#[tokio::test]
async fn silence_after_any_byte_is_given_up() {
    let bytes = words().bytes().len();
    for at in (1..bytes).step_by(bytes / 12) {
        let fake = FakeModel::start([words().hang_after(at)]).await;
        let mut settings = patient(&fake);
        settings.idle_timeout_ms = SHORT_MS;
        assert_eq!(wait_of(&settings).await, Wait::Idle, "after {at} bytes");
    }
}

#[tokio::test]
async fn an_answer_that_goes_on_and_on_is_given_up() {
    let fake = FakeModel::start([words().hang_after(5)]).await;
    let mut settings = patient(&fake);
    settings.answer_timeout_ms = SHORT_MS;
    assert_eq!(wait_of(&settings).await, Wait::Answer);
}

#[tokio::test]
async fn what_only_keeps_the_connection_alive_is_no_silence_and_has_an_end() {
    let answer = "data:{\"choices\":[{\"delta\":{\"content\":\"Yes.\"}}]}\n\ndata:[DONE]\n\n";
    // As long as the answer, so that each piece is one.
    let comment = format!(":{}\n\n", " ".repeat(answer.len() - 3));
    let slow = |rest: &str| {
        let reply = Reply::stream(comment.repeat(6) + rest);
        reply.in_pieces_of(comment.len()).pausing_ms(PAUSE_MS)
    };
    let fake = FakeModel::start([slow(answer), slow("")]).await;
    let mut settings = patient(&fake);
    // Longer than any pause, and shorter than all of them.
    settings.idle_timeout_ms = 4 * PAUSE_MS;
    let model = Model::new(&settings).unwrap();
    let seen = turn_of(&model, &NotingTools::new(), Limits::default()).await;
    assert_eq!(seen.told, "Yes.");

    settings.answer_timeout_ms = 3 * PAUSE_MS;
    assert_eq!(wait_of(&settings).await, Wait::Answer);
}

#[tokio::test]
async fn an_error_of_which_the_body_does_not_come_is_known_by_its_status() {
    for hung in [Reply::error(401, Some("x")).hang_after(3), Reply::error(401, None).cut_after(3)] {
        let fake = FakeModel::start([hung]).await;
        let mut settings = patient(&fake);
        settings.idle_timeout_ms = SHORT_MS;
        let model = Model::new(&settings).unwrap();
        let seen = turn_of(&model, &NotingTools::new(), Limits::default()).await;
        let status = match &seen.outcome.ended {
            Ended::Failed(ModelError::Unauthorized(refusal)) => refusal.status,
            _ => panic!("{seen:?}"),
        };
        assert_eq!(status, Some(401));
    }
}

#[tokio::test]
async fn what_comes_after_the_end_is_not_waited_for() {
    let whole = words();
    let bytes = whole.bytes().len();
    let fake = FakeModel::start([whole.hang_after(bytes)]).await;
    let model = Model::new(&patient(&fake)).unwrap();
    let seen = turn_of(&model, &NotingTools::new(), Limits::default()).await;
    assert!(matches!(seen.outcome.ended, Ended::Answered), "{seen:?}");
}

#[tokio::test]
async fn a_turn_has_an_end_wherever_it_is() {
    let call = || ModelAnswer::calling("add", json!({})).reply();
    let half = || words().hang_after(words().bytes().len() / 2);
    for (replies, calls, turn_ms) in [
        (vec![Reply::silence()], 0, SHORT_MS),
        (vec![half()], 0, SHORT_MS),
        (vec![call(), Reply::silence()], 1, ROUND_MS),
        (vec![call(), half()], 1, ROUND_MS),
    ] {
        let fake = FakeModel::start(replies).await;
        let model = Model::new(&patient(&fake)).unwrap();
        let limits = Limits { turn_ms, ..Limits::default() };
        let seen = turn_of(&model, &NotingTools::new(), limits).await;
        assert!(matches!(seen.outcome.ended, Ended::Limited(Limit::Time)), "{seen:?}");
        assert_eq!(seen.outcome.calls.len(), calls, "what was done is known");
    }
}

/// A tool that takes longer than a turn may.
#[derive(Default)]
struct SlowTool {
    ran: AtomicU32,
}

impl Tools for SlowTool {
    fn specs(&self) -> Vec<ToolSpec> {
        NotingTools::new().specs()
    }

    fn call<'a>(&'a self, _name: &'a str, _arguments: Value) -> BoxFuture<'a, ToolAnswer> {
        Box::pin(async move {
            sleep(Duration::from_millis(ROUND_MS)).await;
            self.ran.fetch_add(1, Ordering::SeqCst);
            ToolAnswer::Done("{}".to_owned())
        })
    }
}

#[tokio::test]
async fn a_tool_that_has_begun_is_let_finish_and_the_next_is_not_run() {
    let call = || ModelAnswer::calling("add", json!({}));
    let done = || CallResult::Done("{}".to_owned());
    for (calls, expected) in [
        (call(), vec![done()]),
        (call().and_calling("add", json!({})), vec![done(), CallResult::NotRun]),
    ] {
        let fake = FakeModel::start([calls.reply()]).await;
        let model = Model::new(&patient(&fake)).unwrap();
        let tool = SlowTool::default();
        let limits = Limits { turn_ms: ROUND_MS, ..Limits::default() };
        let outcome = model.converse(question(), &tool, &Unlimited, limits, &mut |_| {}).await;
        assert!(matches!(outcome.ended, Ended::Limited(Limit::Time)), "{outcome:?}");
        assert_eq!(results(&outcome), expected);
        let counts = (tool.ran.load(Ordering::SeqCst), outcome.rounds, fake.requests().len());
        assert_eq!(counts, (1, 1, 1), "the model is not asked again");
    }
}
