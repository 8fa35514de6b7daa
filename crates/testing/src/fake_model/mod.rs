//! A stand-in for a language model: a real HTTP server on a loopback port that speaks OpenAI's chat
//! completions, streamed, from a script.
//!
//! Owns: what an endpoint does that answers well, answers badly, hangs or breaks, each at any byte, and
//! what it was asked. Promises: what it sends is what real endpoints send, byte by byte, with the
//! deviations that they are known for ([`Deviation`]). Never: a model; it understands nothing of what it
//! is asked.
//!
//! ```no_run
//! # use testing::fake_model::{FakeModel, ModelAnswer};
//! # use serde_json::json;
//! # async fn example() {
//! let model = FakeModel::start([
//!     ModelAnswer::calling("create_task", json!({ "title": "Milk" })).reply(),
//!     ModelAnswer::saying(&["Milk is ", "on your list."]).reply(),
//! ])
//! .await;
//! let base_url = model.base_url();
//! # }
//! ```

mod answer;
mod http;
mod reply;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
    time::timeout,
};

pub use answer::{Deviation, ModelAnswer};
pub use reply::Reply;

/// How long a connection may take that finds a place in a queue, in milliseconds.
const DEAF_PATIENCE_MS: u64 = 200;
/// The longest queue that is filled, in connections.
const MAX_DEAF_QUEUE: usize = 64;

/// Decides on the answer to a request, which is the so manyth, from 0 on.
type Script = Box<dyn Fn(usize, &ModelRequest) -> Reply + Send + Sync>;

/// A stand-in for a language model's endpoint. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeModel {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct ModelRequest {
    /// Such as `POST`.
    pub method: String,
    /// The path, and the query where there is one.
    pub target: String,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body; `null` where it is no JSON.
    pub body: Value,
}

/// An address of which connections are never taken: the queue of those that wait is full.
#[derive(Debug)]
pub struct DeafEndpoint {
    address: SocketAddr,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

struct State {
    requests: Mutex<Vec<ModelRequest>>,
    hang_ups: AtomicU64,
    connections: AtomicU64,
    script: Script,
}

impl FakeModel {
    /// One that gives these replies, one a request, and after them a 500.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        Self::by(move |number, _| {
            let over = || Reply::error(500, Some("script_is_over"));
            replies.get(number).cloned().unwrap_or_else(over)
        })
        .await
    }

    /// One that decides on each reply by the request and its number, from 0 on.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn by(
        script: impl Fn(usize, &ModelRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let state = Arc::new(State {
            requests: Mutex::default(),
            hang_ups: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            script: Box::new(script),
        });
        let accepting = tokio::spawn(accept(listener, state.clone()));
        Self { address, state, accepting }
    }

    /// What to give as `LLM_BASE_URL`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The requests that came so far.
    #[must_use]
    pub fn requests(&self) -> Vec<ModelRequest> {
        self.state.requests().clone()
    }

    /// How often somebody went away before an answer had ended.
    #[must_use]
    pub fn hang_ups(&self) -> u64 {
        self.state.hang_ups.load(Ordering::SeqCst)
    }

    /// How many connections there were so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl Drop for FakeModel {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl ModelRequest {
    /// A header's value, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The messages of the conversation.
    #[must_use]
    pub fn messages(&self) -> &[Value] {
        self.body["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The names of the tools.
    #[must_use]
    pub fn tool_names(&self) -> Vec<&str> {
        let tools = self.body["tools"].as_array().into_iter().flatten();
        tools.filter_map(|tool| tool["function"]["name"].as_str()).collect()
    }

    /// What the tools answered, as the model is told: the messages of the role `tool`.
    #[must_use]
    pub fn tool_results(&self) -> Vec<&str> {
        let results = self.messages().iter().filter(|message| message["role"] == "tool");
        results.filter_map(|message| message["content"].as_str()).collect()
    }
}

impl DeafEndpoint {
    /// One on a free port.
    ///
    /// # Panics
    /// When no port is free, or the system's queue has no end.
    pub async fn start() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let listener = socket.listen(1).expect("a queue");
        let address = listener.local_addr().expect("a bound port");
        let mut waiting = Vec::new();
        // What fits into the queue connects at once, and what does not, never.
        let patience = Duration::from_millis(DEAF_PATIENCE_MS);
        while let Ok(client) = timeout(patience, TcpStream::connect(address)).await {
            waiting.push(client.expect("a place in the queue, or none"));
            assert!(waiting.len() < MAX_DEAF_QUEUE, "the queue has no end");
        }
        Self { address, _listener: listener, _waiting: waiting }
    }

    /// What to give as `LLM_BASE_URL`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl State {
    fn requests(&self) -> std::sync::MutexGuard<'_, Vec<ModelRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("State").field("requests", &self.requests).finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((connection, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::SeqCst);
        // Pieces must leave as they were cut.
        let _best_effort = connection.set_nodelay(true);
        tokio::spawn(serve(connection, state.clone()));
    }
}

/// Answers the requests of a connection, until either side ends it.
async fn serve(mut connection: TcpStream, state: Arc<State>) {
    let mut unread = Vec::new();
    while let Some(request) = http::read_request(&mut connection, &mut unread).await {
        let number = {
            let mut requests = state.requests();
            requests.push(request.clone());
            requests.len() - 1
        };
        let reply = (state.script)(number, &request);
        match http::play(&mut connection, &reply).await {
            http::Played::Whole => {}
            http::Played::Closed => return,
            http::Played::HungUp => {
                state.hang_ups.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
    }
}
