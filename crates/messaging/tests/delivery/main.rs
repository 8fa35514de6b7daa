//! Outbox, relay, inbox and receipts on a real database; the sidecar's answers are played literally.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod inbox;
mod lease;
mod looking;
mod redriving;
mod relay;
mod resending;
mod support;
