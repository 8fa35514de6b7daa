//! How a day comes again: every Friday, the 15th, the last working day of the month, Easter.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::{
    text::grammar::{is_working_day, month_end, month_start, plus_days, weekday_from},
    time::holiday::{Holiday, nth_weekday},
};

/// The calendar repeats what is rare at least every so many years: 29 February does after eight.
const MAX_YEARS_AHEAD: i32 = 9;
const MAX_MONTHS_AHEAD: i32 = 13;

/// The days that a phrase names when it does not say which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// A day that comes once: tomorrow, 3 March 2027.
    Once,
    /// Fridays.
    Weekday(Weekday),
    /// A day of every month; counted from its end where negative.
    DayOfMonth(i8),
    /// A day of every year; counted from its month's end where negative.
    DayOfYear { month: u32, day: i8 },
    /// The first day of a month of every year.
    Month(u32),
    /// The nth weekday of each month, or of one month of the year.
    Nth { nth: i8, weekday: Weekday, month: Option<u32> },
    /// The nth day from Monday to Friday of each month, or of one month of the year.
    NthWorkingDay { nth: i8, month: Option<u32> },
    /// A holiday.
    Holiday(Holiday),
}

impl Pattern {
    /// The first such day from a day on, that day included.
    pub(crate) fn from(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Once => None,
            Self::Weekday(weekday) => Some(weekday_from(day, weekday)),
            Self::DayOfYear { .. } | Self::Month(_) | Self::Holiday(_) => self.in_years_from(day),
            Self::Nth { month: Some(_), .. } | Self::NthWorkingDay { month: Some(_), .. } => {
                self.in_years_from(day)
            }
            Self::DayOfMonth(_) | Self::Nth { .. } | Self::NthWorkingDay { .. } => (0
                ..MAX_MONTHS_AHEAD)
                .filter_map(|months| self.in_month(month_start(day, months)))
                .find(|date| *date >= day),
        }
    }

    /// The same of one month of the year.
    pub(crate) fn of_month(self, month: u32) -> Self {
        let of = Some(month);
        match self {
            Self::Nth { nth, weekday, .. } => Self::Nth { nth, weekday, month: of },
            Self::NthWorkingDay { nth, .. } => Self::NthWorkingDay { nth, month: of },
            Self::DayOfMonth(day) => Self::DayOfYear { month, day },
            other => other,
        }
    }

    fn in_years_from(self, day: NaiveDate) -> Option<NaiveDate> {
        (day.year()..day.year() + MAX_YEARS_AHEAD)
            .filter_map(|year| self.in_year(year))
            .find(|date| *date >= day)
    }

    /// The day in a year, of what comes once a year.
    pub(crate) fn in_year(self, year: i32) -> Option<NaiveDate> {
        match self {
            Self::DayOfYear { month, day } => {
                Self::DayOfMonth(day).in_month(NaiveDate::from_ymd_opt(year, month, 1)?)
            }
            Self::Month(month) => NaiveDate::from_ymd_opt(year, month, 1),
            Self::Holiday(holiday) => holiday.in_year(year),
            Self::Nth { month: Some(month), .. }
            | Self::NthWorkingDay { month: Some(month), .. } => {
                self.in_month(NaiveDate::from_ymd_opt(year, month, 1)?)
            }
            _ => None,
        }
    }

    /// The day in the month that begins on `first`, of what comes once a month.
    pub(crate) fn in_month(self, first: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::DayOfMonth(day @ 1..) => first.with_day(u32::from(day.unsigned_abs())),
            Self::DayOfMonth(day) => {
                let date = plus_days(month_end(first), i64::from(day) + 1);
                (date >= first).then_some(date)
            }
            Self::Nth { nth, weekday, .. } => {
                nth_weekday(first.year(), first.month(), weekday, nth)
            }
            Self::NthWorkingDay { nth, .. } => nth_working_day(first, nth),
            _ => None,
        }
    }
}

fn nth_working_day(first: NaiveDate, nth: i8) -> Option<NaiveDate> {
    let days = i64::from(first.num_days_in_month());
    let mut working = (0..days).map(|day| plus_days(first, day)).filter(is_working_day);
    let place = usize::from(nth.unsigned_abs()).checked_sub(1)?;
    if nth > 0 { working.nth(place) } else { working.rev().nth(place) }
}
