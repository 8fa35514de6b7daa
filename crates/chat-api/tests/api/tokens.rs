use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::stack::{Person, Stack};

async fn tokens(person: &Person) -> Vec<Value> {
    person.get("/tokens").await.body["items"].as_array().expect("items").clone()
}

async fn now(stack: &Stack) -> DateTime<Utc> {
    sqlx::query_scalar("select now()").fetch_one(&stack.admin).await.expect("the time")
}

#[tokio::test]
async fn a_token_reads_and_writes_unless_its_scopes_are_named() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for scopes in [json!({}), json!({"scopes": null}), json!({"scopes": ["write", "read"]})] {
        let mut body = json!({"name": "x"});
        body.as_object_mut().expect("fields").extend(scopes.as_object().expect("fields").clone());
        let made = ada.post("/tokens", body).await;
        assert_eq!(made.body["scopes"], json!(["read", "write"]), "{made:?}");
    }
    let program = ada.with_token(json!({"name": "x"})).await;
    program.make_task(json!({"title": "x"})).await;
    assert_eq!(program.get("/tasks").await.status, StatusCode::OK);
    program.get("/tokens").await.assert_problem(403, "insufficient_scope");
    stack.stop().await;
}

#[tokio::test]
async fn what_a_token_is_refused_names_the_scope() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let reader = ada.with_token(json!({"name": "x", "scopes": ["read"]})).await;
    let refused = reader.post("/tasks", json!({"title": "x"})).await;
    refused.assert_problem(403, "insufficient_scope");
    assert_eq!(refused.body["detail"], "this needs a token with the scope `write`");
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"write\"";
    assert_eq!(refused.header("www-authenticate"), challenge);
    assert_eq!(stack.count("select count(*) from task").await, 0);
    stack.stop().await;
}

#[tokio::test]
async fn scopes_are_a_closed_set_and_an_end_lies_ahead() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for scopes in [json!([]), json!(["everything"]), json!(["read", "READ"]), json!("read")] {
        ada.post("/tokens", json!({"name": "x", "scopes": scopes})).await.assert_refuses("scopes");
    }
    for end in ["2020-01-01T00:00:00Z", "2201-01-01T00:00:00Z", "tomorrow", "", "2030-01-01"] {
        let body = json!({"name": "x", "expires_at": end});
        ada.post("/tokens", body).await.assert_refuses("expires_at");
    }
    assert_eq!(stack.count("select count(*) from api_token").await, 0);
    stack.stop().await;
}

#[tokio::test]
async fn a_token_that_has_run_out_is_nobodys_and_still_listed() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let end = now(&stack).await + TimeDelta::hours(1);
    let program = ada.with_token(json!({"name": "x", "expires_at": end})).await;
    assert_eq!(program.get("/me").await.status, StatusCode::OK);
    let listed = tokens(&ada).await;
    let shown: DateTime<Utc> =
        serde_json::from_value(listed[0]["expires_at"].clone()).expect("an instant");
    assert_eq!(shown, end);
    stack.run("update api_token set expires_at = now()").await;
    program.get("/me").await.assert_problem(401, "not_signed_in");
    assert_eq!(tokens(&ada).await.len(), 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_list_of_tokens_says_what_each_is_for_and_when_it_was_used() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = ada.with_token(json!({"name": "x", "scopes": ["read"]})).await;
    let listed = tokens(&ada).await;
    let fields: Vec<&String> = listed[0].as_object().expect("fields").keys().collect();
    assert_eq!(fields, ["created_at", "expires_at", "id", "last_used_at", "name", "scopes"]);
    assert_eq!(listed[0]["scopes"], json!(["read"]));
    assert!(listed[0]["expires_at"].is_null() && listed[0]["last_used_at"].is_null());
    program.get("/me").await;
    let first = tokens(&ada).await[0]["last_used_at"].clone();
    assert!(first.is_string());
    program.get("/me").await;
    assert_eq!(tokens(&ada).await[0]["last_used_at"], first, "at most once a minute");
    stack.run("update api_token set last_used_at = last_used_at - interval '61 seconds'").await;
    program.get("/me").await;
    assert!(tokens(&ada).await[0]["last_used_at"].as_str() > first.as_str());
    stack.stop().await;
}

#[tokio::test]
async fn a_token_makes_none_that_can_do_more_than_itself() {
    let stack = Stack::start_with(&["--admin-emails", "ada@example.test"]).await;
    let ada = stack.register("ada").await;
    let program = ada.with_token(json!({"name": "x", "scopes": ["account", "read"]})).await;
    let beyond = program.post("/tokens", json!({"name": "y"})).await;
    beyond.assert_problem(403, "insufficient_scope");
    assert!(beyond.body["detail"].as_str().expect("a detail").contains("`write`"));
    let admin = json!({"name": "y", "scopes": ["admin"]});
    program.post("/tokens", admin).await.assert_problem(403, "insufficient_scope");
    let less = program.with_token(json!({"name": "y", "scopes": ["read"]})).await;
    assert_eq!(less.get("/me").await.status, StatusCode::OK);
    less.get("/tokens").await.assert_problem(403, "insufficient_scope");
    stack.stop().await;
}

#[tokio::test]
async fn a_token_from_before_there_were_scopes_reads_and_writes() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = ada.with_token(json!({"name": "x", "scopes": ["read"]})).await;
    stack
        .run(
            "with old as (delete from api_token returning *)
             insert into api_token (token_id, user_id, name, token_hash, created_at)
             select token_id, user_id, name, token_hash, created_at from old",
        )
        .await;
    program.make_task(json!({"title": "x"})).await;
    program.get("/sessions").await.assert_problem(403, "insufficient_scope");
    stack.stop().await;
}
