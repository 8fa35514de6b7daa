//! The Dapr pub/sub HTTP API, from an application's side.
//!
//! Owns: publishing one message or many to the sidecar, the typed errors it answers with, what it
//! POSTs to the application, the answers it understands, the two tokens, its health and metadata.
//! Promises: every call ends within a time-out, no redirect or proxy is followed, nothing is sent
//! twice by itself, nothing from the network panics. Never: a retry (the relay's work), a database,
//! a meaning of an event: a message is bytes with a key.
//!
//! Start at [`Sidecar`] (outwards) and [`Delivery`] (inwards). Shapes and codes are those of daprd
//! 1.14's source, compared with its newest where the two might differ.

mod answer;
mod bulk;
mod delivery;
mod error;
mod health;
mod message;
mod publish;
mod record;
mod settings;
mod token;

#[cfg(test)]
mod stand_in;

pub use bulk::{BulkOutcome, EntryOutcome};
pub use delivery::{Delivery, DeliveryStatus, MAX_DELIVERY_BYTES};
pub use error::{PublishError, Scope};
pub use health::{SidecarMetadata, SubscribedTopic};
pub use message::Message;
pub use publish::Sidecar;
pub use record::{CloudEventRecord, MAX_CLOUD_EVENT_LEVELS, RecordContent};
pub use settings::{
    DEFAULT_HEALTH_TIMEOUT_SECS, DEFAULT_PUBLISH_TIMEOUT_SECS, SettingsError, SidecarSettings,
};
pub use token::{AppToken, TOKEN_HEADER};
