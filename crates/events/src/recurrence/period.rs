//! The periods of a rule, one for each FREQ times INTERVAL, counted from that of `dtstart`.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::{
    day::days_of_month,
    parts::{Freq, Parts},
};

const DAYS_PER_WEEK: i64 = 7;
const MONTHS_PER_YEAR: i64 = 12;
const HOURS_PER_DAY: i64 = 24;
const MINUTES_PER_DAY: i64 = HOURS_PER_DAY * 60;

/// How time is cut: into years, months, weeks from a weekday on, days, hours or minutes, each with a
/// running number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    freq: Freq,
    /// Days from Monday, 0 to 6.
    week_start: i64,
}

/// Every so manieth unit, from one on.
#[derive(Clone, Debug)]
pub(super) struct Periods {
    units: Units,
    next: i64,
    last: i64,
    interval: i64,
}

impl Units {
    pub(super) const fn new(freq: Freq, week_start: u32) -> Self {
        Self { freq, week_start: week_start as i64 }
    }

    /// The number of the unit that a local time lies in.
    fn of(self, at: NaiveDateTime) -> i64 {
        let days = i64::from(at.num_days_from_ce());
        match self.freq {
            Freq::Yearly => i64::from(at.year()),
            Freq::Monthly => i64::from(at.year()) * MONTHS_PER_YEAR + i64::from(at.month0()),
            // The first day of the era, 0001-01-01, is a Monday.
            Freq::Weekly => (days - 1 - self.week_start).div_euclid(DAYS_PER_WEEK),
            Freq::Daily => days,
            Freq::Hourly => days * HOURS_PER_DAY + i64::from(at.hour()),
            Freq::Minutely => days * MINUTES_PER_DAY + i64::from(at.hour() * 60 + at.minute()),
        }
    }

    /// When a unit begins.
    pub(super) fn start(self, unit: i64) -> Option<NaiveDateTime> {
        let ymd = |year: i64, month0: i64| {
            let month = u32::try_from(month0 + 1).ok()?;
            NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, 1)
        };
        let day = |days: i64| NaiveDate::from_num_days_from_ce_opt(i32::try_from(days).ok()?);
        let (date, minutes) = match self.freq {
            Freq::Yearly => (ymd(unit, 0)?, 0),
            Freq::Monthly => {
                (ymd(unit.div_euclid(MONTHS_PER_YEAR), unit.rem_euclid(MONTHS_PER_YEAR))?, 0)
            }
            Freq::Weekly => (day(unit * DAYS_PER_WEEK + self.week_start + 1)?, 0),
            Freq::Daily => (day(unit)?, 0),
            Freq::Hourly => {
                (day(unit.div_euclid(HOURS_PER_DAY))?, unit.rem_euclid(HOURS_PER_DAY) * 60)
            }
            Freq::Minutely => {
                (day(unit.div_euclid(MINUTES_PER_DAY))?, unit.rem_euclid(MINUTES_PER_DAY))
            }
        };
        Some(date.and_time(NaiveTime::MIN) + TimeDelta::minutes(minutes))
    }
}

impl Periods {
    /// From the period of `start`, at every `interval`, to that of `end`.
    pub(super) fn new(
        units: Units,
        interval: i64,
        start: NaiveDateTime,
        end: NaiveDateTime,
    ) -> Self {
        Self { units, next: units.of(start), last: units.of(end), interval }
    }

    /// Whether a period ever begins at a time of day that the rule accepts.
    pub(super) fn reach(&self, parts: &Parts) -> bool {
        let (per_day, minutes) = match parts.freq {
            Freq::Minutely => (MINUTES_PER_DAY, 1),
            Freq::Hourly => (HOURS_PER_DAY, MINUTES_PER_DAY / HOURS_PER_DAY),
            _ => return true,
        };
        // As many periods as there are units in a day begin at every time of day that any does.
        (0..per_day).any(|period| {
            let unit = (self.next + period * self.interval).rem_euclid(per_day);
            let minute = u32::try_from(unit * minutes).unwrap_or_default();
            parts.accepts_hour(minute / 60)
                && (parts.freq == Freq::Hourly || parts.accepts_minute(minute % 60))
        })
    }

    pub(super) fn end(&mut self) {
        self.last = i64::MIN;
    }

    /// Passes over the periods that end before a local time.
    pub(super) fn skip_to(&mut self, at: NaiveDateTime) {
        let missing = self.units.of(at) - self.next;
        if missing > 0 {
            // The period that `at` lies in is looked at; where it lies between two, the later one.
            self.next += (missing + self.interval - 1) / self.interval * self.interval;
        }
    }
}

impl Iterator for Periods {
    type Item = NaiveDateTime;

    /// When the next period begins.
    fn next(&mut self) -> Option<NaiveDateTime> {
        let unit = (self.next <= self.last).then_some(self.next)?;
        self.next += self.interval;
        self.units.start(unit)
    }
}

/// How many days the period has that begins on a day; one for what is shorter than a day.
pub(super) fn days_of_period(freq: Freq, first: NaiveDate) -> usize {
    match freq {
        Freq::Yearly => usize::from(first.leap_year()) + 365,
        Freq::Monthly => days_of_month(first.year(), first.month()) as usize,
        Freq::Weekly => DAYS_PER_WEEK as usize,
        Freq::Daily | Freq::Hourly | Freq::Minutely => 1,
    }
}
