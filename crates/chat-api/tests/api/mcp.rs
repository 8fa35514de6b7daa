//! `/mcp` as a program sees it that speaks the Model Context Protocol.

mod calling;
mod conformance;
mod protocol;
mod stateless;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::stack::{Answer, Person, Stack};

const READ: &[&str] = &["read"];
const READ_WRITE: &[&str] = &["read", "write"];

/// A program that acts for somebody.
struct Program<'s> {
    stack: &'s Stack,
    token: String,
}

impl<'s> Program<'s> {
    async fn of(stack: &'s Stack, person: &Person) -> Self {
        Self::with_scopes(stack, person, READ_WRITE).await
    }

    async fn with_scopes(stack: &'s Stack, person: &Person, scopes: &[&str]) -> Self {
        let made = person.post("/tokens", json!({"name": "x", "scopes": scopes})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        Self { stack, token: made.body["token"].as_str().expect("a token").to_owned() }
    }

    fn request(&self, method: Method) -> RequestBuilder {
        self.stack.replica.request(method, "/mcp").bearer_auth(&self.token)
    }

    /// Sends a body as it is.
    async fn send(&self, body: impl Into<reqwest::Body>) -> Answer {
        Answer::of(self.request(Method::POST).body(body)).await
    }

    async fn ask(&self, method: &str, params: Value) -> Answer {
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        self.send(body.to_string()).await
    }

    /// The result of a request that has one.
    async fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        assert_eq!(answer.status, StatusCode::OK, "{method}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!((&answer.body["jsonrpc"], &answer.body["id"]), (&json!("2.0"), &json!(7)));
        assert!(answer.body["error"].is_null(), "{method}: {answer:?}");
        answer.body["result"].clone()
    }

    /// What a tool answers, whether it did it or not.
    async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.result("tools/call", json!({"name": tool, "arguments": arguments})).await
    }

    /// The words and the result of a call that was carried out.
    async fn done(&self, tool: &str, arguments: Value) -> (String, Value) {
        let result = self.call(tool, arguments).await;
        assert_eq!(result["isError"], false, "{tool}: {result}");
        (words(&result), result["structuredContent"].clone())
    }

    /// The words and the result of a call that was not.
    async fn refused(&self, tool: &str, arguments: Value) -> (String, Value) {
        let result = self.call(tool, arguments).await;
        assert_eq!(result["isError"], true, "{tool}: {result}");
        (words(&result), result["structuredContent"].clone())
    }

    /// Makes a task; returns its id.
    async fn add(&self, title: &str) -> String {
        let (_, added) = self.done("add_task", json!({"title": title})).await;
        added["tasks"][0]["id"].as_str().expect("an id").to_owned()
    }
}

fn words(result: &Value) -> String {
    result["content"][0]["text"].as_str().expect("words").to_owned()
}

/// The conversation in which a person sees what programs have done.
async fn conversation(person: &Person) -> Value {
    let conversations = person.get("/conversations").await.body;
    let id = conversations["items"][0]["id"].as_str().expect("an id").to_owned();
    person.get(&format!("/conversations/{id}")).await.body
}

/// Says something in it.
async fn say(person: &Person, text: &str) -> String {
    let conversation = conversation(person).await;
    let body = json!({"message": text, "conversation_id": conversation["id"]});
    let answer = person.post("/chat", body).await;
    answer.body["reply"].as_str().expect("a reply").to_owned()
}
