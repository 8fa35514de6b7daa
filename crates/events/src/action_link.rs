//! What a link in a notification does.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::wire::Instant;
use crate::{Nominal, ReminderId, TaskId, UserId};

/// How long a link in a notification is good, from the firing on, in hours.
pub const ACTION_LINK_HOURS: i64 = 48;
/// What the text of a link is sealed for, so that nothing else that is sealed opens as one.
pub const ACTION_LINK_CONTEXT: &str = "action link";

/// What a person can do about a notification by following a link in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkAction {
    /// The task, or this occurrence of it, is done.
    Done,
    /// The reminder comes again later.
    Snooze,
}

impl LinkAction {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Snooze => "snooze",
        }
    }
}

/// What the sealed text of a link says: the worker writes it, chat-api reads it and acts.
///
/// The link is `{PUBLIC_URL}/act/{key id}.{ciphertext}`, the ciphertext in base64 for URLs without padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionLink {
    /// What it does.
    pub action: LinkAction,
    /// For whom.
    pub user_id: UserId,
    /// To which task.
    pub task_id: TaskId,
    /// The reminder that was told of.
    pub reminder_id: ReminderId,
    /// Of a recurring task: the occurrence that it was of.
    pub occurrence: Option<Nominal>,
    /// The key of the notification: each of its actions is good for once, however often it was sent.
    pub notification_key: Uuid,
    /// Until when.
    #[serde(with = "Instant")]
    pub expires_at: DateTime<Utc>,
}
