//! The trash: seen, emptied, and what stays of what was in it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::stack::Stack;

#[tokio::test]
async fn what_is_in_the_trash_is_listed_and_deleted_for_good() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut paths = vec![];
    for title in ["a", "b", "c", "kept"] {
        let task = ada.make_task(json!({"title": title})).await;
        paths.push(task["id"].as_str().expect("an id").to_owned());
    }
    for id in &paths[..3] {
        ada.delete(&format!("/tasks/{id}")).await;
    }
    let page = ada.get("/trash?limit=2").await.body;
    let titles = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("items").iter();
        items.map(|task| task["title"].as_str().expect("a title").to_owned()).collect()
    };
    assert_eq!(titles(&page), ["c", "b"], "the last that went there first");
    assert!(page["items"][0]["deleted_at"].is_string());
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    assert_eq!(titles(&ada.get(&format!("/trash?cursor={cursor}")).await.body), ["a"]);

    ada.delete(&format!("/trash/{}", paths[3])).await.assert_problem(404, "not_found");
    assert_eq!(ada.delete(&format!("/trash/{}", paths[0])).await.status, StatusCode::NO_CONTENT);
    ada.delete(&format!("/trash/{}", paths[0])).await.assert_problem(404, "not_found");
    let restore = format!("/tasks/{}/restore", paths[0]);
    ada.post(&restore, json!({})).await.assert_problem(404, "not_found");
    ada.get(&format!("/tasks/{}/timeline", paths[0])).await.assert_problem(404, "not_found");
    assert_eq!(ada.delete("/trash").await.status, StatusCode::NO_CONTENT);
    assert_eq!(titles(&ada.get("/trash").await.body), [""; 0]);
    assert_eq!(titles(&ada.get("/tasks").await.body), ["kept"]);
    // The worker remembers them, and so does a restore from a backup.
    assert_eq!(stack.count("select count(*) from task_tombstone").await, 3);
    assert_eq!(stack.count("select count(*) from task_word where word = 'a'").await, 0);
    stack.stop().await;
}
