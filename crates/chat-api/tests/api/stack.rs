//! A chat-api of its own for each test, and people who use it.

use std::{ffi::OsString, net::TcpListener};

use chat_api::{Command, Listeners, ServeSettings};
use events::{Decoded, Event, Topic, UserId};
use platform::{database, shutdown::Shutdown};
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use sidecar::SidecarSettings;
use sqlx::PgPool;
use testing::{CuttingProxy, TestDatabase};
use tokio::task::JoinHandle;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const SEALING_KEYS: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const APP_TOKEN: &str = "from-the-sidecar";

/// A running chat-api with a database of its own. No bus: what it would publish is in its outbox.
pub(crate) struct Stack {
    pub(crate) database: TestDatabase,
    /// As the superuser, who sees everything.
    pub(crate) admin: PgPool,
    /// As the role of the service.
    pub(crate) role: PgPool,
    pub(crate) settings: ServeSettings,
    pub(crate) replica: Replica,
}

/// One process's worth of chat-api.
pub(crate) struct Replica {
    pub(crate) public: String,
    sidecar: String,
    shutdown: Shutdown,
    serving: JoinHandle<()>,
    http: reqwest::Client,
}

/// Somebody with an account, signed in by a cookie.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
    pub(crate) cookie: String,
    /// An API token, which is then presented instead.
    token: Option<String>,
    public: String,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// A row of the outbox.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) topic: String,
    pub(crate) event: Event,
    pub(crate) json: Value,
    pub(crate) needs_receipt: bool,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        let database = TestDatabase::create_owned().await;
        let settings = settings(&database.owner_url(), flags);
        Self::start_at(database, settings).await
    }

    /// As a superuser, to whom row-level security means nothing: only the queries' own scope is left.
    pub(crate) async fn start_without_second_wall(flags: &[&str]) -> Self {
        let database = TestDatabase::create().await;
        let settings = settings(&database.url(), flags);
        Self::start_at(database, settings).await
    }

    /// With a proxy before its database, which counts; without what else asks the database by itself,
    /// once a minute or when somebody follows.
    pub(crate) async fn start_behind_a_proxy() -> (Self, CuttingProxy) {
        Self::start_behind_a_proxy_with(&[]).await
    }

    pub(crate) async fn start_behind_a_proxy_with(flags: &[&str]) -> (Self, CuttingProxy) {
        let database = TestDatabase::create_owned().await;
        let proxy = CuttingProxy::start(database.address()).await;
        let settings = settings(&database.owner_url_via(proxy.address()), flags);
        (Self::start_at(database, settings).await, proxy)
    }

    async fn start_at(database: TestDatabase, settings: ServeSettings) -> Self {
        let role = pool(&settings);
        chat_api::migrate(&role).await.expect("migrations");
        let replica = Replica::start(&settings);
        Self { admin: database.pool(4), role, settings, replica, database }
    }

    /// Stops everything and drops the database.
    pub(crate) async fn stop(self) {
        self.replica.stop().await;
        self.role.close().await;
        self.admin.close().await;
        self.database.drop().await;
    }

    pub(crate) async fn register(&self, name: &str) -> Person {
        let email = format!("{name}@example.test");
        let body = json!({"email": email, "password": PASSWORD, "time_zone": "Europe/Berlin"});
        let answer = self.replica.post("/api/v1/auth/register", &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        Person {
            user_id: answer.body["user_id"].as_str().expect("an id").parse().expect("a UUID"),
            email,
            cookie: answer.session_cookie().expect("a session"),
            token: None,
            public: self.replica.public.clone(),
            http: self.replica.http.clone(),
        }
    }

    /// All that is to be published, in order; each valid by its committed schema.
    pub(crate) async fn outbox(&self) -> Vec<Row> {
        let rows: Vec<(String, String, bool)> = sqlx::query_as(
            "select topic, envelope, needs_receipt from messaging.outbox order by seq",
        )
        .fetch_all(&self.admin)
        .await
        .expect("the outbox");
        rows.into_iter()
            .map(|(topic, envelope, needs_receipt)| {
                let Ok(Decoded::Event(event)) = Event::decode(envelope.as_bytes()) else {
                    panic!("no event: {envelope}");
                };
                let json = serde_json::from_str(&envelope).expect("JSON");
                crate::schemas::assert_valid(event.event_type(), &json);
                Row { topic, event: *event, json, needs_receipt }
            })
            .collect()
    }

    /// What is to be published on one topic, in order.
    pub(crate) async fn published(&self, topic: Topic) -> Vec<Row> {
        let mut rows = self.outbox().await;
        rows.retain(|row| row.topic == topic.name());
        rows
    }

    /// Empties the outbox, as if everything were published and received.
    pub(crate) async fn forget_outbox(&self) {
        sqlx::query("delete from messaging.outbox").execute(&self.admin).await.expect("deleted");
    }

    /// Does as the superuser.
    pub(crate) async fn run(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.admin).await.expect("done");
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.admin).await.expect("a count")
    }
}

impl Replica {
    pub(crate) fn start(settings: &ServeSettings) -> Self {
        let listen = || TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listeners = Listeners { public: listen(), health: listen(), sidecar: listen() };
        let address = |listener: &TcpListener| {
            format!("http://{}", listener.local_addr().expect("an address"))
        };
        let (public, sidecar) = (address(&listeners.public), address(&listeners.sidecar));
        let nobody = "http://127.0.0.1:9".parse().expect("a URL");
        let mut sidecar_settings = SidecarSettings::at(nobody);
        sidecar_settings.app_api_token = Some(APP_TOKEN.into());
        let (settings, shutdown) = (settings.clone(), Shutdown::new());
        let stop = shutdown.clone();
        let serving = tokio::spawn(async move {
            let pool = pool(&settings);
            chat_api::serve(&settings, &sidecar_settings, pool, listeners, stop)
                .await
                .expect("it serves");
        });
        Self { public, sidecar, shutdown, serving, http: reqwest::Client::new() }
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(self) {
        self.shutdown.begin();
        self.serving.await.expect("a clean stop");
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.public))
    }

    /// Asks as a stranger.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// Asks as a stranger.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// Delivers raw bytes as the sidecar does; returns the status that it answers.
    pub(crate) async fn deliver_bytes(&self, topic: Topic, bytes: Vec<u8>) -> String {
        let answer = Answer::of(
            self.http
                .post(format!("{}/events/{topic}", self.sidecar))
                .header("dapr-api-token", APP_TOKEN)
                .body(bytes),
        )
        .await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body["status"].as_str().expect("a status").to_owned()
    }

    /// Delivers an event as a bare envelope.
    pub(crate) async fn deliver(&self, topic: Topic, event: &Event) -> String {
        self.deliver_bytes(topic, serde_json::to_vec(event).expect("JSON")).await
    }

    pub(crate) async fn deliver_without_token(&self, topic: Topic) -> StatusCode {
        let request = self.http.post(format!("{}/events/{topic}", self.sidecar)).body("{}");
        request.send().await.expect("an answer").status()
    }
}

impl Person {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.public));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request.header("Cookie", &self.cookie),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    /// Imports a file.
    pub(crate) async fn import(&self, query: &str, file: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, &format!("/import{query}"));
        Answer::of(request.body(file)).await
    }

    /// The whole of an export.
    pub(crate) async fn export(&self, query: &str) -> String {
        let request = self.request(Method::GET, &format!("/export{query}"));
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        response.text().await.expect("to its end")
    }

    /// Makes a task and returns it.
    pub(crate) async fn make_task(&self, body: Value) -> Value {
        let answer = self.post("/tasks", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.body
    }

    /// The same person in another session.
    pub(crate) fn with_cookie(&self, cookie: String) -> Self {
        Self { cookie, ..self.clone() }
    }

    /// The same person as a program, with an API token that has just been made.
    pub(crate) async fn with_token(&self, body: Value) -> Self {
        let made = self.post("/tokens", body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        Self {
            token: Some(made.body["token"].as_str().expect("a token").to_owned()),
            ..self.clone()
        }
    }

    /// Signs in once more.
    pub(crate) async fn log_in(&self, password: &str) -> Answer {
        let body = json!({"email": self.email, "password": password});
        let url = format!("{}/api/v1/auth/login", self.public);
        Answer::of(self.http.post(url).json(&body)).await
    }

    /// Asks with a body to delete something.
    pub(crate) async fn delete_with(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::DELETE, path).json(&body)).await
    }

    /// The same person through another replica.
    pub(crate) fn at(&self, replica: &Replica) -> Self {
        Self { public: replica.public.clone(), ..self.clone() }
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("plain text"))
    }

    /// Fails unless it is this problem, whole.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.body["code"], code, "{self:?}");
        assert_eq!(self.body["status"], status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["correlation_id"], self.header("x-correlation-id"));
        assert!(self.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }

    /// Fails unless exactly this field is refused.
    #[track_caller]
    pub(crate) fn assert_refuses(&self, field: &str) {
        self.assert_problem(422, "invalid");
        let fields: Vec<&str> = self.body["errors"]
            .as_array()
            .expect("the fields")
            .iter()
            .filter_map(|error| error["field"].as_str())
            .collect();
        assert_eq!(fields, [field], "{self:?}");
    }

    pub(crate) fn session_cookie(&self) -> Option<String> {
        let set = self.headers.get("set-cookie")?.to_str().ok()?;
        set.split(';').next().map(str::to_owned)
    }
}

fn settings(url: &str, flags: &[&str]) -> ServeSettings {
    let mut args = vec!["chat-api", "serve", "--database-url", url];
    args.extend(["--sealing-keys", SEALING_KEYS, "--event-bus", "hold"]);
    args.extend(flags);
    match Command::from_args(args.into_iter().map(OsString::from)) {
        Command::Serve(settings) => settings,
        other => panic!("{other:?}"),
    }
}

fn pool(settings: &ServeSettings) -> PgPool {
    let connections = settings.service.database_max_connections;
    database::pool(&settings.database.database_url, "chat-api", connections).expect("a pool")
}
