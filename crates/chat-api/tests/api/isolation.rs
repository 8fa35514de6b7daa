//! The second wall: row-level security. That the first one stands, `matrix` shows.

use reqwest::StatusCode;
use serde_json::json;
use sqlx::{AssertSqlSafe, Row};

use crate::{
    stack::{PASSWORD, Stack},
    worker::Reminding,
};
use events::Topic;

/// Every table that has a person's rows.
const TABLES: [&str; 13] = [
    "calendar_feed",
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
    "model_use",
];

#[tokio::test]
async fn a_query_that_forgets_the_person_still_sees_only_the_persons_own_rows() {
    let stack = Stack::start().await;
    let people = [stack.register("ada").await, stack.register("bob").await];
    for person in &people {
        let task = person.make_task(json!({"title": "x"})).await;
        person.post("/channels", json!({"kind": "webhook", "url": "http://a.test"})).await;
        person.post("/tokens", json!({"name": "x"})).await;
        person.post("/calendar-feeds", json!({"name": "x"})).await;
        let reminding = Reminding::of(&task, person.user_id);
        stack.replica.deliver(Topic::Reminders, &reminding.scheduled()).await;
    }
    let spent =
        "insert into model_use (user_id, day, tokens) select user_id, current_date, 1 from person";
    stack.run(spent).await;
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

/// Ids in a query, which `matrix` only names.
#[tokio::test]
async fn another_persons_list_in_a_query_shows_nothing_and_takes_nothing_in() {
    let stack = Stack::start().await;
    let [ada, bob] = [stack.register("ada").await, stack.register("bob").await];
    let list = ada.post("/lists", json!({"name": "hers"})).await.body;
    let list = list["id"].as_str().expect("an id");
    ada.make_task(json!({"title": "hers", "list_id": list})).await;
    let seen = bob.get(&format!("/tasks?list={list}")).await;
    assert_eq!((seen.status, &seen.body["items"]), (StatusCode::OK, &json!([])));
    let file = json!({
        "format": "todo.export", "version": 1, "lists": [],
        "tasks": [{"id": "00000000-0000-4000-8000-000000000001", "title": "his"}],
    });
    for dry_run in [true, false] {
        let query = format!("?list={list}&dry_run={dry_run}");
        bob.import(&query, file.to_string()).await.assert_problem(422, "invalid");
    }
    assert_eq!(stack.count("select count(*) from task").await, 1);
    assert_eq!(ada.import(&format!("?list={list}"), file.to_string()).await.status, StatusCode::OK);
    assert_eq!(stack.count("select count(*) from task").await, 2, "in one's own it goes");
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
