//! The run: people, poison and kills; then the wait until all has happened; then the checker.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use e2e::{
    Person, Run, Sink,
    checker::{Act, History},
    hexadecimal, kafka_records, write_raw,
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use sha2::{Digest, Sha256};
use testing::{eventually, eventually_within};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::people;

/// How many people work at the same time.
const PEOPLE: u64 = 4;
/// What a process's command line has, of each that is killed.
const PARTS: [&str; 6] = [
    "/chat-api",
    "/reminder-worker",
    "--app-id chat-api",
    "--app-id reminder-worker",
    "kafka.Kafka",
    "/postgres -D",
];
/// How long it is quiet between two kills, in milliseconds.
const QUIET_MS: std::ops::RangeInclusive<u64> = 500..=2_500;
/// How long it is quiet between two records of poison, in milliseconds.
const POISON_INTERVAL_MS: u64 = 3_000;
/// Where poison is written: what the worker consumes, and what chat-api does.
const POISONED: [&str; 2] = ["task-events", "reminders"];
/// How long it may take until all has happened, in seconds. What a rebalance of daprd has lost is sent again
/// after a while.
const SETTLE_TIMEOUT_SECS: u64 = 240;
const LOOK_INTERVAL_MS: u64 = 2_000;

/// How much is to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Campaign {
    pub(crate) seed: u64,
    /// Kills of each process.
    pub(crate) rounds: usize,
}

/// What happened.
#[derive(Debug)]
pub(crate) struct Figures {
    campaign: Campaign,
    pub(crate) kills: usize,
    pub(crate) acts: usize,
    pub(crate) poison: usize,
    records: usize,
    doubled: usize,
    notifications: usize,
    repeated: usize,
    lateness_ms: Vec<i64>,
    settled_secs: u64,
}

impl Campaign {
    /// Runs it and checks what happened.
    pub(crate) async fn run(self, mut run: Run) -> Figures {
        run.start().await;
        let sink = Sink::start();
        let stop = Arc::new(AtomicBool::new(false));
        let acts: Arc<Mutex<Vec<Act>>> = Arc::default();
        let mut working = JoinSet::new();
        for number in 0..PEOPLE {
            let person = Person::register_with_webhook(&run.base(), &sink).await;
            let (stop, acts) = (stop.clone(), acts.clone());
            let seed = self.seed.wrapping_add(number + 1);
            working.spawn(async move { people::work(person, seed, &stop, &acts).await });
        }
        let poisoning = tokio::spawn(poison(run.brokers(), stop.clone()));

        let mut rng = StdRng::seed_from_u64(self.seed);
        let mut kills = 0;
        for _ in 0..self.rounds {
            let mut parts = PARTS;
            parts.shuffle(&mut rng);
            for part in parts {
                sleep(Duration::from_millis(rng.random_range(QUIET_MS))).await;
                kills += eventually(&format!("{part} to be there"), || async {
                    Some(run.kill_part(part)).filter(|killed| *killed > 0)
                })
                .await;
            }
        }
        stop.store(true, Ordering::Relaxed);
        while let Some(person) = working.join_next().await {
            person.expect("somebody who works does not fail");
        }
        let mut history =
            History { poison: poisoning.await.expect("poison"), ..History::default() };
        history.acts = std::mem::take(&mut *acts.lock().expect("no panic"));

        let began = Instant::now();
        settle(&mut history, &run, &sink).await;
        let settled_secs = began.elapsed().as_secs();
        assert_eq!(history.violations(), [], "{self:?}");
        let figures = Figures {
            campaign: self,
            kills,
            acts: history.acts.len(),
            poison: history.poison.len(),
            records: history.records.len(),
            doubled: history.doubled(),
            notifications: history.notifications.len(),
            repeated: history.notifications.len() - sink.distinct().len(),
            lateness_ms: history.lateness_ms(),
            settled_secs,
        };
        assert_eq!(run.interrupt().await, Some(0), "{}", run.log());
        run.gone().await;
        sink.stop().await;
        figures
    }
}

/// Waits until all has happened.
async fn settle(history: &mut History, run: &Run, sink: &Sink) {
    let deadline = Instant::now() + Duration::from_secs(SETTLE_TIMEOUT_SECS);
    loop {
        sleep(Duration::from_millis(LOOK_INTERVAL_MS)).await;
        if let Ok(records) = kafka_records(&run.brokers()).await {
            history.records = records;
            history.notifications = sink.got();
        }
        let missing = history.missing();
        if missing.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{missing:#?}\n{}", run.log());
    }
}

/// Writes what is no event past the services, until told to stop; returns where, and each one's SHA-256.
async fn poison(brokers: String, stop: Arc<AtomicBool>) -> BTreeSet<(String, String)> {
    let mut written = BTreeSet::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let topic = POISONED[number % POISONED.len()];
        let bytes = format!("{{\"no event\": {number}");
        // Written twice where the first answer was lost: it is the same poison.
        let limit = Duration::from_secs(SETTLE_TIMEOUT_SECS);
        eventually_within(limit, "poison to be written", || async {
            write_raw(&brokers, topic, bytes.as_bytes()).await.ok()
        })
        .await;
        let sha256 = hexadecimal(&Sha256::digest(bytes.as_bytes()));
        written.insert((topic.to_owned(), sha256));
        sleep(Duration::from_millis(POISON_INTERVAL_MS)).await;
    }
    written
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Campaign { seed, rounds } = self.campaign;
        let at = |share: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "a place among few"
            )]
            let place = (self.lateness_ms.len().saturating_sub(1) as f64 * share).ceil() as usize;
            self.lateness_ms.get(place).copied().unwrap_or_default()
        };
        write!(
            f,
            "faults: seed {seed}, {rounds} rounds: {} kills; {} acknowledged acts, {} poison; {} records, \
             of them {} doubled; {} notifications, of them {} repeated; {} reminders that had to come, late \
             by {} ms (median), {} ms (99 %), {} ms (most); settled {} s after the last kill",
            self.kills,
            self.acts,
            self.poison,
            self.records,
            self.doubled,
            self.notifications,
            self.repeated,
            self.lateness_ms.len(),
            at(0.5),
            at(0.99),
            at(1.0),
            self.settled_secs,
        )
    }
}
