use events::Topic;
use reqwest::StatusCode;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    stack::{Replica, Stack},
    stream_client::Stream,
};

const PATCHES: usize = 50;

#[tokio::test]
async fn fifty_patches_at_once_through_two_replicas_keep_one_order() {
    let stack = Stack::start().await;
    let second = Replica::start(&stack.settings);
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let path = format!("/tasks/{}", task["id"].as_str().expect("an id"));
    let mut patches = JoinSet::new();
    for number in 0..PATCHES {
        let ada = if number % 2 == 0 { ada.clone() } else { ada.at(&second) };
        let path = path.clone();
        patches.spawn(async move { ada.patch(&path, json!({"title": number.to_string()})).await });
    }
    for answer in patches.join_all().await {
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let told = stack.published(Topic::TaskEvents).await;
    assert_eq!(told.len(), PATCHES + 1);
    let versions: Vec<Option<i64>> = told.iter().map(|row| row.event.payload.version()).collect();
    assert!(versions.is_sorted_by(|a, b| a < b), "in the order of the outbox: {versions:?}");
    for pair in told.windows(2).skip(1) {
        let (before, after) = (&pair[0].json["payload"], &pair[1].json["payload"]);
        assert_eq!(before["changes"]["title"]["new"], after["changes"]["title"]["old"]);
    }
    let last = told.last().expect("an event");
    assert_eq!(ada.get(&path).await.body["title"], last.json["payload"]["task"]["title"]);
    second.stop().await;
    stack.stop().await;
}

#[tokio::test]
async fn of_many_who_match_the_same_version_one_wins() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let path = format!("/tasks/{}", task["id"].as_str().expect("an id"));
    let tag = format!("\"{}\"", task["version"]);
    let mut patches = JoinSet::new();
    for number in 0..10 {
        let request = ada
            .request(reqwest::Method::PATCH, &path)
            .header("If-Match", &tag)
            .json(&json!({"title": number.to_string()}));
        patches.spawn(crate::stack::Answer::of(request));
    }
    let answers = patches.join_all().await;
    let won = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    let lost =
        answers.iter().filter(|answer| answer.status == StatusCode::PRECONDITION_FAILED).count();
    assert_eq!((won, lost), (1, 9));
    stack.stop().await;
}

#[tokio::test]
async fn the_feed_has_no_gap_under_many_writers_and_a_follower_misses_none() {
    let stack = Stack::start().await;
    let second = Replica::start(&stack.settings);
    let ada = stack.register("ada").await;
    let mut stream = Stream::open(&ada, "", None).await;
    assert_eq!(stream.said_position().await, 0);
    let mut writers = JoinSet::new();
    for number in 0..60 {
        let ada = if number % 2 == 0 { ada.clone() } else { ada.at(&second) };
        writers.spawn(async move { ada.make_task(json!({"title": number.to_string()})).await });
    }
    let mut ids = vec![];
    while ids.len() < 25 {
        ids.push(stream.next().await.expect("an event").id);
    }
    drop(stream);
    let last = ids.last().expect("an id").to_string();
    let mut stream = Stream::open(&ada.at(&second), "", Some(&last)).await;
    while ids.len() < 60 {
        ids.push(stream.next().await.expect("an event").id);
    }
    assert_eq!(ids, (1..=60).collect::<Vec<i64>>());
    assert_eq!(writers.join_all().await.len(), 60);
    second.stop().await;
    stack.stop().await;
}

#[tokio::test]
async fn one_address_registered_at_once_from_everywhere_is_one_account() {
    let stack = Stack::start().await;
    let mut attempts = JoinSet::new();
    for _ in 0..6 {
        let body = json!({"email": "ada@example.test", "password": crate::stack::PASSWORD});
        let request =
            stack.replica.request(reqwest::Method::POST, "/api/v1/auth/register").json(&body);
        attempts.spawn(crate::stack::Answer::of(request));
    }
    let mut statuses: Vec<u16> =
        attempts.join_all().await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
    stack.stop().await;
}
