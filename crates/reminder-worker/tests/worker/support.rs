//! A worker without its listeners, on a database of its own.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use events::{
    ChannelId, ChannelKind, ChannelSettings, CorrelationId, Decoded, Due, Event, EventType,
    NotificationDelivered, NotificationSettingsUpdated, Payload, ReminderSpec, SealedText, Service,
    SettingsVersion, TaskCompleted, TaskDeleted, TaskId, TaskState, TaskUpdated, TaskVersion,
    TimeZone, Topic, UserId,
};
use messaging::{Inbox, Outbox};
use platform::{sealing::KeyRing, settings::EventBus};
use reminder_worker::{
    delivery::{AddressPolicy, Deliveries, Ways},
    migrate,
    scheduler::{Digests, Scheduler},
    settings::SchedulerSettings,
    subscribers::{Wakes, WorkerSubscriber},
};
use sidecar::{Delivery, DeliveryStatus};
use sqlx::PgPool;
use testing::TestDatabase;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const SEALING_KEYS: &str = "k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

pub(crate) struct Worker {
    pub(crate) database: TestDatabase,
    pub(crate) pool: PgPool,
    pub(crate) outbox: Outbox,
    pub(crate) wakes: Wakes,
    inbox: Arc<Inbox<WorkerSubscriber>>,
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl Worker {
    pub(crate) async fn start() -> Self {
        let database = TestDatabase::create().await;
        let pool = database.pool(24);
        migrate(&pool).await.expect("the schema");
        let outbox = Outbox::new(Service::ReminderWorker, EventBus::Dapr);
        let wakes = Wakes::default();
        let subscriber = Arc::new(WorkerSubscriber::new(outbox.clone(), wakes.clone()));
        let inbox = Arc::new(Inbox::new(pool.clone(), outbox.clone(), subscriber));
        let stop = CancellationToken::new();
        Self { database, pool, outbox, wakes, inbox, stop, running: Vec::new() }
    }

    /// Starts a scheduler beside those that run.
    pub(crate) fn run_scheduler(&mut self) {
        self.run_scheduler_on(self.pool.clone());
    }

    /// Starts a scheduler that reaches the database by connections of its own.
    pub(crate) fn run_scheduler_on(&mut self, pool: PgPool) {
        let settings = SchedulerSettings { catch_up_max_age_hours: 24 };
        let (outbox, wakes) = (self.outbox.clone(), self.wakes.clone());
        let scheduler = Scheduler::new(pool, outbox, wakes, settings);
        self.running.push(tokio::spawn(scheduler.run(self.stop.clone())));
    }

    /// Starts what makes digests, beside those that run.
    pub(crate) fn run_digests(&mut self) {
        let digests = Digests::new(self.pool.clone(), self.wakes.clone());
        self.running.push(tokio::spawn(digests.run(self.stop.clone())));
    }

    /// Starts a delivery worker that may connect to loopback.
    pub(crate) fn run_deliveries(&mut self) {
        let policy: AddressPolicy = "loopback".parse().expect("a policy");
        self.run_deliveries_under(policy);
    }

    pub(crate) fn run_deliveries_under(&mut self, policy: AddressPolicy) {
        self.run_deliveries_on(self.pool.clone(), policy);
    }

    pub(crate) fn run_deliveries_on(&mut self, pool: PgPool, policy: AddressPolicy) {
        self.run_deliveries_by(pool, Ways { policy, ..ways() });
    }

    /// Starts a delivery worker that sends by these ways.
    pub(crate) fn run_deliveries_by(&mut self, pool: PgPool, ways: Ways) {
        let (outbox, wakes) = (self.outbox.clone(), self.wakes.clone());
        let deliveries = Deliveries::new(pool, outbox, wakes, ways).expect("a client");
        self.running.push(tokio::spawn(deliveries.run(self.stop.clone())));
    }

    /// Hands an event to the inbox as the sidecar would.
    pub(crate) async fn receive(&self, event: &Event) {
        let status = self.receive_bytes(topic_of(event), &serde_json::to_vec(event).unwrap()).await;
        assert_eq!(status, DeliveryStatus::Success);
    }

    pub(crate) async fn receive_bytes(&self, topic: Topic, bytes: &[u8]) -> DeliveryStatus {
        let delivery = Delivery::parse(Bytes::copy_from_slice(bytes), []);
        self.inbox.receive(topic, &delivery).await
    }

    /// Everything that was said so far, in its order.
    pub(crate) async fn said(&self) -> Vec<Event> {
        let rows: Vec<(String,)> =
            sqlx::query_as("select envelope from messaging.outbox order by seq")
                .fetch_all(&self.pool)
                .await
                .expect("the outbox");
        rows.into_iter().map(|(envelope,)| decode(&envelope)).collect()
    }

    pub(crate) async fn said_of(&self, event_type: EventType) -> Vec<Event> {
        let mut said = self.said().await;
        said.retain(|event| event.event_type() == event_type);
        said
    }

    /// The database's clock.
    pub(crate) async fn now(&self) -> DateTime<Utc> {
        messaging::now(&mut self.pool.acquire().await.expect("a connection")).await.expect("a time")
    }

    /// Sets the database's clock, to the second.
    pub(crate) async fn set_clock(&self, to: DateTime<Utc>) {
        let ahead: i64 = sqlx::query_scalar("select extract(epoch from $1 - now())::bigint")
            .bind(to)
            .fetch_one(&self.pool)
            .await
            .unwrap();
        self.database.set_clock_offset_secs(ahead).await;
    }

    /// Waits until so many events of a type were said, and returns them.
    pub(crate) async fn eventually_said(&self, event_type: EventType, count: usize) -> Vec<Event> {
        testing::eventually(&format!("{count} {event_type}"), || async {
            let said = self.said_of(event_type).await;
            (said.len() >= count).then_some(said)
        })
        .await
    }

    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        for work in self.running.drain(..) {
            work.await.expect("background work ends well");
        }
        self.pool.close().await;
        self.database.drop().await;
    }
}

fn decode(envelope: &str) -> Event {
    match Event::decode(envelope.as_bytes()).expect("an envelope") {
        Decoded::Event(event) => *event,
        unknown @ Decoded::Unknown { .. } => panic!("{unknown:?}"),
    }
}

fn topic_of(event: &Event) -> Topic {
    event.event_type().topics()[0]
}

/// To loopback, too, and without what an operator sets up.
pub(crate) fn ways() -> Ways {
    Ways {
        keys: SEALING_KEYS.parse().expect("a key ring"),
        policy: "loopback".parse().expect("a policy"),
        mail: None,
        vapid: None,
        public_url: None,
    }
}

/// A person's settings with these channels: kind, address and secret.
pub(crate) fn settings_with(
    user: UserId,
    version: i64,
    channels: &[(ChannelKind, &str, Option<&str>)],
) -> Event {
    let keys: KeyRing = SEALING_KEYS.parse().expect("a key ring");
    let seal = |channel: ChannelId, field: &str, text: &str| {
        let sealed = keys.seal(&format!("{user}/{channel}/{field}"), text);
        SealedText { key_id: sealed.key_id, ciphertext: sealed.ciphertext }
    };
    let channel = |(kind, address, secret): &(ChannelKind, &str, Option<&str>)| {
        let channel_id = ChannelId::random();
        ChannelSettings {
            channel_id,
            kind: *kind,
            address: seal(channel_id, "address", address),
            secret: secret.map(|secret| seal(channel_id, "secret", secret)),
        }
    };
    event(NotificationSettingsUpdated {
        user_id: user,
        version: SettingsVersion::from(version),
        time_zone: TimeZone::UTC,
        quiet_hours: None,
        digest: None,
        channels: channels.iter().map(channel).collect(),
    })
}

/// The channels that an event of settings names.
pub(crate) fn channels_of(settings: &Event) -> &[ChannelSettings] {
    match &settings.payload {
        Payload::NotificationSettingsUpdated(settings) => &settings.channels,
        other => panic!("{other:?}"),
    }
}

/// What an event says of a notification's end.
pub(crate) fn notification(event: &Event) -> &NotificationDelivered {
    match &event.payload {
        Payload::NotificationDelivered(delivered) => delivered,
        other => panic!("{other:?}"),
    }
}

/// A task due at an instant, with a reminder at that time.
pub(crate) fn task(due: DateTime<Utc>, now: DateTime<Utc>) -> TaskState {
    TaskState {
        task_id: TaskId::random(),
        title: "Water the plants".to_owned(),
        description: None,
        priority: Default::default(),
        status: Default::default(),
        due_date: Some(Due::At(due)),
        recurrence: None,
        tags: vec![],
        user_id: UserId::random(),
        created_at: now,
        version: TaskVersion::from(1),
        time_zone: TimeZone::UTC,
        reminders: vec![ReminderSpec::AT_DUE],
        snoozes: vec![],
        dismissed: vec![],
        occurrence: None,
        day_time: events::DEFAULT_DAY_TIME,
        schedule_since: Some(now - TimeDelta::seconds(1)),
        list_id: None,
        position: None,
        subtasks: vec![],
    }
}

pub(crate) fn event(payload: impl Into<Payload>) -> Event {
    Event::new(
        Service::ChatApi,
        CorrelationId::random(),
        "2026-11-24T12:00:00Z".parse().unwrap(),
        payload,
    )
}

pub(crate) fn created(task: &TaskState) -> Event {
    event(task.clone())
}

/// The task again with a higher version and one field said to have changed.
pub(crate) fn updated(task: &mut TaskState) -> Event {
    task.version = TaskVersion::from(task.version.get() + 1);
    said_again(task, vec!["title".to_owned()])
}

/// The task again as it is.
pub(crate) fn refreshed(task: &TaskState) -> Event {
    said_again(task, vec![])
}

fn said_again(task: &TaskState, changed_fields: Vec<String>) -> Event {
    event(TaskUpdated {
        task_id: task.task_id,
        changed_fields,
        changes: Default::default(),
        updated_at: task.created_at,
        version: task.version,
        user_id: Some(task.user_id),
        task: Some(Box::new(task.clone())),
    })
}

pub(crate) fn completed(task: &mut TaskState) -> Event {
    task.version = TaskVersion::from(task.version.get() + 1);
    task.status = events::Status::Done;
    event(TaskCompleted {
        task_id: task.task_id,
        user_id: task.user_id,
        completed_at: task.created_at,
        next_due_date: None,
        version: task.version,
        occurrence: None,
        task: Some(Box::new(task.clone())),
    })
}

pub(crate) fn deleted(task: &mut TaskState) -> Event {
    task.version = TaskVersion::from(task.version.get() + 1);
    event(TaskDeleted {
        task_id: task.task_id,
        user_id: task.user_id,
        deleted_at: task.created_at,
        version: task.version,
    })
}
