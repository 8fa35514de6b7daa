use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};

use crate::{
    stack::{Answer, PASSWORD, Stack},
    worker::Reminding,
};
use events::Topic;

#[tokio::test]
async fn what_is_another_persons_is_not_found() {
    assert_apart(Stack::start().await).await;
}

#[tokio::test]
async fn the_queries_alone_keep_people_apart() {
    assert_apart(Stack::start_without_second_wall().await).await;
}

async fn assert_apart(stack: Stack) {
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let task = ada.make_task(json!({"title": "secret"})).await;
    let trashed = ada.make_task(json!({"title": "secret"})).await;
    let id = |thing: &Value| thing["id"].as_str().expect("an id").to_owned();
    ada.delete(&format!("/tasks/{}", id(&trashed))).await;
    let webhook = json!({"kind": "webhook", "url": "http://ada.test"});
    let channel = ada.post("/channels", webhook).await.body;
    let token = ada.post("/tokens", json!({"name": "adas"})).await.body;
    let session = ada.get("/sessions").await.body["items"][0].clone();
    let reminding = Reminding::of(&task, ada.user_id);
    stack.replica.deliver(Topic::Reminders, &reminding.scheduled()).await;
    let list = ada.post("/lists", json!({"name": "adas"})).await.body;
    let before = stack.outbox().await.len();

    let task_path = format!("/tasks/{}", id(&task));
    for (method, path) in [
        (Method::GET, task_path.clone()),
        (Method::PATCH, task_path.clone()),
        (Method::DELETE, task_path.clone()),
        (Method::POST, format!("{task_path}/complete")),
        (Method::POST, format!("{task_path}/reopen")),
        (Method::POST, format!("/tasks/{}/restore", id(&trashed))),
        (Method::GET, format!("{task_path}/timeline")),
        (Method::DELETE, format!("/trash/{}", id(&trashed))),
        (Method::PATCH, format!("/lists/{}", id(&list))),
        (Method::DELETE, format!("/lists/{}", id(&list))),
        (Method::POST, format!("/reminders/{}/dismiss", reminding.reminder_id)),
        (Method::DELETE, format!("/channels/{}", id(&channel))),
        (Method::POST, format!("/channels/{}/test", id(&channel))),
        (Method::DELETE, format!("/tokens/{}", id(&token))),
        (Method::DELETE, format!("/sessions/{}", id(&session))),
    ] {
        let request =
            bob.request(method.clone(), &path).json(&json!({"title": "mine", "name": "mine"}));
        Answer::of(request).await.assert_problem(404, "not_found");
    }
    // What names another person's thing in the body is refused as what is nowhere.
    let snooze = format!("/reminders/{}/snooze", reminding.reminder_id);
    bob.post(&snooze, json!({"for": "PT10M"})).await.assert_problem(404, "not_found");
    let own = bob.make_task(json!({"title": "bobs"})).await;
    let own_path = format!("/tasks/{}", id(&own));
    bob.patch(&own_path, json!({"list_id": id(&list)})).await.assert_refuses("list_id");
    let beside = json!({"before": id(&task)});
    bob.post(&format!("{own_path}/move"), beside).await.assert_refuses("before");
    let many = json!({"action": "delete", "tasks": [{"id": id(&own)}, {"id": id(&task)}]});
    bob.post("/tasks/bulk", many).await.assert_refuses("tasks[1]");
    bob.delete(&own_path).await;
    bob.delete("/trash").await;
    let before = before + 2;
    for list in ["/tasks", "/trash", "/channels", "/tokens", "/reminders"] {
        assert_eq!(bob.get(list).await.body["items"], json!([]), "{list}");
        assert_ne!(ada.get(list).await.body["items"], json!([]), "{list}");
    }
    assert_eq!(bob.get("/lists").await.body["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(bob.get("/sessions").await.body["items"].as_array().expect("items").len(), 1);
    assert_eq!(bob.delete("/sessions").await.status, StatusCode::NO_CONTENT);
    assert_eq!(ada.get("/sessions").await.body["items"][0]["id"], session["id"]);
    assert_eq!(bob.get("/tasks").await.header("x-feed-position"), "2");
    assert_eq!(ada.get(&task_path).await.body, task, "nothing changed");
    assert_eq!(stack.outbox().await.len(), before, "and nothing was told");
    stack.stop().await;
}

/// Every table that has a person's rows.
const TABLES: [&str; 11] = [
    "list",
    "task_word",
    "person",
    "session",
    "api_token",
    "channel",
    "task",
    "reminder",
    "timeline",
    "feed_head",
    "feed",
];

#[tokio::test]
async fn a_query_that_forgets_the_person_still_sees_only_the_persons_own_rows() {
    let stack = Stack::start().await;
    let people = [stack.register("ada").await, stack.register("bob").await];
    for person in &people {
        let task = person.make_task(json!({"title": "x"})).await;
        person.post("/channels", json!({"kind": "webhook", "url": "http://a.test"})).await;
        person.post("/tokens", json!({"name": "x"})).await;
        let reminding = Reminding::of(&task, person.user_id);
        stack.replica.deliver(Topic::Reminders, &reminding.scheduled()).await;
    }
    for table in TABLES {
        let rows = format!("select user_id from {table}");
        let mut nobody = stack.role.begin().await.expect("a transaction");
        let seen = sqlx::query(AssertSqlSafe(rows.clone())).fetch_all(&mut *nobody).await;
        assert_eq!(seen.expect("rows").len(), 0, "{table}: who says nothing sees nothing");
        nobody.rollback().await.expect("rolled back");

        let mut ada = stack.role.begin().await.expect("a transaction");
        sqlx::query("select set_config('app.user_id', $1, true)")
            .bind(people[0].user_id.to_string())
            .execute(&mut *ada)
            .await
            .expect("set");
        let seen = sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut *ada).await.expect("rows");
        assert!(!seen.is_empty(), "{table}");
        for row in seen {
            assert_eq!(row.get::<uuid::Uuid, _>(0), people[0].user_id.uuid(), "{table}");
        }
        let others = format!("update {table} set user_id = user_id where user_id <> $1");
        let touched = sqlx::query(AssertSqlSafe(others))
            .bind(people[0].user_id.uuid())
            .execute(&mut *ada)
            .await
            .expect("an update");
        assert_eq!(touched.rows_affected(), 0, "{table}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn nothing_can_be_written_for_another_person() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let mut tx = stack.role.begin().await.expect("a transaction");
    sqlx::query("select set_config('app.user_id', $1, true)")
        .bind(ada.user_id.to_string())
        .execute(&mut *tx)
        .await
        .expect("set");
    let forged = sqlx::query(
        "insert into session (session_id, token_hash, user_id, created_at, expires_at)
         values (gen_random_uuid(), 'x', $1, now(), now() + interval '1 day')",
    )
    .bind(bob.user_id.uuid())
    .execute(&mut *tx)
    .await
    .expect_err("refused");
    assert!(forged.to_string().contains("row-level security"), "{forged}");
    tx.rollback().await.expect("rolled back");
    stack.stop().await;
}

#[tokio::test]
async fn attempts_and_deleted_people_are_shown_to_no_person() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let deleted = bob.delete_with("/me", json!({"current_password": PASSWORD})).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    for (table, all) in [("attempt", 3), ("person_tombstone", 1)] {
        let rows = format!("select count(*) from {table}");
        let there: i64 = sqlx::query_scalar(AssertSqlSafe(rows.clone()))
            .fetch_one(&stack.admin)
            .await
            .expect("a count");
        assert_eq!(there, all, "{table}: this test would show nothing");
        let mut tx = stack.role.begin().await.expect("a transaction");
        sqlx::query("select set_config('app.user_id', $1, true)")
            .bind(ada.user_id.to_string())
            .execute(&mut *tx)
            .await
            .expect("set");
        let seen: i64 =
            sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(&mut *tx).await.expect("a count");
        assert_eq!(seen, 0, "{table}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn every_table_with_a_person_in_it_is_behind_the_wall() {
    let stack = Stack::start().await;
    let bare = stack
        .count(
            "select count(*) from pg_class c join pg_attribute a on a.attrelid = c.oid
             where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
                 and a.attname = 'user_id' and not (c.relrowsecurity and c.relforcerowsecurity)",
        )
        .await;
    assert_eq!(bare, 0);
    let is_plain: bool = sqlx::query_scalar(
        "select not (rolsuper or rolbypassrls) from pg_roles where rolname = current_user",
    )
    .fetch_one(&stack.role)
    .await
    .expect("a role");
    assert!(is_plain, "these tests would show nothing");
    let ada = stack.register("ada").await;
    assert_eq!(ada.get("/me").await.status, StatusCode::OK);
    stack.stop().await;
}
