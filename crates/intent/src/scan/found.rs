//! What the scan finds in a phrase.

use std::ops::Range;

use chrono::{DateTime, Utc, Weekday};
use events::Priority;

use crate::{
    recurrence::recur::Recur, scan::reminder::SaidReminder, time::clock::ClockTime, time::day::Day,
    time::duration::Distance, time::part::SaidPart, time::pattern::Pattern,
};

/// Words that say something, by their tokens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) piece: Piece,
    pub(crate) tokens: Range<usize>,
}

/// What words say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Time(Time),
    Reminders(Vec<SaidReminder>),
    Priority(Priority),
    Tag(String),
}

/// A part of what a phrase says about time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Time {
    /// A day, or a period.
    Day(Day),
    /// From one day to another.
    Days(Day, Day),
    /// Times of day; several only of what recurs.
    Clocks(Vec<ClockTime>),
    Part(SaidPart),
    Instant(DateTime<Utc>),
    Recur(Recur),
    /// Of what recurs: on these days.
    OnDays(Vec<Pattern>),
    /// Of what recurs: nothing before it.
    Starting(Day),
    /// Of what recurs: nothing after it. Else a deadline.
    Until(Day),
    /// Of what recurs: for so long.
    For(Distance),
    /// Of what recurs: so often.
    Times(u32),
    /// Of what recurs: not on these.
    Except(Vec<Weekday>),
    /// Of what recurs: counted from each completion.
    AfterCompletion,
}

impl Time {
    /// Whether it says nothing without a recurrence.
    pub(crate) fn is_of_recurrence(&self) -> bool {
        matches!(self, Self::For(_) | Self::Times(_) | Self::Except(_) | Self::AfterCompletion)
    }
}
