//! A day as a rule's parts look at it: plain numbers, so that a year is looked through fast.

use chrono::{Datelike, NaiveDate};

const DAYS_PER_WEEK: u32 = 7;
const MONTHS_PER_YEAR: u32 = 12;

/// A day with where it lies in its month and year, from both ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    year: i32,
    /// 1 to 12.
    pub(super) month: u32,
    /// Days from Monday, 0 to 6.
    pub(super) weekday: u32,
    pub(super) in_month: Place,
    pub(super) in_year: Place,
}

/// The how-manieth something is, counted from the start and from the end, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) from_start: u32,
    pub(super) from_end: u32,
}

impl Place {
    const fn new(from_start: u32, of: u32) -> Self {
        Self { from_start, from_end: of + 1 - from_start }
    }

    const fn next(self) -> Self {
        Self { from_start: self.from_start + 1, from_end: self.from_end - 1 }
    }

    /// Of a day's place, the how-manieth of its weekday it is.
    pub(super) const fn of_weekday(self) -> Self {
        Self {
            from_start: (self.from_start - 1) / DAYS_PER_WEEK + 1,
            from_end: (self.from_end - 1) / DAYS_PER_WEEK + 1,
        }
    }
}

impl Day {
    pub(super) fn new(date: NaiveDate) -> Self {
        let (year, month) = (date.year(), date.month());
        Self {
            year,
            month,
            weekday: date.weekday().num_days_from_monday(),
            in_month: Place::new(date.day(), days_of_month(year, month)),
            in_year: Place::new(date.ordinal(), days_of_year(year)),
        }
    }

    pub(super) fn date(&self) -> Option<NaiveDate> {
        NaiveDate::from_yo_opt(self.year, self.in_year.from_start)
    }

    pub(super) const fn next(mut self) -> Self {
        self.weekday = (self.weekday + 1) % DAYS_PER_WEEK;
        if self.in_year.from_end == 1 {
            self.year += 1;
            self.in_year = Place::new(1, days_of_year(self.year));
        } else {
            self.in_year = self.in_year.next();
        }
        if self.in_month.from_end == 1 {
            self.month = self.month % MONTHS_PER_YEAR + 1;
            self.in_month = Place::new(1, days_of_month(self.year, self.month));
        } else {
            self.in_month = self.in_month.next();
        }
        self
    }

    /// The number of its week in the year that has most of the week's days, where weeks begin at
    /// `week_start` (days from Monday).
    pub(super) fn week_number(&self, week_start: u32) -> Place {
        let since_week_start = (self.weekday + DAYS_PER_WEEK - week_start) % DAYS_PER_WEEK;
        // The year of the week's fourth day has at least four of them.
        let fourth = self.in_year.from_start + 3;
        let (year, days) = (self.year, self.in_year.from_start + self.in_year.from_end - 1);
        let place = if fourth <= since_week_start {
            let before = days_of_year(year - 1);
            Place::new(fourth + before - since_week_start, before)
        } else if fourth - since_week_start > days {
            Place::new(fourth - since_week_start - days, days_of_year(year + 1))
        } else {
            Place::new(fourth - since_week_start, days)
        };
        place.of_weekday()
    }
}

const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_of_year(year: i32) -> u32 {
    if is_leap(year) { 366 } else { 365 }
}

pub(super) const fn days_of_month(year: i32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_follows_is_what_its_date_says() {
        let first = NaiveDate::from_ymd_opt(1899, 12, 25).expect("a date");
        let mut day = Day::new(first);
        for date in first.iter_days().take(150_000) {
            let fresh = Day::new(date);
            assert_eq!(day.date(), Some(date));
            assert_eq!((day.month, day.weekday), (fresh.month, fresh.weekday), "{date}");
            assert_eq!((day.in_month, day.in_year), (fresh.in_month, fresh.in_year), "{date}");
            assert_eq!(day.week_number(0).from_start, date.iso_week().week(), "{date}");
            day = day.next();
        }
    }

    #[test]
    fn weeks_are_numbered_from_both_ends() {
        let week = |year, month, day, week_start| {
            Day::new(NaiveDate::from_ymd_opt(year, month, day).expect("a date"))
                .week_number(week_start)
        };
        // 2026 has 53 weeks, the last one from 28 December to 3 January.
        assert_eq!(week(2026, 12, 31, 0), Place { from_start: 53, from_end: 1 });
        assert_eq!(week(2027, 1, 3, 0), Place { from_start: 53, from_end: 1 });
        assert_eq!(week(2027, 1, 4, 0), Place { from_start: 1, from_end: 52 });
        // 2024-12-30 to 2025-01-05 is the first week of 2025.
        assert_eq!(week(2024, 12, 30, 0), Place { from_start: 1, from_end: 52 });
        // Weeks from Sunday: 2024-12-29 to 2025-01-04 has four days of 2025.
        assert_eq!(week(2024, 12, 29, 6), Place { from_start: 1, from_end: 53 });
    }
}
