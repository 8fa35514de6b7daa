//! What the endpoint is asked.

use model::{Limits, Message, Model, ModelSettings, SettingsError, ToolSpec, Tools, Unlimited};
use serde_json::{Value, json};
use testing::fake_model::{FakeModel, ModelAnswer, Reply};

use crate::support::{KEY, NotingTools, QUESTION, client, settings, turn};

#[tokio::test]
async fn the_endpoint_is_asked_for_a_stream_with_the_conversation_and_the_tools() {
    let fake = FakeModel::start([ModelAnswer::saying(&["Yes."]).reply()]).await;
    turn(&fake, &NotingTools::new()).await;
    let requests = fake.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let function = |name: &str| {
        json!({ "type": "function", "function": {
            "name": name,
            "description": format!("{name} tasks"),
            "parameters": { "type": "object" },
        } })
    };
    let expected = json!({
        "model": "small",
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": QUESTION },
        ],
        "tools": [function("add"), function("list")],
        "tool_choice": "auto",
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    assert_eq!(request.body, expected);
}

struct NoTools;

impl Tools for NoTools {
    fn specs(&self) -> Vec<ToolSpec> {
        Vec::new()
    }

    fn call<'a>(
        &'a self,
        _name: &'a str,
        _arguments: Value,
    ) -> futures_util::future::BoxFuture<'a, model::ToolAnswer> {
        unreachable!("there is none")
    }
}

#[tokio::test]
async fn without_a_key_and_tools_neither_is_sent() {
    let fake = FakeModel::start([ModelAnswer::saying(&["Yes."]).reply()]).await;
    let mut settings = settings(&fake);
    settings.api_key = None;
    let model = Model::new(&settings).unwrap();
    let messages = vec![Message::user(QUESTION)];
    model.converse(messages, &NoTools, &Unlimited, Limits::default(), &mut |_| {}).await;
    let request = &fake.requests()[0];
    assert_eq!(request.header("authorization"), None);
    assert!(request.body.get("tools").is_none() && request.body.get("tool_choice").is_none());
}

#[tokio::test]
async fn the_key_does_not_follow_a_redirect() {
    let elsewhere = FakeModel::start([ModelAnswer::saying(&["Yes."]).reply()]).await;
    let location = format!("{}/chat/completions", elsewhere.base_url());
    let fake = FakeModel::start([Reply::redirect(&location)]).await;
    let seen = turn(&fake, &NotingTools::new()).await;
    assert_eq!(format!("{:?}", seen.outcome.ended).matches("307").count(), 1, "{seen:?}");
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_refuses_the_question_what_it_costs_is_asked_without_it_from_then_on() {
    let refusal = json!({ "object": "error", "message": { "detail": [{
        "type": "extra_forbidden",
        "loc": ["body", "stream_options"],
        "msg": "Extra inputs are not permitted",
    }] } });
    let fake = FakeModel::by(move |_, request| match request.body.get("stream_options") {
        Some(_) => Reply::body(422, "application/json", refusal.to_string()),
        None => ModelAnswer::saying(&["Yes."]).reply(),
    })
    .await;
    let model = client(&fake);
    for _ in 0..2 {
        let tools = NotingTools::new();
        let seen = crate::support::turn_of(&model, &tools, Limits::default()).await;
        assert_eq!(seen.told, "Yes.");
    }
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test]
async fn rounds_share_a_connection() {
    let fake = FakeModel::start([
        ModelAnswer::calling("add", json!({})).reply(),
        ModelAnswer::saying(&["Yes."]).reply(),
    ])
    .await;
    turn(&fake, &NotingTools::new()).await;
    assert_eq!((fake.requests().len(), fake.connections()), (2, 1));
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let base = || "http://127.0.0.1:1/v1".parse().unwrap();
    let mut key = ModelSettings::at(base(), "small");
    key.api_key = Some("with a line end\n".into());
    let mut no_key = ModelSettings::at(base(), "small");
    no_key.api_key = Some(String::new().into());
    for (settings, variable) in [
        (key, "LLM_API_KEY"),
        (no_key, "LLM_API_KEY"),
        (ModelSettings::at(base(), " "), "LLM_MODEL"),
        (ModelSettings::at("ftp://host".parse().unwrap(), "small"), "LLM_BASE_URL"),
    ] {
        let error = Model::new(&settings).unwrap_err();
        assert!(
            matches!(error, SettingsError::Invalid { variable: named, .. } if named == variable)
        );
        assert!(!format!("{error} {error:?}").contains("line end\n"), "{error:?}");
    }
}
