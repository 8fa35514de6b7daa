//! Searching, filtering, sorting, and reading page by page.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::stack::{Person, Stack};

/// The titles that a list answers with.
async fn titles(person: &Person, query: &str) -> Vec<String> {
    let answer = person.get(&format!("/tasks?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {answer:?}");
    titles_of(&answer.body)
}

fn titles_of(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items").iter();
    items.map(|task| task["title"].as_str().expect("a title").to_owned()).collect()
}

#[tokio::test]
async fn a_search_finds_beginnings_of_words_without_case_and_accents() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    ada.make_task(json!({"title": "Flug nach Zürich buchen", "tags": ["Reise"]})).await;
    let plants = json!({"title": "Water the plants", "description": "The *ficus* by the Fenêtre"});
    let plants = ada.make_task(plants).await;
    ada.make_task(json!({"title": "Order 2 litres of water"})).await;
    for (words, found) in [
        ("zurich", &["Flug nach Zürich buchen"][..]),
        ("ZÜR", &["Flug nach Zürich buchen"]),
        ("buch reise", &["Flug nach Zürich buchen"]),
        ("fenetre", &["Water the plants"]),
        ("wat", &["Order 2 litres of water", "Water the plants"]),
        ("wat 2", &["Order 2 litres of water"]),
        ("ater", &[]),
        ("water zurich", &[]),
        ("%25_'", &["Order 2 litres of water", "Water the plants", "Flug nach Zürich buchen"]),
    ] {
        assert_eq!(titles(&ada, &format!("q={words}")).await, found, "{words}");
    }
    // What a task says now is what it is found by.
    let path = format!("/tasks/{}", plants["id"].as_str().expect("an id"));
    ada.patch(&path, json!({"title": "Feed the cat", "description": null})).await;
    assert_eq!(titles(&ada, "q=fenetre").await, [""; 0]);
    assert_eq!(titles(&ada, "q=feed").await, ["Feed the cat"]);
    stack.stop().await;
}

#[tokio::test]
async fn filters_narrow_and_go_together() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let list = ada.post("/lists", json!({"name": "Garden"})).await.body["id"].clone();
    for task in [
        json!({"title": "a", "priority": "HIGH", "tags": ["home", "x,y"], "due_date": "2026-11-24"}),
        json!({"title": "b", "priority": "LOW", "tags": ["home"], "due_date": "2026-11-24T22:59:59Z"}),
        json!({"title": "c", "status": "IN_PROGRESS", "due_date": "2026-11-24T23:00:00Z"}),
        json!({"title": "d", "tags": ["Home"], "list_id": list}),
    ] {
        ada.make_task(task).await;
    }
    let list = format!("list={}", list.as_str().expect("an id"));
    for (query, found) in [
        ("priority=HIGH", &["a"][..]),
        ("priority=HIGH,LOW", &["b", "a"]),
        ("priority=HIGH&priority=LOW", &["b", "a"]),
        ("status=IN_PROGRESS", &["c"]),
        ("status=TODO,IN_PROGRESS&tag=home", &["b", "a"]),
        ("tag=home&tag=x,y", &["a"]),
        ("tag=Home", &["d"]),
        (&list, &["d"]),
        // The day begins in Berlin, an hour before it does in Greenwich.
        ("due_before=2026-11-25", &["b", "a"]),
        ("due_after=2026-11-25", &["c"]),
        ("due_after=2026-11-24&due_before=2026-11-24T12:00:00Z", &["a"]),
        ("due_before=2200-01-01T00:00:00Z&sort=-due_date", &["c", "b", "a"]),
    ] {
        assert_eq!(titles(&ada, query).await, found, "{query}");
    }
    for (query, field) in [
        ("priority=URGENT", "priority"),
        ("status=todo", "status"),
        ("tag=two%20words", "tag"),
        ("due_before=tomorrow", "due_before"),
        ("list=inbox", "list"),
        ("sort=colour", "sort"),
        ("sort=position", "sort"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
    ] {
        ada.get(&format!("/tasks?{query}")).await.assert_refuses(field);
    }
    stack.stop().await;
}

/// Every sort, both ways, in pages of two.
#[tokio::test]
async fn every_sort_is_read_in_pages_without_gap_or_repetition() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut made = vec![];
    for (title, priority, due) in [
        ("pear", "LOW", Some("2026-11-26T10:00:00Z")),
        ("Äpfel", "HIGH", None),
        ("apple", "MEDIUM", Some("2026-11-25")),
        ("fig", "HIGH", Some("2026-11-25T10:00:00Z")),
        ("plum", "LOW", None),
        ("Fig", "MEDIUM", Some("2026-11-24T10:00:00Z")),
        ("quince", "HIGH", Some("2026-11-25T10:00:00Z")),
    ] {
        made.push(
            ada.make_task(json!({"title": title, "priority": priority, "due_date": due})).await,
        );
    }
    let inbox = made[0]["list_id"].as_str().expect("an id");
    ada.patch(
        &format!("/tasks/{}", made[1]["id"].as_str().expect("an id")),
        json!({"priority": "LOW"}),
    )
    .await;
    for (sort, key) in [
        ("created_at", (|task| task["created_at"].to_string()) as fn(&Value) -> String),
        ("updated_at", |task| task["updated_at"].to_string()),
        ("due_date", due_key),
        ("priority", |task| format!("{}{}", rank(task), due_key(task))),
        ("title", |task| task["title"].as_str().expect("a title").to_lowercase().replace('ä', "a")),
        ("position", |task| task["position"].to_string()),
    ] {
        for direction in ["", "-"] {
            let query = format!("sort={direction}{sort}&list={inbox}");
            let pages = read_all(&ada, &query, 2).await;
            assert_eq!(pages.len(), made.len(), "{query}");
            let keys: Vec<(String, String)> =
                pages.iter().map(|task| (key(task), task["id"].to_string())).collect();
            let sorted = if direction.is_empty() {
                keys.is_sorted_by(|a, b| a < b)
            } else {
                keys.is_sorted_by(|a, b| a > b)
            };
            assert!(sorted, "{query}: {keys:?}");
        }
    }
    // A cursor belongs to its sort.
    let page = ada.get("/tasks?sort=title&limit=1").await.body;
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    ada.get(&format!("/tasks?sort=due_date&limit=1&cursor={cursor}"))
        .await
        .assert_refuses("cursor");
    stack.stop().await;
}

fn due_key(task: &Value) -> String {
    match task["due_date"].as_str() {
        // Whole days begin in Berlin.
        Some("2026-11-25") => "2026-11-24T23:00:00Z".to_owned(),
        Some(due) => due.to_owned(),
        None => "9".to_owned(),
    }
}

fn rank(task: &Value) -> usize {
    let priorities = ["HIGH", "MEDIUM", "LOW"];
    priorities.iter().position(|each| task["priority"] == **each).expect("a priority")
}

async fn read_all(person: &Person, query: &str, limit: usize) -> Vec<Value> {
    let (mut read, mut cursor) = (vec![], String::new());
    loop {
        let page = person.get(&format!("/tasks?{query}&limit={limit}{cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        read.extend(page.body["items"].as_array().expect("items").iter().cloned());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return read,
        }
    }
}

/// While a list is read, tasks before the cursor are deleted, made and moved: what stays where it is
/// comes once.
#[tokio::test]
async fn a_page_is_stable_under_change() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut paths = vec![];
    for number in 0..9 {
        let task = ada.make_task(json!({"title": format!("t{number}")})).await;
        paths.push(format!("/tasks/{}", task["id"].as_str().expect("an id")));
    }
    let first = ada.get("/tasks?sort=title&limit=3").await.body;
    assert_eq!(titles_of(&first), ["t0", "t1", "t2"]);
    ada.delete(&paths[1]).await;
    ada.make_task(json!({"title": "t00"})).await;
    ada.patch(&paths[2], json!({"title": "t21"})).await;
    ada.patch(&paths[8], json!({"title": "a8"})).await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let rest = read_all(&ada, &format!("sort=title&cursor={cursor}"), 100).await;
    let rest: Vec<&str> =
        rest.iter().map(|task| task["title"].as_str().expect("a title")).collect();
    assert_eq!(rest, ["t21", "t3", "t4", "t5", "t6", "t7"]);
    stack.stop().await;
}

/// What goes to the database for a page does not depend on how many tasks are on it.
#[tokio::test]
async fn a_list_of_fifty_makes_as_many_queries_as_a_list_of_one() {
    let (stack, proxy) = Stack::start_behind_a_proxy().await;
    let ada = stack.register("ada").await;
    for number in 0..50 {
        let body = json!({"title": number.to_string(), "tags": ["x"], "due_date": "2026-11-24"});
        ada.make_task(body).await;
    }
    let mut fewest = [u64::MAX; 2];
    // A connection that is new asks for types, and jobs ask for what is theirs: the fewest count.
    for _ in 0..8 {
        for (limit, fewest) in [1, 50].into_iter().zip(&mut fewest) {
            let query = format!("/tasks?tag=x&due_after=2026-11-01&sort=due_date&limit={limit}");
            let before = proxy.statements();
            let page = ada.get(&query).await;
            assert_eq!(page.body["items"].as_array().map(Vec::len), Some(limit));
            *fewest = (*fewest).min(proxy.statements() - before);
        }
    }
    println!("{} statements for a page", fewest[0]);
    assert_eq!(fewest[0], fewest[1], "statements for a page of 1 and of 50");
    stack.stop().await;
}
