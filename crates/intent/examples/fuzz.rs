//! Looks for texts that the grammar panics at or takes long for: `make fuzz`.
//!
//! Random phrases are made of pieces of the corpora and of random bytes, and those that take longest are changed further.
//! Ends with 1 and the text where one of at most 1 KB takes over 10 ms of processor time, thrice in a row.

use std::{fs, hint::black_box, panic, path::Path, process::ExitCode, time::Duration};

use chrono::{TimeZone as _, Utc};
use intent::{Context, Preferences, parse};

/// The most processor time that 1 KB may take, in milliseconds.
const MAX_MILLIS: u128 = 10;
const MAX_BYTES: usize = 1024;
/// How many of the slowest texts are changed further.
const POOL: usize = 64;

fn main() -> ExitCode {
    let minutes: u64 =
        std::env::args().nth(1).and_then(|minutes| minutes.parse().ok()).unwrap_or(1);
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let words = words();
    let mut pool: Vec<(Duration, String)> = Vec::new();
    let (mut texts, begun) = (0_u64, wall());
    while wall() - begun < Duration::from_secs(minutes * 60) {
        let text = random.text(&words, &pool);
        let Ok(taken) = panic::catch_unwind(|| taken(&text)) else {
            eprintln!("panics at {text:?}");
            return ExitCode::FAILURE;
        };
        if taken.as_millis() > MAX_MILLIS
            && (0..3).all(|_| self::taken(&text).as_millis() > MAX_MILLIS)
        {
            eprintln!("takes {taken:?}: {text:?}");
            return ExitCode::FAILURE;
        }
        texts += 1;
        pool.push((taken, text));
        if pool.len() > 2 * POOL {
            pool.sort_by_key(|(taken, _)| std::cmp::Reverse(*taken));
            pool.truncate(POOL);
        }
    }
    let slowest = pool.iter().map(|(taken, _)| *taken).max().unwrap_or_default();
    println!("{texts} texts, no panic, the slowest {slowest:?}");
    ExitCode::SUCCESS
}

fn taken(text: &str) -> Duration {
    let context = Context {
        now: Utc.timestamp_opt(1_795_512_600, 0).single().unwrap_or_default(),
        time_zone: events::TimeZone::UTC,
        preferences: Preferences::default(),
    };
    let begun = processor();
    black_box(parse(text, &context));
    processor() - begun
}

/// The words of the corpora.
fn words() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/development");
    let mut words: Vec<String> = Vec::new();
    for file in ["times", "recurrence", "sentences"] {
        let lines = fs::read_to_string(folder.join(format!("{file}.jsonl"))).unwrap_or_default();
        for line in lines.lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            words.extend(value["text"].as_str().unwrap_or_default().split(' ').map(str::to_owned));
        }
    }
    words.sort();
    words.dedup();
    words
}

/// A small generator of its own: the same texts in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count.max(1) as u64).unwrap_or(0)
    }

    fn text(&mut self, words: &[String], pool: &[(Duration, String)]) -> String {
        let mut text = if pool.is_empty() || self.below(3) == 0 {
            self.fresh(words)
        } else {
            let slow = self.below(pool.len());
            self.changed(&pool[slow].1, words)
        };
        let end = (0..=MAX_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text
    }

    fn fresh(&mut self, words: &[String]) -> String {
        match self.below(4) {
            // A few words again and again.
            0 => {
                let period: Vec<&str> =
                    (0..=self.below(4)).map(|_| words[self.below(words.len())].as_str()).collect();
                (period.join(" ") + " ").repeat(300)
            }
            1 => String::from_utf8_lossy(
                &(0..MAX_BYTES).map(|_| self.next().to_le_bytes()[0]).collect::<Vec<u8>>(),
            )
            .into_owned(),
            _ => {
                (0..self.below(200)).map(|_| words[self.below(words.len())].clone() + " ").collect()
            }
        }
    }

    fn changed(&mut self, text: &str, words: &[String]) -> String {
        let mut parts: Vec<&str> = text.split(' ').collect();
        for _ in 0..=self.below(6) {
            let at = self.below(parts.len());
            match self.below(3) {
                0 => parts[at] = &words[self.below(words.len())],
                1 => parts.insert(at, &words[self.below(words.len())]),
                _ => {
                    let from = self.below(parts.len());
                    let piece: Vec<&str> = parts[from.min(at)..=from.max(at)].to_vec();
                    parts.extend(piece);
                }
            }
        }
        parts.join(" ")
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it looks is said in minutes")]
fn wall() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// What the thread has taken of the processor: on a busy machine the clock on the wall says something else.
fn processor() -> Duration {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.map(Duration::from).unwrap_or_default()
}
