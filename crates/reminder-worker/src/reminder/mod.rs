//! What a task's state means for its reminders: pure, no database, no clock.

mod announce;
mod catch_up;
mod change;
mod derive;
mod later;

pub(crate) use announce::{
    Cancelling, announce_cancelled, announce_dropped, announce_scheduled, announce_triggered,
};
pub(crate) use catch_up::{CatchUp, catch_up};
pub use change::{Change, Existing, change};
pub(crate) use derive::series;
pub use derive::{Planned, cancel_reason, derive, standing};
pub(crate) use later::later;
