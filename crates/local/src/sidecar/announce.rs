//! Wakes the consumers of other processes, and is woken by theirs.
//!
//! An announcement is a hint: it is sent in a statement of its own after the commit (inside of a
//! write transaction it would serialise all commits), it may be lost, and a poll lies beneath.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use sqlx::postgres::PgListener;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{heads::TopicPartition, log::Log};

/// How often every partition is looked at, in milliseconds, whatever is announced.
pub(crate) const POLL_INTERVAL_MS: u64 = 250;
/// The wait before listening again after a failure, in milliseconds.
const LISTEN_RETRY_MS: u64 = 500;
/// New heads of one announcement, at the most: PostgreSQL takes less than 8000 bytes.
const ANNOUNCED_MAX: usize = 50;
/// Topics with longer names are left to the poll, for the same reason.
const ANNOUNCED_TOPIC_MAX_BYTES: usize = 100;
/// Where somebody who joins or leaves a group says so; without a payload.
pub(crate) const MEMBERS_CHANNEL: &str = "bus_members";
/// Where new heads are announced, as JSON.
const HEADS_CHANNEL: &str = "bus_heads";

/// Partitions have grown to these offsets.
type NewHeads = Vec<(String, i32, i64)>;

/// Sends announcements in the background.
#[derive(Clone, Debug)]
pub(crate) struct Announcer {
    heads: mpsc::UnboundedSender<(TopicPartition, i64)>,
    log: Arc<Log>,
}

impl Announcer {
    /// Starts the task that sends; it ends when the last announcer is dropped.
    pub(crate) fn start(log: Arc<Log>) -> Self {
        let (heads, appended) = mpsc::unbounded_channel();
        tokio::spawn(send_heads(log.clone(), appended));
        Self { heads, log }
    }

    /// Partitions have grown.
    pub(crate) fn heads(&self, heads: Vec<(TopicPartition, i64)>) {
        for head in heads {
            // Only a runtime that is shutting down has no task left to send it.
            let _closing = self.heads.send(head);
        }
    }

    /// Somebody joined or left a group.
    pub(crate) async fn members(&self) {
        announce(&self.log, MEMBERS_CHANNEL, "").await;
    }
}

async fn send_heads(log: Arc<Log>, mut appended: mpsc::UnboundedReceiver<(TopicPartition, i64)>) {
    let mut batch = Vec::new();
    // What gathers while one is on its way goes out together with the next.
    while appended.recv_many(&mut batch, ANNOUNCED_MAX).await > 0 {
        let mut highest: BTreeMap<TopicPartition, i64> = BTreeMap::new();
        for (partition, next_offset) in batch.drain(..) {
            let known = highest.entry(partition).or_default();
            *known = next_offset.max(*known);
        }
        let heads: NewHeads = highest
            .into_iter()
            .filter(|((topic, _), _)| topic.len() <= ANNOUNCED_TOPIC_MAX_BYTES)
            .map(|((topic, partition), next_offset)| (topic, partition, next_offset))
            .collect();
        if let Ok(payload) = serde_json::to_string(&heads) {
            announce(&log, HEADS_CHANNEL, &payload).await;
        }
    }
}

async fn announce(log: &Log, channel: &str, payload: &str) {
    let sent =
        sqlx::query_scalar!(r#"select pg_notify($1, $2)::text as "done?""#, channel, payload)
            .fetch_one(&log.relaxed)
            .await;
    if let Err(error) = sent {
        tracing::debug!(error = &error as &dyn std::error::Error, "an announcement was not sent");
    }
}

/// Raises heads by what others announce.
pub(crate) async fn listen(log: Arc<Log>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let heard = tokio::select! {
            heard = hear(&log) => heard,
            () = stop.cancelled() => return,
        };
        if let Err(error) = heard {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "announcements are not heard"
            );
        }
        tokio::time::sleep(Duration::from_millis(LISTEN_RETRY_MS)).await;
    }
}

async fn hear(log: &Log) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(&log.relaxed).await?;
    listener.listen(HEADS_CHANNEL).await?;
    loop {
        let notification = listener.recv().await?;
        let Ok(heads) = serde_json::from_str::<NewHeads>(notification.payload()) else {
            tracing::debug!("an announcement is none of ours");
            continue;
        };
        for (topic, partition, next_offset) in heads {
            log.heads.raise(&topic, partition, next_offset);
        }
    }
}

/// Looks at every partition again and again; says whether the log answers.
pub(crate) async fn poll(log: Arc<Log>, reachable: watch::Sender<bool>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(Duration::from_millis(POLL_INTERVAL_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let looked = log.look().await;
        let answers = looked.is_ok();
        let changed =
            reachable.send_if_modified(|known| std::mem::replace(known, answers) != answers);
        if changed && let Err(error) = looked {
            tracing::warn!(error = &error as &dyn std::error::Error, "the log does not answer");
        }
    }
}
