//! The API against its document: requests made up from the schemas, in sequences along the links, with
//! answers that must be in the document. `tools/schemathesis` says what is made up and what is checked.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use testing::{report, skipped};
use tokio::process::Command;

use crate::{
    matrix::{estate::Estate, operation::Operation},
    openapi::committed,
    stack::Stack,
};

/// Where the program is; `make test` sets it.
const PROGRAM: &str = "SCHEMATHESIS";
/// What every operation is asked by itself, and what is asked in sequences, each with the fewest cases that
/// still show something. Sequences are made up until the time is over, as their number is nobody's choice.
const RUNS: [Run; 2] = [
    Run { phases: &["examples", "coverage", "fuzzing"], limit: &[], min_cases: 4_000 },
    Run { phases: &["stateful"], limit: &["--max-time", "60"], min_cases: 300 },
];
const RUN_TIMEOUT_SECS: u64 = 600;
const LIFT_INTERVAL_MS: u64 = 100;
/// With it, every kind of channel is offered.
const VAPID_PUBLIC_KEY: &str =
    "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
const REPORT: &str = "report.json";

struct Run {
    phases: &'static [&'static str],
    limit: &'static [&'static str],
    min_cases: u64,
}

#[tokio::test]
async fn no_request_that_can_be_made_up_from_the_document_is_answered_outside_of_it() {
    let program = std::env::var_os(PROGRAM).map(PathBuf::from).filter(|path| path.is_file());
    let Some(program) = program else {
        return skipped("needs schemathesis: a Python with venv, and `make test`");
    };
    let quotas = ["--signed-in-requests-per-minute", "--stranger-requests-per-minute"];
    let quotas = quotas.into_iter().flat_map(|quota| [quota, "10000000"]);
    // Whatever becomes of its address, the first account stays an administrator.
    let web_push = ["--vapid-public-key", VAPID_PUBLIC_KEY];
    let flags = ["--first-account-is-admin", "true"].into_iter().chain(web_push).chain(quotas);
    let flags: Vec<&str> = flags.collect();
    let operations = Operation::all(&committed());
    let (mut cases, mut accepted) = (0, BTreeMap::<String, u64>::new());
    for run in &RUNS {
        let stack = Stack::start_with(&flags).await;
        let found = run.carry_out(&program, &stack, &operations).await;
        cases += found["test_cases"]["generated"].as_u64().unwrap_or_default();
        for (operation, phases) in found["valid_rates"].as_object().into_iter().flatten() {
            let phases = phases.as_object().into_iter().flatten();
            let sum: u64 = phases.filter_map(|(_, rate)| rate["accepted"].as_u64()).sum();
            *accepted.entry(operation.clone()).or_default() += sum;
        }
        stack.stop().await;
    }
    // What is said of the rest of their requests would mean little.
    let tried = operations.iter().filter(|operation| !operation.is_stream);
    let heard =
        |operation: &&Operation| accepted.get(&operation.label()).is_some_and(|sum| *sum > 0);
    let (heard, unheard): (Vec<_>, Vec<_>) = tried.partition(heard);
    assert!(unheard.is_empty(), "none of their requests was carried out: {unheard:?}");
    report(&format!("schemathesis: {cases} cases of {} operations, 0 failures", heard.len()));
}

impl Run {
    /// The tool's report, in which nothing has failed.
    async fn carry_out(&self, program: &Path, stack: &Stack, operations: &[Operation]) -> Value {
        let folder = tempfile::tempdir().expect("a folder");
        let estate = Estate::prepare(stack, "ada", "Europe/Berlin").await;
        let mut command = command(program, &folder, stack, operations, &estate).await;
        command.args(["--phases", &self.phases.join(",")]).args(self.limit);
        let run = tokio::time::timeout(Duration::from_secs(RUN_TIMEOUT_SECS), command.output());
        let ran = tokio::select! {
            ran = run => ran.expect("in time").expect("it runs"),
            () = lift_the_limits_on_guessing(stack) => unreachable!("it goes on"),
        };
        let said = [ran.stdout, ran.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
        let said = said.concat();
        let found = std::fs::read_to_string(folder.path().join(REPORT)).unwrap_or_default();
        let found: Value = serde_json::from_str(&found).unwrap_or_default();
        let results = &found["test_cases"];
        assert_eq!(results["unique_failures"], 0, "{said}");
        assert!(ran.status.success() && found["errors"] == json!([]), "{said}");
        assert!(results["generated"].as_u64() >= Some(self.min_cases), "{said}");
        for phase in self.phases {
            assert_eq!(found["phases"][phase]["status"], "success", "{phase}: {said}");
        }
        found
    }
}

async fn command(
    program: &Path,
    folder: &TempDir,
    stack: &Stack,
    operations: &[Operation],
    estate: &Estate,
) -> Command {
    let (token, token_id) = estate.token_for(&["read", "write", "account", "admin"]).await;
    let ids: BTreeMap<&str, BTreeMap<String, String>> =
        operations.iter().map(|one| (one.id.as_str(), one.ids_of_examples(estate))).collect();
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/schemathesis");
    let tools = tools.canonicalize().expect("the folder of the tool's settings");
    let mut command = Command::new(program);
    command
        .current_dir(folder.path())
        .env("SCHEMATHESIS_HOOKS", tools.join("hooks.py"))
        .env("API", format!("{}/api/v1", stack.replica.public))
        .env("EXAMPLE_IDS", serde_json::to_string(&ids).expect("JSON"))
        .env("TOKEN", token)
        .env("TOKEN_ID", token_id)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg("--config-file")
        .arg(tools.join("schemathesis.toml"))
        .args(["run", "--no-color", "--report", "json", "--report-json-path", REPORT])
        .arg(format!("{}/api/openapi.json", stack.replica.public))
        .kill_on_drop(true);
    command
}

/// They are no settings, and made for people.
async fn lift_the_limits_on_guessing(stack: &Stack) {
    loop {
        // What is being counted stays until the next time: to wait for it can be a deadlock.
        stack
            .run("delete from attempt where ctid = any(array(select ctid from attempt for update skip locked))")
            .await;
        tokio::time::sleep(Duration::from_millis(LIFT_INTERVAL_MS)).await;
    }
}
