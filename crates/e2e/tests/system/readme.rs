//! README.md as a new user follows it: every command in its order, and every answer that it shows.
//!
//! A block of `sh` is run as it stands, but for the ports, all in one shell. A block of `json` after it
//! is what it prints, one of `text` what the last block prints that stays in a terminal of its own; `…`
//! is anything. What only comes in a moment is waited for: a block that changes nothing is run again.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    time::Duration,
};

use e2e::{Run, console_records};
use tempfile::TempDir;
use testing::{EVENTUALLY_SECS, free_port, skipped};

use crate::main_job::assert_valid;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
/// The parts of it that are followed.
const PARTS: [&str; 2] = ["## The first reminder", "## A tour of the API"];
/// The ports that it names: ours, and that of the webhook.
const PORTS: [&str; 2] = ["127.0.0.1:8080", "9000"];
/// What a block has that changes something.
const CHANGES: [&str; 4] = [" -d ", " -X ", "=$(", "() {"];
/// How long to wait between two looks at what was printed.
const PAUSE: Duration = Duration::from_millis(500);
/// How often to look.
const MAX_RUNS: u64 = EVENTUALLY_SECS * 2;
/// What is in the answer to a request that is refused.
const PROBLEM: &str = "urn:problem:";

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    kind: String,
    text: String,
}

/// Commands, and what they print.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    commands: String,
    /// Without one nothing may be refused.
    answer: Option<String>,
    /// What the terminal shows that follows.
    followed: Option<String>,
}

/// A user's shell.
struct Shell {
    bash: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    folder: TempDir,
    steps: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_readme_says_is_what_happens() {
    let mut run = Run::new();
    follow(&mut run).await;
    assert_eq!(run.interrupt().await, Some(0), "{}", run.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_happens_on_the_real_bus_too_and_kafkas_own_consumer_reads_valid_events() {
    let Some(mut run) = Run::on_kafka() else { return skipped("needs daprd and Kafka") };
    follow(&mut run).await;
    let libs = std::env::var_os("KAFKA_LIBS").expect("Kafka's jars");
    let records = console_records(&run.brokers(), Path::new(&libs));
    assert_valid(&records);
    let types: BTreeSet<&str> =
        records.iter().filter_map(|record| record.envelope()["event_type"].as_str()).collect();
    for told in
        ["task-created", "reminder-scheduled", "reminder-triggered", "notification-delivered"]
    {
        assert!(types.contains(told), "{told} is not among {types:?}");
    }
    assert_eq!(run.interrupt().await, Some(0), "{}", run.log());
}

/// Runs every command of the README.
async fn follow(run: &mut Run) {
    run.start().await;
    let ours = run.base().replacen("http://", "", 1);
    let hook = free_port().port().to_string();
    let readme = fs::read_to_string(README).expect("a README");
    let steps = steps(&blocks(&readme));
    assert!(steps.len() > 15, "{}", steps.len());

    let mut shell = Shell::open(run);
    let mut followed = None;
    for mut step in steps {
        for (named, real) in PORTS.iter().zip([&ours, &hook]) {
            step.commands = step.commands.replace(named, real);
        }
        let printed = shell.run(&step.commands);
        if stays(&step.commands) {
            followed = Some(printed);
            continue;
        }
        match &step.answer {
            Some(answer) => shell.print(&step.commands, printed, answer).await,
            None => {
                let printed = read(&printed);
                let refused = printed.contains(PROBLEM) || printed.contains("curl: (");
                assert!(!refused, "{}\n{printed}", step.commands);
            }
        }
        if let Some(expected) = &step.followed {
            let terminal = followed.clone().expect("a terminal of its own");
            until_matched(terminal, expected, "the terminal that follows", || None).await;
        }
    }
}

impl Shell {
    fn open(run: &Run) -> Self {
        let mut command = run.command("bash");
        let bash = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut bash = bash.spawn().expect("bash");
        let stdin = bash.stdin.take().expect("a pipe");
        let stdout = BufReader::new(bash.stdout.take().expect("a pipe"));
        let folder = tempfile::tempdir().expect("a folder");
        Self { bash, stdin, stdout, folder, steps: 0 }
    }

    /// Runs commands to their end, or in the background if they stay. Returns where to read what they
    /// print.
    fn run(&mut self, commands: &str) -> PathBuf {
        self.steps += 1;
        let printed = self.folder.path().join(format!("{}.txt", self.steps));
        let background = if stays(commands) { " &" } else { "" };
        let script = format!(
            "{{\n{commands}\n}} > {printed} 2>&1{background}\necho done\n",
            printed = printed.display(),
        );
        self.stdin.write_all(script.as_bytes()).expect("bash reads");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("bash answers");
        assert_eq!(line, "done\n", "{commands}");
        printed
    }

    /// Waits until the commands have printed their answer.
    async fn print(&mut self, commands: &str, printed: PathBuf, answer: &str) {
        let changes = CHANGES.iter().any(|change| commands.contains(change));
        let again = || (!changes).then(|| self.run(commands));
        until_matched(printed, answer, commands, again).await;
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // What it has started ends with the run.
        let _gone = self.bash.kill();
        let _gone = self.bash.wait();
    }
}

/// Waits for what is expected, in what was printed last: what is printed once goes on to be.
async fn until_matched(
    mut printed: PathBuf,
    expected: &str,
    commands: &str,
    mut again: impl FnMut() -> Option<PathBuf>,
) {
    for _ in 0..MAX_RUNS {
        if matches(&read(&printed), expected) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
        printed = again().unwrap_or(printed);
    }
    panic!("{commands}\nprints\n{}\nand not\n{expected}", read(&printed));
}

fn read(printed: &Path) -> String {
    fs::read_to_string(printed).expect("what was printed")
}

/// Whether commands stay until they are stopped.
fn stays(commands: &str) -> bool {
    commands.contains("/stream")
}

/// The fenced blocks of the parts that are followed.
fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = vec![];
    let (mut is_followed, mut is_open) = (false, false);
    for line in readme.lines() {
        if line.starts_with("## ") && !is_open {
            is_followed = PARTS.contains(&line);
        } else if !is_followed {
        } else if let Some(kind) = line.strip_prefix("```") {
            is_open = !is_open;
            if is_open {
                blocks.push(Block { kind: kind.to_owned(), text: String::new() });
            }
        } else if is_open && let Some(block) = blocks.last_mut() {
            block.text += line;
            block.text += "\n";
        }
    }
    blocks
}

/// Commands with what belongs to them.
///
/// # Panics
/// At a block of which nobody knows what it is, or an answer to nothing.
fn steps(blocks: &[Block]) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![];
    for Block { kind, text } in blocks {
        if kind == "sh" {
            steps.push(Step { commands: text.clone(), answer: None, followed: None });
            continue;
        }
        let step = steps.last_mut().expect("commands come first");
        let answer = match kind.as_str() {
            "json" => &mut step.answer,
            "text" => &mut step.followed,
            _ => panic!("a block of {kind:?}"),
        };
        assert_eq!(answer.replace(text.clone()), None, "two answers to\n{}", step.commands);
    }
    steps
}

/// Whether a text is what is expected, where `…` is anything.
fn matches(text: &str, expected: &str) -> bool {
    let mut pieces = expected.trim().split('…');
    let Some(rest) = text.trim().strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    let mut rest = rest;
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn an_answer_matches_with_gaps_and_not_otherwise() {
    assert!(matches("{\"a\":1,\"b\":2}\n", "{\"a\":…,\"b\":2}"));
    assert!(matches("x", "…"));
    assert!(matches("abcabd", "a…d"));
    assert!(!matches("{\"a\":1}", "{\"a\":2}"));
    assert!(!matches("{\"a\":1,\"b\":2}", "{\"b\":…}"), "from its beginning");
    assert!(!matches("abc", "a…b"), "to its end");
    assert!(!matches("ab", "ab…b"), "nothing is used twice");
    assert!(!matches("abc", "ab"));
}

#[test]
fn commands_have_their_answers() {
    let readme =
        "## The first reminder\n```sh\none\n```\n```json\n{}\n```\n## Settings\n```sh\nno\n```\n";
    let expected =
        Step { commands: "one\n".to_owned(), answer: Some("{}\n".to_owned()), followed: None };
    assert_eq!(steps(&blocks(readme)), [expected]);
}
