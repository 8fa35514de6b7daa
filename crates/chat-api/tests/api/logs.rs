//! What the whole test binary logs, and that no secret is in it.

use std::{
    io,
    sync::{LazyLock, Mutex, PoisonError},
};

use reqwest::{Method, StatusCode};
use serde_json::json;
use tracing_subscriber::EnvFilter;
use uuid::Uuid;

use crate::stack::{Answer, Stack};

/// With it, every kind of channel is offered.
const VAPID_PUBLIC_KEY: &str =
    "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";

static LINES: Mutex<String> = Mutex::new(String::new());

/// Installs itself once.
static CAPTURE: LazyLock<()> = LazyLock::new(|| {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter(EnvFilter::new("debug"))
        .with_writer(|| Writer)
        .init();
});

struct Writer;

impl io::Write for Writer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_str(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to keep what is logged. To be called before what is to be seen happens.
pub(crate) fn capture() {
    LazyLock::force(&CAPTURE);
}

/// All that was logged since, by all tests.
pub(crate) fn captured() -> String {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// How many passwords were hashed for a request.
pub(crate) fn hashes(answer: &Answer) -> usize {
    let correlation_id = answer.header("x-correlation-id");
    let all = captured();
    let lines = all.lines().filter(|line| line.contains(correlation_id));
    lines.filter(|line| line.contains("a password is hashed")).count()
}

#[tokio::test]
async fn no_secret_and_no_address_is_ever_logged() {
    capture();
    let stack = Stack::start_with(&["--vapid-public-key", VAPID_PUBLIC_KEY]).await;
    let (name, password) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let (new, wrong) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let agent = Uuid::new_v4().to_string();
    let body = json!({"email": format!("{name}@example.test"), "password": password});
    let register = stack.replica.request(Method::POST, "/api/v1/auth/register").json(&body);
    let answer = Answer::of(register.header("User-Agent", &agent)).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let ada = stack.register("ada").await.with_cookie(answer.session_cookie().expect("a session"));
    stack.replica.post("/api/v1/auth/register", &body).await.assert_problem(409, "email_taken");
    let body = json!({"email": format!("{name}@example.test"), "password": wrong});
    stack
        .replica
        .post("/api/v1/auth/login", &body)
        .await
        .assert_problem(401, "invalid_credentials");
    let token = ada.post("/tokens", json!({"name": "x", "scopes": ["read", "account"]})).await;
    let token = token.body["token"].as_str().expect("a token").to_owned();
    let by_token = stack.replica.request(Method::GET, "/api/v1/tokens").bearer_auth(&token);
    assert_eq!(Answer::of(by_token).await.status, StatusCode::OK);
    let body = json!({"current_password": wrong, "new_password": new});
    ada.post("/me/password", body).await.assert_problem(403, "wrong_password");
    let body = json!({"current_password": password, "new_password": new});
    let changed = ada.post("/me/password", body).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{changed:?}");
    let body = json!({"current_password": new, "email": format!("new-{name}@example.test")});
    assert_eq!(ada.post("/me/email", body).await.status, StatusCode::OK);
    // Where channels lead and what they sign with, whether they are taken or refused.
    let (address, secret) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let keys = json!({"p256dh": VAPID_PUBLIC_KEY, "auth": "BTBZMqHH6r4Tts7J_aSIgg"});
    for (channel, status) in [
        (json!({"kind": "webhook", "url": format!("https://{address}.test/")}), 201),
        (json!({"kind": "email", "email": format!("{address}@mail.test")}), 201),
        (json!({"kind": "email", "email": format!("{address} @mail.test")}), 422),
        (
            json!({"kind": "ntfy", "url": format!("https://ntfy.test/{address}"), "token": secret}),
            201,
        ),
        (
            json!({"kind": "ntfy", "url": format!("ntfy://ntfy.test/{address}"), "token": secret}),
            422,
        ),
        (
            json!({"kind": "web_push", "subscription":
            {"endpoint": format!("https://push.test/{address}"), "keys": keys}}),
            201,
        ),
    ] {
        let made = ada.post("/channels", channel).await;
        assert_eq!(made.status.as_u16(), status, "{made:?}");
        if status == 422 {
            let said = made.body.to_string();
            assert!(!said.contains(&address) && !said.contains(&secret), "{said}");
        } else {
            let test = format!("/channels/{}/test", made.body["id"].as_str().expect("an id"));
            assert_eq!(ada.post(&test, json!({})).await.status, StatusCode::ACCEPTED);
        }
    }
    assert_eq!(ada.get("/channels").await.status, StatusCode::OK);
    let deleted = ada.delete_with("/me", json!({"current_password": new})).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    stack.stop().await;

    let all = captured();
    assert!(all.contains(deleted.header("x-correlation-id")), "it is the right log");
    let session = ada.cookie.trim_start_matches("session=").to_owned();
    for secret in [name, password, new, wrong, agent, token, session, address, secret] {
        assert!(!all.contains(&secret), "{secret} is logged");
    }
}
