//! A type for every id, so that no id can stand in for another.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is no UUID.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no UUID")]
pub struct InvalidId {
    text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh random id (UUID v4).
            #[must_use]
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }

            /// The UUID itself, for a database or a header.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::parse_str(text)
                    .map(Self)
                    .map_err(|_| InvalidId { text: text.to_owned() })
            }
        }
    };
}

id!(
    /// One event; the key by which an inbox drops what it has seen.
    EventId
);
id!(
    /// A request and all that follows from it, through both services.
    CorrelationId
);
id!(
    /// A task; the partition key of its history.
    TaskId
);
id!(
    /// A list of tasks.
    ListId
);
id!(
    /// A step of a task.
    SubtaskId
);
id!(
    /// An account.
    UserId
);
id!(
    /// One reminder of one occurrence of a task; derived from both, never random.
    ReminderId
);
id!(
    /// One notification to one channel.
    DeliveryId
);
id!(
    /// A way to reach a person: an e-mail address, a webhook.
    ChannelId
);
id!(
    /// A record that a consumer could not take.
    DeadLetterId
);
