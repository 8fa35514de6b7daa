//! What a service does with the events that it receives.

use std::future::Future;

use chrono::{DateTime, Utc};
use events::{Event, ReceiptOutcome, Topic};
use platform::database::is_transient;
use sqlx::PgConnection;

use crate::{AppendError, Settled};

/// An event as it came.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The topic that it came by.
    pub topic: Topic,
    /// The event.
    pub event: Event,
    /// When it was published, if it had been held back until then.
    pub released_at: Option<DateTime<Utc>>,
    /// Whether a later event with its key had been held back too and follows.
    pub more_held: bool,
}

/// What became of an event that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changed something, or was news all the same.
    Applied,
    /// A version at least as new is here already.
    Stale {
        /// That version.
        version: i64,
    },
    /// It will never be taken. What [`Subscriber::apply`] wrote is rolled back and the record kept
    /// as a dead letter.
    Rejected {
        /// Why, for a person.
        reason: String,
    },
}

impl From<Outcome> for ReceiptOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Applied => Self::Applied,
            Outcome::Stale { version } => Self::Stale { version },
            Outcome::Rejected { reason } => Self::Rejected { reason },
        }
    }
}

/// An event could not be applied now.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The database's own. One that will not pass by itself rejects the event.
    #[error("the event can't be applied")]
    Database(#[from] sqlx::Error),
    /// What follows from it can't be appended.
    #[error("what follows from the event can't be appended")]
    Append(#[from] AppendError),
}

impl ApplyError {
    /// Whether the same work may succeed when it is tried again.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) | Self::Append(AppendError::Database(error)) => {
                is_transient(error)
            }
            Self::Append(AppendError::TooLarge { .. } | AppendError::Json(_)) => false,
        }
    }
}

/// What a service does with the events that it receives.
pub trait Subscriber: Send + Sync + 'static {
    /// Applies an event in the inbox's transaction; called once per event, whatever the bus repeats.
    ///
    /// Locks the row that the event is about before anything else.
    fn apply(
        &self,
        conn: &mut PgConnection,
        incoming: &Incoming,
    ) -> impl Future<Output = Result<Outcome, ApplyError>> + Send;

    /// Told when an event that was new has been committed, to wake what waits for it.
    fn committed(&self, incoming: &Incoming, outcome: &Outcome);

    /// Learns what the other service did with events of ours, in the transaction that deletes their
    /// rows. Locks what it changes before it returns.
    fn settled(
        &self,
        conn: &mut PgConnection,
        settled: &[Settled],
    ) -> impl Future<Output = Result<(), ApplyError>> + Send;
}
