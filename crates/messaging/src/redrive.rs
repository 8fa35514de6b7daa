//! What a person decides about a dead letter: to try it again, or to forget it.
//!
//! Promises: a letter is redriven where its event is taken, with its effect, its receipt and the
//! letter's new state in the caller's transaction; where it is refused once more it stays, with the
//! reason, and nothing else has changed. What the inbox says was taken is not applied twice. Never:
//! decides by itself.

use bytes::Bytes;
use events::{DeadLetterId, Payload, ReceiptOutcome, Topic};
use sidecar::Delivery;
use sqlx::{Acquire, PgConnection};

use crate::{
    ApplyError, Incoming, Outbox, Outcome, Subscriber,
    dead_letter::legible,
    inbox::{self, Reading},
    receipts,
    store::{self, dead_letters::Kept},
};

/// What a person wants to be done with a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is to be tried again.
    Redrive,
    /// It is to be forgotten.
    Discard,
}

/// What becomes of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterState {
    /// It waits for somebody to decide.
    Kept,
    /// Its event was taken after all.
    Redriven,
    /// Nobody wants it.
    Discarded,
}

/// What came of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it was wished, now or since before.
    Done,
    /// It can't be taken this time either, and stays.
    Refused {
        /// Why, for a person.
        reason: String,
    },
    /// It was discarded before.
    Discarded,
    /// No such letter is here.
    Unknown,
}

/// A verdict, and what is to be told when it is committed.
#[derive(Debug)]
#[must_use = "tell the subscriber when it is committed"]
pub struct Decided {
    /// What came of it.
    pub verdict: Verdict,
    taken: Option<(Box<Incoming>, Outcome)>,
}

impl LetterState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Kept, Self::Redriven, Self::Discarded];

    /// Its name, in the database and for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Redriven => "redriven",
            Self::Discarded => "discarded",
        }
    }
}

impl Wish {
    /// The wish that an event brings, and the letter that it is about.
    pub(crate) fn of(payload: &Payload) -> Option<(Self, DeadLetterId)> {
        match payload {
            Payload::DeadLetterRedriveRequested(request) => Some((Self::Redrive, request.id)),
            Payload::DeadLetterDiscardRequested(request) => Some((Self::Discard, request.id)),
            _ => None,
        }
    }
}

impl Verdict {
    /// What is answered to who wished it over the bus.
    pub(crate) fn answer(&self, wish: Wish) -> Outcome {
        let rejected = |reason: &str| Outcome::Rejected { reason: reason.to_owned() };
        match (self, wish) {
            (Self::Done, _) => Outcome::Applied,
            (Self::Refused { reason }, _) => rejected(reason),
            (Self::Discarded, _) => rejected("it was discarded before"),
            // What is not there is forgotten: a database that went back must not keep the other
            // service's list from being cleared.
            (Self::Unknown, Wish::Discard) => Outcome::Stale { version: 0 },
            (Self::Unknown, Wish::Redrive) => rejected("no such dead letter is here any more"),
        }
    }
}

impl Decided {
    fn plain(verdict: Verdict) -> Self {
        Self { verdict, taken: None }
    }

    /// Tells who waits for it. Call it after the commit.
    pub fn committed<S: Subscriber>(&self, outbox: &Outbox, subscriber: &S) {
        outbox.wake();
        if let Some((incoming, outcome)) = &self.taken {
            subscriber.committed(incoming, outcome);
        }
    }
}

/// Does with a dead letter of this service what a person wants, in the caller's transaction.
///
/// # Errors
/// [`ApplyError`], where it may be tried again; the transaction is then to be rolled back.
pub async fn decide<S: Subscriber>(
    conn: &mut PgConnection,
    outbox: &Outbox,
    subscriber: &S,
    id: DeadLetterId,
    wish: Wish,
) -> Result<Decided, ApplyError> {
    let Some(letter) = store::dead_letters::lock(conn, id.uuid()).await? else {
        return Ok(Decided::plain(Verdict::Unknown));
    };
    match (letter.state, wish) {
        (LetterState::Kept, Wish::Redrive) => redrive(conn, outbox, subscriber, id, &letter).await,
        (LetterState::Kept, Wish::Discard) => {
            store::dead_letters::settle(conn, id.uuid(), LetterState::Discarded).await?;
            tracing::info!(dead_letter.id = %id, "a dead letter is discarded");
            Ok(Decided::plain(Verdict::Done))
        }
        (LetterState::Discarded, Wish::Redrive) => Ok(Decided::plain(Verdict::Discarded)),
        (LetterState::Redriven | LetterState::Discarded, _) => Ok(Decided::plain(Verdict::Done)),
    }
}

async fn redrive<S: Subscriber>(
    conn: &mut PgConnection,
    outbox: &Outbox,
    subscriber: &S,
    id: DeadLetterId,
    letter: &Kept,
) -> Result<Decided, ApplyError> {
    let taken = match read(letter, outbox) {
        Ok(incoming) => {
            let outcome = take_again(conn, subscriber, &incoming).await?;
            outcome.map(|outcome| (incoming, outcome))
        }
        Err(reason) => Err(reason),
    };
    Ok(match taken {
        Ok((incoming, outcome)) => {
            store::dead_letters::settle(conn, id.uuid(), LetterState::Redriven).await?;
            tracing::info!(dead_letter.id = %id, "a dead letter is redriven");
            Decided { verdict: Verdict::Done, taken: outcome.map(|outcome| (incoming, outcome)) }
        }
        Err(reason) => {
            let reason = legible(&reason);
            store::dead_letters::note_problem(conn, id.uuid(), &reason).await?;
            tracing::warn!(dead_letter.id = %id, "a dead letter can't be redriven");
            Decided::plain(Verdict::Refused { reason })
        }
    })
}

/// The event in a letter; else why there is none that this service could take.
fn read(letter: &Kept, outbox: &Outbox) -> Result<Box<Incoming>, String> {
    let kept = letter.record.len();
    if i64::try_from(kept) != Ok(letter.size) {
        return Err(format!(
            "it was too large: of {} bytes only the first {kept} are kept",
            letter.size
        ));
    }
    let topic = letter.topic.parse::<Topic>().map_err(|unknown| unknown.to_string())?;
    let delivery = Delivery {
        pubsub: None,
        topic: None,
        partition: letter.partition,
        offset: letter.offset,
        record: Bytes::copy_from_slice(&letter.record),
        traceparent: None,
    };
    let service = outbox.service();
    match inbox::read(topic, &delivery, service) {
        Reading::Poison(reason) => Err(reason),
        Reading::Ignored => Err(format!(
            "{service} passes it over: a type that this release does not know, or its own words"
        )),
        Reading::Incoming(incoming) if Wish::of(&incoming.event.payload).is_some() => {
            Err("it is itself a decision about a dead letter: decide anew".to_owned())
        }
        Reading::Incoming(incoming) => Ok(incoming),
    }
}

/// Takes an event whatever was said of it before, unless it was applied: then its receipt is owed
/// once more, and no outcome is returned. Refused, it leaves all as it was.
async fn take_again<S: Subscriber>(
    conn: &mut PgConnection,
    subscriber: &S,
    incoming: &Incoming,
) -> Result<Result<Option<Outcome>, String>, ApplyError> {
    if let Payload::EventsReceived(received) = &incoming.event.payload {
        let mut savepoint = conn.begin().await?;
        return match receipts::settle(&mut savepoint, subscriber, received).await {
            Ok(()) => {
                savepoint.commit().await?;
                Ok(Ok(None))
            }
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                savepoint.rollback().await?;
                Ok(Err(inbox::chain(&error)))
            }
        };
    }
    let (event_id, topic) = (incoming.event.event_id.uuid(), incoming.topic.name());
    let mut savepoint = conn.begin().await?;
    if !store::inbox::insert(&mut savepoint, event_id, topic).await? {
        let before = store::inbox::outcome(&mut savepoint, event_id, topic).await?;
        if !matches!(before, ReceiptOutcome::Rejected { .. }) {
            store::receipts::owe(&mut savepoint, event_id, topic, &before).await?;
            savepoint.commit().await?;
            return Ok(Ok(None));
        }
    }
    let outcome = inbox::apply(&mut savepoint, subscriber, incoming).await?;
    if let Outcome::Rejected { reason } = outcome {
        savepoint.rollback().await?;
        return Ok(Err(reason));
    }
    let receipt = outcome.clone().into();
    store::inbox::set_outcome(&mut savepoint, event_id, topic, &receipt).await?;
    store::receipts::owe(&mut savepoint, event_id, topic, &receipt).await?;
    savepoint.commit().await?;
    Ok(Ok(Some(outcome)))
}
