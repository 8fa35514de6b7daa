//! Publishing many messages in one call.
//!
//! Owns: Dapr's bulk API and what became of each entry. Promises: one outcome per message, in the
//! order given; a message that cannot be sent does not keep the others back; an answer that does
//! not account for our entries is an error of the whole call. Never: decides how many fit into a
//! call (daprd takes 4 MiB by default).

use std::collections::HashMap;

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer::{Answer, shorten};
use crate::error::PublishError;
use crate::message::Message;
use crate::publish::{CLOUD_EVENT_CONTENT_TYPE, Sidecar};

/// What became of each message of a bulk, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkOutcome {
    /// One per message.
    pub entries: Vec<EntryOutcome>,
}

/// What became of one message of a bulk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryOutcome {
    /// The broker has it.
    Accepted,
    /// The sidecar or the broker refused it, with the reason: too large, no such topic, no broker.
    Refused(String),
    /// It is none that may be sent, see [`Message`], with the reason. It never will be.
    Invalid(String),
}

impl BulkOutcome {
    /// How many the broker has.
    #[must_use]
    pub fn accepted_count(&self) -> usize {
        let accepted = |entry: &&EntryOutcome| **entry == EntryOutcome::Accepted;
        self.entries.iter().filter(accepted).count()
    }

    /// Whether messages were sent and every one was refused: then the broker may be away, and
    /// everything should wait. A lone message may also be at fault itself.
    #[must_use]
    pub fn is_all_refused(&self) -> bool {
        let refused = |entry: &EntryOutcome| matches!(entry, EntryOutcome::Refused(_));
        self.accepted_count() == 0 && self.entries.iter().any(refused)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(skip)]
    index: usize,
    entry_id: String,
    event: &'a RawValue,
    content_type: &'static str,
    metadata: EntryMetadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryMetadata<'a> {
    partition_key: &'a str,
}

/// The body of a 500 that failed in part or whole.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedEntries {
    failed_entries: Vec<FailedEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedEntry {
    entry_id: String,
    #[serde(default)]
    error: String,
}

impl Sidecar {
    /// Publishes many messages: `POST /v1.0-alpha1/publish/bulk/{pubsub}/{topic}`. No messages are
    /// no call.
    ///
    /// Each keeps its own key and the trace context inside its event: a key or a trace header on
    /// the request would overwrite them all.
    ///
    /// # Errors
    /// The call as a whole failed; any of the messages may have been published all the same.
    pub async fn publish_bulk(
        &self,
        pubsub: &str,
        topic: &str,
        messages: &[Message],
    ) -> Result<BulkOutcome, PublishError> {
        let mut outcomes = vec![EntryOutcome::Accepted; messages.len()];
        let mut entries = Vec::with_capacity(messages.len());
        for (index, (message, outcome)) in messages.iter().zip(&mut outcomes).enumerate() {
            match message.event() {
                Ok(event) => entries.push(entry(index, event, message)),
                Err(error) => *outcome = EntryOutcome::Invalid(error.to_string()),
            }
        }
        if !entries.is_empty() {
            for (index, error) in self.send_bulk(pubsub, topic, &entries).await? {
                outcomes[index] = EntryOutcome::Refused(error);
            }
        }
        Ok(BulkOutcome { entries: outcomes })
    }

    /// Sends the entries; answers with the indexes of those that failed.
    async fn send_bulk(
        &self,
        pubsub: &str,
        topic: &str,
        entries: &[Entry<'_>],
    ) -> Result<Vec<(usize, String)>, PublishError> {
        let body = serde_json::to_vec(entries)
            .map_err(|error| PublishError::InvalidEvent { message: error.to_string() })?;
        let url = self.url(&["v1.0-alpha1", "publish", "bulk", pubsub, topic]);
        let request = self
            .http
            .post(url)
            .timeout(self.publish_timeout)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let answer = Answer::to(request).await?;
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(Vec::new());
        }
        match failed_entries(&answer, entries) {
            Some(failed) => Ok(failed),
            None => Err(answer.into_error()),
        }
    }
}

fn entry<'a>(index: usize, event: &'a RawValue, message: &'a Message) -> Entry<'a> {
    Entry {
        index,
        entry_id: index.to_string(),
        event,
        content_type: CLOUD_EVENT_CONTENT_TYPE,
        metadata: EntryMetadata { partition_key: &message.partition_key },
    }
}

/// The failed entries that a 5xx names. None where it names nobody, or somebody that we did not
/// send: then the rest cannot be taken as published.
fn failed_entries(answer: &Answer, entries: &[Entry<'_>]) -> Option<Vec<(usize, String)>> {
    if !answer.status.is_server_error() {
        return None;
    }
    let named: FailedEntries = serde_json::from_slice(&answer.body).ok()?;
    if named.failed_entries.is_empty() {
        return None;
    }
    let sent: HashMap<&str, usize> =
        entries.iter().map(|entry| (entry.entry_id.as_str(), entry.index)).collect();
    let index_of = |failed: FailedEntry| {
        let index = *sent.get(failed.entry_id.as_str())?;
        Some((index, shorten(&failed.error)))
    };
    named.failed_entries.into_iter().map(index_of).collect()
}

#[cfg(test)]
mod tests;
