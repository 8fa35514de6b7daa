//! A service with nothing but its messaging, and a bus that answers as it is told.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, web};
use chrono::{DateTime, Utc};
use events::{
    CorrelationId, Event, EventId, Payload, Service, SettingsVersion, TaskDeleted, TaskId,
    TaskVersion, Topic, UserDeleted, UserId,
};
use messaging::{
    ApplyError, Inbox, Incoming, Outbox, Outcome, Outgoing, Relay, RelaySettings, Settled,
    Subscriber,
};
use platform::settings::EventBus;
use serde_json::{Value, json};
use sidecar::{Delivery, DeliveryStatus, Sidecar, SidecarSettings};
use sqlx::{PgConnection, PgPool};
use testing::{TestDatabase, eventually};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// What a bus was asked to publish, and how it is to answer.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Every bulk request: its topic and its events, in their order.
    pub(crate) bulks: Vec<(String, Vec<Value>)>,
    /// Events that it refuses, each by its id.
    pub(crate) refused: HashSet<String>,
    /// Topics that it forbids, each by its name.
    pub(crate) closed: HashSet<String>,
    /// The status of every answer, in place of the script's own.
    pub(crate) status: Option<u16>,
}

/// Where a bulk waits before it is answered, while the bus is held.
struct Gate {
    open: watch::Sender<bool>,
    waiting: AtomicUsize,
}

impl Gate {
    async fn pass(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.open.subscribe().wait_for(|open| *open).await.unwrap();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A sidecar's publishing end.
pub(crate) struct Bus {
    pub(crate) script: Arc<Mutex<Script>>,
    gate: Arc<Gate>,
    url: String,
    server: ServerHandle,
}

impl Bus {
    pub(crate) fn start() -> Self {
        let script: Arc<Mutex<Script>> = Arc::default();
        let gate = Arc::new(Gate { open: watch::Sender::new(true), waiting: AtomicUsize::new(0) });
        let data = (web::Data::from(script.clone()), web::Data::from(gate.clone()));
        let path = "/v1.0-alpha1/publish/bulk/kafka-pubsub/{topic}";
        let server = HttpServer::new(move || {
            let (script, gate) = data.clone();
            App::new().app_data(script).app_data(gate).route(path, web::post().to(publish_bulk))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { script, gate, url, server: handle }
    }

    /// The events on a topic in the order in which they were accepted, repetitions included.
    pub(crate) fn published(&self, topic: Topic) -> Vec<Value> {
        let script = self.script.lock().unwrap();
        let bulks = script.bulks.iter().filter(|(name, _)| name == topic.name());
        bulks.flat_map(|(_, events)| events.clone()).collect()
    }

    /// Lets no bulk be answered until it is released.
    pub(crate) fn hold(&self) {
        self.gate.open.send_replace(false);
    }

    /// How many bulks are under way.
    pub(crate) fn waiting(&self) -> usize {
        self.gate.waiting.load(Ordering::SeqCst)
    }

    pub(crate) fn release(&self) {
        self.gate.open.send_replace(true);
    }

    pub(crate) fn close_topic(&self, topic: Topic) {
        self.script.lock().unwrap().closed.insert(topic.name().to_owned());
    }

    pub(crate) fn open_topics(&self) {
        self.script.lock().unwrap().closed.clear();
    }

    pub(crate) async fn stop(self) {
        self.server.stop(false).await;
    }
}

async fn publish_bulk(
    topic: web::Path<String>,
    entries: web::Json<Vec<Value>>,
    script: web::Data<Mutex<Script>>,
    gate: web::Data<Gate>,
) -> HttpResponse {
    gate.pass().await;
    let mut script = script.lock().unwrap();
    if let Some(status) = script.status {
        return HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap())
            .finish();
    }
    if script.closed.contains(topic.as_str()) {
        return HttpResponse::Forbidden().json(json!({ "errorCode": "ERR_PUBSUB_FORBIDDEN" }));
    }
    let refused: Vec<_> = entries
        .iter()
        .filter(|entry| script.refused.contains(entry["event"]["id"].as_str().unwrap()))
        .map(|entry| json!({ "entryId": entry["entryId"], "error": "too large for the broker" }))
        .collect();
    let accepted = entries
        .iter()
        .filter(|entry| !script.refused.contains(entry["event"]["id"].as_str().unwrap()))
        .map(|entry| entry["event"].clone())
        .collect();
    script.bulks.push((topic.into_inner(), accepted));
    if refused.is_empty() {
        HttpResponse::NoContent().finish()
    } else {
        let error = json!({ "failedEntries": refused, "errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE" });
        HttpResponse::InternalServerError().json(error)
    }
}

/// A subscriber that remembers, and answers as it is told.
#[derive(Debug, Default)]
pub(crate) struct Remembering {
    pub(crate) applied: Mutex<Vec<EventId>>,
    pub(crate) settled: Mutex<Vec<Settled>>,
    pub(crate) outcome: Mutex<Option<Outcome>>,
}

impl Subscriber for Remembering {
    async fn apply(
        &self,
        conn: &mut PgConnection,
        incoming: &Incoming,
    ) -> Result<Outcome, ApplyError> {
        // A trace in the database, to see whether it is rolled back.
        sqlx::query("insert into applied (event_id) values ($1)")
            .bind(incoming.event.event_id.uuid())
            .execute(conn)
            .await?;
        self.applied.lock().unwrap().push(incoming.event.event_id);
        Ok(self.outcome.lock().unwrap().clone().unwrap_or(Outcome::Applied))
    }

    fn committed(&self, _: &Incoming, _: &Outcome) {}

    async fn settled(&self, _: &mut PgConnection, settled: &[Settled]) -> Result<(), ApplyError> {
        self.settled.lock().unwrap().extend_from_slice(settled);
        Ok(())
    }
}

/// A service: chat-api's part in messaging, unless said otherwise.
pub(crate) struct Party {
    pub(crate) database: TestDatabase,
    pub(crate) pool: PgPool,
    pub(crate) outbox: Outbox,
    pub(crate) subscriber: Arc<Remembering>,
    pub(crate) inbox: Inbox<Remembering>,
    stop: CancellationToken,
    relays: Vec<JoinHandle<()>>,
}

impl Party {
    pub(crate) async fn start(service: Service) -> Self {
        let database = TestDatabase::create().await;
        let pool = database.pool(16);
        messaging::migrate(&pool).await.unwrap();
        sqlx::raw_sql("create table applied (event_id uuid)").execute(&pool).await.unwrap();
        let outbox = Outbox::new(service, EventBus::Dapr);
        let subscriber = Arc::new(Remembering::default());
        let inbox = Inbox::new(pool.clone(), outbox.clone(), subscriber.clone());
        let stop = CancellationToken::new();
        Self { database, pool, outbox, subscriber, inbox, stop, relays: Vec::new() }
    }

    pub(crate) fn run_relay(&mut self, bus: &Bus) {
        self.run_relay_with(bus, RelaySettings::new("kafka-pubsub".to_owned()));
    }

    pub(crate) fn run_relay_with(&mut self, bus: &Bus, settings: RelaySettings) {
        let sidecar = Sidecar::new(&SidecarSettings::at(bus.url.parse().unwrap())).unwrap();
        let relay = Relay::new(self.pool.clone(), self.outbox.clone(), sidecar, settings);
        self.relays.push(tokio::spawn(relay.run(self.stop.clone())));
    }

    /// Appends events in one transaction.
    pub(crate) async fn append(&self, events: &[Event]) {
        let outgoing: Vec<_> = events.iter().cloned().map(Into::into).collect();
        self.append_outgoing(&outgoing).await;
    }

    /// Appends events as they are to go, in one transaction.
    pub(crate) async fn append_outgoing(&self, outgoing: &[Outgoing]) {
        let mut tx = self.pool.begin().await.unwrap();
        self.outbox.append(&mut tx, outgoing).await.unwrap();
        tx.commit().await.unwrap();
        self.outbox.wake();
    }

    pub(crate) async fn receive(&self, event: &Event) -> DeliveryStatus {
        let bytes = serde_json::to_vec(event).unwrap();
        let topic = event.event_type().topics()[0];
        self.inbox.receive(topic, &Delivery::parse(bytes.into(), [])).await
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }

    /// Waits until every row was published and says so.
    pub(crate) async fn all_marked(&self) {
        eventually("every row to be marked", || async {
            let unmarked = "select count(*) from messaging.outbox where published_at is null";
            (self.count(unmarked).await == 0).then_some(())
        })
        .await;
    }

    /// Stops every relay; others may be run afterwards.
    pub(crate) async fn stop_relays(&mut self) {
        std::mem::take(&mut self.stop).cancel();
        for relay in self.relays.drain(..) {
            relay.await.unwrap();
        }
    }

    pub(crate) async fn stop(mut self) {
        self.stop_relays().await;
        self.pool.close().await;
        self.database.drop().await;
    }
}

pub(crate) fn at() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A small event of a task, on `task-events` only.
pub(crate) fn event(task: TaskId, version: i64) -> Event {
    let payload = TaskDeleted {
        task_id: task,
        user_id: UserId::random(),
        deleted_at: at(),
        version: TaskVersion::from(version),
    };
    Event::new(Service::ChatApi, CorrelationId::random(), at(), Payload::from(payload))
}

/// A small event of a person, on `user-events` only.
pub(crate) fn user_event(user: UserId, version: i64) -> Event {
    let payload =
        UserDeleted { user_id: user, deleted_at: at(), version: SettingsVersion::from(version) };
    Event::new(Service::ChatApi, CorrelationId::random(), at(), Payload::from(payload))
}

pub(crate) fn versions(published: &[Value], task: TaskId) -> Vec<i64> {
    published
        .iter()
        .map(|event| &event["data"]["payload"])
        .filter(|payload| payload["task_id"] == task.to_string())
        .map(|payload| payload["version"].as_i64().unwrap())
        .collect()
}
