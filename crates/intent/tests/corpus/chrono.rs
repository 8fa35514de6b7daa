//! What chrono-node answers.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use events::Due;
use serde::Deserialize;

use crate::phrases::Phrase;

#[derive(Deserialize)]
struct Answer {
    due_date: Option<Due>,
}

/// The due date that chrono-node finds in each phrase; `None` where this machine does not have it.
pub(crate) fn answers(phrases: &[Phrase]) -> Option<Vec<Option<Due>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/chrono");
    if !folder.join("node_modules/chrono-node").is_dir() {
        return None;
    }
    let mut child = Command::new("node")
        .arg(folder.join("answers.mjs"))
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take().expect("its input");
    let lines: String = phrases
        .iter()
        .map(|Phrase { text, now, time_zone, .. }| {
            serde_json::json!({ "text": text, "now": now, "time_zone": time_zone }).to_string()
                + "\n"
        })
        .collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("chrono-node's answers");
    writer.join().expect("a thread that ends").expect("chrono-node reads");
    assert!(output.status.success(), "chrono-node failed");
    let answers: Vec<Option<Due>> = String::from_utf8(output.stdout)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str::<Answer>(line).expect("an answer").due_date)
        .collect();
    assert_eq!(answers.len(), phrases.len());
    Some(answers)
}
