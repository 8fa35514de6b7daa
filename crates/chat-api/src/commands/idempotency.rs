//! Requests that may be sent twice and are to be done once.

use events::UserId;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::{error::Failure, store};

/// The longest key, in characters.
pub(crate) const MAX_KEY_CHARS: usize = 255;

/// A request with a key.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    key: String,
    fingerprint: Vec<u8>,
}

impl Once {
    /// A request's key (visible ASCII) and what it asks.
    pub(crate) fn new(key: &str, body: &[u8]) -> Result<Self, Failure> {
        let is_key = (1..=MAX_KEY_CHARS).contains(&key.len())
            && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_key {
            return Err(Failure::field(
                "Idempotency-Key",
                format!("has 1 to {MAX_KEY_CHARS} visible characters of ASCII"),
            ));
        }
        Ok(Self { key: key.to_owned(), fingerprint: Sha256::digest(body).to_vec() })
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}

/// Remembers what a request was answered.
pub(crate) async fn remember(
    conn: &mut PgConnection,
    user_id: UserId,
    key: &str,
    answer: &impl Serialize,
) -> Result<(), Failure> {
    let text = serde_json::to_string(answer).map_err(Failure::internal)?;
    Ok(store::idempotency::answer(conn, user_id, key, &text).await?)
}

/// What the first request with this key was answered; `None` where this is the first. Empty where it is
/// being answered over several transactions.
pub(crate) async fn first_answer(
    conn: &mut PgConnection,
    user_id: UserId,
    once: &Once,
) -> Result<Option<String>, Failure> {
    let first = store::idempotency::take(conn, user_id, &once.key, &once.fingerprint).await?;
    match first {
        None => Ok(None),
        Some(first) if first.fingerprint == once.fingerprint => Ok(Some(first.answer)),
        Some(_) => Err(Failure::IdempotencyKeyReused),
    }
}
