//! The process's own clock, for what decides nothing: what is due, and every lease, is decided by the
//! database's.

use std::time::SystemTime;

/// The wall clock of this machine. For stamps that only people read.
#[must_use]
pub fn wall_clock() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
    SystemTime::now()
}
