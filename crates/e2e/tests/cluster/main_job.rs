//! The main job, as a user does it: through the way in, over HTTPS.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use e2e::{Cluster, Person, WayIn, in_seconds};
use serde_json::Value;
use testing::eventually;
use tokio::{task::JoinHandle, time::Instant};

/// Longer than what proxies usually allow a silent connection, in seconds.
const STREAM_MUST_LAST_SECS: u64 = 65;

/// A live stream that is being read.
struct Followed {
    events: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

/// The page, a registration, a stream that stays open, a task, its reminder on the stream and at the webhook.
pub(crate) async fn main_job(cluster: &Cluster, way: &WayIn, hook: &str) {
    // A controller takes a moment to know a new route.
    let page = eventually("the page", || async {
        let answer =
            way.client().build().unwrap().get(format!("{}/", way.base)).send().await.ok()?;
        (answer.status() == 200).then_some(answer)
    })
    .await;
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.headers().contains_key("content-security-policy"));

    let person = way.register().await;
    let began = Instant::now();
    let followed = Followed::follow(&person).await;
    person_with_webhook(cluster, &person, hook).await;
    let task = person.create_task("Through the front door", &in_seconds(5)).await;
    let id = task.body["id"].as_str().unwrap();
    let notification = eventually("the reminder at the webhook", || async {
        let of_task = |body: &Value| body["data"]["task_id"] == id;
        cluster.notifications().into_iter().find(|notification| of_task(&notification.body))
    })
    .await;
    let time = notification.body["data"]["reminder_time"].as_str().unwrap();
    let time: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
    assert!(notification.at >= time, "early: {notification:?}");
    let reminders = eventually("chat-api to know of it", || async {
        Some(person.reminders("triggered").await).filter(|reminders| !reminders.is_empty())
    })
    .await;
    assert_eq!(reminders.len(), 1);
    followed.saw("task-created").await;
    followed.saw("reminder-scheduled").await;
    followed.saw("reminder-triggered").await;

    tokio::time::sleep_until(began + Duration::from_secs(STREAM_MUST_LAST_SECS)).await;
    person.create_task("On the same stream", &in_seconds(3_600)).await;
    eventually("the second task on the same stream", || async {
        (followed.count("task-created") == 2).then_some(())
    })
    .await;
    followed.reader.abort();
}

/// Gives somebody a webhook, and waits until a test has come there.
pub(crate) async fn person_with_webhook(cluster: &Cluster, person: &Person, hook: &str) {
    let channel = person.create_webhook(hook).await;
    let tests = || cluster.notifications().iter().filter(|one| one.is_test()).count();
    let before = tests();
    let test = format!("/channels/{}/test", channel.body["id"].as_str().unwrap());
    person.must(reqwest::Method::POST, &test, None).await;
    eventually("the test of the channel", || async { (tests() > before).then_some(()) }).await;
}

impl Followed {
    async fn follow(person: &Person) -> Self {
        let mut answer = person.stream().await;
        let events = Arc::<Mutex<Vec<String>>>::default();
        let seen = events.clone();
        let reader = tokio::spawn(async move {
            let mut unread = String::new();
            while let Ok(Some(bytes)) = answer.chunk().await {
                unread.push_str(&String::from_utf8_lossy(&bytes));
                while let Some((line, rest)) = unread.split_once('\n') {
                    if let Some(event) = line.strip_prefix("event: ") {
                        seen.lock().unwrap().push(event.to_owned());
                    }
                    unread = rest.to_owned();
                }
            }
        });
        Self { events, reader }
    }

    fn count(&self, event: &str) -> usize {
        assert!(!self.reader.is_finished(), "the stream ended");
        self.events.lock().unwrap().iter().filter(|seen| *seen == event).count()
    }

    async fn saw(&self, event: &str) {
        eventually(event, || async { (self.count(event) > 0).then_some(()) }).await;
    }
}
