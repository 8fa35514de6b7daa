use std::time::Duration;

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use testing::skipped;
use tokio::process::Command;

use crate::{
    raw::Raw,
    stack::{Answer, Person, Stack},
};

const SITE: &str = "https://app.example.org";
/// Where the browser is, by the names that systems give it.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The number behind a name in a structured field: `"policy";r=5;t=60`.
fn number(field: &str, name: &str) -> u64 {
    let parameter = field.split(';').find_map(|parameter| parameter.strip_prefix(name));
    parameter.and_then(|text| text.strip_prefix('=')).expect(name).parse().expect("a number")
}

#[tokio::test]
async fn a_session_that_asks_too_often_is_told_when_to_come_again() {
    let stack = Stack::start_with(&["--signed-in-requests-per-minute", "5"]).await;
    let ada = stack.register("ada").await;
    let stranger = ada.get("/me").await;
    assert_eq!(stranger.header("ratelimit-policy"), "\"address\";q=1200;w=60", "not yet known");
    for left in (0..5).rev() {
        let answer = ada.get("/me").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("ratelimit-policy"), "\"credential\";q=5;w=60");
        assert_eq!(number(answer.header("ratelimit"), "r"), left);
    }
    let refused = ada.get("/me").await;
    refused.assert_problem(429, "rate_limited");
    let wait = refused.header("retry-after").parse::<u64>().expect("seconds");
    assert!((1..=12).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit"), format!("\"credential\";r=0;t={wait}"));
    // Before the body.
    let mut raw = Raw::connect(&stack.replica).await;
    let cookie = &ada.cookie;
    let head = "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nCookie: ";
    raw.send(&format!("{head}{cookie}\r\n\r\n")).await;
    assert_eq!(raw.answer().await.0, 429);
    let body = json!({"email": ada.email, "password": crate::stack::PASSWORD});
    let again = stack.replica.post("/api/v1/auth/login", &body).await;
    let other = ada.with_cookie(again.session_cookie().expect("a session"));
    assert_eq!(other.get("/me").await.status, StatusCode::OK, "another session has its own");
    stack.stop().await;
}

#[tokio::test]
async fn made_up_tokens_cost_their_address_and_not_the_database() {
    let flags = ["--stranger-requests-per-minute", "8"];
    let (stack, proxy) = Stack::start_behind_a_proxy_with(&flags).await;
    let ada = stack.register("ada").await;
    assert_eq!(ada.get("/me").await.status, StatusCode::OK);
    let made_up = |letter: char| {
        let token = format!("Bearer {}A", letter.to_string().repeat(42));
        Answer::of(stack.replica.request(Method::GET, "/api/v1/me").header("Authorization", token))
    };
    for letter in 'a'..='f' {
        made_up(letter).await.assert_problem(401, "not_signed_in");
    }
    let asked = proxy.statements();
    for letter in 'g'..='z' {
        made_up(letter).await.assert_problem(429, "rate_limited");
    }
    stack.replica.get("/api/openapi.json").await.assert_problem(429, "rate_limited");
    let asked = proxy.statements() - asked;
    // What jobs ask goes through there too.
    assert!(asked < 10, "{asked} statements for 21 requests");
    assert_eq!(ada.get("/me").await.status, StatusCode::OK, "who is known pays for itself");
    stack.stop().await;
}

#[tokio::test]
async fn a_session_that_has_ended_pays_as_a_stranger() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    ada.get("/me").await;
    assert!(ada.get("/me").await.header("ratelimit").starts_with("\"credential\""));
    ada.post("/auth/logout", json!({})).await;
    ada.get("/me").await.assert_problem(401, "not_signed_in");
    let stranger = ada.get("/me").await;
    stranger.assert_problem(401, "not_signed_in");
    assert!(stranger.header("ratelimit").starts_with("\"address\""));
    stack.stop().await;
}

async fn preflight(stack: &Stack, origin: &str) -> Answer {
    let request =
        stack.replica.request(Method::OPTIONS, "/api/v1/tasks/x").header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", "PATCH");
    Answer::of(request.header("Access-Control-Request-Headers", "content-type,if-match")).await
}

async fn post_from(person: &Person, origin: &str) -> Answer {
    let request = person.request(Method::POST, "/tasks").header("Origin", origin);
    Answer::of(request.json(&json!({"title": "x"}))).await
}

#[tokio::test]
async fn pages_of_other_sites_are_shut_out() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let answer = preflight(&stack, SITE).await;
    assert!(!answer.status.is_success(), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let read = ada.request(Method::GET, "/tasks").header("Origin", SITE);
    assert_eq!(Answer::of(read).await.header("access-control-allow-origin"), "");
    post_from(&ada, SITE).await.assert_problem(403, "cross_site");
    stack.stop().await;
}

#[tokio::test]
async fn pages_of_a_site_that_is_named_get_in_with_the_session_and_no_others_do() {
    let flags = ["--cors-origins", SITE, "--signed-in-requests-per-minute", "10"];
    let stack = Stack::start_with(&flags).await;
    let ada = stack.register("ada").await;
    let allowed = preflight(&stack, SITE).await;
    assert_eq!(allowed.status, StatusCode::OK);
    assert_eq!(allowed.header("access-control-allow-origin"), SITE);
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    assert!(allowed.header("access-control-allow-methods").contains("PATCH"));
    assert!(allowed.header("access-control-allow-headers").contains("if-match"));
    assert_eq!(allowed.header("ratelimit"), "", "it costs no quota");
    assert_eq!(allowed.header("x-content-type-options"), "nosniff");
    let made = post_from(&ada, SITE).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(made.header("access-control-allow-origin"), SITE);
    assert!(made.header("access-control-expose-headers").contains("etag"));
    let stranger = stack.replica.request(Method::GET, "/api/v1/me").header("Origin", SITE);
    let refused = Answer::of(stranger).await;
    refused.assert_problem(401, "not_signed_in");
    assert_eq!(refused.header("access-control-allow-origin"), SITE, "a problem is readable too");
    for _ in 0..10 {
        ada.get("/me").await;
    }
    let limited = post_from(&ada, SITE).await;
    limited.assert_problem(429, "rate_limited");
    assert_eq!(limited.header("access-control-allow-origin"), SITE);
    let bob = stack.register("bob").await;
    for origin in ["https://evil.example.org", "http://app.example.org", "null"] {
        preflight(&stack, origin).await.assert_problem(400, "bad_request");
        let answer = post_from(&bob, origin).await;
        answer.assert_problem(403, "cross_site");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
    assert_eq!(stack.count("select count(*) from task").await, 1);
    stack.stop().await;
}

/// Every operation of the OpenAPI document: its method, and a path that leads to it.
fn operations(document: &Value) -> Vec<(Method, String)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut operations = vec![];
    for (path, methods) in paths {
        // Whatever an id is called, nothing has this one.
        let parts: Vec<&str> =
            path.split('/')
                .map(|part| {
                    if part.starts_with('{') {
                        "00000000-0000-4000-8000-000000000000"
                    } else {
                        part
                    }
                })
                .collect();
        for method in methods.as_object().expect("operations").keys() {
            let method = method.to_uppercase().parse().expect("a method");
            operations.push((method, parts.join("/")));
        }
    }
    operations
}

#[track_caller]
fn assert_hardened(what: &str, headers: &HeaderMap) {
    let header = |name: &str| {
        let values: Vec<&str> =
            headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        assert_eq!(values.len(), 1, "{name} of {what}: {values:?}");
        values[0].to_owned()
    };
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("x-frame-options"), "DENY", "{what}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{what}");
    assert!(header("permissions-policy").contains("geolocation=()"), "{what}");
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; "), "{what}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    let is_page = what.contains("/api/docs") || what.ends_with(" /") || what.ends_with(" /today");
    assert_eq!(policy.contains("-src 'self'") || policy.contains("unsafe"), is_page, "{what}");
    header("ratelimit");
    header("ratelimit-policy");
    header("x-correlation-id");
}

#[tokio::test]
async fn every_answer_tells_browsers_what_not_to_do() {
    let stack = Stack::start_with(&["--public-url", "https://tasks.example.org"]).await;
    let ada = stack.register("ada").await;
    let document = stack.replica.get("/api/openapi.json").await.body;
    let mut operations = operations(&document);
    assert!(operations.len() > 30, "{}", operations.len());
    for extra in [
        "/",
        "/today",
        "/api/docs/",
        "/api/docs/swagger-ui.css",
        "/api/openapi.json",
        "/api/docs",
        "/no",
    ] {
        operations.push((Method::GET, extra.to_owned()));
    }
    for (method, path) in operations {
        let what = format!("{method} {path}");
        let stranger = stack.replica.request(method.clone(), &path).body("{");
        let stranger = stranger.send().await.expect("an answer");
        assert_hardened(&format!("a stranger's {what}"), stranger.headers());
        let https = &stranger.headers()["strict-transport-security"];
        assert_eq!(https, "max-age=31536000", "{what}");
        let mine = stack.replica.request(method, &path).header("Cookie", &ada.cookie).body("{");
        let mine = mine.send().await.expect("an answer");
        assert!(mine.status().as_u16() < 500, "{what}: {mine:?}");
        assert_hardened(&format!("ada's {what}"), mine.headers());
    }
    stack.stop().await;
    let plain = Stack::start().await;
    let answer = plain.replica.get("/api/v1/me").await;
    assert_eq!(answer.header("strict-transport-security"), "", "where people come by http");
    plain.stop().await;
}

#[tokio::test]
async fn every_operation_says_that_it_may_be_asked_too_often() {
    let stack = Stack::start().await;
    let document = stack.replica.get("/api/openapi.json").await.body;
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("operations") {
            let response = operation["responses"]["429"]["$ref"].as_str().expect("a response");
            let response = document.pointer(&response[1..]).expect("a shared response");
            assert!(response["headers"].get("Retry-After").is_some(), "{method} {path}");
            assert!(response["content"].to_string().contains("rate_limited"), "{method} {path}");
            let has_body = operation.get("requestBody").is_some();
            for status in ["408", "413"] {
                assert_eq!(
                    operation["responses"].get(status).is_some(),
                    has_body,
                    "{method} {path}"
                );
            }
            operations += 1;
        }
    }
    assert!(operations > 30);
    stack.stop().await;
}

#[tokio::test]
async fn a_browser_shows_the_pages_and_finds_nothing_that_their_policy_forbids() {
    let Some(browser) = BROWSERS.into_iter().find(|name| has_program(name)) else {
        return skipped("needs Chromium");
    };
    let stack = Stack::start().await;
    for (path, sign) in [("/", "Tasks</title>"), ("/api/docs/", "opblock-summary-path")] {
        let profile = tempfile::tempdir().expect("a folder");
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
            "--dump-dom",
        ];
        let showing = Command::new(browser)
            .args(flags)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("{}{path}", stack.replica.public))
            .kill_on_drop(true)
            .output();
        let shown = tokio::time::timeout(Duration::from_secs(testing::EVENTUALLY_SECS), showing);
        let shown = shown.await.expect("in time").expect("it runs");
        let page = String::from_utf8_lossy(&shown.stdout);
        let said = String::from_utf8_lossy(&shown.stderr);
        // A stranger is asked to sign in, which the browser notes down.
        let is_complaint =
            |line: &&str| line.contains("CONSOLE") && !line.contains("status of 401");
        let complaints: Vec<&str> = said.lines().filter(is_complaint).collect();
        assert!(complaints.is_empty(), "{path}: {complaints:?}");
        assert!(page.contains(sign), "{path}: {} characters", page.len());
        assert!(!page.contains("<div id=\"app\"></div>"), "{path} shows nothing");
    }
    stack.stop().await;
}

fn has_program(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(name).is_file())
}
