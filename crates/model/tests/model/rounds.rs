//! The rounds between the model and the tools.

use model::{CallResult, Ended, Limit, Limits, ToolAnswer};
use serde_json::{Value, json};
use testing::fake_model::{FakeModel, ModelAnswer, ModelRequest, Reply};

use crate::support::{NotingTools, client, results, turn, turn_of};

fn last_words() -> Reply {
    ModelAnswer::saying(&["So be it."]).reply()
}

fn results_told(request: &ModelRequest) -> Vec<Value> {
    let json = |result: &&str| serde_json::from_str(result).unwrap_or_else(|_| json!(*result));
    request.tool_results().iter().map(json).collect()
}

#[tokio::test]
async fn calls_run_in_order_and_the_model_is_told_what_came_of_them() {
    let calls = ModelAnswer::saying(&["Hm."])
        .and_calling("add", json!({ "title": "Milk" }))
        .and_calling("list", json!({}));
    let fake = FakeModel::start([calls.reply(), last_words()]).await;
    let tools = NotingTools::new();
    let seen = turn(&fake, &tools).await;
    let expected = ["add is done", "list is done"];
    let done = expected.map(|answer| CallResult::Done(answer.to_owned()));
    assert_eq!(results(&seen.outcome), done);
    let requests = fake.requests();
    let messages = requests[1].messages();
    assert_eq!(messages[2]["content"], "Hm.");
    assert_eq!(messages[2]["tool_calls"][0]["id"], messages[3]["tool_call_id"]);
    assert_eq!(messages[2]["tool_calls"][1]["id"], messages[4]["tool_call_id"]);
    assert_eq!(requests[1].tool_results(), expected);
    let sent = serde_json::to_value(&seen.outcome.messages[..3]).unwrap();
    assert_eq!(json!(messages[2..]), sent, "the outcome has what was sent");
    assert_eq!(seen.outcome.messages.len(), 4);
}

#[tokio::test]
async fn bad_calls_go_back_to_the_model_as_errors() {
    let calls = ModelAnswer::calling("drop_all", json!({}))
        .and_calling("add", json!(["no object"]))
        .and_calling("add", json!({ "title": "" }))
        .and_calling("add", json!({ "title": "Milk" }));
    let fake = FakeModel::start([calls.reply(), last_words()]).await;
    let tools = NotingTools::answering(|_, arguments| match arguments["title"].as_str() {
        Some("") => ToolAnswer::Refused("A title is missing.".to_owned()),
        _ => ToolAnswer::Done("{}".to_owned()),
    });
    let seen = turn(&fake, &tools).await;
    assert!(matches!(seen.outcome.ended, Ended::Answered), "{seen:?}");
    let refused = CallResult::Refused("A title is missing.".to_owned());
    let done = CallResult::Done("{}".to_owned());
    let expected = [CallResult::UnknownTool, CallResult::InvalidArguments, refused, done];
    assert_eq!(results(&seen.outcome), expected);
    let told = results_told(&fake.requests()[1]);
    assert!(told[0]["error"].as_str().is_some_and(|error| error.contains("add, list")), "{told:?}");
    assert!(told[1]["error"].is_string(), "{told:?}");
    assert_eq!(told[2], json!({ "error": "A title is missing." }));
    assert_eq!(tools.calls().len(), 2, "only those with a tool and arguments are run");
}

#[tokio::test]
async fn arguments_that_are_half_of_json_or_nothing() {
    let call = |arguments: &str| {
        let piece = json!({ "index": 0, "id": "c", "function": {
            "name": "list",
            "arguments": arguments,
        } });
        let delta = json!({ "choices": [{ "delta": { "tool_calls": [piece] } }] });
        Reply::stream(format!("data: {delta}\n\ndata: [DONE]\n\n"))
    };
    for (arguments, expected) in [
        ("", Some(json!({}))),
        (" ", Some(json!({}))),
        ("{}", Some(json!({}))),
        ("{\"a\":1", None),
        ("{\"a\":1}}", None),
        ("null", None),
        ("\"{}\"", None),
    ] {
        let fake = FakeModel::start([call(arguments), last_words()]).await;
        let tools = NotingTools::new();
        turn(&fake, &tools).await;
        let expected = expected.map(|arguments| ("list".to_owned(), arguments));
        assert_eq!(tools.calls(), Vec::from_iter(expected), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_tool_that_asks_the_person_ends_the_turn_with_its_question() {
    let calls = ModelAnswer::saying(&["Hm."])
        .and_calling("add", json!({}))
        .and_calling("list", json!({}))
        .and_calling("add", json!({ "again": true }));
    let fake = FakeModel::start([calls.reply(), last_words()]).await;
    let tools = NotingTools::answering(|name, _| match name {
        "list" => ToolAnswer::Ask("Which one?".to_owned()),
        _ => ToolAnswer::Done("{}".to_owned()),
    });
    let seen = turn(&fake, &tools).await;
    assert!(matches!(&seen.outcome.ended, Ended::Asked(question) if question == "Which one?"));
    let done = CallResult::Done("{}".to_owned());
    let asked = CallResult::Asked("Which one?".to_owned());
    assert_eq!(results(&seen.outcome), [done, asked, CallResult::NotRun]);
    assert_eq!(tools.calls().len(), 2, "what comes after the question is not run");
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn the_same_call_that_fails_in_a_second_round_ends_the_turn() {
    let bad = || ModelAnswer::calling("add", json!({ "title": "", "tags": [1] })).reply();
    let other = || ModelAnswer::calling("add", json!({ "title": "x" })).reply();
    let unknown = || ModelAnswer::calling("drop_all", json!({})).reply();
    for (replies, requests) in [
        (vec![bad(), bad(), last_words()], 2),
        (vec![bad(), other(), bad(), last_words()], 3),
        (vec![unknown(), unknown(), last_words()], 2),
    ] {
        let fake = FakeModel::start(replies).await;
        let tools = NotingTools::answering(|_, arguments| match arguments["title"].as_str() {
            Some("") => ToolAnswer::Refused("A title is missing.".to_owned()),
            _ => ToolAnswer::Done("{}".to_owned()),
        });
        let seen = turn(&fake, &tools).await;
        assert!(matches!(seen.outcome.ended, Ended::Limited(Limit::RepeatedFailure)), "{seen:?}");
        assert_eq!(fake.requests().len(), requests);
    }
}

#[tokio::test]
async fn calls_that_fail_twice_in_one_answer_are_no_repetition_nor_those_that_succeed() {
    let twice = ModelAnswer::calling("drop_all", json!({})).and_calling("drop_all", json!({}));
    let good = || ModelAnswer::calling("list", json!({})).reply();
    let fake = FakeModel::start([twice.reply(), good(), good(), last_words()]).await;
    let seen = turn(&fake, &NotingTools::new()).await;
    assert!(matches!(seen.outcome.ended, Ended::Answered), "{seen:?}");
}

#[tokio::test]
async fn a_model_that_never_stops_asking_is_stopped_by_the_number_of_rounds() {
    let fake =
        FakeModel::by(|number, _| ModelAnswer::calling("add", json!({ "number": number })).reply())
            .await;
    let tools = NotingTools::new();
    let seen = turn(&fake, &tools).await;
    assert!(matches!(seen.outcome.ended, Ended::Limited(Limit::Rounds)), "{seen:?}");
    assert_eq!((seen.outcome.rounds, fake.requests().len()), (8, 8));
    assert_eq!(tools.calls().len(), 7, "the last one is not run, as nobody would tell of it");
    assert_eq!(seen.outcome.calls[7].result, CallResult::NotRun);
}

#[tokio::test]
async fn a_model_that_asks_for_much_is_stopped_by_the_number_of_calls() {
    let many = (0..7).fold(ModelAnswer::saying(&[]), |answer, number| {
        answer.and_calling("add", json!({ "number": number }))
    });
    let fake = FakeModel::by(move |_, _| many.reply()).await;
    let tools = NotingTools::new();
    let seen = turn(&fake, &tools).await;
    assert!(matches!(seen.outcome.ended, Ended::Limited(Limit::ToolCalls)), "{seen:?}");
    assert_eq!((tools.calls().len(), fake.requests().len()), (20, 3));
    assert_eq!(results(&seen.outcome).last(), Some(&CallResult::NotRun));

    let limits = Limits { tool_calls: 3, ..Limits::default() };
    let tools = NotingTools::new();
    let seen = turn_of(&client(&fake), &tools, limits).await;
    assert!(matches!(seen.outcome.ended, Ended::Limited(Limit::ToolCalls)), "{seen:?}");
    assert_eq!(tools.calls().len(), 3);
}

#[tokio::test]
async fn an_answer_that_is_too_long_or_filtered_says_so_with_what_there_is() {
    for (reason, limit) in [("length", Limit::Length), ("content_filter", Limit::Filter)] {
        let answer = ModelAnswer::saying(&["The beginning"]).finishing(reason);
        let fake = FakeModel::start([answer.reply()]).await;
        let seen = turn(&fake, &NotingTools::new()).await;
        assert!(
            matches!(&seen.outcome.ended, Ended::Limited(found) if *found == limit),
            "{seen:?}"
        );
        assert_eq!(seen.told, "The beginning");
    }
}

#[tokio::test]
async fn a_model_that_says_nothing_after_its_tools_has_answered() {
    let call = ModelAnswer::calling("add", json!({})).reply();
    let fake = FakeModel::start([call, ModelAnswer::saying(&[]).reply()]).await;
    let seen = turn(&fake, &NotingTools::new()).await;
    assert!(matches!(seen.outcome.ended, Ended::Answered), "{seen:?}");
    assert_eq!(seen.outcome.messages.len(), 2);
}
