use std::time::Duration;

use events::Topic;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    stack::{PASSWORD, Replica, Stack},
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
async fn whatever_ends_a_session_or_token_ends_its_streams_at_once_and_no_others() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = ada.with_token(json!({"name": "x"})).await;
    let sessions = [(); 3].map(|()| ada.log_in(PASSWORD));
    let sessions = futures_util::future::join_all(sessions).await;
    let [first, second, third] = [0, 1, 2].map(|number: usize| {
        ada.with_cookie(sessions[number].session_cookie().expect("a session"))
    });
    let mut streams = vec![];
    for person in [&ada, &program, &first, &second, &third] {
        let mut stream = Stream::open(person, "", None).await;
        stream.said_position().await;
        streams.push(stream);
    }
    let [mut adas, mut programs, mut firsts, mut seconds, mut thirds] =
        streams.try_into().unwrap_or_else(|_| panic!("five"));

    let tokens = ada.get("/tokens").await.body;
    let token = tokens["items"][0]["id"].as_str().expect("an id");
    assert_eq!(ada.delete(&format!("/tokens/{token}")).await.status, StatusCode::NO_CONTENT);
    programs.ended_at_once().await;
    assert_eq!(first.post("/auth/logout", json!({})).await.status, StatusCode::NO_CONTENT);
    firsts.ended_at_once().await;
    let listed = second.get("/sessions").await.body;
    let items = listed["items"].as_array().expect("sessions");
    let own = items.iter().find(|item| item["current"] == true).expect("its own");
    let own = own["id"].as_str().expect("an id");
    assert_eq!(ada.delete(&format!("/sessions/{own}")).await.status, StatusCode::NO_CONTENT);
    seconds.ended_at_once().await;
    assert_eq!(ada.delete("/sessions").await.status, StatusCode::NO_CONTENT);
    thirds.ended_at_once().await;

    ada.make_task(json!({"title": "x"})).await;
    assert_eq!(adas.next().await.expect("its own goes on").id, 1);
    let other = ada.with_cookie(ada.log_in(PASSWORD).await.session_cookie().expect("a session"));
    let mut others = Stream::open(&other, "?after=1", None).await;
    let password = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
    assert_eq!(ada.post("/me/password", password).await.status, StatusCode::NO_CONTENT);
    others.ended_at_once().await;
    let end = ada.request(Method::DELETE, "/me");
    let end = end.json(&json!({"current_password": "another horse battery"})).send().await;
    assert_eq!(end.expect("an answer").status(), StatusCode::NO_CONTENT);
    adas.ended_at_once().await;
    stack.stop().await;
}

#[tokio::test]
async fn a_stream_of_another_replica_or_of_a_session_that_runs_out_ends_soon_and_shows_it_lived() {
    let stack = Stack::start().await;
    let second = Replica::start(&stack.settings);
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let mut adas = Stream::open(&ada.at(&second), "", None).await;
    let mut bobs = Stream::open(&bob, "", None).await;
    let mut carols = Stream::open(&stack.register("carol").await, "", None).await;
    adas.said_position().await;
    ada.post("/auth/logout", json!({})).await;
    sqlx::query("update session set expires_at = now() where user_id = $1")
        .bind(bob.user_id.uuid())
        .execute(&stack.admin)
        .await
        .expect("run out");
    assert_eq!((adas.next().await, bobs.next().await), (None, None));
    carols.said_it_lives().await;
    second.stop().await;
    stack.stop().await;
}

#[tokio::test]
async fn a_person_has_so_many_streams_and_not_more() {
    let stack = Stack::start_with(&["--max-streams-per-person", "2"]).await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let (first, mut second) =
        (Stream::open(&ada, "", None).await, Stream::open(&ada, "", None).await);
    let refused = ada.get("/stream").await;
    refused.assert_problem(429, "too_many_streams");
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    Stream::open(&bob, "", None).await;
    drop(first);
    let mut third =
        testing::eventually("a place to be free", || async { Stream::try_open(&ada).await }).await;
    // From there on it tells; an answer begins before.
    assert_eq!((second.said_position().await, third.said_position().await), (0, 0));
    ada.make_task(json!({"title": "x"})).await;
    assert_eq!(second.next().await.expect("an event").id, 1);
    assert_eq!(third.next().await.expect("an event").id, 1);
    stack.stop().await;
}

/// Also: a stream that waits holds no connection to the database, or none were left.
#[tokio::test]
async fn what_is_new_is_read_once_for_all_who_follow() {
    const FOLLOWERS: usize = 200;
    const TASKS: i64 = 20;
    let flags = ["--max-streams-per-person", "1000", "--database-max-connections", "4"];
    let stack = Stack::start_with(&flags).await;
    let ada = stack.register("ada").await;
    let mut streams = vec![];
    for _ in 0..FOLLOWERS {
        streams.push(Stream::open(&ada, "", None).await);
    }
    for stream in &mut streams {
        assert_eq!(stream.said_position().await, 0);
    }
    for number in 1..=TASKS {
        ada.make_task(json!({"title": number.to_string()})).await;
        for stream in &mut streams {
            assert_eq!(stream.next().await.expect("an event").id, number);
        }
    }
    // A connection tells what it did at the latest when it ends.
    drop(streams);
    let Stack { replica, role, admin, database, .. } = stack;
    replica.stop().await;
    role.close().await;
    let reads: i64 = testing::eventually("the statistics", || async {
        let reads = "select idx_scan from pg_stat_user_tables where relname = 'feed'";
        let reads = sqlx::query_scalar(reads).fetch_one(&admin).await.expect("statistics");
        (reads >= TASKS).then_some(reads)
    })
    .await;
    println!("{reads} reads of the feed for {TASKS} entries and {FOLLOWERS} followers");
    assert!(reads <= 2 * TASKS, "{reads} reads for {TASKS} entries and {FOLLOWERS} followers");
    admin.close().await;
    database.drop().await;
}

#[tokio::test]
async fn after_a_restore_a_follower_reads_anew_and_goes_on() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut stream = Stream::open(&ada, "", None).await;
    stream.said_position().await;
    for number in 1..=3 {
        ada.make_task(json!({"title": number.to_string()})).await;
        assert_eq!(stream.next().await.expect("an event").id, number);
    }
    let back = "with gone as (delete from feed where seq > 1) update feed_head set head = 1";
    sqlx::raw_sql(back).execute(&stack.admin).await.expect("gone back");
    let sent = stream.next().await.expect("an event");
    assert_eq!((sent.event.as_str(), sent.id), ("reset", 1));
    ada.make_task(json!({"title": "another"})).await;
    let sent = stream.next().await.expect("an event");
    assert_eq!((sent.id, &sent.data["title"]), (2, &json!("another")));
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
