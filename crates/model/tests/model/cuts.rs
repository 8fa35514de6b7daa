//! Streams that are cut off, at every byte.

use std::sync::atomic::{AtomicUsize, Ordering};

use model::{Broken, Ended, Limits, ModelError};
use serde_json::json;
use testing::fake_model::{Deviation, FakeModel, ModelAnswer, Reply};

use crate::support::{NotingTools, client, turn_of};

fn words_and_call() -> Reply {
    ModelAnswer::saying(&["Grüße. "]).and_calling("add", json!({ "title": "Milk" })).reply()
}

/// Cuts the first answer of each turn after one byte more than that of the turn before, and gives the
/// second whole.
async fn cutting(first: impl Fn() -> Reply + Send + Sync + 'static) -> FakeModel {
    let next = AtomicUsize::new(1);
    FakeModel::by(move |_, request| match request.tool_results().is_empty() {
        true => first().cut_after(next.fetch_add(1, Ordering::SeqCst)),
        false => ModelAnswer::saying(&["Done."]).reply(),
    })
    .await
}

fn is_cut(ended: &Ended) -> bool {
    matches!(ended, Ended::Failed(ModelError::Broken(Broken::Cut(_))))
}

#[tokio::test]
async fn a_stream_that_is_cut_at_any_byte_is_an_error_and_runs_no_tool() {
    let fake = cutting(words_and_call).await;
    let model = client(&fake);
    // From the first byte on, since before it there would be one more try, up to the empty line after
    // what ends the stream.
    let last = words_and_call().bytes().len() - 1;
    for at in 1..=last {
        let tools = NotingTools::new();
        let seen = turn_of(&model, &tools, Limits::default()).await;
        assert!(is_cut(&seen.outcome.ended), "cut after {at} bytes: {seen:?}");
        assert!(tools.calls().is_empty(), "cut after {at} bytes");
        assert!("Grüße. ".starts_with(&seen.told), "cut after {at} bytes");
        assert!(seen.outcome.messages.is_empty(), "an answer that broke is none");
    }
    assert_eq!(fake.requests().len(), last, "none was asked for again");
}

#[tokio::test]
async fn a_cut_that_looks_like_an_end_runs_a_tool_only_if_the_model_was_done() {
    let whole = words_and_call();
    let text = String::from_utf8_lossy(whole.bytes()).into_owned();
    let done_at = text.find("\"finish_reason\":\"tool_calls\"").expect("a reason");
    let fake = cutting(|| words_and_call().until_close()).await;
    let model = client(&fake);
    let mut ran = 0;
    for at in 1..whole.bytes().len() {
        let tools = NotingTools::new();
        let seen = turn_of(&model, &tools, Limits::default()).await;
        match seen.outcome.ended {
            Ended::Answered => {
                ran += 1;
                assert!(at > done_at, "cut after {at} bytes, before the model was done");
                assert_eq!(tools.calls(), [("add".to_owned(), json!({ "title": "Milk" }))]);
            }
            ended => {
                assert!(is_cut(&ended), "cut after {at} bytes: {ended:?}");
                assert!(tools.calls().is_empty(), "cut after {at} bytes");
            }
        }
    }
    assert!(ran > 0, "what is whole is run");
}

#[tokio::test]
async fn a_whole_object_that_is_cut_runs_no_tool() {
    let whole = || {
        let answer = ModelAnswer::calling("add", json!({ "title": "Milk" }));
        answer.with(Deviation::NotStreamed).reply()
    };
    for fake in [cutting(whole).await, cutting(move || whole().until_close()).await] {
        let model = client(&fake);
        for at in 1..whole().bytes().len() {
            let tools = NotingTools::new();
            let seen = turn_of(&model, &tools, Limits::default()).await;
            let is_broken = matches!(&seen.outcome.ended, Ended::Failed(ModelError::Broken(_)));
            assert!(is_broken, "cut after {at} bytes: {seen:?}");
            assert!(tools.calls().is_empty(), "cut after {at} bytes");
        }
    }
}

#[tokio::test]
async fn what_tools_did_is_in_the_outcome_where_the_stream_is_cut_after_them() {
    let rest = || ModelAnswer::saying(&["Your list ", "has milk."]).reply();
    let cuts = 0..rest().bytes().len() - 1;
    let turns = cuts.len();
    let replies = cuts.clone().flat_map(|at| [words_and_call(), rest().cut_after(at)]);
    let fake = FakeModel::start(replies).await;
    let model = client(&fake);
    for at in cuts {
        let tools = NotingTools::new();
        let seen = turn_of(&model, &tools, Limits::default()).await;
        assert!(is_cut(&seen.outcome.ended), "cut after {at} bytes: {seen:?}");
        let [call] = seen.outcome.calls.as_slice() else { panic!("{seen:?}") };
        assert_eq!((call.name.as_str(), &call.arguments), ("add", &json!({ "title": "Milk" })));
        assert!(call.result.is_done());
        assert_eq!(seen.outcome.messages.len(), 2, "the call and its result");
        assert_eq!(tools.calls().len(), 1, "nothing is done twice");
    }
    assert_eq!(fake.requests().len(), 2 * turns, "nothing is asked twice");
}
