use events::Topic;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testing::eventually;

use crate::stack::{Answer, PASSWORD, Person, Stack};

const NEW_PASSWORD: &str = "another horse battery";

fn password_body(current: &str) -> Value {
    json!({"current_password": current, "new_password": NEW_PASSWORD})
}

/// What the three operations that ask for the password are called with.
fn operations(current: &str) -> [(Method, &'static str, Value); 3] {
    [
        (Method::POST, "/me/password", password_body(current)),
        (
            Method::POST,
            "/me/email",
            json!({"current_password": current, "email": "new@example.test"}),
        ),
        (Method::DELETE, "/me", json!({"current_password": current})),
    ]
}

async fn ask(person: &Person, (method, path, body): (Method, &str, Value)) -> Answer {
    Answer::of(person.request(method, path).json(&body)).await
}

#[tokio::test]
async fn a_new_password_ends_every_other_session_and_no_token() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let other = ada.log_in(PASSWORD).await.session_cookie().expect("a session");
    let program = ada.with_token(json!({"name": "x"})).await;
    let changed = ada.post("/me/password", password_body(PASSWORD)).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{changed:?}");
    assert_eq!(ada.get("/me").await.status, StatusCode::OK);
    assert_eq!(program.get("/me").await.status, StatusCode::OK);
    ada.with_cookie(other).get("/me").await.assert_problem(401, "not_signed_in");
    ada.log_in(PASSWORD).await.assert_problem(401, "invalid_credentials");
    assert_eq!(ada.log_in(NEW_PASSWORD).await.status, StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn a_program_that_sets_a_password_ends_every_session() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = ada.with_token(json!({"name": "x", "scopes": ["account"]})).await;
    let changed = program.post("/me/password", password_body(PASSWORD)).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{changed:?}");
    ada.get("/me").await.assert_problem(401, "not_signed_in");
    stack.stop().await;
}

#[tokio::test]
async fn without_the_current_password_nothing_of_an_account_changes() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let before = stack.outbox().await.len();
    for operation in operations("something else") {
        ask(&ada, operation).await.assert_problem(403, "wrong_password");
    }
    for operation in operations(PASSWORD) {
        let (method, path, mut body) = operation;
        body.as_object_mut().expect("fields").remove("current_password");
        ask(&ada, (method, path, body)).await.assert_refuses("current_password");
    }
    assert_eq!(ada.get("/me").await.body["email"], ada.email);
    assert_eq!(ada.log_in(PASSWORD).await.status, StatusCode::OK);
    assert_eq!(stack.outbox().await.len(), before);
    stack.stop().await;
}

#[tokio::test]
async fn a_new_password_is_checked_as_the_first_one_was() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for new in [json!("short"), json!("nul\u{0}nul\u{0}nul"), json!(5), json!("x".repeat(201))] {
        let body = json!({"current_password": PASSWORD, "new_password": new});
        ada.post("/me/password", body).await.assert_refuses("new_password");
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_new_address_signs_in_and_the_old_one_is_free() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let body = json!({"current_password": PASSWORD, "email": " New@example.test "});
    let changed = ada.post("/me/email", body).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let me = ada.get("/me").await.body;
    assert_eq!(changed.body, me, "it is the account as GET /me has it");
    assert_eq!(me["email"], "New@example.test");
    ada.log_in(PASSWORD).await.assert_problem(401, "invalid_credentials");
    let body = json!({"email": "new@example.test", "password": PASSWORD});
    let answer = stack.replica.post("/api/v1/auth/login", &body).await;
    assert_eq!(answer.body["user_id"], ada.user_id.to_string());
    let other = stack.register("ada").await;
    assert_ne!(other.user_id, ada.user_id);
    stack.stop().await;
}

#[tokio::test]
async fn an_address_that_is_taken_stays_where_it_is() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let change = |email: &str| json!({"current_password": PASSWORD, "email": email});
    bob.post("/me/email", change("ADA@example.test")).await.assert_problem(409, "email_taken");
    bob.post("/me/email", change("nobody")).await.assert_refuses("email");
    assert_eq!(bob.get("/me").await.body["email"], bob.email);
    assert_eq!(ada.get("/me").await.body["email"], ada.email);
    let own = bob.post("/me/email", change("BOB@example.test")).await;
    assert_eq!(own.body["email"], "BOB@example.test", "one's own may be written differently");
    stack.stop().await;
}

/// Lets the password be changed by somebody else while a request is between checking it and acting
/// on it.
async fn overtaken(stack: &Stack, asking: impl Future<Output = Answer>) -> Answer {
    let mut other = stack.admin.begin().await.expect("a transaction");
    sqlx::query("update person set password_hash = 'another'")
        .execute(&mut *other)
        .await
        .expect("changed");
    let changing = async {
        eventually("the request to wait for the row", || async {
            let waiting = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
            (stack.count(waiting).await > 0).then_some(())
        })
        .await;
        other.commit().await.expect("committed");
    };
    tokio::join!(asking, changing).0
}

#[tokio::test]
async fn a_password_that_changes_meanwhile_signs_nobody_in() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let answer = overtaken(&stack, ada.log_in(PASSWORD)).await;
    answer.assert_problem(401, "invalid_credentials");
    assert_eq!(stack.count("select count(*) from session").await, 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_password_that_changes_meanwhile_changes_nothing_else() {
    for operation in operations(PASSWORD) {
        let stack = Stack::start().await;
        let ada = stack.register("ada").await;
        // The request's own use is noted before.
        ada.get("/me").await;
        let answer = overtaken(&stack, ask(&ada, operation)).await;
        answer.assert_problem(403, "wrong_password");
        let unchanged = "select count(*) from person
             where password_hash = 'another' and email = 'ada@example.test'";
        assert_eq!(stack.count(unchanged).await, 1);
        assert_eq!(stack.published(Topic::UserEvents).await.len(), 1);
        stack.stop().await;
    }
}
