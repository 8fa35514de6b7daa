//! The public conformance suite against `/mcp`: the scenarios of a server that fit what is offered.

use std::{path::Path, process::Stdio, time::Duration};

use testing::{report, skipped};
use tokio::process::Command;

use super::Program;
use crate::stack::Stack;

/// What is offered, of the suite's 31 scenarios for servers. The others ask for tools, resources and prompts
/// of names and contents that a server has only to be tested (`test_simple_text`, `test://static-text`), or
/// for what is not offered: logging, completion, sampling, elicitation, subscriptions, prompts, streams.
const SCENARIOS: [&str; 4] = ["server-initialize", "ping", "tools-list", "resources-list"];
const RUN_TIMEOUT_SECS: u64 = 60;

#[tokio::test]
async fn the_public_suite_has_nothing_to_say_against_what_is_offered() {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/mcp");
    let suite = tools.join("node_modules/@modelcontextprotocol/conformance/dist/index.js");
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status().await;
    if !suite.is_file() || !node.is_ok_and(|status| status.success()) {
        return skipped("needs the suite: Node, and `make node-tools`");
    }
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    program.add("call the dentist").await;
    let url = format!("{}/mcp", stack.replica.public);
    let folder = tempfile::tempdir().expect("a folder");
    for scenario in SCENARIOS {
        let run = Command::new("node")
            .current_dir(folder.path())
            .env("TOKEN", &program.token)
            .env("MCP_URL", &url)
            .arg("--import")
            .arg(tools.join("authorize.mjs"))
            .arg(&suite)
            .args(["server", "--url", &url, "--scenario", scenario])
            .kill_on_drop(true)
            .output();
        let ran = tokio::time::timeout(Duration::from_secs(RUN_TIMEOUT_SECS), run);
        let ran = ran.await.expect("in time").expect("it runs");
        let said = [ran.stdout, ran.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
        assert!(ran.status.success(), "{scenario}: {}", said.concat());
        assert!(said.concat().contains("Passed: 1/1, 0 failed"), "{scenario}: {}", said.concat());
    }
    report(&format!("MCP conformance: {} scenarios, 0 failures", SCENARIOS.len()));
    stack.stop().await;
}
