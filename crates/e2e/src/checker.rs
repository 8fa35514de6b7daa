//! Whether what happened keeps the promises: a pure look at what people were told, what lies on the topics
//! and what came to a webhook.
//!
//! [`History::missing`] is what has yet to happen, and is empty in the end; [`History::violations`] is what
//! may never happen.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{bus::BusRecord, sink::Notification};

const TASK_EVENTS: &str = "task-events";
const REMINDERS: &str = "reminders";
const DEAD_LETTER: &str = "dead-letter";

/// Something that the API has acknowledged. Each task has one reminder, at its due time.
#[derive(Clone, Debug)]
pub struct Act {
    /// The task.
    pub task: String,
    /// Its version afterwards; none after a deletion, whose answer says nothing.
    pub version: Option<i64>,
    /// When it was done, by the database's clock; of a deletion by ours, when it was acknowledged.
    pub at: DateTime<Utc>,
    /// When the task is due afterwards; none if it is done or deleted.
    pub open_until: Option<DateTime<Utc>>,
}

/// All that is known of a run.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What was acknowledged, in any order.
    pub acts: Vec<Act>,
    /// What lies on the topics, each partition in its order.
    pub records: Vec<BusRecord>,
    /// What came to the webhook, in its order.
    pub notifications: Vec<Notification>,
    /// What was written past the services and is no event: its topic, and its SHA-256.
    pub poison: BTreeSet<(String, String)>,
}

/// A promise that is not kept, or not yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// An acknowledged act is not on the topic.
    Lost {
        /// The task.
        task: String,
        /// The version that was acknowledged; none for a deletion.
        version: Option<i64>,
    },
    /// A task's history goes back, where each event is seen for the first time.
    OutOfOrder {
        /// The task.
        task: String,
        /// The versions, in the order of the topic.
        versions: Vec<i64>,
    },
    /// A task that was open when it was due has not reminded, or not on the topic, or not at the webhook.
    NotFired {
        /// The task.
        task: String,
        /// When it was due.
        due: DateTime<Utc>,
        /// Whether it is missing on the topic, and not only at the webhook.
        on_topic: bool,
    },
    /// Two firings of one reminder and time.
    FiredTwice(Firing),
    /// A receiver that honours the key sees two notifications of one firing.
    NotifiedTwice(Firing),
    /// Before its time.
    Early(Firing),
    /// After a cancellation that the worker had applied, with no schedule in between.
    AfterCancel(Firing),
    /// The webhook was told of what the topic does not have.
    Unsaid(Firing),
    /// Poison that nobody has as a dead letter.
    NoDeadLetter {
        /// Where it was written.
        topic: String,
        /// Its SHA-256.
        sha256: String,
    },
    /// A dead letter of what was no poison.
    DeadLetter {
        /// Where it came from.
        topic: String,
        /// Its SHA-256.
        sha256: String,
    },
}

/// A reminder at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Firing {
    /// The task.
    pub task: String,
    /// The reminder.
    pub reminder: String,
    /// Its time.
    pub time: DateTime<Utc>,
}

impl History {
    /// What has yet to happen.
    #[must_use]
    pub fn missing(&self) -> Vec<Violation> {
        let mut missing = self.lost();
        missing.extend(self.not_fired());
        let told: BTreeSet<_> = self.firings().into_iter().map(|(firing, _)| firing).collect();
        let notified =
            self.notifications.iter().map(|notification| firing(&notification.body["data"]));
        missing.extend(notified.filter(|firing| !told.contains(firing)).map(Violation::Unsaid));
        let dead = self.dead_letters();
        let without = self.poison.iter().filter(|poison| !dead.contains(*poison));
        missing.extend(without.map(|(topic, sha256)| Violation::NoDeadLetter {
            topic: topic.clone(),
            sha256: sha256.clone(),
        }));
        missing
    }

    /// What may never happen, and did.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let mut violations = self.out_of_order();
        violations.extend(self.fired_twice());
        violations.extend(self.early());
        violations.extend(self.after_cancel());
        let unknown =
            self.dead_letters().into_iter().filter(|letter| !self.poison.contains(letter));
        violations.extend(unknown.map(|(topic, sha256)| Violation::DeadLetter { topic, sha256 }));
        violations
    }

    /// How many records say again what another one said.
    #[must_use]
    pub fn doubled(&self) -> usize {
        self.records.len() - self.first_seen(|_| true).len()
    }

    /// By how much each notification came after its time, in milliseconds, of those firings that had to be.
    #[must_use]
    pub fn lateness_ms(&self) -> Vec<i64> {
        let due = self.must_fire();
        let mut first: BTreeMap<Firing, DateTime<Utc>> = BTreeMap::new();
        for notification in &self.notifications {
            first.entry(firing(&notification.body["data"])).or_insert(notification.at);
        }
        let met = first
            .into_iter()
            .filter(|(firing, _)| due.get(&firing.task).is_some_and(|due| *due == firing.time));
        let mut lateness: Vec<i64> =
            met.map(|(firing, at)| (at - firing.time).num_milliseconds()).collect();
        lateness.sort_unstable();
        lateness
    }

    fn lost(&self) -> Vec<Violation> {
        let mut versions = HashSet::new();
        let mut deleted = HashSet::new();
        for record in self.on(TASK_EVENTS) {
            let payload = &record.envelope()["payload"];
            let task = text(&payload["task_id"]);
            if record.envelope()["event_type"] == "task-deleted" {
                deleted.insert(task.clone());
            }
            versions.insert((task, payload["version"].as_i64()));
        }
        let is_there = |act: &&Act| match act.version {
            Some(version) => versions.contains(&(act.task.clone(), Some(version))),
            None => deleted.contains(&act.task),
        };
        let lost = self.acts.iter().filter(|act| !is_there(act));
        lost.map(|act| Violation::Lost { task: act.task.clone(), version: act.version }).collect()
    }

    fn out_of_order(&self) -> Vec<Violation> {
        let mut by_task: BTreeMap<String, Vec<(i64, bool)>> = BTreeMap::new();
        for record in self.first_seen(|record| record.topic == TASK_EVENTS) {
            let payload = &record.envelope()["payload"];
            let Some(version) = payload["version"].as_i64() else { continue };
            // What is said again, as it stands, has the version that it had; so has a deletion.
            let is_restated = payload["changed_fields"].as_array().is_some_and(Vec::is_empty)
                || record.envelope()["event_type"] == "task-deleted";
            by_task.entry(text(&payload["task_id"])).or_default().push((version, is_restated));
        }
        let is_sound = |steps: &[(i64, bool)]| {
            steps.windows(2).all(|pair| {
                let [(before, _), (after, is_restated)] = pair else { return true };
                after > before || (*is_restated && after == before)
            })
        };
        let unsound = by_task.into_iter().filter(|(_, steps)| !is_sound(steps));
        unsound
            .map(|(task, steps)| {
                let versions = steps.into_iter().map(|(version, _)| version).collect();
                Violation::OutOfOrder { task, versions }
            })
            .collect()
    }

    /// When each task is due that must have reminded: its last act left it open, and was done before.
    fn must_fire(&self) -> BTreeMap<String, DateTime<Utc>> {
        let mut last: BTreeMap<&str, &Act> = BTreeMap::new();
        for act in &self.acts {
            let latest = last.entry(&act.task).or_insert(act);
            if act.at >= latest.at {
                *latest = act;
            }
        }
        let must = |act: &Act| act.open_until.filter(|due| act.at < *due);
        last.into_iter().filter_map(|(task, act)| Some((task.to_owned(), must(act)?))).collect()
    }

    fn not_fired(&self) -> Vec<Violation> {
        let of = |firing: Firing| (firing.task, firing.time);
        let told: HashSet<_> = self.firings().into_iter().map(|(firing, _)| of(firing)).collect();
        let notified = self.notifications.iter().map(|seen| of(firing(&seen.body["data"])));
        let notified: HashSet<_> = notified.collect();
        let mut missing = vec![];
        for (task, due) in self.must_fire() {
            let firing = (task.clone(), due);
            let on_topic = !told.contains(&firing);
            if on_topic || !notified.contains(&firing) {
                missing.push(Violation::NotFired { task, due, on_topic });
            }
        }
        missing
    }

    fn fired_twice(&self) -> Vec<Violation> {
        let mut seen = HashSet::new();
        let again = self.firings().into_iter().map(|(firing, _)| firing);
        let again = again.filter(|firing| !seen.insert(firing.clone()));
        let mut violations: Vec<_> = again.map(Violation::FiredTwice).collect();
        let mut keys: BTreeMap<Firing, BTreeSet<&str>> = BTreeMap::new();
        for notification in &self.notifications {
            let firing = firing(&notification.body["data"]);
            keys.entry(firing).or_default().insert(&notification.key);
        }
        let twice = keys.into_iter().filter(|(_, keys)| keys.len() > 1);
        violations.extend(twice.map(|(firing, _)| Violation::NotifiedTwice(firing)));
        violations
    }

    fn early(&self) -> Vec<Violation> {
        let told = self.firings().into_iter();
        let notified = self
            .notifications
            .iter()
            .map(|notification| (firing(&notification.body["data"]), notification.at));
        let early = told.chain(notified).filter(|(firing, at)| *at < firing.time);
        early.map(|(firing, _)| Violation::Early(firing)).collect()
    }

    fn after_cancel(&self) -> Vec<Violation> {
        let mut cancelled = HashSet::new();
        let mut violations = vec![];
        for record in self.first_seen(|record| record.topic == REMINDERS) {
            let envelope = record.envelope();
            let reminder = text(&envelope["payload"]["reminder_id"]);
            match envelope["event_type"].as_str() {
                Some("reminder-scheduled") => {
                    cancelled.remove(&reminder);
                }
                Some("reminder-cancelled") => {
                    cancelled.insert(reminder);
                }
                Some("reminder-triggered") if cancelled.contains(&reminder) => {
                    violations.push(Violation::AfterCancel(firing(&envelope["payload"])));
                }
                _ => {}
            }
        }
        violations
    }

    /// Every firing that the topic has, each event once, and when it was.
    fn firings(&self) -> Vec<(Firing, DateTime<Utc>)> {
        let fired = self.first_seen(|record| {
            record.topic == REMINDERS && record.envelope()["event_type"] == "reminder-triggered"
        });
        let payloads = fired.into_iter().map(|record| &record.envelope()["payload"]);
        payloads.map(|payload| (firing(payload), instant(&payload["triggered_at"]))).collect()
    }

    fn dead_letters(&self) -> BTreeSet<(String, String)> {
        let announced = self.on(DEAD_LETTER).map(BusRecord::envelope);
        let announced =
            announced.filter(|envelope| envelope["event_type"] == "event-dead-lettered");
        let letters = announced.map(|envelope| &envelope["payload"]);
        letters.map(|letter| (text(&letter["topic"]), text(&letter["sha256"]))).collect()
    }

    /// The first record of each event among those that are meant, in their order. On another topic the same
    /// event is another.
    fn first_seen(&self, is_meant: impl Fn(&BusRecord) -> bool) -> Vec<&BusRecord> {
        let mut seen = HashSet::new();
        let meant = self.records.iter().filter(|record| is_meant(record));
        meant
            .filter(|record| {
                let event = record.envelope()["event_id"].as_str();
                // What is no event is not said again either.
                event.is_none_or(|event| seen.insert((record.topic.as_str(), event)))
            })
            .collect()
    }

    fn on<'h>(&'h self, topic: &'h str) -> impl Iterator<Item = &'h BusRecord> {
        self.records.iter().filter(move |record| record.topic == topic)
    }
}

fn firing(payload: &Value) -> Firing {
    Firing {
        task: text(&payload["task_id"]),
        reminder: text(&payload["reminder_id"]),
        time: instant(&payload["reminder_time"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The beginning of time where there is none: it is early then.
fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(DateTime::UNIX_EPOCH)
}
