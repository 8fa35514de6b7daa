//! How long a phrase takes, each of the corpora at many moments, and the worst of 1 KB.
//!
//! Prints microseconds, and their ratio to a control in the same run: expanding a year of a daily rule.

use std::{fs, hint::black_box, path::Path, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use events::{Basis, RecurrenceRule, TimeZone};
use intent::{Context, Preferences, parse};
use serde_json::Value;

/// How often each phrase is read.
const ROUNDS: u32 = 40;

fn main() {
    let phrases = phrases();
    let mut nanos: Vec<u128> = Vec::with_capacity(phrases.len() * ROUNDS as usize);
    for round in 0..ROUNDS {
        for (text, context) in &phrases {
            let moment =
                Context { now: context.now + TimeDelta::hours(i64::from(round) * 5), ..*context };
            nanos.push(timed(|| parse(text, &moment)).as_nanos());
        }
    }
    nanos.sort_unstable();
    let control = control();
    let at = |permille: usize| nanos[(nanos.len() - 1) * permille / 1000];
    println!("phrases read: {}", nanos.len());
    for (name, nanos) in
        [("p50", at(500)), ("p99", at(990)), ("p99.9", at(999)), ("control", control)]
    {
        println!("{name}: {} us, {:.2} of the control", nanos / 1000, ratio(nanos, control));
    }
    let (text, worst) = worst();
    println!(
        "worst of 1 KB: {} us, {:.2} of the control ({text:?} again and again)",
        worst / 1000,
        ratio(worst, control)
    );
}

/// The phrases of both parts, with their moments.
fn phrases() -> Vec<(String, Context)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut phrases = Vec::new();
    for part in ["development", "held-back"] {
        for file in ["times", "recurrence", "sentences"] {
            let lines = fs::read_to_string(corpus.join(part).join(format!("{file}.jsonl")))
                .expect("phrases");
            phrases.extend(lines.lines().map(phrase));
        }
    }
    phrases
}

fn phrase(line: &str) -> (String, Context) {
    let value: Value = serde_json::from_str(line).expect("JSON");
    let text = |field: &str| value[field].as_str().expect("a text").to_owned();
    let context = Context {
        now: text("now").parse::<DateTime<Utc>>().expect("a time"),
        time_zone: text("time_zone").parse().expect("a zone"),
        preferences: Preferences::default(),
    };
    (text("text"), context)
}

/// The phrase that takes longest when it fills 1 KB.
fn worst() -> (&'static str, u128) {
    const AGAIN: [&str; 12] = [
        "and ",
        "the first ",
        "2 days after ",
        "every ",
        "mon, ",
        "at 5 ",
        "a week from ",
        "half past ",
        "3 ",
        "move it to ",
        "make it repeat ",
        "remind me 2 hours before and ",
    ];
    let context = phrases()[0].1;
    AGAIN
        .into_iter()
        .map(|again| {
            let text: String = again.chars().cycle().take(1024).collect();
            let best = (0..5).map(|_| timed(|| parse(&text, &context)).as_nanos()).min();
            (again, best.unwrap_or(0))
        })
        .max_by_key(|(_, nanos)| *nanos)
        .unwrap_or(("", 0))
}

/// A year of a daily rule, expanded.
fn control() -> u128 {
    let dtstart = "2027-01-01T09:00:00".parse().expect("a local time");
    let rule = RecurrenceRule::new("FREQ=DAILY", dtstart, TimeZone::UTC, vec![], Basis::DueDate)
        .expect("a rule");
    let mut nanos: Vec<u128> =
        (0..200).map(|_| timed(|| rule.occurrences(None).take(365).count()).as_nanos()).collect();
    nanos.sort_unstable();
    nanos[nanos.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of two short times")]
fn ratio(nanos: u128, control: u128) -> f64 {
    nanos as f64 / control as f64
}

#[expect(clippy::disallowed_methods, reason = "what is measured is the time itself")]
fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = std::time::Instant::now();
    black_box(work());
    begun.elapsed()
}
