//! Who holds a conversation while a language model answers in it, and what came of it so far.
//!
//! Promises: of two messages one is answered and the other turned away; whoever lost the lease writes
//! nothing more; what a turn has done is in its record from the same transaction on. Never: a lease by the
//! process's clock.

use events::CorrelationId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::words;
use crate::{
    chat::{Action, Answer, Message, mind::Mind},
    commands::idempotency::{self, Once},
    context::Call,
    error::Failure,
    store::{
        self,
        conversations::{Locked, NewMessage},
    },
};

/// How long a turn holds its conversation, in seconds: what the model may take, and a minute for its tools
/// and for what is kept at the end.
pub(super) const LEASE_SECS: i32 = 180;

/// What came of a turn so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The answer's id, once there is one.
    pub(super) message_id: Uuid,
    /// The answer's place, which is kept for it.
    pub(super) place: i32,
    pub(super) engine: String,
    /// The request's.
    correlation_id: CorrelationId,
    /// The request's idempotency key.
    pub(super) key: Option<String>,
    pub(super) actions: Vec<Action>,
    /// What each act is told as.
    pub(super) told: Vec<Told>,
}

/// An act, as it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) text: String,
    /// Whether it was to change something.
    pub(super) is_change: bool,
}

/// A lease on a conversation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) conversation_id: Uuid,
    token: Uuid,
}

impl Record {
    /// What was changed, as it is told.
    pub(super) fn changes(&self) -> Vec<&str> {
        self.told.iter().filter(|told| told.is_change).map(|told| told.text.as_str()).collect()
    }

    fn read(kept: Value) -> Result<Self, Failure> {
        serde_json::from_value(kept).map_err(Failure::internal)
    }

    fn write(&self) -> Result<Value, Failure> {
        serde_json::to_value(self).map_err(Failure::internal)
    }
}

/// Keeps what the person said in a locked conversation, and a place for the answer, and takes the lease.
pub(super) async fn begin(
    conn: &mut PgConnection,
    call: Call,
    message: &Message,
    mut locked: Locked,
    mind: &Mind,
    engine: String,
    key: Option<String>,
) -> Result<Lease, Failure> {
    let asked = NewMessage {
        message_id: Uuid::new_v4(),
        place: locked.messages + 1,
        body: message.as_str(),
        actions: Value::Array(vec![]),
        engine: None,
    };
    let (user_id, conversation_id) = (call.user_id, locked.conversation_id);
    let correlation_id = call.correlation_id;
    store::conversations::add_message(conn, user_id, conversation_id, correlation_id, &asked)
        .await?;
    locked.messages += 2;
    locked.mind = serde_json::to_value(mind).map_err(Failure::internal)?;
    store::conversations::save(conn, user_id, &locked).await?;
    let (actions, told) = (vec![], vec![]);
    let (message_id, place) = (Uuid::new_v4(), locked.messages);
    let record = Record { message_id, place, engine, correlation_id, key, actions, told };
    let lease = Lease { conversation_id, token: Uuid::new_v4() };
    let written = record.write()?;
    let token = lease.token;
    store::turns::begin(conn, user_id, conversation_id, token, &written, LEASE_SECS).await?;
    Ok(lease)
}

/// Locks the conversation, while the lease on it holds.
///
/// # Errors
/// [`Failure::Busy`] where it does not any more; [`Failure::NotFound`] where the conversation is gone.
pub(super) async fn hold(
    conn: &mut PgConnection,
    call: Call,
    lease: Lease,
) -> Result<(Locked, Record), Failure> {
    let (user_id, conversation_id) = (call.user_id, lease.conversation_id);
    let locked = store::conversations::lock(conn, user_id, conversation_id).await?;
    let locked = locked.ok_or(Failure::NotFound)?;
    let turn = store::turns::find(conn, user_id, conversation_id).await?;
    let turn = turn.filter(|turn| turn.token == lease.token && !turn.is_over);
    Ok((locked, Record::read(turn.ok_or(Failure::Busy)?.record)?))
}

/// Writes what came of the turn so far, and what "it" means now.
pub(super) async fn save(
    conn: &mut PgConnection,
    call: Call,
    mut locked: Locked,
    mind: &Mind,
    record: &Record,
) -> Result<(), Failure> {
    locked.mind = serde_json::to_value(mind).map_err(Failure::internal)?;
    store::conversations::save(conn, call.user_id, &locked).await?;
    let written = record.write()?;
    store::turns::save(conn, call.user_id, locked.conversation_id, &written).await?;
    Ok(())
}

/// Keeps the answer at the place that waits for it, and ends the turn.
pub(super) async fn end(
    conn: &mut PgConnection,
    call: Call,
    mut locked: Locked,
    mind: &Mind,
    place: i32,
    answer: &Answer,
) -> Result<(), Failure> {
    let (user_id, conversation_id) = (call.user_id, locked.conversation_id);
    let correlation_id = call.correlation_id;
    let answered = NewMessage {
        message_id: answer.message_id,
        place,
        body: &answer.reply,
        actions: serde_json::to_value(&answer.actions).map_err(Failure::internal)?,
        engine: Some(&answer.engine),
    };
    store::conversations::add_message(conn, user_id, conversation_id, correlation_id, &answered)
        .await?;
    locked.mind = serde_json::to_value(mind).map_err(Failure::internal)?;
    store::conversations::save(conn, user_id, &locked).await?;
    store::turns::end(conn, user_id, conversation_id).await?;
    Ok(())
}

/// Sees to it that nobody holds a locked conversation: a turn whose process ended is closed, by a message
/// that says so.
///
/// # Errors
/// [`Failure::StillAnswering`] while the message before is being answered.
pub(in crate::chat) async fn clear(
    conn: &mut PgConnection,
    call: Call,
    locked: &Locked,
) -> Result<Option<Answer>, Failure> {
    let conversation_id = locked.conversation_id;
    let Some(turn) = store::turns::find(conn, call.user_id, conversation_id).await? else {
        return Ok(None);
    };
    if !turn.is_over {
        return Err(Failure::StillAnswering);
    }
    let record = Record::read(turn.record)?;
    let call = Call { correlation_id: record.correlation_id, ..call };
    let answer = Answer {
        conversation_id,
        message_id: record.message_id,
        reply: words::lost(&record.changes()),
        actions: record.actions,
        engine: record.engine,
    };
    end(conn, call, locked.clone(), &Mind::read(&locked.mind), record.place, &answer).await?;
    if let Some(key) = &record.key {
        idempotency::remember(conn, call.user_id, key, &answer).await?;
    }
    Ok(Some(answer))
}

/// What became of a request that came before under the same key and was not answered then: it is being
/// answered, or its answer was lost. It is never done again.
pub(in crate::chat) async fn find_again(
    conn: &mut PgConnection,
    call: Call,
    once: &Once,
) -> Result<Answer, Failure> {
    let found = store::turns::with_key(conn, call.user_id, once.key()).await?;
    let conversation_id = found.ok_or(Failure::NotFound)?;
    let locked = store::conversations::lock(conn, call.user_id, conversation_id).await?;
    // Where it was answered in between, the next try finds the answer.
    clear(conn, call, &locked.ok_or(Failure::NotFound)?).await?.ok_or(Failure::StillAnswering)
}
