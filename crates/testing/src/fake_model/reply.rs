//! What the stand-in does with a request.

use std::time::Duration;

use serde_json::json;

/// An answer's bytes, and how far and in which pieces they are sent.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) framing: Framing,
    pub(super) piece_bytes: usize,
    pub(super) pause: Duration,
    pub(super) end: End,
}

/// How the other side learns where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Chunked,
    Length,
    UntilClose,
}

/// How the sending ends. Numbers are bytes of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    Cut(usize),
    CutHead,
    Hang(usize),
    HangHead,
}

impl Reply {
    /// A stream of server-sent events with this body.
    #[must_use]
    pub fn stream(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/event-stream; charset=utf-8", body, Framing::Chunked)
    }

    /// Any other body, with its length.
    #[must_use]
    pub fn body(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, content_type, body, Framing::Length)
    }

    /// An error as OpenAI has it. Its message repeats, as real ones do, what it was asked.
    #[must_use]
    pub fn error(status: u16, code: Option<&str>) -> Self {
        let error = json!({ "error": {
            "message": "You wrote: what nobody may log",
            "type": "scripted",
            "param": null,
            "code": code,
        } });
        Self::body(status, "application/json", error.to_string())
    }

    /// A page, as a proxy has it.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let page = "<html><body><h1>You wrote: what nobody may log</h1></body></html>";
        Self::body(status, "text/html", page)
    }

    /// Sends elsewhere.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        Self::body(307, "text/plain", "").header("location", location)
    }

    /// Takes the request and says nothing.
    #[must_use]
    pub fn silence() -> Self {
        Self { end: End::HangHead, ..Self::stream("") }
    }

    /// Takes the request and closes the connection.
    #[must_use]
    pub fn closed() -> Self {
        Self { end: End::CutHead, ..Self::stream("") }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sent in pieces of so many bytes, each as a chunk of its own.
    #[must_use]
    pub fn in_pieces_of(self, piece_bytes: usize) -> Self {
        Self { piece_bytes, ..self }
    }

    /// With a pause of so many milliseconds after each piece: a slow model.
    #[must_use]
    pub fn pausing_ms(self, pause_ms: u64) -> Self {
        Self { pause: Duration::from_millis(pause_ms), ..self }
    }

    /// Closes the connection after so many bytes of the body; where the body has a length or chunks,
    /// the other side can tell that it is not all.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        Self { end: End::Cut(bytes), ..self }
    }

    /// Falls silent after so many bytes of the body, and leaves the connection open.
    #[must_use]
    pub fn hang_after(self, bytes: usize) -> Self {
        Self { end: End::Hang(bytes), ..self }
    }

    /// With a body that ends with the connection, so that a cut looks like an end.
    #[must_use]
    pub fn until_close(self) -> Self {
        Self { framing: Framing::UntilClose, ..self }
    }

    /// The whole body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>, framing: Framing) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.into(),
            framing,
            piece_bytes: usize::MAX,
            pause: Duration::ZERO,
            end: End::Whole,
        }
    }
}
