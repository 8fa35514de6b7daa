//! The web page in a real browser, on the real system. The tests themselves are in web/e2e, as the page's own
//! programmers write them; each says its name and result in the output.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use e2e::{APP_TOKEN, Options, Person, Process, Stack, in_seconds, repository};
use testing::{eventually, skipped};
use tokio::process::Command;

/// What the browser is called, by the names that systems give it.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// What runs the tests, as `npm ci` in web/ puts it there.
const VITEST: &str = "node_modules/vitest/vitest.mjs";
const CONFIG: &str = "vitest.e2e.config.ts";
/// What the page has, built or not, when it is a page of ours with a script that fills it.
const SIGN_OF_PAGE: &str = "id=\"app\"";
const ADMIN_EMAIL: &str = "admin@example.test";

#[tokio::test(flavor = "multi_thread")]
async fn the_page_does_in_a_browser_what_its_tests_say() {
    let web = repository().join("web");
    if let Some(missing) = missing(&web) {
        return skipped(missing);
    }
    let stack = start().await;
    if is_built(stack.base()).await {
        leave_dead_letters(&stack).await;
        run_tests(&web, stack.base()).await;
    } else {
        skipped("chat-api was built without the page: `make web` builds it");
    }
    stack.stop().await;
}

fn missing(web: &Path) -> Option<&'static str> {
    let is_there = |name: &&str| on_path(name).is_some();
    if !BROWSERS.iter().any(is_there) {
        Some("needs Chromium")
    } else if on_path("node").is_none() {
        Some("needs Node")
    } else if !web.join(VITEST).is_file() {
        Some("needs the packages of web/: `npm ci` there gets them")
    } else {
        None
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The system as somebody runs it who has said all that the page can show: an administrator, Web Push, and
/// addresses of clients that a proxy tells, of which each of the tests' devices has its own.
async fn start() -> Stack {
    let mut stack = Stack::start(Options::default()).await;
    let keys = vapid_keys();
    let chat_api = &mut stack.chat_apis[0];
    chat_api.service.set("ADMIN_EMAILS", ADMIN_EMAIL);
    chat_api.service.set("TRUSTED_PROXIES", "127.0.0.1");
    chat_api.service.set("VAPID_PUBLIC_KEY", &keys["VAPID_PUBLIC_KEY"]);
    let worker = &mut stack.workers[0];
    worker.service.set("PUBLIC_URL", &chat_api.base);
    worker.service.set("VAPID_PRIVATE_KEY", &keys["VAPID_PRIVATE_KEY"]);
    worker.service.set("VAPID_SUBJECT", "mailto:admin@example.test");
    for instance in [chat_api, worker] {
        instance.service.restart();
        instance.ready().await;
    }
    stack
}

/// What the administrator's page has to show: a record that nobody can take, another one that no test touches, and an
/// event that the worker refused by a mistake that is mended by now.
async fn leave_dead_letters(stack: &Stack) {
    for (offset, record) in [("1000000", "<b>garbage</b>"), ("1000001", r#"{"hello": "world"}"#)] {
        let position = [("__partition", "0".to_owned()), ("__offset", offset.to_owned())];
        let body = record.as_bytes().to_vec();
        let answer =
            stack.workers[0].deliver("task-events", Some(APP_TOKEN), &position, body).await;
        assert!(answer.status().is_success(), "{answer:?}");
    }
    let mistake =
        "alter table task add constraint mistake check (state ->> 'title' <> 'Refused') not valid";
    sqlx::query(mistake).execute(&stack.worker).await.unwrap();
    Person::register(stack.base()).await.create_task("Refused", &in_seconds(3600)).await;
    eventually("all three to be known", || async {
        let known = sqlx::query_scalar("select count(*) from dead_letter_view");
        let known: i64 = known.fetch_one(&stack.chat).await.unwrap();
        (known == 3).then_some(())
    })
    .await;
    sqlx::query("alter table task drop constraint mistake").execute(&stack.worker).await.unwrap();
}

fn vapid_keys() -> HashMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let command = vec!["vapid-keys".to_owned()];
    let made = Process::new("vapid-keys", folder.path(), "reminder-worker", command, vec![]).run();
    made.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

async fn is_built(base: &str) -> bool {
    let page = reqwest::get(base).await.unwrap().text().await.unwrap();
    page.contains(SIGN_OF_PAGE)
}

/// Its output goes past what the harness captures. `E2E_FILES=admin` runs the files that have that in their names.
async fn run_tests(web: &Path, base: &str) {
    let files = std::env::var("E2E_FILES").unwrap_or_default();
    let status = Command::new("node")
        .args([VITEST, "run", "--config", CONFIG])
        .args(files.split_whitespace())
        .current_dir(web)
        .env("STACK_URL", base)
        .env("ADMIN_EMAIL", ADMIN_EMAIL)
        .kill_on_drop(true)
        .status()
        .await
        .unwrap();
    assert!(status.success(), "tests of web/e2e failed: {status}");
}
