//! The end of an account, on both sides.

use e2e::{Options, Person, Sink, Stack, in_seconds};
use reqwest::Method;
use serde_json::json;
use testing::eventually;

use crate::story::{Acknowledged, all_notified, all_settled, notified};

/// Far enough for the account to have ended on both sides before, in seconds.
const DUE_SECS: i64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_person_is_reminded_of_nothing_and_nothing_of_theirs_is_left() {
    let stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let gone = Person::register_with_webhook(stack.base(), &sink).await;
    let stays = Person::register_with_webhook(stack.base(), &sink).await;
    let never = Acknowledged::of(&gone.create_task("Never", &in_seconds(DUE_SECS)).await);
    let still = Acknowledged::of(&stays.create_task("Still", &in_seconds(DUE_SECS + 1)).await);
    eventually("the reminder to be scheduled", || async {
        (gone.reminders("scheduled").await.len() == 1).then_some(())
    })
    .await;
    gone.must(Method::DELETE, "/me", Some(json!({ "current_password": e2e::PASSWORD }))).await;
    all_settled(&stack).await;
    let pending: i64 = sqlx::query_scalar("select count(*) from reminder where status = 'pending'")
        .fetch_one(&stack.worker)
        .await
        .unwrap();
    assert_eq!(pending, 1, "the other person's");
    all_notified(&sink, std::slice::from_ref(&still)).await;
    assert!(!notified(&sink).contains_key(&never.id));
    all_settled(&stack).await;
    let left: i64 = sqlx::query_scalar(
        "select (select count(*) from person) + (select count(*) from task)
             + (select count(distinct user_id) from reminder)
             + (select count(distinct user_id) from feed)
             + (select count(*) from task_tombstone)",
    )
    .fetch_one(&stack.chat)
    .await
    .unwrap();
    assert_eq!(left, 4, "the other person's");
    sink.stop().await;
    stack.stop().await;
}
