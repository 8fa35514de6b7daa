//! Records that a consumer could not take, and what a person decides about them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DeadLetterId, Service};

/// As many bytes of a refused record travel with its announcement; the refuser keeps all.
pub const MAX_DEAD_LETTER_HEAD_BYTES: usize = 256 * 1024;

/// A consumer could not take a record and keeps it for a person to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventDeadLettered {
    /// The dead letter.
    pub id: DeadLetterId,
    /// The topic that the record came by.
    pub topic: String,
    /// Where it lay, if the sidecar said.
    #[serde(default)]
    pub partition: Option<i32>,
    /// Where it lay, if the sidecar said.
    #[serde(default)]
    pub offset: Option<i64>,
    /// Who could not take it.
    pub consumer: Service,
    /// Why, for a person.
    pub reason: String,
    /// SHA-256 of the whole record, hexadecimal.
    pub sha256: String,
    /// The whole record's size in bytes.
    pub size: u64,
    /// The record's first [`MAX_DEAD_LETTER_HEAD_BYTES`], base64.
    #[schemars(description = "The record's first 256 KiB, base64.")]
    pub head_base64: String,
}

/// A person wants the refuser to try a dead letter again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterRedriveRequested {
    /// The dead letter.
    pub id: DeadLetterId,
}

/// A person wants the refuser to forget a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterDiscardRequested {
    /// The dead letter.
    pub id: DeadLetterId,
}
