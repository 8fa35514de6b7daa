//! A reader of server-sent events.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;
use testing::EVENTUALLY_SECS;

use crate::stack::Person;

/// An event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) id: i64,
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// A stream that is being followed.
pub(crate) struct Stream {
    response: Response,
    unread: String,
    /// The last id that it said, also without an event.
    pub(crate) last_id: Option<i64>,
}

impl Stream {
    /// Follows a person's stream; `path` begins behind `/stream`.
    pub(crate) async fn open(person: &Person, query: &str, last_event_id: Option<&str>) -> Self {
        let mut request = person.request(Method::GET, &format!("/stream{query}"));
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, unread: String::new(), last_id: None }
    }

    /// Follows, unless that is refused.
    pub(crate) async fn try_open(person: &Person) -> Option<Self> {
        let response = person.request(Method::GET, "/stream").send().await.expect("an answer");
        let is_open = response.status() == 200;
        is_open.then(|| Self { response, unread: String::new(), last_id: None })
    }

    /// Reads until it says that it lives.
    pub(crate) async fn said_it_lives(&mut self) {
        while !self.unread.contains(":\n\n") {
            assert!(self.read().await, "the stream ended");
        }
    }

    /// Fails unless it ends before the check that comes every 15 seconds.
    pub(crate) async fn ended_at_once(&mut self) {
        let end = tokio::time::timeout(Duration::from_secs(8), self.next()).await;
        assert_eq!(end.expect("at once"), None);
    }

    /// The next event; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Sent> {
        loop {
            while let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                if let Some(sent) = self.parse(&block) {
                    return Some(sent);
                }
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// Reads until the stream has said where it is.
    pub(crate) async fn said_position(&mut self) -> i64 {
        while self.last_id.is_none() {
            while let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                assert!(self.parse(&block).is_none(), "an event before its position: {block}");
            }
            if self.last_id.is_none() {
                assert!(self.read().await, "the stream ended");
            }
        }
        self.last_id.expect("a position")
    }

    async fn read(&mut self) -> bool {
        let limit = Duration::from_secs(EVENTUALLY_SECS);
        let chunk = tokio::time::timeout(limit, self.response.chunk()).await.expect("in time");
        let Ok(Some(chunk)) = chunk else { return false };
        self.unread += std::str::from_utf8(&chunk).expect("text");
        true
    }

    fn parse(&mut self, block: &str) -> Option<Sent> {
        let field =
            |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        if let Some(id) = field("id") {
            self.last_id = Some(id.parse().expect("a number"));
        }
        Some(Sent {
            event: field("event")?.to_owned(),
            id: self.last_id?,
            data: serde_json::from_str(field("data")?).expect("JSON"),
        })
    }
}
