//! From a firing to a browser, by a push service of Python's that opens messages as browsers do.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
};

use events::{
    ChannelKind, ChannelTestRequested, DeliveryOutcome, EventType, NotificationDelivered, Priority,
    UserId,
};
use reminder_worker::delivery::{MAX_PUSH_BYTES, Vapid, VapidKeys, Ways};
use serde_json::{Value, json};
use testing::skipped;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdin, Command},
};

use crate::support::{
    Worker, channels_of, created, event, notification, settings_with, task, ways,
};

/// A Python with what `tools/push` needs; `make test` sets it.
const PYTHON: &str = "PUSH_PYTHON";
const NO_PYTHON: &str = "needs http_ece: a Python with venv, and `make test`";
const SUBJECT: &str = "mailto:ops@example.test";

/// `tools/push/service.py`, and the browser behind it.
struct PushService {
    port: u64,
    keys: Value,
    messages: Arc<Mutex<Vec<Value>>>,
    /// Its end is the service's.
    _stdin: Option<ChildStdin>,
    _child: Child,
}

impl PushService {
    /// None where this machine has no such Python.
    async fn start() -> Option<Self> {
        let python = std::env::var_os(PYTHON).map(PathBuf::from).filter(|path| path.is_file())?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/push/service.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a push service");
        let stdin = child.stdin.take();
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let first = lines.next_line().await.expect("a line").expect("a port");
        let first: Value = serde_json::from_str(&first).expect("JSON");
        let messages: Arc<Mutex<Vec<Value>>> = Arc::default();
        let taken = messages.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                taken.lock().unwrap().push(serde_json::from_str(&line).expect("JSON"));
            }
        });
        let keys = json!({ "p256dh": first["p256dh"], "auth": first["auth"] });
        let port = first["port"].as_u64().expect("a port");
        Some(Self { port, keys, messages, _stdin: stdin, _child: child })
    }

    fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A subscription whose messages are answered as the path says.
    fn subscription(&self, path: &str) -> String {
        json!({ "endpoint": self.origin() + path, "keys": self.keys }).to_string()
    }

    async fn messages(&self, count: usize) -> Vec<Value> {
        testing::eventually(&format!("{count} messages"), || async {
            let messages = self.messages.lock().unwrap();
            (messages.len() >= count).then(|| messages.clone())
        })
        .await
    }
}

fn by(keys: &VapidKeys) -> Ways {
    let vapid = Vapid::new(Some(&keys.private), Some(SUBJECT)).expect("a key");
    Ways { vapid, ..ways() }
}

/// What became of the one notification of a person with this channel, whose task is due.
async fn outcome(
    worker: &Worker,
    subscription: &str,
    change: impl FnOnce(&mut events::TaskState),
) -> NotificationDelivered {
    let now = worker.now().await;
    let mut task = task(now, now);
    change(&mut task);
    let channels = [(ChannelKind::WebPush, subscription, None)];
    worker.receive(&settings_with(task.user_id, 1, &channels)).await;
    worker.receive(&created(&task)).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let outcome = notification(&said[0]);
    assert_eq!(outcome.channel, ChannelKind::WebPush);
    outcome.clone()
}

#[tokio::test]
async fn a_firing_reaches_the_browser_that_alone_can_read_it_signed_by_us() {
    let Some(service) = PushService::start().await else { return skipped(NO_PYTHON) };
    let keys = VapidKeys::random();
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries_by(worker.pool.clone(), by(&keys));
    let delivered = outcome(&worker, &service.subscription("/ok"), |task| {
        task.title = "Gießen 🪴".to_owned();
        task.priority = Priority::Low;
    })
    .await;
    assert_eq!(delivered.outcome, DeliveryOutcome::Delivered, "{delivered:?}");
    let message = &service.messages(1).await[0];
    assert!(message.get("refused").is_none(), "{message}");
    assert_eq!(message["claims"]["sub"], SUBJECT);
    assert_eq!(message["claims"]["aud"], service.origin());
    assert_eq!(message["key"], keys.public, "the key that the page has subscribed with");
    assert_eq!((&message["ttl"], &message["urgency"]), (&json!("86400"), &json!("normal")));
    let topic = message["topic"].as_str().expect("a topic");
    assert_eq!(topic.len(), 22, "at most 32 characters of base64url");
    let text: Value = serde_json::from_str(message["text"].as_str().expect("a text")).unwrap();
    assert_eq!(text["type"], "reminder-triggered");
    assert_eq!(text["title"], "Gießen 🪴");
    assert_eq!(text["task_id"], delivered.task_id.unwrap().to_string());
    assert_eq!(text["actions"], json!([]));
    worker.stop().await;
}

#[tokio::test]
async fn what_is_sent_twice_has_the_same_topic_and_key_and_no_two_are_encrypted_alike() {
    let Some(service) = PushService::start().await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries_by(worker.pool.clone(), by(&VapidKeys::random()));
    outcome(&worker, &service.subscription("/ok"), |_| {}).await;
    let again = "with again as (update delivery set state = 'pending' returning channel_id)
         update lane set next_attempt_at = now() where channel_id = (select channel_id from again)";
    sqlx::query(again).execute(&worker.pool).await.unwrap();
    let messages = service.messages(2).await;
    assert_eq!(messages[0]["topic"], messages[1]["topic"]);
    assert_eq!(messages[0]["text"], messages[1]["text"]);
    assert_ne!(messages[0]["salt"], messages[1]["salt"]);
    worker.stop().await;
}

#[tokio::test]
async fn a_title_of_any_length_fits_into_what_a_push_service_takes() {
    let Some(service) = PushService::start().await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries_by(worker.pool.clone(), by(&VapidKeys::random()));
    let long = "語".repeat(5_000);
    let delivered =
        outcome(&worker, &service.subscription("/ok"), |task| task.title.clone_from(&long)).await;
    assert_eq!(delivered.outcome, DeliveryOutcome::Delivered, "{delivered:?}");
    let message = &service.messages(1).await[0];
    let text = message["text"].as_str().expect("a text");
    assert!((MAX_PUSH_BYTES - 8..=MAX_PUSH_BYTES).contains(&text.len()), "{}", text.len());
    let read: Value = serde_json::from_str(text).expect("JSON");
    assert!(read["title"].as_str().is_some_and(|title| title.ends_with("語…")));
    worker.stop().await;
}

#[tokio::test]
async fn a_subscription_that_has_ended_fails_at_once_with_its_reason() {
    let Some(service) = PushService::start().await else { return skipped(NO_PYTHON) };
    for path in ["/gone", "/missing"] {
        let mut worker = Worker::start().await;
        worker.run_scheduler();
        worker.run_deliveries_by(worker.pool.clone(), by(&VapidKeys::random()));
        let failed = outcome(&worker, &service.subscription(path), |_| {}).await;
        assert_eq!((failed.outcome, failed.attempts), (DeliveryOutcome::Failed, 1), "{path}");
        let reason =
            "the push service does not know the subscription any more: the browser has ended it";
        assert_eq!(failed.error.as_deref(), Some(reason));
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_push_service_that_asks_for_an_hour_is_left_alone_for_an_hour() {
    let Some(service) = PushService::start().await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries_by(worker.pool.clone(), by(&VapidKeys::random()));
    let now = worker.now().await;
    let task = task(now, now);
    let channels = [(ChannelKind::WebPush, &*service.subscription("/busy"), None)];
    worker.receive(&settings_with(task.user_id, 1, &channels)).await;
    worker.receive(&created(&task)).await;
    let wait = testing::eventually("the first attempt to fail", || async {
        let query = "select extract(epoch from next_attempt_at - now())::float8 from delivery
             where last_error = 'the target answered 429'";
        let wait: Option<f64> =
            sqlx::query_scalar(query).fetch_optional(&worker.pool).await.unwrap();
        wait
    })
    .await;
    assert!((3400.0..=3600.0).contains(&wait), "{wait} s");
    worker.stop().await;
}

#[tokio::test]
async fn a_push_service_that_is_not_public_is_refused_unless_allowed() {
    let Some(service) = PushService::start().await else { return skipped(NO_PYTHON) };
    for host in ["127.0.0.1", "localhost"] {
        let mut worker = Worker::start().await;
        worker.run_scheduler();
        let ways = Ways { policy: Default::default(), ..by(&VapidKeys::random()) };
        worker.run_deliveries_by(worker.pool.clone(), ways);
        let subscription = service.subscription("/ok").replace("127.0.0.1", host);
        let failed = outcome(&worker, &subscription, |_| {}).await;
        let reason = "the channel leads to an address that is not permitted";
        assert_eq!(failed.error.as_deref(), Some(reason), "{host}");
        worker.stop().await;
    }
    assert_eq!(service.messages.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn what_is_no_subscription_and_a_server_without_a_key_fail_at_once_and_say_why() {
    let keys = json!({ "p256dh": "BA", "auth": "AA" });
    let no_key = "no Web Push is sent here: VAPID_PRIVATE_KEY and VAPID_SUBJECT are not set";
    let none = "the channel's address is no browser's subscription";
    let broken = json!({ "endpoint": "http://127.0.0.1:1/", "keys": keys }).to_string();
    for (subscription, ways, reason) in [
        (&*broken, ways(), no_key),
        (&*broken, by(&VapidKeys::random()), none),
        ("https://push.example.test", by(&VapidKeys::random()), none),
    ] {
        let mut worker = Worker::start().await;
        worker.run_scheduler();
        worker.run_deliveries_by(worker.pool.clone(), ways);
        let failed = outcome(&worker, subscription, |_| {}).await;
        assert_eq!((failed.outcome, failed.attempts), (DeliveryOutcome::Failed, 1));
        assert_eq!(failed.error.as_deref(), Some(reason));
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_test_of_a_subscription_reaches_the_browser() {
    let Some(service) = PushService::start().await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_deliveries_by(worker.pool.clone(), by(&VapidKeys::random()));
    let user = UserId::random();
    let channels = [(ChannelKind::WebPush, &*service.subscription("/ok"), None)];
    let settings = settings_with(user, 1, &channels);
    worker.receive(&settings).await;
    let channel_id = channels_of(&settings)[0].channel_id;
    let requested_at = worker.now().await;
    worker.receive(&event(ChannelTestRequested { user_id: user, channel_id, requested_at })).await;
    let message = &service.messages(1).await[0];
    let text: Value = serde_json::from_str(message["text"].as_str().expect("a text")).unwrap();
    assert_eq!((&text["type"], &text["task_id"]), (&json!("channel-test"), &Value::Null));
    worker.stop().await;
}
