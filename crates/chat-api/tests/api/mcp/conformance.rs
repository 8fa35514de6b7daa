//! The public conformance suite against `/mcp`: the scenarios of a server that fit what is offered.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use testing::{report, skipped};
use tokio::process::Command;

use super::Program;
use crate::stack::Stack;

/// What is offered.
const SCENARIOS: [&str; 4] = ["server-initialize", "ping", "tools-list", "resources-list"];
/// What of the suite does not apply, each with the reason.
const OTHERS: [(&str, &str); 27] = [
    ("tools-call-simple-text", TEST_TOOL),
    ("tools-call-image", TEST_TOOL),
    ("tools-call-audio", TEST_TOOL),
    ("tools-call-embedded-resource", TEST_TOOL),
    ("tools-call-mixed-content", TEST_TOOL),
    ("tools-call-error", TEST_TOOL),
    ("json-schema-2020-12", TEST_TOOL),
    ("tools-call-with-progress", NO_STREAM),
    ("tools-call-with-logging", NO_STREAM),
    ("server-sse-polling", NO_STREAM),
    ("server-sse-multiple-streams", NO_STREAM),
    ("tools-call-sampling", ASKS_NOTHING),
    ("tools-call-elicitation", ASKS_NOTHING),
    ("elicitation-sep1034-defaults", ASKS_NOTHING),
    ("elicitation-sep1330-enums", ASKS_NOTHING),
    ("resources-read-text", TEST_RESOURCE),
    ("resources-read-binary", TEST_RESOURCE),
    ("resources-templates-read", TEST_RESOURCE),
    ("resources-subscribe", "no subscriptions: nothing is kept between two messages"),
    ("resources-unsubscribe", "no subscriptions: nothing is kept between two messages"),
    ("logging-set-level", "nothing is logged to programs"),
    ("completion-complete", "no prompts, and the only template takes an id"),
    ("prompts-list", NO_PROMPTS),
    ("prompts-get-simple", NO_PROMPTS),
    ("prompts-get-with-args", NO_PROMPTS),
    ("prompts-get-embedded-resource", NO_PROMPTS),
    ("prompts-get-with-image", NO_PROMPTS),
];
const TEST_TOOL: &str = "calls a tool that a server has only to be tested";
const TEST_RESOURCE: &str = "reads a resource that a server has only to be tested";
const NO_STREAM: &str = "no streams: every message is answered by itself";
const ASKS_NOTHING: &str =
    "the server asks programs nothing; the person is asked in the conversation";
const NO_PROMPTS: &str = "no prompts";
const RUN_TIMEOUT_SECS: u64 = 60;

/// The suite, where it is installed.
struct Suite {
    tools: PathBuf,
    program: PathBuf,
}

impl Suite {
    async fn find() -> Option<Self> {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/mcp");
        let program = tools.join("node_modules/@modelcontextprotocol/conformance/dist/index.js");
        let node = Command::new("node").arg("--version").stdout(Stdio::null()).status().await;
        let is_there = program.is_file() && node.is_ok_and(|status| status.success());
        is_there.then_some(Self { tools, program })
    }

    /// Runs it; returns what it said.
    async fn run(&self, url: &str, token: &str, arguments: &[&str]) -> (Output, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let run = Command::new("node")
            .current_dir(folder.path())
            .env("TOKEN", token)
            .env("MCP_URL", url)
            .arg("--import")
            .arg(self.tools.join("authorize.mjs"))
            .arg(&self.program)
            .args(arguments)
            .kill_on_drop(true)
            .output();
        let ran = tokio::time::timeout(Duration::from_secs(RUN_TIMEOUT_SECS), run);
        let ran = ran.await.expect("in time").expect("it runs");
        let said =
            [&ran.stdout, &ran.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
        (ran, said.concat())
    }
}

#[tokio::test]
async fn the_public_suite_has_nothing_to_say_against_what_is_offered() {
    let Some(suite) = Suite::find().await else {
        return skipped("needs the suite: Node 20, and `npm ci` in tools/mcp");
    };
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    program.add("call the dentist").await;
    let url = format!("{}/mcp", stack.replica.public);
    let (_, listed) = suite.run(&url, &program.token, &["list", "--server"]).await;
    let listed: BTreeSet<&str> =
        listed.lines().filter_map(|line| line.trim().strip_prefix("- ")).collect();
    let known = SCENARIOS.into_iter().chain(OTHERS.into_iter().map(|(scenario, _)| scenario));
    assert_eq!(known.collect::<BTreeSet<_>>(), listed, "each is run, or has a reason");
    for scenario in SCENARIOS {
        let arguments = ["server", "--url", &url, "--scenario", scenario];
        let (ran, said) = suite.run(&url, &program.token, &arguments).await;
        assert!(ran.status.success(), "{scenario}: {said}");
        assert!(said.contains("Passed: 1/1, 0 failed"), "{scenario}: {said}");
    }
    let (run, all) = (SCENARIOS.len(), listed.len());
    report(&format!("MCP conformance: {run} of {all} scenarios apply, 0 failures"));
    stack.stop().await;
}
