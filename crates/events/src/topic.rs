//! The topics: what travels where, for how long, and who listens.

use std::{fmt, str::FromStr};

use crate::Service;

/// A topic of the component `kafka-pubsub`.
///
/// ```
/// use events::Topic;
/// assert_eq!("task-events".parse(), Ok(Topic::TaskEvents));
/// assert_eq!(Topic::DeadLetter.retention_days(), 30);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The one ordered history of every task.
    TaskEvents,
    /// The state changes of `task-events` again, for consumers who follow only those.
    TaskUpdates,
    /// What the worker says of reminders.
    Reminders,
    /// What became of each notification.
    Notifications,
    /// Settings, channels and the end of accounts; keyed by user.
    UserEvents,
    /// End-to-end acknowledgements, both ways.
    Receipts,
    /// Records that a consumer could not take, and what people decide about them.
    DeadLetter,
}

/// The name is none of our topics.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no topic of ours")]
pub struct UnknownTopic(String);

impl Topic {
    /// Every topic, in the order of the architecture's table.
    pub const ALL: [Self; 7] = [
        Self::TaskEvents,
        Self::TaskUpdates,
        Self::Reminders,
        Self::Notifications,
        Self::UserEvents,
        Self::Receipts,
        Self::DeadLetter,
    ];

    /// Partitions of each topic. More would only help more replicas than a deployment of ours has.
    pub const PARTITIONS: u16 = 3;

    /// Copies of each partition where the cluster has at least that many brokers.
    pub const CLOUD_REPLICATION: u16 = 3;

    /// The topic's name on the bus.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TaskEvents => "task-events",
            Self::TaskUpdates => "task-updates",
            Self::Reminders => "reminders",
            Self::Notifications => "notifications",
            Self::UserEvents => "user-events",
            Self::Receipts => "receipts",
            Self::DeadLetter => "dead-letter",
        }
    }

    /// Days after which the bus may delete a record.
    #[must_use]
    pub const fn retention_days(self) -> u16 {
        match self {
            Self::DeadLetter => 30,
            _ => 7,
        }
    }

    /// The services of ours that subscribe.
    #[must_use]
    pub const fn consumers(self) -> &'static [Service] {
        match self {
            Self::TaskEvents | Self::UserEvents => &[Service::ReminderWorker],
            Self::Reminders | Self::Notifications => &[Service::ChatApi],
            Self::Receipts | Self::DeadLetter => &[Service::ChatApi, Service::ReminderWorker],
            Self::TaskUpdates => &[],
        }
    }

    /// The services of ours that publish.
    #[must_use]
    pub const fn producers(self) -> &'static [Service] {
        match self {
            Self::TaskEvents | Self::TaskUpdates | Self::UserEvents => &[Service::ChatApi],
            Self::Reminders | Self::Notifications => &[Service::ReminderWorker],
            Self::Receipts | Self::DeadLetter => &[Service::ChatApi, Service::ReminderWorker],
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(name: &str) -> Result<Self, UnknownTopic> {
        Self::ALL
            .into_iter()
            .find(|topic| topic.name() == name)
            .ok_or_else(|| UnknownTopic(name.to_owned()))
    }
}
