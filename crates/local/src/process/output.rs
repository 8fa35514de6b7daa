//! Children's output on our stderr, each line under its child's name.

use std::{
    collections::VecDeque,
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    task,
};

/// A longer line is broken, in bytes.
const MAX_LINE_BYTES: u64 = 64 * 1024;
/// How many lines are kept to explain why a child ended.
const TAIL_LINES: usize = 12;

/// The last lines that a child wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    /// The lines, oldest first, joined.
    pub(crate) fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn push(&self, line: &[u8]) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == TAIL_LINES {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(line).into_owned());
    }
}

/// Copies a stream to stderr until it ends, each line as `name | line`.
pub(crate) async fn forward(name: String, stream: impl AsyncRead + Unpin, tail: Tail) {
    let mut stream = BufReader::new(stream);
    while let Some(line) = next_line(&mut stream, MAX_LINE_BYTES).await {
        tail.push(&line);
        let line = [name.as_bytes(), b" | ", &line, b"\n"].concat();
        // In a thread of its own kind: whoever reads our stderr may be slow, or stand still. A
        // closed stderr is no reason to stop the child.
        drop(task::spawn_blocking(move || std::io::stderr().lock().write_all(&line)).await);
    }
}

/// The next line without its end, or so many bytes of a longer one; none at the end of the stream.
async fn next_line(stream: &mut (impl AsyncBufRead + Unpin), max_bytes: u64) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let read = stream.take(max_bytes).read_until(b'\n', &mut line).await;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    matches!(read, Ok(1..)).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_without_an_end_is_broken_and_the_last_one_needs_none() {
        let mut stream = b"one\n\nlonger\nend".as_slice();
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut stream, 4).await {
            lines.push(String::from_utf8(line).expect("text"));
        }
        assert_eq!(lines, ["one", "", "long", "er", "end"]);
    }

    #[test]
    fn the_last_lines_are_kept_whatever_they_hold() {
        let tail = Tail::default();
        for number in 0..=TAIL_LINES {
            tail.push(format!("line {number}").as_bytes());
        }
        tail.push(&[0xff]);
        let text = tail.text();
        assert!(text.starts_with("line 2\n") && text.ends_with("\n\u{fffd}"), "{text}");
        assert_eq!(text.lines().count(), TAIL_LINES);
    }
}
