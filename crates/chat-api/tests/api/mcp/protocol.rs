//! Messages, and who may send them.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Program, READ};
use crate::{
    logs,
    raw::Raw,
    stack::{Answer, Stack},
};

const TOOLS: [&str; 12] = [
    "list_tasks",
    "get_task",
    "add_task",
    "complete_tasks",
    "reopen_tasks",
    "reschedule_tasks",
    "update_task",
    "delete_tasks",
    "snooze",
    "skip_occurrence",
    "why",
    "undo",
];
const READING: [&str; 3] = ["list_tasks", "get_task", "why"];

fn names(tools: &Value) -> Vec<&str> {
    let tools = tools["tools"].as_array().expect("tools").iter();
    tools.map(|tool| tool["name"].as_str().expect("a name")).collect()
}

/// Fails unless it is this error, with this status of HTTP.
#[track_caller]
pub(super) fn assert_error(answer: &Answer, status: u16, number: i64, code: &str) {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    let error = &answer.body["error"];
    assert_eq!(error["code"], number, "{answer:?}");
    assert_eq!(error["data"]["code"], code, "{answer:?}");
    assert_eq!(error["data"]["correlation_id"], answer.header("x-correlation-id"));
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer:?}");
}

#[tokio::test]
async fn a_program_is_greeted_in_a_revision_that_both_speak() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let hello = |version: &str| {
        json!({
            "protocolVersion": version, "capabilities": {},
            "clientInfo": {"name": "x", "version": "1"},
        })
    };
    for (asked, spoken) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2024-11-05", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("2999-01-01", "2025-11-25"),
    ] {
        let greeted = program.result("initialize", hello(asked)).await;
        assert_eq!(greeted["protocolVersion"], spoken);
        assert_eq!(greeted["serverInfo"]["name"], "chat-api");
        let capabilities = greeted["capabilities"].as_object().expect("capabilities");
        assert_eq!(capabilities.keys().collect::<Vec<_>>(), ["resources", "tools"]);
    }
    let greeted = program.ask("initialize", hello("2025-11-25")).await;
    assert_eq!(greeted.header("mcp-session-id"), "", "nothing is kept between two messages");
    let notified = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let notified = program.send(notified.to_string()).await;
    assert_eq!((notified.status, notified.body), (StatusCode::ACCEPTED, Value::Null));
    assert_eq!(program.result("ping", json!({})).await, json!({}));
    stack.stop().await;
}

#[tokio::test]
async fn the_tools_are_those_of_the_conversation_with_what_they_do_to_tasks() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let tools = Program::of(&stack, &ada).await.result("tools/list", json!({})).await;
    assert_eq!(names(&tools), TOOLS);
    for tool in tools["tools"].as_array().expect("tools") {
        let name = tool["name"].as_str().expect("a name");
        assert!(tool["description"].as_str().is_some_and(|text| text.len() > 10), "{tool}");
        let schema = &tool["inputSchema"];
        assert_eq!(schema["type"], "object", "{tool}");
        jsonschema::validator_for(schema).expect("a schema");
        let hints = &tool["annotations"];
        assert_eq!(hints["readOnlyHint"], READING.contains(&name), "{tool}");
        assert_eq!(hints["destructiveHint"], name == "delete_tasks", "{tool}");
        assert_eq!(hints["openWorldHint"], false, "{tool}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn what_is_no_message_of_the_protocol_is_told_so() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    for text in ["", "{", "nonsense", "\u{fffd}"] {
        let answer = program.send(text).await;
        assert_error(&answer, 400, -32_700, "malformed_json");
        assert_eq!(answer.body["id"], Value::Null);
    }
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    for body in [
        json!([ping]),
        json!("ping"),
        json!({"id": 1, "method": "ping"}),
        json!({"jsonrpc": "1.0", "id": 1, "method": "ping"}),
        json!({"jsonrpc": "2.0", "id": null, "method": "ping"}),
        json!({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}),
        json!({"jsonrpc": "2.0", "id": "x".repeat(256), "method": "ping"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": 5}),
        json!({"jsonrpc": "2.0", "id": 1}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}),
    ] {
        let answer = program.send(body.to_string()).await;
        assert_error(&answer, 400, -32_600, "bad_request");
    }
    for (id, body) in [
        (json!("a"), json!({"jsonrpc": "2.0", "id": "a", "method": "ping"})),
        (json!(0), json!({"jsonrpc": "2.0", "id": 0, "method": "ping", "params": {"_meta": {}}})),
    ] {
        let answer = program.send(body.to_string()).await;
        assert_eq!(answer.body, json!({"jsonrpc": "2.0", "id": id, "result": {}}));
    }
    // An answer to what was never asked.
    let answer = program.send(json!({"jsonrpc": "2.0", "id": 1, "result": {}}).to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    stack.stop().await;
}

#[tokio::test]
async fn what_there_is_not_is_told_so() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    for method in [
        "server/discover",
        "prompts/list",
        "logging/setLevel",
        "resources/subscribe",
        "nonsense",
        "",
    ] {
        assert_error(&program.ask(method, json!({})).await, 200, -32_601, "not_found");
    }
    for (method, params) in [
        ("initialize", json!({})),
        ("tools/call", json!({})),
        ("tools/call", json!({"name": "drop_table"})),
        ("tools/call", json!({"name": 5})),
        ("tools/call", json!({"name": "undo", "_meta": {"idempotency_key": ""}})),
        ("tools/call", json!({"name": "undo", "_meta": {"idempotency_key": 5}})),
        ("resources/read", json!({})),
    ] {
        assert_error(&program.ask(method, params).await, 200, -32_602, "invalid");
    }
    let nobody = "00000000-0000-4000-8000-000000000000";
    for uri in ["tasks://", "tasks://nobody", "file:///etc/passwd", &format!("tasks://{nobody}")] {
        let answer = program.ask("resources/read", json!({"uri": uri})).await;
        assert_error(&answer, 200, -32_002, "not_found");
        assert_eq!(answer.body["error"]["data"]["uri"], uri);
    }
    for (version, status) in [("2025-11-25", 200), ("2025-06-18", 200), ("2025-03-26", 400)] {
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
        let request = program.request(Method::POST).header("MCP-Protocol-Version", version);
        let answer = Answer::of(request.body(ping)).await;
        assert_eq!(answer.status.as_u16(), status, "{version}");
        if status == 400 {
            assert_error(&answer, 400, -32_022, "bad_request");
            assert_eq!(answer.body["id"], 1);
            let spoken = json!(["2026-07-28", "2025-11-25", "2025-06-18"]);
            assert_eq!(answer.body["error"]["data"]["supported"], spoken);
        }
    }
    stack.stop().await;
}

#[tokio::test]
async fn only_a_token_is_let_in_and_a_stranger_is_refused_before_the_body_is_read() {
    let flags = ["--public-url", "https://todo.example.test"];
    let flags = [flags, ["--cors-origins", "https://app.example.test"]].concat();
    let stack = Stack::start_with(&flags).await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let post = || stack.replica.request(Method::POST, "/mcp").json(&ping);
    for request in [
        post(),
        post().header("Cookie", &ada.cookie),
        post().bearer_auth("A".repeat(43)),
        post().bearer_auth(ada.cookie.trim_start_matches("session=")),
        post().header("Cookie", &ada.cookie).bearer_auth("A".repeat(43)),
        stack.replica.request(Method::GET, "/mcp"),
    ] {
        let answer = Answer::of(request).await;
        answer.assert_problem(401, "not_signed_in");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    for method in [Method::GET, Method::DELETE, Method::PUT] {
        let answer = Answer::of(program.request(method)).await;
        answer.assert_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "POST");
    }
    let page = |host: &str, origin: &str| {
        let request = program.request(Method::POST).header("Host", host).header("Origin", origin);
        Answer::of(request.json(&ping))
    };
    for (host, origin) in [
        ("todo.example.test", "https://elsewhere.example"),
        ("todo.example.test", "null"),
        ("todo.example.test", "http://todo.example.test"),
        // Whose name was made to lead here.
        ("elsewhere.example", "http://elsewhere.example"),
    ] {
        page(host, origin).await.assert_problem(403, "cross_site");
    }
    for origin in ["https://todo.example.test", "https://app.example.test"] {
        assert_eq!(page("todo.example.test", origin).await.status, StatusCode::OK);
    }
    let large = format!("\"{}\"", "x".repeat(300 * 1024));
    program.send(large).await.assert_problem(413, "too_large");
    let mut raw = Raw::connect(&stack.replica).await;
    raw.send("POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{").await;
    assert!(raw.is_answered_within(Duration::from_secs(testing::EVENTUALLY_SECS)).await);
    assert_eq!(raw.answer().await.0, 401);
    stack.stop().await;
}

#[tokio::test]
async fn a_token_reaches_what_its_scopes_say() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "call the dentist"})).await;
    let reader = Program::with_scopes(&stack, &ada, READ).await;
    assert_eq!(names(&reader.result("tools/list", json!({})).await), READING);
    let (_, listed) = reader.done("list_tasks", json!({})).await;
    assert_eq!(listed["tasks"][0]["id"], task["id"]);
    for tool in TOOLS.into_iter().filter(|tool| !READING.contains(tool)) {
        let params = json!({"name": tool, "arguments": {"task_ids": [task["id"]]}});
        let answer = reader.ask("tools/call", params).await;
        assert_error(&answer, 403, -32_600, "insufficient_scope");
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer error=\"insufficient_scope\", scope=\"write\""
        );
    }
    for scopes in [&["write"], &["account"]] {
        let other = Program::with_scopes(&stack, &ada, scopes).await;
        for method in ["tools/list", "tools/call", "resources/list", "initialize"] {
            other.ask(method, json!({})).await.assert_problem(403, "insufficient_scope");
        }
    }
    let after = ada.get(&format!("/tasks/{}", task["id"].as_str().expect("an id"))).await;
    assert_eq!(after.body["version"], task["version"], "nothing has changed");
    stack.stop().await;
}

#[tokio::test]
async fn nothing_that_is_said_is_logged_but_who_and_what() {
    logs::capture();
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let call = json!({"name": "add_task", "arguments": {"title": "visit the oubliette"}});
    let answer = program.ask("tools/call", call).await;
    program.done("list_tasks", json!({"words": "oubliette"})).await;
    program.ask("tools/call", json!({"name": "oubliette"})).await;
    program.ask("oubliette", json!({})).await;
    let (all, correlation_id) = (logs::captured(), answer.header("x-correlation-id"));
    let called = |line: &&str| line.contains(correlation_id) && line.contains("called a tool");
    assert!(all.lines().find(called).is_some_and(|line| line.contains("add_task")));
    assert!(!all.contains("oubliette") && !all.contains(&program.token));
    stack.stop().await;
}
