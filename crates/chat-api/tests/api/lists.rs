//! Lists, the order by hand, and subtasks.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    stack::{Person, Stack},
    stream_client::Stream,
};

fn id(thing: &Value) -> &str {
    thing["id"].as_str().expect("an id")
}

async fn names(person: &Person) -> Vec<String> {
    let lists = person.get("/lists").await.body;
    let items = lists["items"].as_array().expect("lists").iter();
    items.map(|list| list["name"].as_str().expect("a name").to_owned()).collect()
}

async fn order(person: &Person, list: &str) -> Vec<String> {
    let page = person.get(&format!("/tasks?list={list}&sort=position")).await.body;
    let items = page["items"].as_array().expect("tasks").iter();
    items.map(|task| task["title"].as_str().expect("a title").to_owned()).collect()
}

#[tokio::test]
async fn everybody_has_an_inbox_that_stays() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    assert_eq!(names(&ada).await, ["Inbox"]);
    let inbox = ada.get("/lists").await.body["items"][0].clone();
    assert_eq!(inbox["is_inbox"], true);
    let path = format!("/lists/{}", id(&inbox));
    ada.delete(&path).await.assert_problem(409, "inbox_stays");
    let renamed = ada.patch(&path, json!({"name": "Eingang"})).await;
    assert_eq!(renamed.body["name"], "Eingang", "{renamed:?}");
    assert_eq!(ada.make_task(json!({"title": "x"})).await["list_id"], inbox["id"]);
    stack.stop().await;
}

#[tokio::test]
async fn lists_stand_in_the_order_that_is_given_them() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut lists = vec![];
    for name in ["A", "B", "C"] {
        lists.push(ada.post("/lists", json!({"name": name})).await.body);
    }
    assert_eq!(names(&ada).await, ["Inbox", "A", "B", "C"]);
    let put = async |list: &Value, beside: Value| {
        let answer = ada.post(&format!("/lists/{}/move", id(list)), beside).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    };
    put(&lists[2], json!({"before": id(&lists[0])})).await;
    assert_eq!(names(&ada).await, ["Inbox", "C", "A", "B"]);
    put(&lists[0], json!({"after": id(&lists[1])})).await;
    assert_eq!(names(&ada).await, ["Inbox", "C", "B", "A"]);
    put(&lists[0], json!({"after": id(&lists[0])})).await;
    assert_eq!(names(&ada).await, ["Inbox", "C", "B", "A"]);
    let path = format!("/lists/{}/move", id(&lists[0]));
    ada.post(&path, json!({})).await.assert_refuses("");
    let nowhere = json!({"before": uuid::Uuid::new_v4()});
    ada.post(&path, nowhere).await.assert_refuses("before");
    stack.stop().await;
}

#[tokio::test]
async fn tasks_stand_in_their_list_in_the_order_that_is_given_them() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let list = ada.post("/lists", json!({"name": "Garden"})).await.body;
    let mut tasks = vec![];
    for title in ["a", "b", "c"] {
        tasks.push(ada.make_task(json!({"title": title, "list_id": id(&list)})).await);
    }
    let elsewhere = ada.make_task(json!({"title": "d"})).await;
    assert_eq!(order(&ada, id(&list)).await, ["a", "b", "c"]);
    let put = async |task: &Value, beside: Value| {
        let answer = ada.post(&format!("/tasks/{}/move", id(task)), beside).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body
    };
    put(&tasks[2], json!({"before": id(&tasks[1])})).await;
    assert_eq!(order(&ada, id(&list)).await, ["a", "c", "b"]);
    // Beside a task of another list is in that list.
    let moved = put(&elsewhere, json!({"after": id(&tasks[0])})).await;
    assert_eq!(moved["list_id"], list["id"]);
    assert_eq!(order(&ada, id(&list)).await, ["a", "d", "c", "b"]);
    put(&tasks[0], json!({"list_id": id(&list)})).await;
    assert_eq!(order(&ada, id(&list)).await, ["d", "c", "b", "a"]);
    // Again and again between the same two: there is always a place.
    for _ in 0..50 {
        put(&tasks[1], json!({"before": id(&tasks[2])})).await;
        put(&tasks[0], json!({"before": id(&tasks[1])})).await;
        assert_eq!(order(&ada, id(&list)).await, ["d", "a", "b", "c"]);
        put(&tasks[2], json!({"before": id(&tasks[0])})).await;
    }
    // Naming the list that it is in leaves a task where it is.
    let path = format!("/tasks/{}", id(&tasks[2]));
    let before = ada.get(&path).await.body;
    assert_eq!(ada.patch(&path, json!({"list_id": id(&list)})).await.body, before);
    stack.stop().await;
}

#[tokio::test]
async fn a_list_that_is_deleted_leaves_its_tasks_to_the_inbox_or_to_the_trash() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let inbox = ada.get("/lists").await.body["items"][0]["id"].clone();
    for (query, left, trashed) in [("", 2, 1), ("?tasks=move", 2, 1), ("?tasks=trash", 0, 3)] {
        let list = ada.post("/lists", json!({"name": "Garden"})).await.body;
        for title in ["a", "b"] {
            ada.make_task(json!({"title": title, "list_id": id(&list)})).await;
        }
        let gone = ada.make_task(json!({"title": "gone", "list_id": id(&list)})).await;
        ada.delete(&format!("/tasks/{}", id(&gone))).await;
        let path = format!("/lists/{}", id(&list));
        ada.delete(&format!("{path}?tasks=burn")).await.assert_refuses("tasks");
        assert_eq!(ada.delete(&format!("{path}{query}")).await.status, StatusCode::NO_CONTENT);
        ada.delete(&path).await.assert_problem(404, "not_found");
        assert_eq!(names(&ada).await, ["Inbox"]);
        let count = |page: Value| page["items"].as_array().map(Vec::len);
        let tasks = ada.get("/tasks").await.body;
        assert!(tasks["items"].as_array().expect("tasks").iter().all(|t| t["list_id"] == inbox));
        assert_eq!(count(tasks), Some(left), "{query}");
        assert_eq!(count(ada.get("/trash").await.body), Some(trashed), "{query}");
        let restored = ada.post(&format!("/tasks/{}/restore", id(&gone)), json!({})).await.body;
        assert_eq!(restored["list_id"], inbox);
        // Clear the table.
        for task in ada.get("/tasks").await.body["items"].as_array().expect("tasks") {
            ada.delete(&format!("/tasks/{}", id(task))).await;
        }
        ada.delete("/trash").await;
    }
    stack.stop().await;
}

#[tokio::test]
async fn what_becomes_of_a_list_is_on_the_stream() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut stream = Stream::open(&ada, "?after=0", None).await;
    let list = ada.post("/lists", json!({"name": "Garden"})).await.body;
    let path = format!("/lists/{}", id(&list));
    ada.patch(&path, json!({"name": "Yard"})).await;
    ada.patch(&path, json!({"name": "Yard"})).await;
    ada.delete(&path).await;
    for (kind, name) in [
        ("list-created", json!("Garden")),
        ("list-updated", json!("Yard")),
        ("list-deleted", Value::Null),
    ] {
        let event = stream.next().await.expect("an event");
        assert_eq!((event.event.as_str(), &event.data["name"]), (kind, &name), "{event:?}");
        assert_eq!(event.data["list_id"], list["id"]);
    }
    stack.stop().await;
}

#[tokio::test]
async fn subtasks_keep_their_order_and_their_ids_and_are_told() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let steps = json!([{"title": "one"}, {"title": "two", "done": true}]);
    let task = ada.make_task(json!({"title": "x", "subtasks": steps})).await;
    let steps = task["subtasks"].as_array().expect("subtasks").clone();
    assert_eq!((&steps[0]["title"], &steps[1]["done"]), (&json!("one"), &json!(true)));
    let path = format!("/tasks/{}", id(&task));
    let turned = json!([steps[1], steps[0], {"title": "three"}]);
    let changed = ada.patch(&path, json!({"subtasks": turned})).await.body;
    assert_eq!(changed["subtasks"][0], steps[1]);
    assert_eq!(changed["subtasks"][1], steps[0]);
    assert_eq!(changed["subtasks"][2]["title"], "three");
    let told = stack.published(events::Topic::TaskEvents).await;
    let payload = &told.last().expect("an event").json["payload"];
    assert_eq!(payload["changed_fields"], json!(["subtasks"]));
    assert_eq!(payload["task"]["subtasks"][0]["title"], "two");
    assert_eq!(ada.patch(&path, json!({"subtasks": null})).await.body["subtasks"], json!([]));
    let twice = json!([steps[0], steps[0]]);
    ada.patch(&path, json!({"subtasks": twice})).await.assert_refuses("subtasks");
    ada.patch(&path, json!({"subtasks": [{"title": ""}]})).await.assert_refuses("subtasks");
    let many: Vec<Value> = (0..101).map(|n| json!({"title": n.to_string()})).collect();
    ada.patch(&path, json!({"subtasks": many})).await.assert_refuses("subtasks");
    stack.stop().await;
}
