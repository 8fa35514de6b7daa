use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stack::{Answer, PASSWORD, Person, Stack};

async fn sessions(person: &Person) -> Vec<Value> {
    let answer = person.get("/sessions").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.body["items"].as_array().expect("items").clone()
}

async fn another_session(person: &Person) -> Person {
    let answer = person.log_in(PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    person.with_cookie(answer.session_cookie().expect("a session"))
}

#[tokio::test]
async fn sessions_are_listed_newest_first_and_say_which_one_asks() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let other = another_session(&ada).await;
    let listed = sessions(&ada).await;
    let current: Vec<&Value> = listed.iter().map(|session| &session["current"]).collect();
    assert_eq!(current, [false, true]);
    assert_eq!(sessions(&other).await[0]["current"], true);
    let fields: Vec<&String> = listed[0].as_object().expect("fields").keys().collect();
    let expected = ["created_at", "current", "expires_at", "id", "last_used_at", "user_agent"];
    assert_eq!(fields, expected);
    for session in &listed {
        session["id"].as_str().expect("an id").parse::<uuid::Uuid>().expect("a UUID");
        assert!(session["expires_at"].as_str() > session["created_at"].as_str());
    }
    let token = ada.with_token(json!({"name": "x", "scopes": ["account"]})).await;
    assert!(sessions(&token).await.iter().all(|session| session["current"] == false));
    let first = ada.get("/sessions?limit=1").await.body;
    assert_eq!(first["items"][0]["id"], listed[0]["id"]);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = ada.get(&format!("/sessions?limit=1&cursor={cursor}")).await.body;
    assert_eq!(second["items"][0]["id"], listed[1]["id"]);
    assert!(second["next_cursor"].is_null());
    stack.stop().await;
}

#[tokio::test]
async fn neither_a_sessions_secret_nor_its_hash_is_in_the_list() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let listed = ada.get("/sessions").await.body.to_string();
    let hash: String = sqlx::query_scalar("select encode(token_hash, 'hex') from session")
        .fetch_one(&stack.admin)
        .await
        .expect("a hash");
    let base64: String = sqlx::query_scalar("select encode(token_hash, 'base64') from session")
        .fetch_one(&stack.admin)
        .await
        .expect("a hash");
    let secret = ada.cookie.trim_start_matches("session=");
    for hidden in [secret, &hash, &base64] {
        assert!(!listed.contains(hidden), "{hidden}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_session_that_is_ended_is_nobodys_and_the_others_go_on() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let other = another_session(&ada).await;
    let id = sessions(&other).await[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/sessions/{id}");
    assert_eq!(ada.delete(&path).await.status, StatusCode::NO_CONTENT);
    other.get("/me").await.assert_problem(401, "not_signed_in");
    ada.delete(&path).await.assert_problem(404, "not_found");
    ada.delete("/sessions/nonsense").await.assert_problem(404, "not_found");
    assert_eq!(sessions(&ada).await.len(), 1);
    stack.stop().await;
}

#[tokio::test]
async fn all_sessions_but_the_one_that_asks_are_ended_at_once() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let others = [another_session(&ada).await, another_session(&ada).await];
    assert_eq!(ada.delete("/sessions").await.status, StatusCode::NO_CONTENT);
    for other in &others {
        other.get("/me").await.assert_problem(401, "not_signed_in");
    }
    assert_eq!(sessions(&ada).await.len(), 1);
    assert_eq!(sessions(&bob).await.len(), 1);
    let token = ada.with_token(json!({"name": "x", "scopes": ["account"]})).await;
    assert_eq!(token.delete("/sessions").await.status, StatusCode::NO_CONTENT);
    ada.get("/me").await.assert_problem(401, "not_signed_in");
    stack.stop().await;
}

#[tokio::test]
async fn a_session_that_has_run_out_is_not_listed() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let other = another_session(&ada).await;
    stack
        .run(
            "update session set expires_at = now() where created_at =
                 (select max(created_at) from session)",
        )
        .await;
    other.get("/me").await.assert_problem(401, "not_signed_in");
    assert_eq!(sessions(&ada).await.len(), 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_session_is_known_by_the_browser_that_began_it_in_two_hundred_characters() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let long = format!("Mozilla/5.0 {}", "x".repeat(1000));
    let body = json!({"email": ada.email, "password": PASSWORD});
    for agent in [Some(&long), None] {
        let request = stack.replica.request(Method::POST, "/api/v1/auth/login").json(&body);
        let answer = match agent {
            Some(agent) => Answer::of(request.header("User-Agent", agent)).await,
            None => Answer::of(request).await,
        };
        assert_eq!(answer.status, StatusCode::OK);
    }
    let listed = sessions(&ada).await;
    assert!(listed[0]["user_agent"].is_null());
    assert_eq!(listed[1]["user_agent"], long[..200]);
    stack.stop().await;
}

/// When the only session was last used, and its owner.
async fn last_uses(stack: &Stack) -> (Option<String>, Option<String>) {
    sqlx::query_as("select s.last_used_at::text, p.last_used_at::text from session s join person p using (user_id)")
        .fetch_one(&stack.admin)
        .await
        .expect("a session")
}

#[tokio::test]
async fn the_last_use_of_a_session_is_written_at_most_once_a_minute() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    assert_eq!(last_uses(&stack).await, (None, None));
    ada.get("/me").await;
    let first = last_uses(&stack).await;
    assert!(first.0.is_some() && first.1.is_some());
    ada.get("/me").await;
    assert_eq!(last_uses(&stack).await, first, "not on every request");
    stack.run("update session set last_used_at = last_used_at - interval '61 seconds'").await;
    ada.get("/me").await;
    let second = last_uses(&stack).await;
    assert!(second.0 > first.0 && second.1 > first.1, "{first:?} {second:?}");
    let shown = sessions(&ada).await[0]["last_used_at"].clone();
    let at: i64 = stack.count("select extract(epoch from last_used_at)::bigint from session").await;
    let shown: chrono::DateTime<chrono::Utc> = serde_json::from_value(shown).expect("an instant");
    assert!((shown.timestamp() - at).abs() <= 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_request_does_not_wait_to_note_that_it_was_made() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for table in ["person", "session"] {
        stack.run("update session set last_used_at = null").await;
        let mut other = stack.admin.begin().await.expect("a transaction");
        let lock = sqlx::AssertSqlSafe(format!("select user_id from {table} for update"));
        sqlx::query(lock).execute(&mut *other).await.expect("locked");
        let asking = tokio::time::timeout(std::time::Duration::from_secs(20), ada.get("/me"));
        let answer = asking.await.unwrap_or_else(|_| panic!("it waits for the {table}"));
        assert_eq!(answer.status, StatusCode::OK);
        other.rollback().await.expect("rolled back");
    }
    stack.stop().await;
}
