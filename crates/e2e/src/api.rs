//! The API as a person's program uses it.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::{Client, ClientBuilder, Method, StatusCode};
use serde_json::{Value, json};
use testing::eventually;
use uuid::Uuid;

use crate::sink::Sink;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// An account and its token, on one instance of chat-api.
#[derive(Clone, Debug)]
pub struct Person {
    client: Client,
    base: String,
    token: String,
}

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// The request's correlation id.
    pub correlation_id: Uuid,
    /// Its body; null where it has none.
    pub body: Value,
}

/// An instant so many seconds from now, as RFC 3339.
#[must_use]
pub fn in_seconds(seconds: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "a person's clock")]
    let now: DateTime<Utc> = Utc::now();
    (now + TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl Person {
    /// Registers a new account and makes a token.
    ///
    /// # Panics
    /// When the API refuses.
    pub async fn register(base: &str) -> Self {
        Self::register_for(base, &["read", "write", "account"]).await
    }

    /// Registers an account that administers, as the first one does where that is set.
    ///
    /// # Panics
    /// When the API refuses.
    pub async fn register_admin(base: &str) -> Self {
        Self::register_for(base, &["read", "write", "account", "admin"]).await
    }

    async fn register_for(base: &str, scopes: &[&str]) -> Self {
        Self::register_by(|| Client::builder().no_proxy(), base, scopes).await
    }

    /// Registers with these scopes, by clients that know the way: through an ingress, for one.
    ///
    /// # Panics
    /// When the API refuses.
    pub async fn register_by(way: impl Fn() -> ClientBuilder, base: &str, scopes: &[&str]) -> Self {
        let client = way().cookie_store(true).build().expect("a client");
        let email = format!("{}@example.test", Uuid::new_v4().simple());
        let body = json!({ "email": email, "password": PASSWORD });
        let registered = client
            .post(format!("{base}/api/v1/auth/register"))
            .json(&body)
            .send()
            .await
            .expect("an answer");
        assert_eq!(registered.status(), StatusCode::CREATED, "{:?}", registered.text().await);
        let made = client
            .post(format!("{base}/api/v1/tokens"))
            .json(&json!({ "name": "e2e", "scopes": scopes }))
            .send()
            .await
            .expect("an answer");
        assert_eq!(made.status(), StatusCode::CREATED);
        let made: Value = made.json().await.expect("a token");
        let token = made["token"].as_str().expect("a token").to_owned();
        let client = way().build().expect("a client");
        Self { client, base: base.to_owned(), token }
    }

    /// As [`register`](Self::register), with reminders that go to a sink. As who tries a channel before relying
    /// on it, waits until a test has come there: settings and tasks travel apart, and a firing is sent to
    /// the channels that the worker knows then.
    ///
    /// # Panics
    /// When the API refuses, or the test does not come.
    pub async fn register_with_webhook(base: &str, sink: &Sink) -> Self {
        let person = Self::register(base).await;
        let channel = person.create_webhook(&format!("http://{}/hook", sink.address())).await;
        let tests = sink.tests().len();
        let test = format!("/channels/{}/test", channel.body["id"].as_str().expect("an id"));
        person.must(Method::POST, &test, None).await;
        eventually("the test of the channel", || async {
            (sink.tests().len() > tests).then_some(())
        })
        .await;
        person
    }

    /// The same person on another instance.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// Asks the API; `None` where there is no answer.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Option<Answer> {
        self.ask_once(method, path, body, None).await
    }

    /// The same, with why there is no answer.
    ///
    /// # Errors
    /// The connection's own.
    pub async fn try_ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Answer> {
        self.try_send(method, path, body, &[]).await
    }

    /// The same with an `Idempotency-Key`, so that asking again does nothing twice.
    pub async fn ask_once(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        key: Option<&str>,
    ) -> Option<Answer> {
        let headers: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        self.send(method, path, body, &headers).await
    }

    /// Posts with further headers.
    pub async fn ask_with(
        &self,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Option<Answer> {
        self.send(Method::POST, path, Some(body), headers).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Option<Answer> {
        self.try_send(method, path, body, headers).await.ok()
    }

    async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        let mut request = self
            .client
            .request(method, format!("{}/api/v1{path}", self.base))
            .bearer_auth(&self.token)
            .timeout(ANSWER_TIMEOUT);
        if let Some(body) = body {
            request = request.json(&body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await?;
        let status = response.status();
        // What a proxy answers has none.
        let correlation_id = response.headers().get("x-correlation-id");
        let correlation_id = correlation_id.and_then(|id| id.to_str().ok()?.parse().ok());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { status, correlation_id: correlation_id.unwrap_or_default(), body })
    }

    /// Asks, and takes the answer.
    ///
    /// # Panics
    /// Without an answer, or with one that is no success.
    pub async fn must(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let answer = self.ask(method, path, body).await.expect("an answer");
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer
    }

    /// Makes a task with a reminder at its due time.
    ///
    /// # Panics
    /// When the API refuses.
    pub async fn create_task(&self, title: &str, due_date: &str) -> Answer {
        let body = json!({ "title": title, "due_date": due_date });
        self.must(Method::POST, "/tasks", Some(body)).await
    }

    /// Makes a webhook channel.
    ///
    /// # Panics
    /// When the API refuses.
    pub async fn create_webhook(&self, url: &str) -> Answer {
        let body = json!({ "kind": "webhook", "url": url });
        self.must(Method::POST, "/channels", Some(body)).await
    }

    /// The live stream, from now on.
    ///
    /// # Panics
    /// When the API refuses.
    pub async fn stream(&self) -> reqwest::Response {
        let request = self.client.get(format!("{}/api/v1/stream", self.base));
        let answer = request.bearer_auth(&self.token).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer
    }

    /// The person's reminders of a status.
    ///
    /// # Panics
    /// When the API refuses.
    pub async fn reminders(&self, status: &str) -> Vec<Value> {
        let path = format!("/reminders?status={status}&limit=200");
        let answer = self.must(Method::GET, &path, None).await;
        answer.body["items"].as_array().expect("a list").clone()
    }
}
