//! Ten thousand made-up rules against python-dateutil and zoneinfo. `tools/dateutil/oracle.py` answers, and
//! names each difference of understanding, for which it asks dateutil another question. Nothing is left out
//! of the comparison.

mod generator;
mod random;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use chrono::SecondsFormat;
use events::{Nominal, RecurrenceRule};
use serde::{Deserialize, Serialize};
use testing::{report, skipped};

use self::generator::{Generator, PARTS};

/// The Python that has dateutil; `make test` sets it.
const PYTHON: &str = "DATEUTIL_PYTHON";
const SEED: u64 = 20_261_128;
const RULES: usize = 10_000;
/// How many occurrences of a rule are compared, from `dtstart` and from a later time each.
const OCCURRENCES: usize = 12;
const MIN_RULES_WITH_OCCURRENCES: usize = 8_000;
const MIN_RULES_WITH_EACH_PART: usize = 100;
const MAX_ORACLES: usize = 4;

/// A question.
#[derive(Clone, Debug, Serialize)]
struct Ask {
    #[serde(flatten)]
    rule: RecurrenceRule,
    from: Nominal,
    /// When an occurrence of a whole day is looked at.
    day_time: chrono::NaiveTime,
    last_year: i32,
    count: usize,
}

/// Local times with their instants.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Answer {
    first: Vec<(String, String)>,
    from: Vec<(String, String)>,
}

#[test]
fn ten_thousand_rules_recur_when_dateutil_says_that_they_do() {
    let python = std::env::var_os(PYTHON).map(PathBuf::from).filter(|python| has_dateutil(python));
    let Some(python) = python else {
        let ci = std::env::var("CI").is_ok_and(|ci| ci != "false");
        assert!(!ci, "CI compares every rule: {PYTHON} names no Python that has dateutil");
        return skipped("needs python-dateutil: a Python with venv, and `make test`");
    };
    let asks: Vec<Ask> = Generator::new(SEED).take(RULES).collect();
    let answers = ask_all(&python, &asks);
    assert_eq!(answers.len(), RULES);

    let ours: Vec<Answer> = asks.iter().map(Ask::answer).collect();
    let differing: Vec<_> = asks.iter().zip(ours.iter().zip(&answers)).filter(differ).collect();
    for (ask, (ours, theirs)) in differing.iter().take(5) {
        let ask = serde_json::to_string(ask).expect("JSON");
        eprintln!("asked:    {ask}\nours:     {ours:?}\ndateutil: {theirs:?}\n");
    }
    assert!(differing.is_empty(), "{} of {RULES} rules recur otherwise", differing.len());

    // Rules that never recur, or have few parts, would show little.
    let with_occurrences = ours.iter().filter(|answer| !answer.first.is_empty()).count();
    assert!(with_occurrences >= MIN_RULES_WITH_OCCURRENCES, "{with_occurrences}");
    for part in PARTS {
        let with_part = asks.iter().filter(|ask| ask.rule.rrule().contains(part)).count();
        assert!(with_part >= MIN_RULES_WITH_EACH_PART, "{part}: {with_part}");
    }
    let of_days = asks.iter().filter(|ask| matches!(ask.from, Nominal::Day(_))).count();
    assert!(of_days >= MIN_RULES_WITH_EACH_PART, "{of_days}");
    report(&format!("dateutil: {RULES} rules, {with_occurrences} with occurrences, 0 differences"));
}

fn has_dateutil(python: &Path) -> bool {
    let imported = Command::new(python).args(["-c", "import dateutil, tzdata"]).output();
    imported.is_ok_and(|imported| imported.status.success())
}

fn differ((_, (ours, theirs)): &(&Ask, (&Answer, &Answer))) -> bool {
    ours != theirs
}

impl Ask {
    fn answer(&self) -> Answer {
        Answer { first: self.written(None), from: self.written(Some(self.from)) }
    }

    fn written(&self, from: Option<Nominal>) -> Vec<(String, String)> {
        let instant = |nominal| self.rule.instant(nominal, self.day_time);
        self.rule
            .occurrences(from)
            .take(self.count)
            .take_while(|nominal| year(*nominal) <= self.last_year)
            .map(|nominal| {
                let instant = instant(nominal).to_rfc3339_opts(SecondsFormat::Secs, true);
                (nominal.to_string(), instant)
            })
            .collect()
    }
}

fn year(nominal: Nominal) -> i32 {
    chrono::Datelike::year(&nominal.date())
}

/// The answers to all questions, in order, from several oracles at once.
fn ask_all(python: &Path, asks: &[Ask]) -> Vec<Answer> {
    let oracles = thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_ORACLES));
    thread::scope(|scope| {
        let parts = asks.chunks(asks.len().div_ceil(oracles));
        let asked: Vec<_> = parts.map(|part| scope.spawn(|| ask(python, part))).collect();
        asked.into_iter().flat_map(|part| part.join().expect("answers")).collect()
    })
}

fn ask(python: &Path, asks: &[Ask]) -> Vec<Answer> {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/dateutil/oracle.py");
    let mut oracle = Command::new(python)
        .arg(oracle)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = oracle.stdin.take().expect("its input");
    let lines: Vec<String> =
        asks.iter().map(|ask| serde_json::to_string(ask).expect("JSON") + "\n").collect();
    // Both pipes are shorter than what goes through them.
    let writer = thread::spawn(move || input.write_all(lines.concat().as_bytes()));
    let output = oracle.wait_with_output().expect("it ends");
    let written = writer.join().expect("no panic");
    assert!(output.status.success() && written.is_ok(), "the oracle failed: {written:?}");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).expect("an answer")).collect()
}
