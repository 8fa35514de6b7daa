//! What can't be taken: kept whole, announced, acknowledged.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use events::{CorrelationId, DeadLetterId, Event, EventDeadLettered, MAX_DEAD_LETTER_HEAD_BYTES};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::{AppendError, Outbox, store};

/// The longest reason that is kept, in characters.
const MAX_REASON_CHARS: usize = 1000;

/// A record that can't be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Poison<'a> {
    /// The topic that it came by.
    pub(crate) topic: &'a str,
    /// Where it lay, if the sidecar said.
    pub(crate) partition: Option<i32>,
    /// Where it lay, if the sidecar said.
    pub(crate) offset: Option<i64>,
    /// The record, as it was; of one that is too large, as far as it was read.
    pub(crate) record: &'a [u8],
    /// How many bytes there were.
    pub(crate) size: u64,
}

/// Keeps a record once, however often it comes, and announces it in the same transaction.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    outbox: &Outbox,
    poison: &Poison<'_>,
    reason: &str,
) -> Result<(), AppendError> {
    let id = DeadLetterId::random();
    let reason = legible(reason);
    let sha256 = hexadecimal(&Sha256::digest(poison.record));
    let letter = store::dead_letters::NewDeadLetter {
        id: id.uuid(),
        topic: poison.topic,
        partition: poison.partition,
        offset: poison.offset,
        sha256: &sha256,
        size: i64::try_from(poison.size).unwrap_or(i64::MAX),
        reason: &reason,
        record: poison.record,
    };
    if !store::dead_letters::insert(conn, &letter).await? {
        return Ok(());
    }
    // Before the commit: where that breaks it is counted again.
    outbox.counts().dead_letter(poison.topic);
    // The reason may quote the record, and so what a person wrote.
    tracing::error!(dead_letter.id = %id, topic = poison.topic, "a record became a dead letter");
    let head = &poison.record[..poison.record.len().min(MAX_DEAD_LETTER_HEAD_BYTES)];
    let announcement = EventDeadLettered {
        id,
        topic: poison.topic.to_owned(),
        partition: poison.partition,
        offset: poison.offset,
        consumer: outbox.service(),
        reason,
        sha256,
        size: poison.size,
        head_base64: BASE64.encode(head),
    };
    let now = crate::now(conn).await?;
    let event = Event::new(outbox.service(), CorrelationId::random(), now, announcement);
    outbox.append(conn, &[event.into()]).await
}

/// A reason as the database can hold it and a person wants to read it.
pub(crate) fn legible(reason: &str) -> String {
    reason.chars().filter(|character| *character != '\0').take(MAX_REASON_CHARS).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String can't fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
