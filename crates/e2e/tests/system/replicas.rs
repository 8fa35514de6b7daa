//! Two of each service on one database.

use e2e::{Options, Person, Sink, Stack, in_seconds};
use reqwest::Method;
use serde_json::json;
use testing::eventually;

use crate::story::{
    all_notified, all_settled, assert_promise, firings, insist_on_task, versions_by_task,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_of_each_keep_the_order_per_task_and_fire_once() {
    const TASKS: usize = 40;
    const EDITS: usize = 8;
    let options = Options { chat_apis: 2, workers: 2, ..Options::default() };
    let stack = Stack::start(options).await;
    let sink = Sink::start();
    let first = Person::register_with_webhook(stack.base(), &sink).await;
    let second = first.at(&stack.chat_apis[1].base);

    let mut edited = Vec::new();
    for number in 0..4 {
        let task = insist_on_task(&first, &format!("Edited {number}"), 3600).await;
        edited.push(format!("/tasks/{}", task.id));
    }
    let mut editing = Vec::new();
    for (number, person) in [first.clone(), second.clone()].into_iter().cycle().take(4).enumerate()
    {
        let paths = edited.clone();
        editing.push(tokio::spawn(async move {
            for edit in 0..EDITS {
                for path in &paths {
                    let body = json!({ "title": format!("Edit {edit} by {number}") });
                    person.must(Method::PATCH, path, Some(body)).await;
                }
            }
        }));
    }
    let mut tasks = Vec::new();
    for number in 0..TASKS {
        let person = if number % 2 == 0 { &first } else { &second };
        tasks.push(insist_on_task(person, "Due at once", 4).await);
    }
    for edits in editing {
        edits.await.expect("edits");
    }
    all_notified(&sink, &tasks).await;
    all_settled(&stack).await;
    assert_promise(&sink, &tasks);
    let (firings, events) = firings(&stack).await;
    assert_eq!((firings.len(), events.len()), (TASKS, TASKS));
    for (task, versions) in versions_by_task(&stack, "task-events").await {
        assert!(versions.is_sorted_by(|a, b| a < b), "{task}: {versions:?}");
    }
    sink.stop().await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_leading_relay_dies_the_other_publishes() {
    let options = Options { chat_apis: 2, ..Options::default() };
    let mut stack = Stack::start(options).await;
    let sink = Sink::start();
    let first = Person::register_with_webhook(stack.base(), &sink).await;
    let second = first.at(&stack.chat_apis[1].base);
    // As when a pod dies: the service and its sidecar.
    stack.chat_apis[0].service.kill();
    stack.chat_apis[0].sidecar.kill();
    let task = second.create_task("By the second", &in_seconds(1)).await;
    let id = task.body["id"].as_str().unwrap().to_owned();
    eventually("the reminder to fire", || async {
        second.reminders("triggered").await.into_iter().find(|r| r["task_id"] == id.as_str())
    })
    .await;
    sink.stop().await;
    stack.stop().await;
}
