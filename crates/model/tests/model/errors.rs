//! Endpoints that refuse, break or are not there.

use std::time::Duration;

use model::{Broken, Ended, Model, ModelError, ModelSettings, Refusal};
use serde_json::json;
use testing::fake_model::{FakeModel, ModelAnswer, Reply};
use tokio::time::Instant;

use crate::support::{NotingTools, turn, turn_of};

async fn error_of(replies: impl IntoIterator<Item = Reply>) -> ModelError {
    let fake = FakeModel::start(replies).await;
    let seen = turn(&fake, &NotingTools::new()).await;
    match seen.outcome.ended {
        Ended::Failed(error) => error,
        _ => panic!("{seen:?}"),
    }
}

fn refusal(status: u16, code: Option<&str>) -> Refusal {
    Refusal { status: Some(status), code: code.map(str::to_owned), retry_after: None }
}

#[tokio::test]
async fn statuses_are_told_apart_and_the_words_are_not_kept() {
    let same = |status, code| [Reply::error(status, code), Reply::error(status, code)];
    for status in [401, 403] {
        let error = error_of(same(status, Some("invalid_api_key"))).await;
        let expected = refusal(status, Some("invalid_api_key"));
        assert!(
            matches!(&error, ModelError::Unauthorized(found) if *found == expected),
            "{error:?}"
        );
    }
    for status in [500, 502, 503, 529] {
        let error = error_of(same(status, None)).await;
        let expected = refusal(status, Some("scripted"));
        assert!(
            matches!(&error, ModelError::Unavailable(found) if *found == expected),
            "{error:?}"
        );
    }
    for status in [301, 400, 404, 422] {
        let error = error_of(same(status, Some("model_not_found"))).await;
        let expected = refusal(status, Some("model_not_found"));
        assert!(matches!(&error, ModelError::Refused(found) if *found == expected), "{error:?}");
        let chain = format!("{error} {error:?}");
        assert!(!chain.contains("nobody may log"), "{chain}");
    }
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait() {
    let limited = || Reply::error(429, Some("rate_limit_exceeded")).header("retry-after", "60");
    let error = error_of([limited(), limited()]).await;
    assert!(matches!(error, ModelError::RateLimited(_)), "{error:?}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    assert!(error.is_transient());
    let error = error_of([Reply::error(429, Some("insufficient_quota"))]).await;
    assert!(!error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn a_page_in_place_of_an_answer_is_a_typed_error() {
    let error = error_of([Reply::html(502), Reply::html(502)]).await;
    assert!(matches!(&error, ModelError::Unavailable(found) if *found == refusal(502, None)));
    let error = error_of([Reply::html(200)]).await;
    assert!(matches!(error, ModelError::Broken(Broken::ContentType)), "{error:?}");
    let page = Reply::body(200, "text/plain", "It works!");
    let error = error_of([page]).await;
    assert!(matches!(error, ModelError::Broken(Broken::Cut(None))), "{error:?}");
}

#[tokio::test]
async fn an_error_within_the_stream_is_the_same_as_a_status() {
    let stream = |event: serde_json::Value| {
        let words = ModelAnswer::saying(&["Well, "]).with(testing::fake_model::Deviation::NoDone);
        let mut body = words.finishing("").reply().bytes().to_vec();
        body.extend_from_slice(format!("data: {event}\n\n").as_bytes());
        Reply::stream(body)
    };
    let words = "You wrote: what nobody may log";
    let openrouter = json!({
        "error": { "code": 429, "message": words },
        "choices": [{ "index": 0, "delta": { "content": "" }, "finish_reason": "error" }],
    });
    let error = error_of([stream(openrouter)]).await;
    assert!(matches!(&error, ModelError::RateLimited(found) if *found == refusal(429, None)));
    let vllm = json!({ "object": "error", "message": words, "type": "Internal", "code": 500 });
    let error = error_of([stream(vllm)]).await;
    assert!(matches!(&error, ModelError::Unavailable(found) if found.status == Some(500)));
    let ollama = json!({ "error": words });
    let error = error_of([stream(ollama)]).await;
    assert!(matches!(&error, ModelError::Refused(found) if *found == Refusal::default()));
    assert!(!format!("{error} {error:?}").contains("nobody may log"));
    let llama_cpp = Reply::stream(format!("error: {{\"code\":503,\"message\":\"{words}\"}}\n\n"));
    let error = error_of([llama_cpp]).await;
    assert!(matches!(&error, ModelError::Unavailable(found) if found.status == Some(503)));
}

#[tokio::test]
async fn events_that_are_no_json_and_empty_answers_are_typed_errors() {
    let error = error_of([Reply::stream("data: {\"choices\":\n\n")]).await;
    assert!(matches!(error, ModelError::Broken(Broken::Json)), "{error:?}");
    let error = error_of([Reply::body(200, "application/json", "no json")]).await;
    assert!(matches!(error, ModelError::Broken(Broken::Json)), "{error:?}");
    let error = error_of([ModelAnswer::saying(&[]).reply()]).await;
    assert!(matches!(error, ModelError::Broken(Broken::Empty)), "{error:?}");
    let error = error_of([Reply::stream("data: [DONE]\n\n")]).await;
    assert!(matches!(error, ModelError::Broken(Broken::Empty)), "{error:?}");
}

#[tokio::test]
async fn nobody_who_listens_is_a_typed_error_without_the_address() {
    let address = testing::free_port();
    let base = format!("http://{address}/v1?secret=1").parse().unwrap();
    let model = Model::new(&ModelSettings::at(base, "small")).unwrap();
    let seen = turn_of(&model, &NotingTools::new(), model::Limits::default()).await;
    let Ended::Failed(error) = seen.outcome.ended else { panic!("{seen:?}") };
    assert!(matches!(error, ModelError::Unreachable(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn what_can_pass_is_tried_once_more_before_the_answer_began() {
    let good = || ModelAnswer::saying(&["Yes."]).reply();
    for bad in [
        Reply::error(429, Some("rate_limit_exceeded")),
        Reply::error(500, None),
        Reply::html(503),
        Reply::closed(),
        good().cut_after(0),
    ] {
        let fake = FakeModel::start([bad.clone(), good()]).await;
        let seen = turn(&fake, &NotingTools::new()).await;
        assert_eq!(seen.told, "Yes.", "{bad:?}");

        let fake = FakeModel::start([bad.clone(), bad.clone(), good()]).await;
        let seen = turn(&fake, &NotingTools::new()).await;
        assert!(matches!(seen.outcome.ended, Ended::Failed(_)), "{seen:?}");
        assert_eq!(fake.requests().len(), 2, "once, and not twice: {bad:?}");
    }
}

#[tokio::test]
async fn nothing_is_tried_again_after_a_byte_of_the_answer_or_a_tool() {
    let good = || ModelAnswer::saying(&["Yes."]).reply();
    let call = || ModelAnswer::calling("add", json!({})).reply();
    let silent_words = || good().cut_after(1);
    for (replies, requests) in [
        (vec![silent_words(), good()], 1),
        (vec![call(), Reply::error(500, None), good()], 2),
        (vec![call(), Reply::closed(), good()], 2),
        (vec![Reply::error(400, None), good()], 1),
        (vec![Reply::error(401, None), good()], 1),
        (vec![Reply::error(429, None).header("retry-after", "3600"), good()], 1),
    ] {
        let fake = FakeModel::start(replies).await;
        let tools = NotingTools::new();
        let seen = turn(&fake, &tools).await;
        assert!(matches!(seen.outcome.ended, Ended::Failed(_)), "{seen:?}");
        assert_eq!(fake.requests().len(), requests, "{seen:?}");
        assert!(tools.calls().len() <= 1);
    }
}

#[tokio::test]
async fn a_short_retry_after_is_waited_out() {
    let busy = Reply::error(503, None).header("retry-after", "1");
    let fake = FakeModel::start([busy, ModelAnswer::saying(&["Yes."]).reply()]).await;
    let begun = Instant::now();
    let seen = turn(&fake, &NotingTools::new()).await;
    assert_eq!(seen.told, "Yes.");
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}
