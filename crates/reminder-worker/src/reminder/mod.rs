//! What a task's state means for its reminders: pure, no database, no clock.

mod announce;
mod change;
mod derive;

pub(crate) use announce::{
    Cancelling, announce_cancelled, announce_scheduled, announce_triggered, due_date,
};
pub use change::{Change, Existing, change};
pub use derive::{Planned, WHOLE_DAY_TIME, cancel_reason, derive};
