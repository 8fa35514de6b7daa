//! A cheap reader of a stream, that notices every gap and every repetition.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// What the system keeps for a client that reads slowly, in bytes.
const RECEIVE_BUFFER_BYTES: u32 = 4_096;
const READ_BYTES: usize = 64 * 1024;

/// The event that is being read.
#[derive(Default)]
struct Event {
    is_named: bool,
    id: Option<i64>,
}

/// Somebody who follows, through as many connections as it takes.
pub(crate) struct Client {
    cookie: String,
    /// The last number that came.
    pub(crate) position: Option<i64>,
    /// What came of a line whose end is still to come.
    unread: Vec<u8>,
    event: Event,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn new(cookie: &str) -> Self {
        let cookie = cookie.to_owned();
        Self {
            cookie,
            position: None,
            unread: vec![],
            event: Event::default(),
            buffer: vec![0; READ_BYTES],
        }
    }

    /// Connects, and resumes where the last connection ended.
    pub(crate) async fn connect(&mut self, replica: SocketAddr) -> std::io::Result<TcpStream> {
        self.open(replica, TcpSocket::new_v4()?).await
    }

    /// As [`connect`](Self::connect), with little room for what it does not read.
    pub(crate) async fn connect_narrow(
        &mut self,
        replica: SocketAddr,
    ) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        self.open(replica, socket).await
    }

    async fn open(&mut self, replica: SocketAddr, socket: TcpSocket) -> std::io::Result<TcpStream> {
        let mut socket = socket.connect(replica).await?;
        let cookie = &self.cookie;
        let resume = self.position.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let request =
            format!("GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n{resume}\r\n");
        socket.write_all(request.as_bytes()).await?;
        self.unread.clear();
        self.event = Event::default();
        Ok(socket)
    }

    /// Reads once; `false` at the end of the connection.
    pub(crate) async fn read(&mut self, socket: &mut TcpStream) -> bool {
        let Ok(bytes @ 1..) = socket.read(&mut self.buffer).await else { return false };
        self.unread.extend_from_slice(&self.buffer[..bytes]);
        let mut begin = 0;
        while let Some(length) = self.unread[begin..].iter().position(|byte| *byte == b'\n') {
            let line = begin..begin + length;
            begin += length + 1;
            self.event.add(&self.unread[line], &mut self.position);
        }
        self.unread.drain(..begin);
        true
    }

    /// Reads until it has said where it is.
    pub(crate) async fn read_position(&mut self, socket: &mut TcpStream) {
        while self.position.is_none() {
            assert!(self.read(socket).await, "the stream ended");
        }
    }
}

impl Event {
    /// Takes a line. What is between the chunks of the answer says nothing here.
    fn add(&mut self, line: &[u8], position: &mut Option<i64>) {
        if let Some(status) = line.strip_prefix(b"HTTP/1.1 ") {
            assert!(status.starts_with(b"200"), "{}", String::from_utf8_lossy(status));
        } else if let Some(name) = line.strip_prefix(b"event: ") {
            assert_ne!(name, b"reset", "entries may be missing");
            self.is_named = true;
        } else if let Some(id) = line.strip_prefix(b"id: ") {
            let id = std::str::from_utf8(id).expect("a number").parse().expect("a number");
            self.id = Some(id);
        } else if line.is_empty()
            && let Self { is_named, id: Some(id) } = std::mem::take(self)
        {
            if is_named {
                assert_eq!(Some(id - 1), *position, "a gap, or a repetition");
            }
            *position = Some(id);
        }
    }
}
