//! What the whole test binary logs.

use std::{
    io,
    sync::{LazyLock, Mutex, PoisonError},
};

use tracing_subscriber::EnvFilter;

use crate::stack::Answer;

static LINES: Mutex<String> = Mutex::new(String::new());

/// Installs itself once.
static CAPTURE: LazyLock<()> = LazyLock::new(|| {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter(EnvFilter::new("debug"))
        .with_writer(|| Writer)
        .init();
});

struct Writer;

impl io::Write for Writer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_str(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to keep what is logged. To be called before what is to be seen happens.
pub(crate) fn capture() {
    LazyLock::force(&CAPTURE);
}

/// All that was logged since, by all tests.
fn captured() -> String {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// How many passwords were hashed for a request.
pub(crate) fn hashes(answer: &Answer) -> usize {
    let correlation_id = answer.header("x-correlation-id");
    let all = captured();
    let lines = all.lines().filter(|line| line.contains(correlation_id));
    lines.filter(|line| line.contains("a password is hashed")).count()
}
