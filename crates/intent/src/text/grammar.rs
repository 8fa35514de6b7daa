//! What every rule of the grammar has: the phrase, and the moment in which it is said.
//!
//! A rule is a method that takes a position and gives what stands there with the position after it, or `None`. The
//! rules for numbers, durations, clocks, days and so on are in the modules of those names; [`crate::scan`] finds where
//! in a phrase they apply.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use crate::{
    context::{Context, Preferences},
    text::token::Phrase,
};

/// What a rule has read, and the position after it.
pub(crate) type Read<T> = (T, usize);

/// A phrase and the moment in which it is said.
pub(crate) struct Grammar<'p> {
    pub(crate) phrase: &'p Phrase<'p>,
    pub(crate) context: &'p Context,
    /// What the clocks show.
    pub(crate) local_now: NaiveDateTime,
    pub(crate) today: NaiveDate,
}

impl<'p> Grammar<'p> {
    pub(crate) fn new(phrase: &'p Phrase<'p>, context: &'p Context) -> Self {
        let local_now = context.time_zone.local(context.now);
        Self { phrase, context, local_now, today: local_now.date() }
    }

    pub(crate) fn preferences(&self) -> &Preferences {
        &self.context.preferences
    }

    pub(crate) fn time_now(&self) -> NaiveTime {
        self.local_now.time()
    }

    /// The first day of the week that a day lies in.
    pub(crate) fn week_of(&self, day: NaiveDate) -> NaiveDate {
        day.week(self.preferences().week_start).checked_first_day().unwrap_or(day)
    }
}

/// The first such weekday from a day on, that day included.
pub(crate) fn weekday_from(day: NaiveDate, weekday: Weekday) -> NaiveDate {
    plus_days(day, i64::from(weekday.days_since(day.weekday())))
}

/// Whether a day is one from Monday to Friday.
pub(crate) fn is_working_day(day: &NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// That many days later; the same day where the calendar ends.
pub(crate) fn plus_days(day: NaiveDate, days: i64) -> NaiveDate {
    TimeDelta::try_days(days).and_then(|days| day.checked_add_signed(days)).unwrap_or(day)
}

/// That many months later; the last day of a month that is too short.
pub(crate) fn plus_months(day: NaiveDate, months: i32) -> NaiveDate {
    let distance = chrono::Months::new(months.unsigned_abs());
    let moved = if months < 0 {
        day.checked_sub_months(distance)
    } else {
        day.checked_add_months(distance)
    };
    moved.unwrap_or(day)
}

/// The first day of a month that lies so many months after a day's.
pub(crate) fn month_start(day: NaiveDate, months: i32) -> NaiveDate {
    plus_months(day.with_day(1).unwrap_or(day), months)
}

/// The last day of the month that a day lies in.
pub(crate) fn month_end(day: NaiveDate) -> NaiveDate {
    plus_days(month_start(day, 1), -1)
}
