//! Our own lines.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info,sqlx=warn";

/// Logs to stderr, each line behind a prefix, as those of the children are. A second call changes
/// nothing.
pub fn log_to_stderr(prefix: &'static str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| DEFAULT_FILTER.into());
    let _already = tracing_subscriber::fmt()
        .compact()
        .with_target(false)
        .with_ansi(false)
        .with_env_filter(filter)
        .with_writer(move || Prefixed(prefix))
        .try_init();
}

/// One event is one write.
struct Prefixed(&'static str);

impl Write for Prefixed {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let whole = [self.0.as_bytes(), line].concat();
        io::stderr().lock().write_all(&whole)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
