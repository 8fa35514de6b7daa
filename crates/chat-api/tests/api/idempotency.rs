//! A request that comes twice with the same key is done once.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stack::{Answer, Person, Stack};

async fn create(person: &Person, key: &str, body: &Value) -> Answer {
    Answer::of(person.request(Method::POST, "/tasks").header("Idempotency-Key", key).json(body))
        .await
}

#[tokio::test]
async fn the_first_answer_comes_again_and_nothing_is_done_twice() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let body = json!({"title": "once"});
    let first = create(&ada, "k1", &body).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let path = format!("/tasks/{}", first.body["id"].as_str().expect("an id"));
    ada.patch(&path, json!({"title": "changed"})).await;
    let again = create(&ada, "k1", &body).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for header in ["location", "etag"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    create(&ada, "k1", &json!({"title": "other"}))
        .await
        .assert_problem(422, "idempotency_key_reused");
    // Another person's same key, and another key, are others.
    let bob = stack.register("bob").await;
    assert_ne!(create(&bob, "k1", &body).await.body["id"], first.body["id"]);
    assert_ne!(create(&ada, "k2", &body).await.body["id"], first.body["id"]);
    assert_eq!(ada.get("/tasks").await.body["items"].as_array().map(Vec::len), Some(2));
    for key in ["", "two words", &"x".repeat(256)] {
        create(&ada, key, &body).await.assert_refuses("Idempotency-Key");
    }
    // What was refused is not remembered: the key is free for the request as it should have been.
    create(&ada, "k3", &json!({"title": ""})).await.assert_refuses("title");
    assert_eq!(create(&ada, "k3", &body).await.status, StatusCode::CREATED);
    stack.stop().await;
}

#[tokio::test]
async fn many_at_once_with_one_key_make_one_task() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let body = json!({"title": "once"});
    let answers =
        futures_util::future::join_all((0..12).map(|_| create(&ada, "together", &body))).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (StatusCode::CREATED, &answers[0].body));
    }
    assert_eq!(stack.count("select count(*) from task").await, 1);
    stack.stop().await;
}

#[tokio::test]
async fn after_a_day_a_key_is_free_again() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let first = create(&ada, "k", &json!({"title": "a"})).await;
    sqlx::query(
        "update idempotency_key set created_at = created_at - interval '24 hours 1 second'",
    )
    .execute(&stack.admin)
    .await
    .expect("aged");
    let other = create(&ada, "k", &json!({"title": "b"})).await;
    assert_eq!(other.status, StatusCode::CREATED, "{other:?}");
    assert_ne!(first.body["id"], other.body["id"]);
    stack.stop().await;
}
