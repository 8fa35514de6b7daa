//! What chat-api says of people: their settings, their channels, the end of their accounts.

use std::borrow::Cow;

use chrono::{DateTime, NaiveTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::Instant;
use crate::{ChannelId, SettingsVersion, TimeZone, UserId};

/// How a channel reaches a person. A reader takes a kind that it does not know as [`Unknown`]: the
/// person's other channels are read all the same.
///
/// [`Unknown`]: ChannelKind::Unknown
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// An HTTP request to a URL of the person's, signed.
    Webhook,
    /// A letter by SMTP.
    Email,
    /// A message to a topic of an ntfy server.
    Ntfy,
    /// A message to a browser's push service, encrypted for that browser.
    WebPush,
    /// What a later release knows.
    Unknown,
}

impl ChannelKind {
    /// Those that this release knows.
    pub const KNOWN: [Self; 4] = [Self::Webhook, Self::Email, Self::Ntfy, Self::WebPush];

    /// The name that it has on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Email => "email",
            Self::Ntfy => "ntfy",
            Self::WebPush => "web_push",
            Self::Unknown => "unknown",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::KNOWN.into_iter().find(|kind| kind.name() == name).unwrap_or(Self::Unknown)
    }
}

impl Serialize for ChannelKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ChannelKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|name| Self::named(&name))
    }
}

impl JsonSchema for ChannelKind {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ChannelKind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // No enumeration: a later release may send kinds that this schema's readers do not know yet.
        json_schema!({
            "type": "string",
            "description": "How a channel reaches a person. More kinds may come.",
            "examples": Self::KNOWN.map(Self::name),
        })
    }
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
    /// Where it leads: a webhook's URL, an e-mail address, the URL of an ntfy topic; of Web Push the
    /// browser's subscription, `{"endpoint", "keys": {"p256dh", "auth"}}`.
    pub address: SealedText,
    /// What a webhook is signed with, or the access token of an ntfy server that wants one.
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

/// A summary, once a day, of what is overdue and what is due that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct DailyDigest {
    /// The local time at which it comes.
    #[schemars(with = "String", regex(pattern = TIME_OF_DAY))]
    pub at: NaiveTime,
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
    /// When a digest comes every day; where it is missing, none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<DailyDigest>,
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
