//! The revision 2026-07-28, of which every message says for itself what it is.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Program, protocol::assert_error};
use crate::stack::{Answer, Stack};

const REVISION: &str = "2026-07-28";
const VERSION: (&str, &str) = ("MCP-Protocol-Version", REVISION);

/// Sends a message that says what it is of, with just these headers.
async fn send(
    program: &Program<'_>,
    method: &str,
    mut params: Value,
    headers: &[(&str, &str)],
) -> Answer {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
    let request = program.request(Method::POST).json(&body);
    Answer::of(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
        .await
}

/// Sends it as it has to be.
async fn ask(program: &Program<'_>, method: &str, params: Value) -> Answer {
    let name = params["name"].as_str().or(params["uri"].as_str()).unwrap_or_default().to_owned();
    let headers = [VERSION, ("Mcp-Method", method), ("Mcp-Name", &name)];
    send(program, method, params, &headers).await
}

#[tokio::test]
async fn a_program_needs_no_greeting() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let call = json!({"name": "add_task", "arguments": {"title": "call the dentist"}});
    for (method, params, ttl_ms) in [
        ("server/discover", json!({}), json!(300_000)),
        ("tools/list", json!({}), json!(300_000)),
        ("tools/call", call, Value::Null),
        ("resources/list", json!({}), json!(300_000)),
        ("resources/templates/list", json!({}), json!(300_000)),
        ("resources/read", json!({"uri": "tasks://open"}), json!(0)),
    ] {
        let answer = ask(&program, method, params).await;
        assert_eq!(answer.status, StatusCode::OK, "{method}: {answer:?}");
        let result = &answer.body["result"];
        assert_eq!(result["resultType"], "complete", "{method}");
        assert_eq!(result["ttlMs"], ttl_ms, "{method}");
        assert!(ttl_ms.is_null() || result["cacheScope"] == "private", "{method}");
        assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "chat-api");
    }
    let discovered = ask(&program, "server/discover", json!({})).await.body;
    let spoken = json!([REVISION, "2025-11-25", "2025-06-18"]);
    assert_eq!(discovered["result"]["supportedVersions"], spoken);
    assert!(discovered["result"]["capabilities"]["tools"].is_object());
    assert_eq!(program.done("list_tasks", json!({})).await.1["total"], 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_header_that_says_otherwise_than_the_message_is_refused() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let call = || json!({"name": "add_task", "arguments": {"title": "call the dentist"}});
    let (method, name) = (("Mcp-Method", "tools/call"), ("Mcp-Name", "add_task"));
    for headers in [
        vec![],
        vec![method, name],
        vec![("MCP-Protocol-Version", "2025-11-25"), method, name],
        vec![VERSION, name],
        vec![VERSION, ("Mcp-Method", "tools/list"), name],
        vec![VERSION, ("Mcp-Method", "Tools/call"), name],
        vec![VERSION, method],
        vec![VERSION, method, ("Mcp-Name", "list_tasks")],
        vec![VERSION, method, ("Mcp-Name", "=?base64?%?=")],
    ] {
        let answer = send(&program, "tools/call", call(), &headers).await;
        assert_error(&answer, 400, -32_020, "bad_request");
        assert_eq!(answer.body["id"], 7);
    }
    assert_eq!(stack.count("select count(*) from task").await, 0);
    let encoded = [VERSION, method, ("Mcp-Name", "=?base64?YWRkX3Rhc2s=?=")];
    assert_eq!(send(&program, "tools/call", call(), &encoded).await.status, StatusCode::OK);
    assert_eq!(stack.count("select count(*) from task").await, 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_message_that_does_not_say_what_it_is_of_is_refused() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let version = json!({"io.modelcontextprotocol/protocolVersion": REVISION});
    let capabilities = json!({"io.modelcontextprotocol/clientCapabilities": {}});
    for params in [json!({}), json!({"_meta": version}), json!({"_meta": capabilities})] {
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": params});
        let request = program.request(Method::POST).header(VERSION.0, VERSION.1);
        let answer = Answer::of(request.header("Mcp-Method", "tools/list").json(&body)).await;
        assert_error(&answer, 400, -32_602, "bad_request");
    }
    stack.stop().await;
}

#[tokio::test]
async fn what_the_revision_has_no_longer_is_not_found() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    for method in ["initialize", "ping", "subscriptions/listen", "prompts/list", "nonsense"] {
        let answer = ask(&program, method, json!({"protocolVersion": REVISION})).await;
        assert_error(&answer, 404, -32_601, "not_found");
    }
    let answer = ask(&program, "resources/read", json!({"uri": "tasks://nobody"})).await;
    assert_error(&answer, 200, -32_602, "not_found");
    let later = json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/list",
        "params": {"_meta": {"io.modelcontextprotocol/protocolVersion": "2999-01-01"}},
    });
    let later = program.request(Method::POST).header(VERSION.0, "2999-01-01").json(&later);
    let answer = Answer::of(later).await;
    assert_error(&answer, 400, -32_022, "bad_request");
    assert_eq!(answer.body["error"]["data"]["requested"], "2999-01-01");
    stack.stop().await;
}
