use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::{
    raw::Raw,
    stack::{Person, Stack},
};

const PAUSE: Duration = Duration::from_millis(100);

fn get(path: &str, person: &Person) -> String {
    format!("GET /api/v1{path} HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", person.cookie)
}

fn post(path: &str, person: &Person, framing: &str) -> String {
    let cookie = &person.cookie;
    format!("POST /api/v1{path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n{framing}\r\n\r\n")
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let stack = Stack::start_with(&["--body-timeout-secs", "1"]).await;
    let ada = stack.register("ada").await;
    for framing in ["Content-Length: 100000", "Transfer-Encoding: chunked"] {
        let mut slow = Raw::connect(&stack.replica).await;
        slow.send(&post("/tasks", &ada, framing)).await;
        let began = Instant::now();
        // Chunks of one space.
        slow.trickle(&"1\r\n \r\n".repeat(1_000), PAUSE).await;
        let (status, problem) = slow.answer().await;
        assert_eq!((status, &problem["code"]), (408, &json!("request_timeout")), "{framing}");
        assert!(began.elapsed() >= Duration::from_secs(1), "and not before");
        drop(slow);
    }
    assert_eq!(ada.post("/tasks", json!({"title": "x"})).await.status, 201);
    stack.stop().await;
}

#[tokio::test]
async fn a_file_has_longer_to_come_than_another_body() {
    let stack = Stack::start_with(&["--body-timeout-secs", "1"]).await;
    let ada = stack.register("ada").await;
    let file = format!("{}{}", " ".repeat(20), r#"{"format": "todo.export", "version": 1}"#);
    let mut slow = Raw::connect(&stack.replica).await;
    slow.send(&post("/import", &ada, &format!("Content-Length: {}", file.len()))).await;
    let began = Instant::now();
    slow.trickle(&file[..20], PAUSE).await;
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    slow.send(&file[20..]).await;
    assert_eq!(slow.answer().await.0, 200);
    stack.stop().await;
}

#[tokio::test]
async fn a_head_that_trickles_is_given_up_also_after_a_first_request() {
    let stack = Stack::start_with(&["--head-timeout-secs", "1", "--keep-alive-secs", "600"]).await;
    let ada = stack.register("ada").await;
    let mut first = Raw::connect(&stack.replica).await;
    first.trickle(&get("/me", &ada), PAUSE).await;
    assert_eq!(first.answer().await.0, 408);
    let mut later = Raw::connect(&stack.replica).await;
    later.send(&get("/me", &ada)).await;
    assert_eq!(later.answer().await.0, 200);
    later.trickle(&get("/me", &ada), PAUSE).await;
    let end = later.end().await;
    assert_eq!((end.bytes, end.is_reset), (0, true), "no answer, and the end");
    stack.stop().await;
}

#[tokio::test]
async fn a_head_that_began_with_the_request_before_it_and_then_stopped_is_given_up() {
    let stack = Stack::start_with(&["--head-timeout-secs", "1", "--keep-alive-secs", "2"]).await;
    let ada = stack.register("ada").await;
    let mut both = Raw::connect(&stack.replica).await;
    both.send(&(get("/me", &ada) + "GET /api")).await;
    assert_eq!(both.answer().await.0, 200);
    assert_eq!(both.end().await.bytes, 0);
    stack.stop().await;
}

#[tokio::test]
async fn a_head_in_two_pieces_and_requests_one_after_the_other_are_answered() {
    let stack = Stack::start_with(&["--head-timeout-secs", "1"]).await;
    let ada = stack.register("ada").await;
    let mut client = Raw::connect(&stack.replica).await;
    let began = Instant::now();
    // For longer than a head may take: each has that time for itself.
    while began.elapsed() < Duration::from_millis(1_500) {
        let request = get("/me", &ada);
        let (one, other) = request.split_at(20);
        client.send(one).await;
        tokio::task::yield_now().await;
        client.send(other).await;
        assert_eq!(client.answer().await.0, 200);
    }
    client.send(&(get("/me", &ada) + &get("/tasks", &ada) + &get("/settings", &ada))).await;
    for _ in 0..3 {
        assert_eq!(client.answer().await.0, 200);
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_body_that_says_or_turns_out_to_be_too_large_is_not_read() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let limit = 256 * 1024;
    let mut says_so = Raw::connect(&stack.replica).await;
    says_so.send(&post("/tasks", &ada, &format!("Content-Length: {}", limit + 1))).await;
    let (status, problem) = says_so.answer().await;
    assert_eq!((status, &problem["code"]), (413, &json!("too_large")), "before any of it came");
    let mut grows = Raw::connect(&stack.replica).await;
    grows.send(&post("/tasks", &ada, "Transfer-Encoding: chunked")).await;
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    for _ in 0..limit / 0x4000 + 1 {
        grows.send(&chunk).await;
    }
    let (status, problem) = grows.answer().await;
    assert_eq!((status, &problem["code"]), (413, &json!("too_large")), "and never its end");
    let mut fits = Raw::connect(&stack.replica).await;
    fits.send(&post("/tasks", &ada, "Transfer-Encoding: chunked")).await;
    let task = json!({"title": "x"}).to_string();
    let body = task.clone() + &" ".repeat(limit - task.len());
    for part in body.as_bytes().chunks(0x4000) {
        let part = std::str::from_utf8(part).expect("text");
        fits.send(&format!("4000\r\n{part}\r\n")).await;
    }
    fits.send("0\r\n\r\n").await;
    assert_eq!(fits.answer().await.0, 201, "as large as it may be");
    stack.stop().await;
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_cut_off() {
    let stack = Stack::start_with(&["--write-timeout-secs", "1"]).await;
    let ada = stack.register("ada").await;
    let description = "x".repeat(20_000);
    for number in 0..60 {
        ada.make_task(json!({"title": number.to_string(), "description": description})).await;
    }
    let whole = ada.get("/tasks?limit=60").await.body.to_string().len();
    let mut stuck = Raw::connect_narrow(&stack.replica, 4_096).await;
    stuck.send(&get("/tasks?limit=60", &ada)).await;
    testing::eventually("the connection to be cut", || async { stuck.is_cut().then_some(()) })
        .await;
    let end = stuck.end().await;
    assert!(end.bytes < whole / 2, "{end:?} of {whole}");
    let mut slow = Raw::connect_narrow(&stack.replica, 4_096).await;
    slow.send(&get("/tasks?limit=60", &ada)).await;
    assert_eq!(slow.answer().await.0, 200, "whoever takes it gets it, however little at a time");
    stack.stop().await;
}

#[tokio::test]
async fn a_full_house_lets_others_wait_and_a_silent_guest_goes() {
    let house = ["--http-workers", "1", "--max-connections-per-worker", "2"];
    let stack = Stack::start_with(&[&house[..], &["--keep-alive-secs", "2"]].concat()).await;
    let request = "GET /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n";
    let (mut first, mut second) =
        (Raw::connect(&stack.replica).await, Raw::connect(&stack.replica).await);
    for guest in [&mut first, &mut second] {
        guest.send(request).await;
        assert_eq!(guest.answer().await.0, 401);
    }
    let mut third = Raw::connect(&stack.replica).await;
    third.send(request).await;
    assert!(!third.is_answered_within(Duration::from_millis(500)).await, "the house is full");
    assert_eq!(third.answer().await.0, 401, "until a silent one is gone");
    let end = first.end().await;
    assert_eq!((end.bytes, end.is_reset), (0, false));
    stack.stop().await;
}
