//! What chat-api says of people: their settings, their channels, the end of their accounts.

use chrono::{DateTime, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::Instant;
use crate::{ChannelId, SettingsVersion, TimeZone, UserId};

/// How a channel reaches a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ChannelKind {
    /// An HTTP request to a URL of the person's, signed.
    Webhook,
}

/// A text that only the services can read: AEAD ciphertext, bound to its user and channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SealedText {
    /// The key that it was sealed with.
    pub key_id: String,
    /// Nonce and ciphertext, base64.
    pub ciphertext: String,
}

/// A channel and where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ChannelSettings {
    /// The channel.
    pub channel_id: ChannelId,
    /// How it reaches the person.
    pub kind: ChannelKind,
    /// Where it leads: a webhook's URL.
    pub address: SealedText,
    /// What it signs with, where its kind signs.
    #[serde(default)]
    pub secret: Option<SealedText>,
}

/// `22:00` or `22:00:00`, as a wall clock shows it.
pub(crate) const TIME_OF_DAY: &str = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?$";

/// Local times between which nothing is sent; over midnight where `from` is later than `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct QuietHours {
    /// When it becomes quiet.
    #[schemars(with = "String", regex(pattern = TIME_OF_DAY))]
    pub from: NaiveTime,
    /// When it ends.
    #[schemars(with = "String", regex(pattern = TIME_OF_DAY))]
    pub to: NaiveTime,
}

/// A person's settings, whole, after a change; also once at registration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationSettingsUpdated {
    /// The person.
    pub user_id: UserId,
    /// Orders what is said of this person's settings.
    pub version: SettingsVersion,
    /// The person's zone.
    pub time_zone: TimeZone,
    /// When nothing is sent.
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
    /// Every channel; one that is missing is gone.
    pub channels: Vec<ChannelSettings>,
}

/// A person wants to see that a channel works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelTestRequested {
    /// The person.
    pub user_id: UserId,
    /// The channel.
    pub channel_id: ChannelId,
    /// When it was asked for.
    #[serde(with = "Instant")]
    pub requested_at: DateTime<Utc>,
}

/// An account was deleted; a tombstone for everything of this person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UserDeleted {
    /// The person.
    pub user_id: UserId,
    /// When the account was deleted.
    #[serde(with = "Instant")]
    pub deleted_at: DateTime<Utc>,
    /// Above every version of the person's settings.
    pub version: SettingsVersion,
}
