use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stack::{Person, Stack};

const SCOPES: [&str; 4] = ["read", "write", "account", "admin"];

/// Every documented operation that needs somebody, and the scopes that it needs.
async fn operations(stack: &Stack) -> Vec<(Method, String, Vec<String>)> {
    let document = stack.replica.get("/api/openapi.json").await.body;
    let mut operations = vec![];
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            if is_public(path) {
                assert_eq!(operation["security"], json!([{}]), "{method} {path}");
                continue;
            }
            let scopes: Vec<String> =
                serde_json::from_value(operation["security"][1]["token"].clone()).expect("scopes");
            assert!(!scopes.is_empty(), "{method} {path} names no scope");
            assert!(scopes.iter().all(|scope| SCOPES.contains(&scope.as_str())), "{scopes:?}");
            let forbidden = operation["responses"]["403"]["$ref"].as_str().expect("a response");
            assert!(forbidden.contains("InsufficientScope"), "{method} {path}: {forbidden}");
            let method: Method = method.to_uppercase().parse().expect("a method");
            operations.push((method, without_ids(path), scopes));
        }
    }
    operations
}

fn is_public(path: &str) -> bool {
    ["/api/v1/auth/register", "/api/v1/auth/login", "/calendar/{feed}"].contains(&path)
}

/// A path below `/api/v1` with an id that is nobody's.
fn without_ids(path: &str) -> String {
    let path = path.strip_prefix("/api/v1").expect("below it");
    let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Status and code of an answer, without waiting for the end of a stream.
async fn outcome(person: &Person, method: &Method, path: &str) -> (StatusCode, Value) {
    let response = person.request(method.clone(), path).send().await.expect("an answer");
    let status = response.status();
    if status.is_success() {
        return (status, Value::Null);
    }
    let problem: Value = response.json().await.expect("a problem");
    (status, problem["code"].clone())
}

#[tokio::test]
async fn an_operation_takes_a_token_with_its_scopes_and_no_other() {
    let stack = Stack::start_with(&["--admin-emails", "ada@example.test"]).await;
    let ada = stack.register("ada").await;
    let mut programs = BTreeMap::new();
    for scopes in SCOPES.map(|scope| vec![scope]).into_iter().chain([vec!["read", "write"]]) {
        let body = json!({"name": "x", "scopes": scopes});
        programs.insert(scopes, ada.with_token(body).await);
    }
    let operations = operations(&stack).await;
    assert!(operations.len() >= 29, "{}", operations.len());
    for (method, path, needed) in &operations {
        for (scopes, program) in &programs {
            let (status, code) = outcome(program, method, path).await;
            if needed.iter().all(|scope| scopes.contains(&scope.as_str())) {
                assert!(![401, 403, 500].contains(&status.as_u16()), "{method} {path}: {code}");
            } else {
                let said = (status.as_u16(), &code);
                assert_eq!(said, (403, &json!("insufficient_scope")), "{method} {path} {scopes:?}");
            }
        }
    }
    stack.stop().await;
}

#[tokio::test]
async fn what_needs_the_scope_of_administrators_is_for_them_only() {
    let stack = Stack::start_with(&["--admin-emails", "ada@example.test"]).await;
    let bob = stack.register("bob").await;
    let mut seen = 0;
    for (method, path, needed) in operations(&stack).await {
        if needed == ["admin"] {
            let said = outcome(&bob, &method, &path).await;
            assert_eq!(said, (StatusCode::FORBIDDEN, json!("admins_only")), "{method} {path}");
            seen += 1;
        }
    }
    assert!(seen > 0);
    stack.stop().await;
}

#[tokio::test]
async fn an_address_written_in_another_way_needs_the_same_scope() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let reader = ada.with_token(json!({"name": "x", "scopes": ["read"]})).await;
    for path in ["/%74okens", "/tokens?x=/api/v1/tasks", "/%73essions"] {
        reader.get(path).await.assert_problem(403, "insufficient_scope");
    }
    assert_eq!(reader.get("/%74asks").await.status, StatusCode::OK);
    stack.stop().await;
}
