//! From a firing to an ntfy topic, by a stand-in for an ntfy server: it takes and refuses what ntfy 2.16
//! does, as far as its documentation tells. It is not ntfy itself, which can't be built here.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use events::{
    ChannelKind, ChannelTestRequested, DeliveryOutcome, EventType, Priority, TaskState, UserId,
};
use reminder_worker::delivery::digest_key;
use serde_json::{Value, json};

use crate::{
    digest::bring_about,
    support::{Worker, channels_of, created, event, notification, settings_with, task},
};

const TOKEN: &str = "tk_agoodtokenofthirtytwocharacters";

/// Speaks ntfy's JSON publishing.
struct NtfyStandIn {
    url: String,
    /// What each topic's subscribers would have got.
    published: Arc<Mutex<Vec<Value>>>,
    server: ServerHandle,
}

impl NtfyStandIn {
    /// A server that answers the first so many publications with 429 and this `Retry-After`.
    fn start(wanted_token: Option<&'static str>, busy: usize, wait: &'static str) -> Self {
        let published: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (seen, busy) = (published.clone(), Arc::new(Mutex::new(busy)));
        let server = HttpServer::new(move || {
            let (seen, busy) = (seen.clone(), busy.clone());
            App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
                let answer = publish(&seen, &busy, wait, wanted_token, &request, &body);
                async move { answer }
            }))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, published, server: handle }
    }

    fn topic(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    fn published(&self) -> Vec<Value> {
        self.published.lock().unwrap().clone()
    }
}

fn publish(
    seen: &Mutex<Vec<Value>>,
    busy: &Mutex<usize>,
    wait: &str,
    wanted_token: Option<&str>,
    request: &HttpRequest,
    body: &[u8],
) -> HttpResponse {
    let authorization = request.headers().get("authorization").and_then(|it| it.to_str().ok());
    let expected = wanted_token.map(|token| format!("Bearer {token}"));
    if expected.as_deref().is_some_and(|expected| authorization != Some(expected)) {
        return HttpResponse::Forbidden().json(json!({"code": 40301, "http": 403}));
    }
    // JSON is published to the root only: anywhere else it would be the text of the message.
    if request.method() != "POST" || request.path() != "/" {
        return HttpResponse::NotFound().json(json!({"code": 40401, "http": 404}));
    }
    let mut left = busy.lock().unwrap();
    if *left > 0 {
        *left -= 1;
        return HttpResponse::TooManyRequests()
            .insert_header(("retry-after", wait))
            .json(json!({"code": 42901, "http": 429}));
    }
    let Ok(message) = serde_json::from_slice::<Value>(body) else {
        return HttpResponse::BadRequest().json(json!({"code": 40024, "http": 400}));
    };
    let is_name = |value: &Value| {
        value.as_str().is_some_and(|text| {
            (1..=64).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        })
    };
    let is_right = is_name(&message["topic"])
        && is_name(&message["sequence_id"])
        && message["title"].is_string()
        && message["message"].as_str().is_some_and(|text| (1..=4096).contains(&text.len()))
        && message["priority"].as_u64().is_some_and(|priority| (1..=5).contains(&priority))
        && message["tags"].as_array().is_some_and(|tags| tags.iter().all(Value::is_string));
    if !is_right || body.len() > 16_384 {
        return HttpResponse::BadRequest().json(json!({"code": 40024, "http": 400}));
    }
    seen.lock().unwrap().push(message.clone());
    HttpResponse::Ok().json(message)
}

/// Lets a task remind at once, by the topic `garden` and a token.
async fn remind(
    worker: &mut Worker,
    server: &NtfyStandIn,
    token: Option<&str>,
    of: impl FnOnce(&mut TaskState),
) {
    worker.run_scheduler();
    worker.run_deliveries();
    let now = worker.now().await;
    let mut task = task(now, now);
    of(&mut task);
    let channels = [(ChannelKind::Ntfy, &*server.topic("garden"), token)];
    worker.receive(&settings_with(task.user_id, 1, &channels)).await;
    worker.receive(&created(&task)).await;
}

#[tokio::test]
async fn a_firing_is_published_to_its_topic_with_the_tasks_priority() {
    let mut worker = Worker::start().await;
    let server = NtfyStandIn::start(Some(TOKEN), 0, "");
    remind(&mut worker, &server, Some(TOKEN), |task| {
        task.title = "Gießen\r\nX-Title: other".to_owned();
        task.priority = Priority::High;
    })
    .await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let delivered = notification(&said[0]);
    assert_eq!(delivered.outcome, DeliveryOutcome::Delivered, "{delivered:?}");
    assert_eq!(delivered.channel, ChannelKind::Ntfy);
    let published = server.published();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0]["topic"], "garden");
    assert_eq!(published[0]["title"], "Gießen  X-Title: other");
    assert_eq!(published[0]["priority"], 4);
    assert_eq!(published[0]["tags"], json!(["alarm_clock"]));
    assert!(published[0].get("actions").is_none());
    let text = published[0]["message"].as_str().unwrap();
    assert!(text.starts_with("Due ") && text.ends_with("(UTC)"), "{text}");
    server.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_digest_is_published_to_its_topic_with_its_tasks_and_nothing_to_press() {
    let mut worker = Worker::start().await;
    let server = NtfyStandIn::start(None, 0, "");
    let user = UserId::random();
    let channels = settings_with(user, 1, &[(ChannelKind::Ntfy, &server.topic("garden"), None)]);
    worker.run_deliveries();
    bring_about(&mut worker, user, &channels, "Gießen").await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let delivered = notification(&said[0]);
    let key = digest_key(channels_of(&channels)[0].channel_id, delivered.digest_day.unwrap());
    assert_eq!(
        server.published(),
        [json!({
            "topic": "garden", "title": "Your day: 1 due today", "priority": 3,
            "message": "1 June 2027 (Europe/Berlin)\nDue today:\n• Gießen – 17:00",
            "tags": ["calendar"], "sequence_id": key,
        })]
    );
    server.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_topic_that_is_busy_gets_it_later_under_the_same_sequence() {
    let mut worker = Worker::start().await;
    let server = NtfyStandIn::start(None, 1, "1");
    remind(&mut worker, &server, None, |_| {}).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let delivered = notification(&said[0]);
    assert_eq!((delivered.outcome, delivered.attempts), (DeliveryOutcome::Delivered, 2));
    // It was taken, and we did not hear of it.
    let again = "with again as (update delivery set state = 'pending' returning channel_id)
         update lane set next_attempt_at = now() where channel_id = (select channel_id from again)";
    sqlx::query(again).execute(&worker.pool).await.unwrap();
    let published = testing::eventually("the repetition", || async {
        let published = server.published();
        (published.len() == 2).then_some(published)
    })
    .await;
    assert_eq!(published[0], published[1]);
    server.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_server_that_asks_for_an_hour_is_left_alone_for_an_hour() {
    let mut worker = Worker::start().await;
    let server = NtfyStandIn::start(None, 1, "3600");
    remind(&mut worker, &server, None, |_| {}).await;
    let wait = testing::eventually("the first attempt to fail", || async {
        let query = "select extract(epoch from next_attempt_at - now())::float8 from delivery
             where last_error = 'the target answered 429'";
        let wait: Option<f64> =
            sqlx::query_scalar(query).fetch_optional(&worker.pool).await.unwrap();
        wait
    })
    .await;
    assert!((3400.0..=3600.0).contains(&wait), "{wait} s");
    server.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_topic_that_wants_another_token_says_so_and_the_token_stays_out_of_it() {
    let mut worker = Worker::start().await;
    let server = NtfyStandIn::start(Some(TOKEN), 0, "");
    remind(&mut worker, &server, Some("tk_another"), |_| {}).await;
    let error = testing::eventually("the first attempt to fail", || async {
        let query = "select last_error from delivery where last_error is not null";
        let error: Option<String> =
            sqlx::query_scalar(query).fetch_optional(&worker.pool).await.unwrap();
        error
    })
    .await;
    assert_eq!(error, "the target answered 403");
    assert_eq!(server.published().len(), 0);
    server.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn an_ntfy_server_that_is_not_public_is_refused_unless_allowed() {
    let mut worker = Worker::start().await;
    let server = NtfyStandIn::start(None, 0, "");
    worker.run_scheduler();
    worker.run_deliveries_under(Default::default());
    let now = worker.now().await;
    let task = task(now, now);
    let by_name = server.topic("garden").replace("127.0.0.1", "localhost");
    let by_address = server.topic("garden");
    let channels = [(ChannelKind::Ntfy, &*by_address, None), (ChannelKind::Ntfy, &*by_name, None)];
    worker.receive(&settings_with(task.user_id, 1, &channels)).await;
    worker.receive(&created(&task)).await;
    for said in worker.eventually_said(EventType::NotificationDelivered, 2).await {
        let failed = notification(&said);
        assert_eq!(failed.outcome, DeliveryOutcome::Failed);
        let expected = "the channel leads to an address that is not permitted";
        assert_eq!(failed.error.as_deref(), Some(expected));
    }
    assert_eq!(server.published().len(), 0);
    server.server.stop(false).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_test_of_a_topic_is_published() {
    let mut worker = Worker::start().await;
    let server = NtfyStandIn::start(None, 0, "");
    worker.run_deliveries();
    let user = UserId::random();
    let settings = settings_with(user, 1, &[(ChannelKind::Ntfy, &*server.topic("garden"), None)]);
    worker.receive(&settings).await;
    let channel_id = channels_of(&settings)[0].channel_id;
    let requested_at = worker.now().await;
    worker.receive(&event(ChannelTestRequested { user_id: user, channel_id, requested_at })).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    assert_eq!(notification(&said[0]).outcome, DeliveryOutcome::Delivered);
    let published = server.published();
    assert_eq!(published[0]["title"], "This channel works");
    assert_eq!(published[0]["sequence_id"], notification(&said[0]).delivery_id.to_string());
    server.server.stop(false).await;
    worker.stop().await;
}
