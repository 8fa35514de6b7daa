use std::process::Stdio;

use reqwest::StatusCode;
use serde_json::json;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::stack::{PASSWORD, Stack};

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the command as an operator does.
async fn reset(stack: &Stack, args: &[&str], stdin: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_chat-api"))
        .arg("reset-password")
        .args(args)
        .env("DATABASE_URL", stack.database.owner_url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("chat-api");
    let mut pipe = child.stdin.take().expect("a pipe");
    // It may not want to read.
    let _closed = pipe.write_all(stdin.as_bytes()).await;
    drop(pipe);
    let output = child.wait_with_output().await.expect("its end");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

#[tokio::test]
async fn an_operator_gets_a_new_password_once_and_every_session_ends() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let program = ada.with_token(json!({"name": "x"})).await;
    ada.log_in("something else").await;
    stack
        .run(
            "update attempt set spent_until = now() + interval '1 hour' where kind like '%address'",
        )
        .await;
    let ended = reset(&stack, &["--email", "ADA@example.test"], "").await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let password = ended.stdout.strip_suffix('\n').expect("a line");
    assert!(password.len() >= 20 && !password.contains(char::is_whitespace), "{password:?}");
    assert!(!ended.stderr.contains(password), "it is not logged");
    ada.get("/me").await.assert_problem(401, "not_signed_in");
    assert_eq!(program.get("/me").await.status, StatusCode::OK);
    assert_eq!(bob.get("/me").await.status, StatusCode::OK);
    let answer = ada.log_in(password).await;
    assert_eq!(answer.status, StatusCode::OK, "guesses of others don't stand in the way");
    ada.log_in(PASSWORD).await.assert_problem(401, "invalid_credentials");
    stack.stop().await;
}

#[tokio::test]
async fn an_operator_can_choose_the_password_without_showing_it() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let args = ["--email", ada.email.as_str(), "--stdin"];
    let ended = reset(&stack, &args, "chosen by hand\r\nrest\n").await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    assert_eq!(ada.log_in("chosen by hand").await.status, StatusCode::OK);
    let ended = reset(&stack, &args, "short\n").await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("the new password has 10 to 200 characters"), "{}", ended.stderr);
    assert_eq!(ada.log_in("chosen by hand").await.status, StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn an_address_without_an_account_is_said_and_fails() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for email in ["nobody@example.test", "no address"] {
        let ended = reset(&stack, &["--email", email], "").await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
        assert!(ended.stderr.contains("no account has this e-mail address"), "{}", ended.stderr);
    }
    assert_eq!(ada.get("/me").await.status, StatusCode::OK);
    stack.stop().await;
}
