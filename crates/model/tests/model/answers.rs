//! Good answers, in every form that endpoints give them.

use model::{Ended, Limits, Usage};
use serde_json::json;
use testing::fake_model::{Deviation, FakeModel, ModelAnswer, Reply};

use crate::support::{NotingTools, client, turn, turn_of};

fn last_words() -> Reply {
    ModelAnswer::saying(&["Both are ", "on your list → ✓."]).reply()
}

fn two_calls() -> ModelAnswer {
    ModelAnswer::saying(&["One ", "moment."])
        .and_calling("add", json!({ "title": "Milk" }))
        .and_calling("add", json!({ "title": "Käse" }))
}

fn of_two_calls() -> Vec<(String, serde_json::Value)> {
    let add = |title: &str| ("add".to_owned(), json!({ "title": title }));
    vec![add("Milk"), add("Käse")]
}

#[tokio::test]
async fn words_are_told_as_they_come_and_the_outcome_has_them_all() {
    let fake = FakeModel::start([two_calls().reply(), last_words()]).await;
    let tools = NotingTools::new();
    let seen = turn(&fake, &tools).await;
    assert!(matches!(seen.outcome.ended, Ended::Answered), "{seen:?}");
    assert_eq!(seen.told, "One moment.\n\nBoth are on your list → ✓.");
    assert_eq!(tools.calls(), of_two_calls());
    assert_eq!(seen.outcome.rounds, 2);
    let usage = Usage { prompt_tokens: 200, completion_tokens: 40, is_estimate: false };
    assert_eq!(seen.outcome.usage, usage);
}

#[tokio::test]
async fn whatever_an_endpoint_deviates_in_the_same_is_done_and_said() {
    for deviations in [
        &[Deviation::NoIds][..],
        &[Deviation::NoIds, Deviation::NoIndex],
        &[Deviation::NoIds, Deviation::SameIndex],
        &[Deviation::SameIndex, Deviation::WholeCalls],
        &[Deviation::ArgumentsAsObject],
        &[Deviation::Interleaved],
        &[Deviation::NameInPieces],
        &[Deviation::RepeatedHeads],
        &[Deviation::ContentNull, Deviation::RoleRepeated],
        &[Deviation::StopWithCalls],
        &[Deviation::NoDone],
        &[Deviation::NoFinish],
        &[Deviation::CarriageReturns, Deviation::KeepAlives],
        &[Deviation::NoSpace, Deviation::NamedEvents],
        &[Deviation::NotStreamed],
    ] {
        let answer =
            deviations.iter().fold(two_calls(), |answer, &deviation| answer.with(deviation));
        let fake = FakeModel::start([answer.reply(), last_words()]).await;
        let tools = NotingTools::new();
        let seen = turn(&fake, &tools).await;
        assert!(matches!(seen.outcome.ended, Ended::Answered), "{deviations:?}: {seen:?}");
        assert_eq!(seen.told, "One moment.\n\nBoth are on your list → ✓.", "{deviations:?}");
        assert_eq!(tools.calls(), of_two_calls(), "{deviations:?}");
    }
}

#[tokio::test]
async fn an_answer_in_pieces_of_any_size_is_the_same_over_the_network() {
    let sizes = 1..64;
    let mut replies = Vec::new();
    for size in sizes.clone() {
        let answer = two_calls().with(Deviation::KeepAlives).reply().in_pieces_of(size);
        replies.extend([answer, last_words().in_pieces_of(size)]);
    }
    let fake = FakeModel::start(replies).await;
    let model = client(&fake);
    for size in sizes {
        let tools = NotingTools::new();
        let seen = turn_of(&model, &tools, Limits::default()).await;
        assert_eq!(seen.told, "One moment.\n\nBoth are on your list → ✓.", "pieces of {size}");
        assert_eq!(tools.calls(), of_two_calls(), "pieces of {size}");
    }
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_taken_when_the_model_is_done() {
    for deviation in [Deviation::NoDone, Deviation::KeepAlives] {
        let answer = two_calls().with(deviation).reply().until_close();
        let fake = FakeModel::start([answer, last_words().until_close()]).await;
        let tools = NotingTools::new();
        let seen = turn(&fake, &tools).await;
        assert!(matches!(seen.outcome.ended, Ended::Answered), "{seen:?}");
        assert_eq!(tools.calls(), of_two_calls());
    }
}
