//! Every event that there is: its name, its payload, where it travels and by which key.

use std::{fmt, str::FromStr};

use schemars::{Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    ChannelTestRequested, DeadLetterDiscardRequested, DeadLetterRedriveRequested,
    EventDeadLettered, EventsReceived, NotificationDelivered, NotificationSettingsUpdated,
    ReminderCancelled, ReminderScheduled, ReminderTriggered, TaskCompleted, TaskDeleted, TaskId,
    TaskState, TaskUpdated, Topic, UserDeleted,
};

/// The name is no event of ours: a later release's, or somebody else's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no event type of ours")]
pub struct UnknownEventType(String);

macro_rules! events {
    ($($(#[doc = $doc:literal])* $variant:ident($payload:ty) = $name:literal on $topics:expr,)*) => {
        /// The name of an event; its payload's schema is `schemas/v1/{name}.json`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType {
            $($(#[doc = $doc])* $variant,)*
        }

        impl EventType {
            /// Every event type; the architecture's seven come first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it says, in one sentence.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*).trim_ascii(),)*
                }
            }

            /// The topics that it travels on.
            #[must_use]
            pub const fn topics(self) -> &'static [Topic] {
                match self {
                    $(Self::$variant => $topics,)*
                }
            }

            /// The JSON Schema of its payload; the definitions that it refers to stay with the
            /// generator.
            pub fn payload_schema(self, generator: &mut SchemaGenerator) -> Schema {
                match self {
                    $(Self::$variant => generator.subschema_for::<$payload>(),)*
                }
            }
        }

        /// What an event says.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Payload {
            $($(#[doc = $doc])* $variant($payload),)*
        }

        impl Payload {
            /// The name of the event that says this.
            #[must_use]
            pub const fn event_type(&self) -> EventType {
                match self {
                    $(Self::$variant(_) => EventType::$variant,)*
                }
            }

            pub(crate) fn parse(event_type: EventType, json: &RawValue) -> serde_json::Result<Self> {
                match event_type {
                    $(EventType::$variant => serde_json::from_str(json.get()).map(Self::$variant),)*
                }
            }
        }

        $(impl From<$payload> for Payload {
            fn from(payload: $payload) -> Self {
                Self::$variant(payload)
            }
        })*
    };
}

events! {
    /// A task was made.
    TaskCreated(TaskState) = "task-created" on &[Topic::TaskEvents],
    /// A task changed, came back from the trash, or is said again.
    TaskUpdated(TaskUpdated) = "task-updated" on &[Topic::TaskEvents, Topic::TaskUpdates],
    /// A task was done.
    TaskCompleted(TaskCompleted) = "task-completed" on &[Topic::TaskEvents, Topic::TaskUpdates],
    /// A task was deleted.
    TaskDeleted(TaskDeleted) = "task-deleted" on &[Topic::TaskEvents],
    /// A reminder stands.
    ReminderScheduled(ReminderScheduled) = "reminder-scheduled" on &[Topic::Reminders],
    /// A reminder fired.
    ReminderTriggered(ReminderTriggered) = "reminder-triggered" on &[Topic::Reminders],
    /// A reminder will not come.
    ReminderCancelled(ReminderCancelled) = "reminder-cancelled" on &[Topic::Reminders],
    /// A notification ended.
    NotificationDelivered(NotificationDelivered) = "notification-delivered" on &[Topic::Notifications],
    /// A person's settings, whole.
    NotificationSettingsUpdated(NotificationSettingsUpdated) = "notification-settings-updated" on &[Topic::UserEvents],
    /// A person tries a channel.
    ChannelTestRequested(ChannelTestRequested) = "channel-test-requested" on &[Topic::UserEvents],
    /// An account was deleted.
    UserDeleted(UserDeleted) = "user-deleted" on &[Topic::UserEvents],
    /// Receipts.
    EventsReceived(EventsReceived) = "events-received" on &[Topic::Receipts],
    /// A consumer could not take a record.
    EventDeadLettered(EventDeadLettered) = "event-dead-lettered" on &[Topic::DeadLetter],
    /// A person wants a dead letter tried again.
    DeadLetterRedriveRequested(DeadLetterRedriveRequested) = "dead-letter-redrive-requested" on &[Topic::DeadLetter],
    /// A person wants a dead letter forgotten.
    DeadLetterDiscardRequested(DeadLetterDiscardRequested) = "dead-letter-discard-requested" on &[Topic::DeadLetter],
}

impl Payload {
    /// The task that the event is about, if it is about one.
    #[must_use]
    pub fn task_id(&self) -> Option<TaskId> {
        match self {
            Self::TaskCreated(task) => Some(task.task_id),
            Self::TaskUpdated(updated) => Some(updated.task_id),
            Self::TaskCompleted(completed) => Some(completed.task_id),
            Self::TaskDeleted(deleted) => Some(deleted.task_id),
            Self::ReminderScheduled(scheduled) => Some(scheduled.task_id),
            Self::ReminderTriggered(triggered) => Some(triggered.task_id),
            Self::ReminderCancelled(cancelled) => Some(cancelled.task_id),
            Self::NotificationDelivered(delivered) => delivered.task_id,
            Self::NotificationSettingsUpdated(_)
            | Self::ChannelTestRequested(_)
            | Self::UserDeleted(_)
            | Self::EventsReceived(_)
            | Self::EventDeadLettered(_)
            | Self::DeadLetterRedriveRequested(_)
            | Self::DeadLetterDiscardRequested(_) => None,
        }
    }

    /// The version, of a task or of a person's settings, that the event tells; `None` where what it
    /// tells has none of its own.
    #[must_use]
    pub fn version(&self) -> Option<i64> {
        match self {
            Self::TaskCreated(task) => Some(task.version.get()),
            Self::TaskUpdated(updated) => Some(updated.version.get()),
            Self::TaskCompleted(completed) => Some(completed.version.get()),
            Self::TaskDeleted(deleted) => Some(deleted.version.get()),
            Self::NotificationSettingsUpdated(settings) => Some(settings.version.get()),
            Self::UserDeleted(deleted) => Some(deleted.version.get()),
            _ => None,
        }
    }

    /// What the event must keep its order with: the task, the person, the dead letter. Receipts
    /// keep none.
    #[must_use]
    pub fn ordering_key(&self) -> Option<uuid::Uuid> {
        match self {
            Self::NotificationDelivered(delivered) => {
                Some(delivered.task_id.map_or(delivered.user_id.uuid(), TaskId::uuid))
            }
            Self::NotificationSettingsUpdated(settings) => Some(settings.user_id.uuid()),
            Self::ChannelTestRequested(test) => Some(test.user_id.uuid()),
            Self::UserDeleted(deleted) => Some(deleted.user_id.uuid()),
            Self::EventsReceived(_) => None,
            Self::EventDeadLettered(letter) => Some(letter.id.uuid()),
            Self::DeadLetterRedriveRequested(request) => Some(request.id.uuid()),
            Self::DeadLetterDiscardRequested(request) => Some(request.id.uuid()),
            _ => self.task_id().map(TaskId::uuid),
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for EventType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl FromStr for EventType {
    type Err = UnknownEventType;

    fn from_str(name: &str) -> Result<Self, UnknownEventType> {
        Self::ALL
            .iter()
            .copied()
            .find(|event_type| event_type.name() == name)
            .ok_or_else(|| UnknownEventType(name.to_owned()))
    }
}
