use std::time::Duration;

use events::Topic;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    stack::{Replica, Stack},
    stream_client::Stream,
    worker::Reminding,
};

#[tokio::test]
async fn a_stream_tells_each_event_as_it_happens() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut stream = Stream::open(&ada, "", None).await;
    assert_eq!(stream.said_position().await, 0);
    let task = ada.make_task(json!({"title": "a line\nand another"})).await;
    let sent = stream.next().await.expect("an event");
    assert_eq!((sent.id, sent.event.as_str()), (1, "task-created"));
    assert_eq!(sent.data["title"], "a line\nand another");
    assert_eq!(sent.data["task_id"], task["id"]);
    let told = &stack.published(Topic::TaskEvents).await[0].event;
    assert_eq!(sent.data["event_id"], json!(told.event_id));
    assert_eq!(sent.data["event_type"], "task-created");
    assert_eq!(sent.data["correlation_id"], json!(told.correlation_id));
    assert_eq!(sent.data["timestamp"], json!(told.timestamp));
    let triggered = Reminding::of(&task, ada.user_id).triggered();
    stack.replica.deliver(Topic::Reminders, &triggered).await;
    let sent = stream.next().await.expect("an event");
    assert_eq!((sent.id, sent.event.as_str()), (2, "reminder-triggered"));
    assert_eq!(sent.data["event_id"], json!(triggered.event_id));
    stack.stop().await;
}

#[tokio::test]
async fn a_page_reads_then_follows_from_where_it_read() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    ada.make_task(json!({"title": "before"})).await;
    let position = ada.get("/tasks").await.header("x-feed-position").to_owned();
    ada.make_task(json!({"title": "between"})).await;
    let mut stream = Stream::open(&ada, &format!("?after={position}"), None).await;
    assert_eq!(stream.next().await.expect("an event").data["title"], "between");
    let mut again = Stream::open(&ada, "?after=0", Some("1")).await;
    assert_eq!(again.next().await.expect("an event").id, 2, "Last-Event-ID wins");
    stack.stop().await;
}

#[tokio::test]
async fn an_id_that_never_was_or_is_pruned_resets_and_goes_on_from_now() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for title in ["a", "b", "c"] {
        ada.make_task(json!({"title": title})).await;
    }
    for start in ["4", "9223372036854775807", "-1", "nonsense", "99999999999999999999"] {
        let mut stream = Stream::open(&ada, &format!("?after={start}"), None).await;
        let sent = stream.next().await.expect("an event");
        assert_eq!((sent.event.as_str(), sent.id), ("reset", 3), "{start}");
        assert_eq!(sent.data, json!({"position": 3}));
    }
    sqlx::query("update feed set created_at = now() - interval '8 days' where seq <= 2")
        .execute(&stack.admin)
        .await
        .expect("aged");
    // Tidying begins as soon as a replica starts.
    let second = Replica::start(&stack.settings);
    testing::eventually("old entries to be deleted", || async {
        (stack.count("select count(*) from feed").await == 1).then_some(())
    })
    .await;
    let mut pruned = Stream::open(&ada, "?after=1", None).await;
    assert_eq!(pruned.next().await.expect("an event").event, "reset");
    let mut whole = Stream::open(&ada, "?after=2", None).await;
    assert_eq!(whole.next().await.expect("an event").id, 3, "nothing is missing after 2");
    ada.make_task(json!({"title": "d"})).await;
    assert_eq!(pruned.next().await.expect("an event").id, 4, "it goes on");
    second.stop().await;
    stack.stop().await;
}

#[tokio::test]
async fn a_long_absence_is_caught_up_in_order() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let path = format!("/tasks/{}", task["id"].as_str().expect("an id"));
    for number in 0..450 {
        let answer = ada.patch(&path, json!({"title": number.to_string()})).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let mut stream = Stream::open(&ada, "?after=0", None).await;
    for id in 1..=451 {
        assert_eq!(stream.next().await.expect("an event").id, id);
    }
    stack.stop().await;
}

#[tokio::test]
async fn what_another_replica_writes_arrives_too() {
    let stack = Stack::start().await;
    let second = Replica::start(&stack.settings);
    let ada = stack.register("ada").await;
    let mut stream = Stream::open(&ada, "", None).await;
    stream.said_position().await;
    ada.at(&second).make_task(json!({"title": "from over there"})).await;
    // The poll takes a quarter of a second; only the heartbeat would find it after fifteen.
    let limit = Duration::from_secs(10);
    let sent = tokio::time::timeout(limit, stream.next()).await.expect("before the heartbeat");
    assert_eq!(sent.expect("an event").data["title"], "from over there");
    second.stop().await;
    stack.stop().await;
}

#[tokio::test]
async fn nobody_follows_what_is_another_persons() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let mut bobs = Stream::open(&bob, "?after=0", None).await;
    ada.make_task(json!({"title": "adas"})).await;
    bob.make_task(json!({"title": "bobs"})).await;
    assert_eq!(bobs.next().await.expect("an event").data["title"], "bobs");
    let stranger = stack.replica.request(Method::GET, "/api/v1/stream");
    assert_eq!(stranger.send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    stack.stop().await;
}

#[tokio::test]
async fn a_stop_ends_the_streams_and_is_quick() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut stream = Stream::open(&ada, "", None).await;
    stream.said_position().await;
    let stopped = tokio::time::timeout(Duration::from_secs(8), stack.stop());
    let (stopped, end) = tokio::join!(stopped, stream.next());
    assert!(stopped.is_ok(), "no stream holds it up");
    assert_eq!(end, None);
}
