use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    logs::{self, hashes},
    stack::{Answer, PASSWORD, Replica, Stack},
};

const WRONG: &str = "something else";
/// Attempts at one address before the next has to wait.
const PER_EMAIL: usize = 10;
const PER_CLIENT: usize = 30;
const ACCOUNTS_PER_CLIENT: usize = 20;

async fn log_in(replica: &Replica, client: &str, email: &str, password: &str) -> Answer {
    post(replica, client, "login", email, password).await
}

async fn post(replica: &Replica, client: &str, what: &str, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    let request = replica.request(Method::POST, &format!("/api/v1/auth/{what}")).json(&body);
    Answer::of(request.header("X-Forwarded-For", client)).await
}

/// Behind a proxy that says which client it is.
async fn behind_a_proxy() -> Stack {
    logs::capture();
    Stack::start_with(&["--trusted-proxies", "127.0.0.0/8"]).await
}

#[track_caller]
fn assert_throttled(answer: &Answer, longest_wait_secs: u64) {
    answer.assert_problem(429, "too_many_attempts");
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=longest_wait_secs).contains(&wait), "{wait}");
    assert!(answer.session_cookie().is_none());
    assert_eq!(hashes(answer), 0, "nothing is hashed for it");
}

#[tokio::test]
async fn guessing_at_one_address_is_throttled_whoever_guesses_and_whether_it_is_anybodys() {
    let stack = behind_a_proxy().await;
    let ada = stack.register("ada").await;
    for email in [ada.email.as_str(), "nobody@example.test", "no address"] {
        for number in 0..PER_EMAIL {
            let client = format!("198.51.100.{number}");
            let answer = log_in(&stack.replica, &client, email, WRONG).await;
            answer.assert_problem(401, "invalid_credentials");
            assert!(hashes(&answer) >= 1, "this test would show nothing");
        }
        assert_throttled(&log_in(&stack.replica, "203.0.113.1", email, WRONG).await, 60);
    }
    let right = log_in(&stack.replica, "203.0.113.1", "ADA@example.test", PASSWORD).await;
    assert_throttled(&right, 60);
    stack.stop().await;
}

#[tokio::test]
async fn an_address_is_heard_again_when_the_time_is_over() {
    let stack = behind_a_proxy().await;
    let ada = stack.register("ada").await;
    ada.log_in(WRONG).await.assert_problem(401, "invalid_credentials");
    stack
        .run("update attempt set spent_until = now() + interval '600 s' where kind like '%address'")
        .await;
    let throttled = ada.log_in(PASSWORD).await;
    assert_throttled(&throttled, 60);
    stack
        .run("update attempt set spent_until = now() + interval '539 s' where kind like '%address'")
        .await;
    assert_eq!(ada.log_in(PASSWORD).await.status, StatusCode::OK);
    assert_throttled(&ada.log_in(PASSWORD).await, 60);
    stack.stop().await;
}

#[tokio::test]
async fn one_client_is_throttled_over_all_addresses_and_no_other_client_is() {
    let stack = behind_a_proxy().await;
    let ada = stack.register("ada").await;
    let mut heard = 0;
    // Time goes on meanwhile and makes a little room.
    while heard < 2 * PER_CLIENT {
        let email = format!("nobody{heard}@example.test");
        let answer = log_in(&stack.replica, "198.51.100.1", &email, WRONG).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_throttled(&answer, 10);
            break;
        }
        heard += 1;
    }
    assert!((PER_CLIENT..2 * PER_CLIENT).contains(&heard), "{heard}");
    let own = log_in(&stack.replica, "198.51.100.2", &ada.email, PASSWORD).await;
    assert_eq!(own.status, StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn a_password_that_is_right_makes_no_room_for_more_guesses() {
    let stack = behind_a_proxy().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    let guess = || log_in(&stack.replica, "198.51.100.1", &ada.email, WRONG);
    for _ in 0..PER_EMAIL - 1 {
        guess().await.assert_problem(401, "invalid_credentials");
    }
    let owner = log_in(&stack.replica, "203.0.113.1", &ada.email, PASSWORD).await;
    assert_eq!(owner.status, StatusCode::OK);
    assert_throttled(&guess().await, 60);
    stack.run("update attempt set spent_until = now() + interval '289 s'").await;
    let own = log_in(&stack.replica, "198.51.100.1", &eve.email, PASSWORD).await;
    assert_eq!(own.status, StatusCode::OK, "{own:?}");
    let spent = "select count(*) from attempt where kind = 'password by a client'
         and spent_until > now() + interval '200 s'";
    assert_eq!(stack.count(spent).await, 2, "neither client has gained by it");
    stack.stop().await;
}

#[tokio::test]
async fn of_attempts_at_the_same_time_no_more_are_heard_on_any_replica() {
    let stack = behind_a_proxy().await;
    let ada = stack.register("ada").await;
    let second = Replica::start(&stack.settings);
    let attempts = (0..2 * PER_EMAIL).map(|number| {
        let replica = if number % 2 == 0 { &stack.replica } else { &second };
        let client = format!("198.51.100.{number}");
        let email = ada.email.clone();
        async move { log_in(replica, &client, &email, WRONG).await }
    });
    let answers = futures_util::future::join_all(attempts).await;
    let hashed: usize = answers.iter().filter(|answer| hashes(answer) > 0).count();
    let heard = answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count();
    assert_eq!((heard, hashed), (PER_EMAIL, PER_EMAIL));
    second.stop().await;
    stack.stop().await;
}

#[tokio::test]
async fn the_password_that_a_change_asks_for_is_throttled_as_signing_in_is() {
    let stack = behind_a_proxy().await;
    let ada = stack.register("ada").await;
    for _ in 0..PER_EMAIL / 2 {
        ada.log_in(WRONG).await.assert_problem(401, "invalid_credentials");
        let body = json!({"current_password": WRONG, "new_password": "0123456789"});
        ada.post("/me/password", body).await.assert_problem(403, "wrong_password");
    }
    for (path, field, value) in
        [("/me/password", "new_password", "0123456789"), ("/me/email", "email", "new@a.test")]
    {
        let body = json!({"current_password": PASSWORD, field: value});
        assert_throttled(&ada.post(path, body).await, 60);
    }
    let deleting = ada.delete_with("/me", json!({"current_password": PASSWORD})).await;
    assert_throttled(&deleting, 60);
    assert_throttled(&ada.log_in(PASSWORD).await, 60);
    stack.stop().await;
}

#[tokio::test]
async fn one_client_makes_so_many_accounts_at_once_and_no_other_client_waits() {
    let stack = behind_a_proxy().await;
    let register = async |client: &str, name: String| {
        let email = format!("{name}@example.test");
        post(&stack.replica, client, "register", &email, PASSWORD).await
    };
    for number in 0..ACCOUNTS_PER_CLIENT {
        // One IPv6 network is one client.
        let client = format!("2001:db8:0:1::{number}");
        let answer = register(&client, number.to_string()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    }
    let beyond = register("2001:db8:0:1:ffff::1", "beyond".to_owned()).await;
    assert_throttled(&beyond, 60);
    let elsewhere = register("2001:db8:0:2::1", "elsewhere".to_owned()).await;
    assert_eq!(elsewhere.status, StatusCode::CREATED);
    stack.stop().await;
}

#[tokio::test]
async fn without_a_trusted_proxy_nobody_chooses_the_address_that_they_come_from() {
    logs::capture();
    let stack = Stack::start().await;
    log_in(&stack.replica, "198.51.100.1", "nobody@example.test", WRONG).await;
    stack.run("update attempt set spent_until = now() + interval '1 hour'").await;
    let answer = log_in(&stack.replica, "198.51.100.2", "bob@example.test", WRONG).await;
    assert_throttled(&answer, 3600);
    stack.stop().await;
}

#[tokio::test]
async fn attempts_take_a_row_of_a_fixed_number_and_keep_no_address() {
    let stack = behind_a_proxy().await;
    for _ in 0..2 {
        log_in(&stack.replica, "198.51.100.1", "Nobody@example.test", WRONG).await;
        log_in(&stack.replica, "198.51.100.1", "nobody@example.test", WRONG).await;
    }
    let rows: Vec<(String, i32)> = sqlx::query_as("select kind, bucket from attempt order by kind")
        .fetch_all(&stack.admin)
        .await
        .expect("rows");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|(_, bucket)| (0..1 << 17).contains(bucket)), "{rows:?}");
    let columns = stack
        .count(
            "select count(*) from information_schema.columns where table_name = 'attempt'
                 and column_name in ('kind', 'bucket', 'spent_until')",
        )
        .await;
    let all = "select count(*) from information_schema.columns where table_name = 'attempt'";
    assert_eq!(stack.count(all).await, columns);
    stack.stop().await;
}
