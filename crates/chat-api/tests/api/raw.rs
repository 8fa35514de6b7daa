//! A client that writes and reads bytes, as slowly as it likes.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use testing::EVENTUALLY_SECS;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::stack::Replica;

/// A connection without any HTTP client.
pub(crate) struct Raw {
    socket: TcpStream,
    unread: Vec<u8>,
}

/// How a connection ended, and what came until then.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) bytes: usize,
    pub(crate) is_reset: bool,
}

impl Raw {
    pub(crate) async fn connect(replica: &Replica) -> Self {
        let socket = TcpStream::connect(address(replica)).await.expect("connected");
        Self { socket, unread: vec![] }
    }

    /// One that lets the system keep only so much for it, in bytes.
    pub(crate) async fn connect_narrow(replica: &Replica, bytes: u32) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(bytes).expect("a size");
        let socket = socket.connect(address(replica)).await.expect("connected");
        Self { socket, unread: vec![] }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).await.expect("written");
    }

    /// Whether the other side has cut it, without a byte being read.
    pub(crate) fn is_cut(&self) -> bool {
        self.socket.take_error().expect("a state").is_some()
    }

    /// Sends a byte at a time, until all is sent or the other side has had enough.
    pub(crate) async fn trickle(&mut self, text: &str, pause: Duration) {
        for byte in text.bytes() {
            if self.socket.write_all(&[byte]).await.is_err() {
                return;
            }
            if timeout(pause, self.socket.readable()).await.is_ok() {
                return;
            }
        }
    }

    /// The head of the next answer.
    pub(crate) async fn head(&mut self) -> String {
        let head = loop {
            if let Some(end) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(self.read().await.expect("read") > 0, "the connection ended");
        };
        String::from_utf8(self.unread.drain(..head).collect()).expect("text")
    }

    /// The next answer: its status, and its body where that is JSON.
    pub(crate) async fn answer(&mut self) -> (u16, Value) {
        let text = self.head().await;
        let status = text[9..12].parse().expect("a status");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().expect("a length"));
        while self.unread.len() < length {
            assert!(self.read().await.expect("read") > 0, "the connection ended");
        }
        let body: Vec<u8> = self.unread.drain(..length).collect();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Whether something comes within so long.
    pub(crate) async fn is_answered_within(&mut self, limit: Duration) -> bool {
        timeout(limit, self.socket.readable()).await.is_ok()
    }

    /// Reads until the connection ends.
    pub(crate) async fn end(mut self) -> End {
        let mut bytes = self.unread.len();
        loop {
            match self.read().await {
                Ok(0) => return End { bytes, is_reset: false },
                Ok(more) => bytes += more,
                Err(_reset) => return End { bytes, is_reset: true },
            }
            self.unread.clear();
        }
    }

    async fn read(&mut self) -> std::io::Result<usize> {
        let reading = self.socket.read_buf(&mut self.unread);
        timeout(Duration::from_secs(EVENTUALLY_SECS), reading).await.expect("in time")
    }
}

fn address(replica: &Replica) -> SocketAddr {
    replica.public.trim_start_matches("http://").parse().expect("an address")
}
