//! What became of a notification.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::{Instant, Nullable, OptionalInstant};
use crate::{ChannelId, ChannelKind, DeliveryId, ReminderId, TaskId, UserId};

/// How a notification ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DeliveryOutcome {
    /// The target took it.
    Delivered,
    /// Every attempt failed.
    Failed,
    /// It was given up before it was sent: the reminder no longer stood, the digest was no
    /// longer wanted or its day over, or the channel is gone.
    Dropped,
}

/// One notification to one channel has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationDelivered {
    /// The notification.
    pub delivery_id: DeliveryId,
    /// The reminder; none for a digest and for a test of the channel.
    #[serde(with = "Nullable::<ReminderId>")]
    pub reminder_id: Option<ReminderId>,
    /// The task; none for a digest and for a test of the channel.
    #[serde(with = "Nullable::<TaskId>")]
    pub task_id: Option<TaskId>,
    /// Whose it is.
    pub user_id: UserId,
    /// What kind of channel.
    pub channel: ChannelKind,
    /// Which channel.
    #[serde(default)]
    pub channel_id: Option<ChannelId>,
    /// How it ended.
    pub outcome: DeliveryOutcome,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it failed or was dropped; never an address or a secret.
    #[serde(with = "Nullable::<String>")]
    pub error: Option<String>,
    /// Until when it was kept back by the person's quiet hours.
    #[serde(default, with = "OptionalInstant", skip_serializing_if = "Option::is_none")]
    pub held_until: Option<DateTime<Utc>>,
    /// Of a daily digest: its local day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub digest_day: Option<NaiveDate>,
    /// When it ended.
    #[serde(with = "Instant")]
    pub at: DateTime<Utc>,
}
