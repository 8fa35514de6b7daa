//! The web page as `make web` built it, through everything that stands around it.

use std::collections::BTreeSet;

use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderValue},
};
use testing::skipped;

use crate::{
    raw::Raw,
    stack::{Answer, Stack},
};

/// Paths at which the page shows what it shows.
const VIEWS: [&str; 5] = ["/", "/today", "/task/1a2b", "/calendar", "/login"];
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types svelte-trusted-html dompurify app";
/// What a browser of today says.
const BROWSER: &str = "gzip, deflate, br, zstd";

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("plain text"))
    }
}

async fn get_with(stack: &Stack, path: &str, headers: &[(&'static str, &str)]) -> Got {
    let mut request = stack.replica.request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_str(value).expect("a value"));
    }
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Got { status, headers, body: response.bytes().await.expect("a body").to_vec() }
}

async fn get(stack: &Stack, path: &str) -> Got {
    get_with(stack, path, &[]).await
}

/// The paths of the files that the page begins with; none where it was not built.
async fn files_of_page(stack: &Stack) -> BTreeSet<String> {
    let page = String::from_utf8(get(stack, "/").await.body).expect("text");
    let parts = ["src=\"/", "href=\"/"].into_iter().flat_map(|from| page.split(from).skip(1));
    let paths = parts.filter_map(|rest| rest.split('"').next()).map(|path| format!("/{path}"));
    paths.filter(|path| !path.starts_with("/api/")).collect()
}

#[tokio::test]
async fn strangers_get_the_page_at_each_of_its_paths_and_under_its_policy() {
    let stack = Stack::start().await;
    let page = get(&stack, "/").await;
    for path in VIEWS {
        let got = get(&stack, path).await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        assert_eq!(got.body, page.body, "{path}");
        assert_eq!(got.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(got.header("content-security-policy"), POLICY, "{path}");
        assert_eq!(got.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(got.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(got.header("cache-control"), "no-cache", "{path}");
        let tag = got.header("etag");
        let known = get_with(&stack, path, &[("if-none-match", tag)]).await;
        assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert_eq!(known.header("content-security-policy"), POLICY, "{path}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn what_is_not_the_page_s_stays_a_problem() {
    let stack = Stack::start().await;
    for path in ["/nothing", "/app", "/todayx", "/calendar/x", "/assets/none.js", "/Cargo.toml"] {
        stack.replica.get(path).await.assert_problem(404, "not_found");
    }
    // As no client would leave them.
    for path in [
        "/assets/../Cargo.toml",
        "/assets/../../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/..%5c..%5cCargo.toml",
        "/../Cargo.toml",
        "//etc/passwd",
        "/assets//etc/passwd",
    ] {
        let mut raw = Raw::connect(&stack.replica).await;
        raw.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        let (status, body) = raw.answer().await;
        assert_eq!(status, 404, "{path}: {body}");
        assert_eq!(body["code"], "not_found", "{path}");
    }
    let posted = stack.replica.post("/today", &serde_json::Value::Null).await;
    posted.assert_problem(405, "method_not_allowed");
    assert_eq!(posted.header("allow"), "GET, HEAD");
    stack.stop().await;
}

#[tokio::test]
async fn a_head_is_the_answer_without_its_body() {
    let stack = Stack::start().await;
    let got = get(&stack, "/today").await;
    let head = stack.replica.request(Method::HEAD, "/today").send().await.expect("an answer");
    assert_eq!(head.status(), StatusCode::OK);
    for name in ["etag", "content-type", "content-length", "content-security-policy"] {
        assert_eq!(head.headers().get(name), got.headers.get(name), "{name}");
    }
    assert_eq!(head.headers()["content-length"], got.body.len().to_string().as_str());
    // The next answer on the connection would begin with what was left of it.
    let mut raw = Raw::connect(&stack.replica).await;
    raw.send("HEAD /today HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    let head = raw.head().await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(raw.answer().await.0, 404);
    stack.stop().await;
}

#[tokio::test]
async fn the_files_of_the_built_page_come_packed_and_keep_for_a_year() {
    let stack = Stack::start().await;
    let files = files_of_page(&stack).await;
    let assets: Vec<_> = files.iter().filter(|path| path.starts_with("/assets/")).collect();
    if assets.is_empty() {
        stack.stop().await;
        return skipped("needs the page: make web");
    }
    for path in &files {
        let plain = get(&stack, path).await;
        assert_eq!(plain.status, StatusCode::OK, "{path}, which the page names");
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        assert_ne!(plain.header("content-type"), "application/octet-stream", "{path}");
        assert_eq!(plain.header("content-security-policy"), POLICY, "{path}");
        let is_asset = path.starts_with("/assets/");
        let keeps = if is_asset { "public, max-age=31536000, immutable" } else { "no-cache" };
        assert_eq!(plain.header("cache-control"), keeps, "{path}");
    }
    assert!(assets.iter().any(|path| path.ends_with(".js")), "{assets:?}");
    for path in assets.into_iter().filter(|path| path.ends_with(".js")) {
        let plain = get(&stack, path).await;
        let mut sizes = vec![plain.body.len()];
        for (accepted, encoding) in [("gzip", "gzip"), (BROWSER, "br")] {
            let packed = get_with(&stack, path, &[("accept-encoding", accepted)]).await;
            assert_eq!(packed.header("content-encoding"), encoding, "{path}: make web packs it");
            assert_eq!(packed.header("vary"), "accept-encoding", "{path}");
            assert_ne!(packed.header("etag"), plain.header("etag"), "{path}");
            let tag = packed.header("etag").to_owned();
            let ask = [("accept-encoding", accepted), ("if-none-match", tag.as_str())];
            let again = get_with(&stack, path, &ask).await;
            assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path}");
            sizes.push(packed.body.len());
        }
        assert!(
            sizes.is_sorted_by(|a, b| a > b),
            "{path}: {sizes:?} bytes plain, by gzip, by brotli"
        );
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_service_worker_may_work_for_the_whole_site_and_ask_it() {
    let stack = Stack::start().await;
    let worker = get(&stack, "/sw.js").await;
    if worker.status == StatusCode::NOT_FOUND {
        stack.stop().await;
        return skipped("needs the page: make web");
    }
    assert_eq!(worker.header("service-worker-allowed"), "/");
    assert_eq!(worker.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(worker.header("cache-control"), "no-cache");
    assert!(worker.header("content-security-policy").contains("connect-src 'self'"));
    stack.stop().await;
}

#[tokio::test]
async fn opening_the_page_leaves_the_address_its_quota() {
    let stack = Stack::start_with(&["--stranger-requests-per-minute", "3"]).await;
    for left in ["2", "1", "0"] {
        let got = get(&stack, "/today").await;
        assert_eq!(got.status, StatusCode::OK);
        assert_eq!(got.header("ratelimit-policy"), "\"page\";q=3;w=60");
        assert!(got.header("ratelimit").starts_with(&format!("\"page\";r={left};")));
    }
    stack.replica.get("/today").await.assert_problem(429, "rate_limited");
    for path in ["/calendar/x.ics", "/api/v1/me", "/act/x"] {
        let asked = Answer::of(stack.replica.request(Method::GET, path)).await;
        assert!(asked.header("ratelimit").starts_with("\"address\""), "{path}");
        assert_ne!(asked.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
    stack.replica.get("/nothing").await.assert_problem(429, "rate_limited");
    stack.stop().await;
}
