//! Delivery between the services: the same code in both.
//!
//! Dapr and Kafka are the transport and never the durability: they are known to lose, double and
//! stall messages. So an event is a row before it is a message, and stays one until the consumer
//! has said that it took it.
//!
//! - A command appends to the [`Outbox`] in its own transaction. Nobody waits for the broker.
//! - The [`Relay`] of one process at a time publishes, in order per key, and marks.
//! - The consumer's [`Inbox`] records what it has seen, applies it through a [`Subscriber`], and
//!   owes a receipt, all in one transaction.
//! - Receipts come back in batches; the producer's row is deleted. A row without one is sent again.
//! - What can't be taken is kept whole as a dead letter, announced, and acknowledged; a person has it
//!   tried again ([`decide`]) or forgotten.
//!
//! Owns the schema `messaging` in each service's database. Never: a table of a service's own, a rule
//! of the product, an answer to a caller.

/// What a trace names as the system that messages travel by; what lies beneath it, the sidecar knows.
pub(crate) const MESSAGING_SYSTEM: &str = "dapr";

mod clock;
mod console;
mod dead_letter;
mod inbox;
mod lease;
mod listener;
mod metrics;
mod migrate;
mod outbox;
mod receipts;
mod redrive;
mod relay;
mod store;
mod subscriber;

pub use clock::now;
pub use console::{ConsoleError, LetterCommand};
pub use inbox::Inbox;
pub use lease::{LEASE_SECS, Lease};
pub use listener::{MAX_DELIVERY_BYTES, serve};
pub use metrics::MAX_COUNTED_ROWS;
pub use migrate::{migrate, migrator};
pub use outbox::{AppendError, MAX_EVENT_BYTES, Outbox, Outgoing};
pub use receipts::Settled;
pub use redrive::{Decided, LetterState, Verdict, Wish, decide};
pub use relay::{Relay, RelaySettings};
pub use subscriber::{ApplyError, Incoming, Outcome, Subscriber};
