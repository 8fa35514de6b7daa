//! iCalendar (RFC 5545): a VTODO is a task.
//!
//! Owns how a task is said in it, both ways. `lines` reads, `read` makes tasks, `write` writes, `zone` says
//! what a zone's clocks do. iCalendar has no place for lists, for the trash, for which occurrence is the
//! current one, or for what counts from a completion: only our own format keeps all that.

mod lines;
mod read;
mod time;
mod until;
mod write;
mod zone;

pub(super) use read::read;
pub(crate) use write::{END, Writer};

/// What a file begins with.
const BEGIN: &str = "BEGIN:VCALENDAR";
/// The hour at which a whole day reminds, in seconds from its beginning: an alarm counts from there.
const WHOLE_DAY_REMINDS_SECS: i64 = 9 * 3600;

/// Whether a file begins as these do.
pub(super) fn is_likely(text: &str) -> bool {
    text.trim_start().get(..BEGIN.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(BEGIN))
}

#[cfg(test)]
mod tests;
