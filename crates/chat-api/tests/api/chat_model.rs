//! Conversations that a language model answers, over HTTP.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testing::{
    eventually,
    fake_model::{FakeModel, ModelAnswer, Reply},
};
use uuid::Uuid;

use crate::{
    logs,
    stack::{Person, Stack},
};

const VAGUE: &str = "hmm, could you perhaps somehow get the milk thing sorted out for me, because we ran \
     out of it again?";

async fn stack_with(model: &FakeModel) -> Stack {
    let base_url = model.base_url();
    let key = ["--llm-api-key", "sk-very-secret"];
    Stack::start_with(&["--llm-base-url", &base_url, "--llm-model", "stand-in", key[0], key[1]])
        .await
}

/// What is in somebody's only conversation, in its order.
async fn messages(person: &Person) -> (Value, Vec<String>) {
    let list = person.get("/conversations").await.body;
    let id = list["items"][0]["id"].clone();
    let path = format!("/conversations/{}", id.as_str().expect("an id"));
    let messages = person.get(&path).await.body;
    let messages = messages["items"].as_array().expect("messages").iter().rev();
    (id, messages.map(|message| message["text"].as_str().expect("words").to_owned()).collect())
}

#[tokio::test]
async fn words_come_as_they_are_said_and_who_goes_away_loses_nothing() {
    let add = ModelAnswer::calling("add_task", json!({"title": "buy milk"})).reply();
    let said = ModelAnswer::saying(&["Milk ", "is ", "on ", "your ", "list."]).reply();
    let model = FakeModel::start([add, said.in_pieces_of(16).pausing_ms(40)]).await;
    let stack = stack_with(&model).await;
    let ada = stack.register("ada").await;
    let request = ada.request(Method::POST, "/chat").json(&json!({"message": VAGUE}));
    let mut response =
        request.header("Accept", "text/event-stream").send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    let mut heard = String::new();
    while !heard.contains("\"delta\":\"is \"") {
        let chunk = response.chunk().await.expect("a stream").expect("more of it");
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(heard.starts_with("event: action\ndata: {\"tool\":\"add_task\""), "{heard}");
    assert!(heard.contains("event: message\ndata: {\"delta\":\"Milk \"}\n\n"), "{heard}");
    assert!(!heard.contains("event: done"), "{heard}");
    let (id, so_far) = messages(&ada).await;
    assert_eq!(so_far, [VAGUE], "nothing is kept yet of what is being said");
    let meanwhile = json!({"message": "buy oats", "conversation_id": id});
    let refused = ada.post("/chat", meanwhile.clone()).await;
    refused.assert_problem(409, "still_answering");
    assert!(!refused.header("retry-after").is_empty());
    drop(response);
    eventually("the answer to be kept", || async {
        (messages(&ada).await.1.len() == 2).then_some(())
    })
    .await;
    assert_eq!(messages(&ada).await.1[1], "Milk is on your list.");
    assert_eq!(ada.post("/chat", meanwhile).await.status, StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn what_somebody_says_and_is_answered_and_the_key_are_never_logged() {
    logs::capture();
    let (title, said) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let model = FakeModel::start([
        ModelAnswer::calling("add_task", json!({"title": title})).reply(),
        ModelAnswer::calling("add_task", json!({"name": title})).reply(),
        ModelAnswer::saying(&[&said]).reply(),
        Reply::error(400, Some("context_length_exceeded")),
    ])
    .await;
    let stack = stack_with(&model).await;
    let ada = stack.register("ada").await;
    let asked = Uuid::new_v4().to_string();
    // In front: behind the question, some would be a plain task's title.
    let first = ada.post("/chat", json!({"message": format!("{asked} {VAGUE}")})).await.body;
    assert_eq!((&first["engine"], &first["reply"]), (&json!("model:stand-in"), &json!(said)));
    // The endpoint's error repeats what it was asked.
    let second = ada.post("/chat", json!({"message": format!("{asked} {VAGUE}")})).await.body;
    assert_eq!(second["engine"], "grammar", "{second}");
    assert_eq!(model.requests()[0].header("authorization"), Some("Bearer sk-very-secret"));
    let logged = logs::captured();
    assert!(logged.contains("the model failed"));
    for text in [&title, &said, &asked, "sk-very-secret"] {
        assert!(!logged.contains(text), "{text}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn what_the_model_costs_is_counted() {
    let answer = ModelAnswer::saying(&["Well."]).spending(1_200, 34).reply();
    let model = FakeModel::start([answer, Reply::error(500, None), Reply::error(500, None)]).await;
    let stack = stack_with(&model).await;
    let ada = stack.register("ada").await;
    for _ in 0..2 {
        ada.post("/chat", json!({"message": VAGUE})).await;
    }
    assert_eq!(stack.count("select tokens from model_use").await, 1_234);
    stack.stop().await;
}
