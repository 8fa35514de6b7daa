use events::{EventType, Payload, Topic};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::stack::{Answer, PASSWORD, Stack};

#[tokio::test]
async fn registering_signs_in_and_tells_the_first_settings() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let me = ada.get("/me").await;
    assert_eq!(me.body["user_id"], ada.user_id.to_string());
    assert_eq!(me.body["email"], ada.email);
    assert_eq!(me.body["time_zone"], "Europe/Berlin");
    let told = stack.published(Topic::UserEvents).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].needs_receipt);
    let Payload::NotificationSettingsUpdated(settings) = &told[0].event.payload else {
        panic!("{told:?}");
    };
    assert_eq!(settings.user_id, ada.user_id);
    assert_eq!(settings.time_zone.name(), "Europe/Berlin");
    assert!(settings.channels.is_empty() && settings.quiet_hours.is_none());
    stack.stop().await;
}

#[tokio::test]
async fn a_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites() {
    for (public_url, is_secure) in [("http://127.0.0.1:8080", false), ("https://t.test", true)] {
        let stack = Stack::start_with(&["--public-url", public_url]).await;
        let body = json!({"email": "ada@example.test", "password": PASSWORD});
        let answer = stack.replica.post("/api/v1/auth/register", &body).await;
        let cookie = answer.header("set-cookie");
        for part in ["session=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(cookie.contains("Secure"), is_secure, "{cookie}");
        stack.stop().await;
    }
}

#[tokio::test]
async fn logging_in_begins_another_session_and_logging_out_ends_only_that_one() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let body = json!({"email": "ADA@example.test", "password": PASSWORD});
    let answer = stack.replica.post("/api/v1/auth/login", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let cookie = answer.session_cookie().expect("a session");
    assert_ne!(cookie, ada.cookie);
    let again = ada.with_cookie(cookie);
    assert_eq!(again.post("/auth/logout", json!({})).await.status, StatusCode::NO_CONTENT);
    again.get("/me").await.assert_problem(401, "not_signed_in");
    assert_eq!(ada.get("/me").await.status, StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let stack = Stack::start().await;
    stack.register("ada").await;
    for (email, password) in [
        ("ada@example.test", "something else"),
        ("ada@example.test", "short"),
        ("bob@example.test", PASSWORD),
        ("no address", PASSWORD),
        ("nul\0@example.test", PASSWORD),
    ] {
        let body = json!({"email": email, "password": password});
        let answer = stack.replica.post("/api/v1/auth/login", &body).await;
        answer.assert_problem(401, "invalid_credentials");
        assert!(answer.session_cookie().is_none());
    }
    stack.stop().await;
}

#[tokio::test]
async fn an_address_belongs_to_one_account_however_it_is_written() {
    let stack = Stack::start().await;
    stack.register("ada").await;
    let body = json!({"email": " Ada@Example.test ", "password": PASSWORD});
    let answer = stack.replica.post("/api/v1/auth/register", &body).await;
    answer.assert_problem(409, "email_taken");
    assert_eq!(stack.count("select count(*) from person").await, 1);
    assert_eq!(stack.outbox().await.len(), 1, "nothing is told of a refused registration");
    stack.stop().await;
}

#[tokio::test]
async fn nothing_that_lets_in_is_stored_as_it_is() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let token = ada.post("/tokens", json!({"name": "backup"})).await.body["token"].clone();
    let dump: String = sqlx::query_scalar(
        "select concat((select jsonb_agg(p) from person p), (select jsonb_agg(s) from session s),
             (select jsonb_agg(a) from api_token a))",
    )
    .fetch_one(&stack.admin)
    .await
    .expect("all rows");
    assert!(dump.contains("$argon2id$"));
    let session = ada.cookie.trim_start_matches("session=");
    for secret in [PASSWORD, session, token.as_str().expect("a token")] {
        assert!(!dump.contains(secret));
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_bearer_token_is_shown_once_and_works_until_it_is_deleted() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let made = ada.post("/tokens", json!({"name": "calendar"})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let token = made.body["token"].as_str().expect("a token").to_owned();
    let by_token = || {
        let request = stack.replica.request(Method::GET, "/api/v1/me");
        Answer::of(request.header("Authorization", format!("Bearer {token}")))
    };
    assert_eq!(by_token().await.body["email"], ada.email);
    let listed = ada.get("/tokens").await.body;
    assert_eq!(listed["items"][0]["name"], "calendar");
    assert!(listed["items"][0]["token"].is_null());
    let path = format!("/tokens/{}", made.body["id"].as_str().expect("an id"));
    assert_eq!(ada.delete(&path).await.status, StatusCode::NO_CONTENT);
    by_token().await.assert_problem(401, "not_signed_in");
    ada.delete(&path).await.assert_problem(404, "not_found");
    stack.stop().await;
}

#[tokio::test]
async fn a_session_that_has_run_out_is_none() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let session_days = 30;
    stack.database.set_clock_offset_secs((session_days + 1) * 24 * 3600).await;
    let answer = testing::eventually("the pool to connect again", || async {
        let answer = ada.get("/me").await;
        (answer.status != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    })
    .await;
    answer.assert_problem(401, "not_signed_in");
    stack.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let stack = Stack::start_with(&["--public-url", "https://tasks.test"]).await;
    let ada = stack.register("ada").await;
    let host = stack.replica.public.trim_start_matches("http://").to_owned();
    let make = |origin: Option<String>| {
        let request = ada.request(Method::POST, "/tasks").json(&json!({"title": "x"}));
        Answer::of(match origin {
            Some(origin) => request.header("Origin", origin),
            None => request,
        })
    };
    for origin in ["https://evil.test", "null", "http://tasks.test", "https://tasks.test:8443"] {
        make(Some(origin.to_owned())).await.assert_problem(403, "cross_site");
    }
    assert_eq!(stack.count("select count(*) from task").await, 0);
    for origin in [None, Some("https://tasks.test".to_owned()), Some(format!("http://{host}"))] {
        assert_eq!(make(origin).await.status, StatusCode::CREATED);
    }
    let body = json!({"email": ada.email, "password": PASSWORD});
    let signing_in = |origin: &str| {
        let request = stack.replica.request(Method::POST, "/api/v1/auth/login").json(&body);
        Answer::of(request.header("Origin", origin))
    };
    signing_in("https://evil.test").await.assert_problem(403, "cross_site");
    assert_eq!(signing_in("https://tasks.test").await.status, StatusCode::OK);
    let reading = ada.request(Method::GET, "/tasks").header("Origin", "https://evil.test");
    assert_eq!(Answer::of(reading).await.status, StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn a_foreign_origin_is_no_matter_to_a_bearer_token() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let made = ada.post("/tokens", json!({"name": "a page"})).await;
    let token = made.body["token"].as_str().expect("a token");
    let request = stack
        .replica
        .request(Method::POST, "/api/v1/tasks")
        .header("Authorization", format!("bearer {token}"))
        .header("Origin", "https://elsewhere.test")
        .json(&json!({"title": "x"}));
    assert_eq!(Answer::of(request).await.status, StatusCode::CREATED);
    assert_eq!(
        stack.published(Topic::TaskEvents).await[0].event.event_type(),
        EventType::TaskCreated
    );
    stack.stop().await;
}
