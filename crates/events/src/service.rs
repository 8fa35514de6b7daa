//! Who writes events.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The envelope's `producer`: a service of ours, or whatever else acts (`system`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Owns people, tasks and conversation.
    ChatApi,
    /// Owns time and delivery.
    ReminderWorker,
    /// An operator's tool or another program.
    System,
}

impl Service {
    /// Every producer.
    pub const ALL: [Self; 3] = [Self::ChatApi, Self::ReminderWorker, Self::System];

    /// The name on the wire; also the Dapr app id and the consumer group.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChatApi => "chat-api",
            Self::ReminderWorker => "reminder-worker",
            Self::System => "system",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
