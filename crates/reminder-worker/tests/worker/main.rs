//! The worker on a real database: events in by its inbox, events out by its outbox.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod burst;
mod catch_up;
mod delivering;
mod digest;
mod email;
mod firing;
mod letters;
mod links;
mod lock_order;
mod ntfy;
mod people;
mod quiet;
mod races;
mod scheduling;
mod series;
mod support;
mod targets;
mod tidying;
mod web_push;
