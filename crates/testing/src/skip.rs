//! What a test says past the harness: that this machine can't run it, or what it has found.

use std::{io::Write, thread};

/// Says that the test which asks does not run here, and why. A skipped test passes, so it must be
/// heard: the line goes past what the harness captures, and `tools/test.sh` repeats it at the end, or
/// fails where nothing may be skipped.
pub fn skipped(why: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // In one piece, as others write too.
    let line = format!("skipped: {test}: {why}\n");
    let _unread = std::io::stderr().write_all(line.as_bytes());
}

/// Says what a test has found out, past what the harness captures.
pub fn report(what: &str) {
    let _unread = std::io::stderr().write_all(format!("{what}\n").as_bytes());
}
