use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::stack::{Person, Stack};

async fn is_admin(person: &Person) -> Value {
    person.get("/me").await.body["is_admin"].clone()
}

#[tokio::test]
async fn administrators_are_those_whose_addresses_are_named_however_they_are_written() {
    let flags = ["--admin-emails", "nobody@example.test, ADA@example.test"];
    let stack = Stack::start_with(&flags).await;
    let (bob, ada) = (stack.register("bob").await, stack.register("ada").await);
    assert_eq!((is_admin(&ada).await, is_admin(&bob).await), (json!(true), json!(false)));
    assert_eq!(ada.get("/admin/people").await.status, StatusCode::OK);
    bob.get("/admin/people").await.assert_problem(403, "admins_only");
    let body = json!({"name": "x", "scopes": ["admin"]});
    bob.post("/tokens", body.clone()).await.assert_problem(403, "admins_only");
    let program = ada.with_token(body).await;
    assert_eq!(program.get("/admin/people").await.status, StatusCode::OK);
    let program = ada.with_token(json!({"name": "x", "scopes": ["read", "write"]})).await;
    program.get("/admin/people").await.assert_problem(403, "insufficient_scope");
    stack.stop().await;
}

#[tokio::test]
async fn nobody_is_an_administrator_unless_they_are_named() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    assert_eq!(is_admin(&ada).await, json!(false));
    ada.get("/admin/people").await.assert_problem(403, "admins_only");
    stack.stop().await;
}

#[tokio::test]
async fn the_first_account_administers_where_that_is_set() {
    let stack = Stack::start_with(&["--first-account-is-admin", "true"]).await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    assert_eq!((is_admin(&ada).await, is_admin(&bob).await), (json!(true), json!(false)));
    bob.get("/admin/people").await.assert_problem(403, "admins_only");
    assert_eq!(ada.get("/admin/people").await.status, StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn an_administrators_token_is_worth_nothing_when_they_are_none_any_more() {
    let stack = Stack::start_with(&["--first-account-is-admin", "true"]).await;
    let ada = stack.register("ada").await;
    let program = ada.with_token(json!({"name": "x", "scopes": ["admin"]})).await;
    stack.run("update person set created_at = created_at + interval '1 hour'").await;
    stack.register("bob").await;
    program.get("/admin/people").await.assert_problem(403, "admins_only");
    stack.stop().await;
}

#[tokio::test]
async fn people_are_listed_oldest_first_page_by_page() {
    let stack = Stack::start_with(&["--admin-emails", "ada@example.test"]).await;
    let ada = stack.register("ada").await;
    let bob = stack.register("bob").await;
    let eve = stack.register("eve").await;
    bob.make_task(json!({"title": "x"})).await;
    let trashed = bob.make_task(json!({"title": "x"})).await;
    bob.delete(&format!("/tasks/{}", trashed["id"].as_str().expect("an id"))).await;
    let listed = ada.get("/admin/people").await.body;
    let column = |name: &str| -> Vec<Value> {
        let items = listed["items"].as_array().expect("items");
        items.iter().map(|item| item[name].clone()).collect()
    };
    assert_eq!(column("email"), [ada.email.clone(), bob.email.clone(), eve.email.clone()]);
    let ids = [&ada, &bob, &eve].map(|person| json!(person.user_id));
    assert_eq!(column("user_id"), ids);
    assert_eq!(column("tasks"), [0, 1, 0], "without those in the trash");
    let is_used: Vec<bool> = column("last_used_at").iter().map(Value::is_string).collect();
    assert_eq!(is_used, [true, true, false]);
    assert!(column("created_at").iter().all(Value::is_string));
    let (mut pages, mut cursor) = (vec![], String::new());
    loop {
        let page = ada.get(&format!("/admin/people?limit=1{cursor}")).await.body;
        pages.extend(page["items"].as_array().expect("items").clone());
        assert!(pages.len() <= 3, "each comes once");
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(json!(pages), listed["items"]);
    ada.get("/admin/people?limit=0").await.assert_refuses("limit");
    stack.stop().await;
}
