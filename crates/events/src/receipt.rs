//! The end-to-end acknowledgement: what a consumer did with an event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{EventId, Service};

/// The most receipts that one event carries.
pub const MAX_RECEIPTS_PER_EVENT: usize = 500;

/// What a consumer did with an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ReceiptOutcome {
    /// It took it.
    Applied,
    /// It had a version at least as new.
    Stale {
        /// The version that it has, a task's or a person's settings'.
        version: i64,
    },
    /// It will never take it; the record is a dead letter.
    Rejected {
        /// Why, for a person.
        reason: String,
    },
}

/// One event on one topic, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// The event.
    pub event_id: EventId,
    /// The topic that it came by.
    pub topic: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: ReceiptOutcome,
}

/// A batch of receipts from one consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventsReceived {
    /// Who received them.
    pub consumer: Service,
    /// At most [`MAX_RECEIPTS_PER_EVENT`].
    #[schemars(description = "At most 500.", length(max = MAX_RECEIPTS_PER_EVENT))]
    pub receipts: Vec<Receipt>,
}
