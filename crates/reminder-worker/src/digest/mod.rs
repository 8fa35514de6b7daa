//! The daily digest: once a day, at a local time that the person has chosen, what is overdue and what is due that
//! day. Pure: no database, no clock.
//!
//! A day is told once at most, and none that is over: what was missed comes late on its own local day or not at
//! all. It is asked for at its time, so quiet hours don't keep it back. Nothing is told of a day on which nothing
//! is overdue and nothing due.

mod content;
mod times;

#[cfg(test)]
pub(crate) use content::MAX_LISTED;
pub(crate) use content::{Digest, Listed, Section};
pub(crate) use times::{Standing, replanned, turn};
