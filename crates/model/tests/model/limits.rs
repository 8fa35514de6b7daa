//! Answers that are more than is taken.

use model::{
    Ended, MAX_ANSWER_TOOL_CALLS, MAX_LINE_BYTES, MAX_OBJECT_BYTES, MAX_STREAM_BYTES,
    MAX_TEXT_BYTES, MAX_TOOL_CALL_BYTES, ModelError, Part,
};
use serde_json::json;
use testing::{
    eventually,
    fake_model::{FakeModel, ModelAnswer, Reply},
};

use crate::support::{NotingTools, turn};

#[tokio::test]
async fn what_is_too_large_is_not_read_on_and_runs_nothing() {
    let text = "x".repeat(MAX_TEXT_BYTES + 1);
    let many = (0..=MAX_ANSWER_TOOL_CALLS)
        .fold(ModelAnswer::saying(&[]), |answer, _| answer.and_calling("add", json!({})));
    let long = "x".repeat(MAX_TOOL_CALL_BYTES);
    let before =
        ModelAnswer::calling("add", json!({})).and_calling("add", json!({ "title": long }));
    for (reply, part) in [
        (Reply::stream("x".repeat(MAX_LINE_BYTES + 1)), Part::Line),
        (Reply::stream(":\n".repeat(MAX_STREAM_BYTES / 2 + 1)), Part::Stream),
        (Reply::body(200, "application/json", " ".repeat(MAX_OBJECT_BYTES + 1)), Part::Stream),
        (ModelAnswer::saying(&[&text]).reply(), Part::Text),
        (many.reply(), Part::ToolCalls),
        (before.reply(), Part::ToolCall),
    ] {
        // What is too large stays open, and is still given up.
        let bytes = reply.bytes().len();
        let fake = FakeModel::start([reply.hang_after(bytes)]).await;
        let tools = NotingTools::new();
        let seen = turn(&fake, &tools).await;
        let found = match &seen.outcome.ended {
            Ended::Failed(ModelError::TooLarge(found)) => *found,
            _ => panic!("{part:?}: {seen:?}"),
        };
        assert_eq!(found, part);
        assert!(tools.calls().is_empty(), "{part:?}");
        eventually("the connection is closed", || async { (fake.hang_ups() == 1).then_some(()) })
            .await;
    }
}

#[tokio::test]
async fn the_largest_call_is_taken() {
    let rest = json!({ "title": "" }).to_string().len() + "add".len() + "call_0_of_fake".len();
    let title = "x".repeat(MAX_TOOL_CALL_BYTES - rest);
    let call = ModelAnswer::calling("add", json!({ "title": title }));
    let fake = FakeModel::start([call.reply(), ModelAnswer::saying(&["Yes."]).reply()]).await;
    let tools = NotingTools::new();
    turn(&fake, &tools).await;
    assert_eq!(tools.calls(), [("add".to_owned(), json!({ "title": title }))]);
}
