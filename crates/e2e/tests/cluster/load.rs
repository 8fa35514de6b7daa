//! A steady load from outside, and what must have become of every task when it ends.
//!
//! A third of the tasks are due in a few seconds and remind; the others are completed or deleted at once, long
//! before they are due, and never do.

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use e2e::{Cluster, Notification, Person, WayIn, in_seconds};
use reqwest::Method;
use serde_json::json;
use testing::{eventually_within, report};
use tokio::{task::JoinHandle, time};

use crate::main_job::person_with_webhook;

/// People who ask at the same time.
const PEOPLE: usize = 4;
/// Between two requests of one person, in milliseconds.
const PAUSE_MS: u64 = 100;
/// The load before and after what happens during it, in seconds.
const MARGIN_SECS: u64 = 5;
/// Seconds until a task that reminds is due.
const DUE_IN_SECS: i64 = 4;
/// Tasks that are all due within the same seconds.
const BURST_TASKS: usize = 60;
/// The longest that the last reminders may take after the load has ended, in seconds.
const SETTLE_TIMEOUT_SECS: u64 = 240;

/// What was acknowledged.
#[derive(Debug, Default)]
struct Told {
    /// Tasks that must remind, and when.
    reminding: BTreeMap<String, DateTime<Utc>>,
    /// Tasks that must not.
    silent: Vec<String>,
    /// Requests that failed, and how.
    failed: Vec<String>,
}

/// The load.
pub(crate) struct Load {
    cluster: Cluster,
    people: Vec<Person>,
    told: Arc<Mutex<Told>>,
    requests: Arc<AtomicU64>,
    ending: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) async fn start(cluster: &Cluster, way: &WayIn, hook: &str) -> Self {
        let mut load = Self {
            cluster: cluster.clone(),
            people: Vec::new(),
            told: Arc::default(),
            requests: Arc::default(),
            ending: Arc::default(),
            workers: Vec::new(),
        };
        for _ in 0..PEOPLE {
            let person = way.register().await;
            person_with_webhook(cluster, &person, hook).await;
            load.people.push(person.clone());
            let client = Client {
                person,
                told: load.told.clone(),
                requests: load.requests.clone(),
                ending: load.ending.clone(),
            };
            load.workers.push(tokio::spawn(client.work()));
        }
        load
    }

    /// Lets something happen, and holds every answer of that time against it.
    pub(crate) async fn during(&self, what: &str, happening: impl Future<Output = ()>) {
        time::sleep(Duration::from_secs(MARGIN_SECS)).await;
        let before = self.requests.load(Ordering::Relaxed);
        happening.await;
        time::sleep(Duration::from_secs(MARGIN_SECS)).await;
        let asked = self.requests.load(Ordering::Relaxed) - before;
        let failed = self.told.lock().unwrap().failed.clone();
        report(&format!("{what}: {asked} requests, {} failed", failed.len()));
        assert!(asked > 0, "{what}: nothing was asked");
        assert!(failed.is_empty(), "{what}: {failed:#?}");
    }

    /// The same where many reminders are just due.
    pub(crate) async fn in_a_burst(&self, what: &str, happening: impl Future<Output = ()>) {
        let person = &self.people[0];
        for _ in 0..BURST_TASKS {
            let body = json!({ "title": "In a burst", "due_date": in_seconds(DUE_IN_SECS * 2) });
            let made = person.must(Method::POST, "/tasks", Some(body)).await;
            let due = made.body["due_date"].as_str().unwrap().parse().unwrap();
            let id = made.body["id"].as_str().unwrap().to_owned();
            self.told.lock().unwrap().reminding.insert(id, due);
        }
        self.during(what, happening).await;
    }

    /// Ends it, and holds what came at the webhook against what was acknowledged.
    pub(crate) async fn end(self) {
        self.ending.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await.unwrap();
        }
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        assert!(told.failed.is_empty(), "{:#?}", told.failed);
        let limit = Duration::from_secs(SETTLE_TIMEOUT_SECS);
        let by_task = eventually_within(limit, "the last reminder", || async {
            let by_task = by_task(self.cluster.notifications());
            let all = told.reminding.keys().all(|task| by_task.contains_key(task));
            time::sleep(Duration::from_secs(1)).await;
            all.then_some(by_task)
        })
        .await;

        let (mut early, mut repeated, mut late_ms) = (0, 0, Vec::new());
        for (task, due) in &told.reminding {
            let came = &by_task[task];
            let keys: std::collections::BTreeSet<_> = came.iter().map(|one| &one.key).collect();
            assert_eq!(keys.len(), 1, "{task} was reminded of more than once: {came:#?}");
            early += came.iter().filter(|one| one.at < *due).count();
            repeated += came.len() - 1;
            late_ms.push((came[0].at - due).num_milliseconds());
        }
        let never: Vec<_> = told.silent.iter().filter(|task| by_task.contains_key(*task)).collect();
        late_ms.sort_unstable();
        let at = |share: usize| late_ms[(late_ms.len() - 1) * share / 100];
        report(&format!(
            "all of the load: {} requests, {} failed; {} reminders: 0 lost, {early} early, {repeated} repeated under \
             their key, {} after a completion or deletion; late {} ms (median), {} ms (99 %), {} ms (most)",
            self.requests.load(Ordering::Relaxed),
            told.failed.len(),
            told.reminding.len(),
            never.len(),
            at(50),
            at(99),
            at(100),
        ));
        assert!(told.reminding.len() > BURST_TASKS && told.silent.len() > BURST_TASKS);
        assert_eq!(early, 0);
        assert!(never.is_empty(), "{never:?}");
    }
}

/// One person's requests.
struct Client {
    person: Person,
    told: Arc<Mutex<Told>>,
    requests: Arc<AtomicU64>,
    ending: Arc<AtomicBool>,
}

impl Client {
    async fn work(self) {
        let mut round = 0_u64;
        while !self.ending.load(Ordering::Relaxed) {
            round += 1;
            self.round(round).await;
        }
    }

    async fn round(&self, round: u64) {
        let reminds = round.is_multiple_of(3);
        let seconds = if reminds { DUE_IN_SECS } else { 3_600 };
        let body = json!({ "title": format!("Round {round}"), "due_date": in_seconds(seconds) });
        let Some(task) = self.ask(Method::POST, "/tasks", Some(body)).await else { return };
        let id = task["id"].as_str().unwrap().to_owned();
        if reminds {
            let due = task["due_date"].as_str().unwrap().parse().unwrap();
            self.told.lock().unwrap().reminding.insert(id, due);
            self.ask(Method::GET, "/tasks?limit=20", None).await;
            return;
        }
        let path = format!("/tasks/{id}");
        let done = if round.is_multiple_of(2) {
            self.ask(Method::PATCH, &path, Some(json!({ "title": "Changed" }))).await;
            self.ask(Method::POST, &format!("{path}/complete"), None).await
        } else {
            self.ask(Method::DELETE, &path, None).await
        };
        if done.is_some() {
            self.told.lock().unwrap().silent.push(id);
        }
    }

    /// Asks once: what fails is told, never tried again.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Option<serde_json::Value> {
        time::sleep(Duration::from_millis(PAUSE_MS)).await;
        let what = format!("{method} {path}");
        let answer = self.person.try_ask(method, path, body).await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        match answer {
            Ok(answer) if answer.status.is_success() => return Some(answer.body),
            Ok(answer) => self.told.lock().unwrap().failed.push(format!("{what}: {answer:?}")),
            Err(error) => self.told.lock().unwrap().failed.push(format!("{what}: {error:?}")),
        }
        None
    }
}

fn by_task(notifications: Vec<Notification>) -> HashMap<String, Vec<Notification>> {
    let mut by_task: HashMap<String, Vec<Notification>> = HashMap::new();
    for notification in notifications.into_iter().filter(|one| !one.is_test()) {
        let task = notification.body["data"]["task_id"].as_str().unwrap_or_default().to_owned();
        by_task.entry(task).or_default().push(notification);
    }
    by_task
}
