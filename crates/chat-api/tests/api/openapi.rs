use std::{fs, path::Path};

use reqwest::Method;
use serde_json::Value;

use crate::stack::{Answer, Stack};

/// The document that is committed, which is what every server serves.
pub(crate) fn committed() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    serde_json::from_str(&fs::read_to_string(path).expect("the document")).expect("JSON")
}

#[tokio::test]
async fn the_committed_document_is_what_the_server_serves() {
    let stack = Stack::start().await;
    assert_eq!(stack.replica.get("/api/openapi.json").await.body, committed());
    stack.stop().await;
}

#[tokio::test]
async fn the_page_of_the_documentation_is_whole_and_refers_to_no_other_site() {
    let stack = Stack::start().await;
    let page = stack.replica.request(Method::GET, "/api/docs/").send().await.expect("an answer");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(!policy.contains("//") && !policy.contains("*"), "{policy}");
    let page = page.text().await.expect("a page");
    let mut parts = vec![];
    for attribute in ["src=\"", "href=\""] {
        parts.extend(page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()));
    }
    assert!(parts.len() > 3, "{page}");
    for part in parts {
        assert!(!part.contains("//"), "{part} is on another site");
        let path = format!("/api/docs/{}", part.trim_start_matches("./"));
        let found = stack.replica.request(Method::GET, &path).send().await.expect("an answer");
        assert_eq!(found.status(), 200, "{part}");
    }
    let begin = "/api/docs/swagger-initializer.js";
    let begin = stack.replica.request(Method::GET, begin).send().await.expect("an answer");
    let begin = begin.text().await.expect("a script");
    assert!(begin.contains("/api/openapi.json") && !begin.contains("://"), "{begin}");
    stack.stop().await;
}

#[tokio::test]
async fn a_method_that_is_not_taken_is_answered_with_those_that_are() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let put = Answer::of(ada.request(Method::PUT, "/tasks/x")).await;
    put.assert_problem(405, "method_not_allowed");
    assert_eq!(put.header("allow"), "GET, PATCH, DELETE");
    let get = stack.replica.get("/api/v1/auth/login").await;
    get.assert_problem(405, "method_not_allowed");
    assert_eq!(get.header("allow"), "POST");
    let page = stack.replica.post("/", &Value::Null).await;
    page.assert_problem(405, "method_not_allowed");
    assert_eq!(page.header("allow"), "GET, HEAD");
    stack.stop().await;
}
