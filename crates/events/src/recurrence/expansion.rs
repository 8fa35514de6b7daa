//! From a rule to its occurrences: period by period in local time, which knows no zone.
//!
//! Each period's days are those that every BYxxx part accepts; each day's times are BYHOUR by BYMINUTE;
//! BYSETPOS chooses among a period's days and times. Without COUNT the expansion begins at the period
//! of any time at once, as nothing is carried from one period to the next.
//!
//! Promises: occurrences ascend; a step looks at no more than [`MAX_EMPTY_DAYS`] days, or hours or
//! minutes where a rule repeats by those. Never: a zone, a clock.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::{
    day::Day,
    parts::{Bits, Freq, Parts},
    period::{Periods, Units, days_of_period},
};

/// Nothing recurs after this year.
pub const LAST_YEAR: i32 = 2200;
/// So many days looked at in a row without an occurrence end a rule, whose day or time then does not
/// come: they are 400 years, after which the calendar repeats.
pub const MAX_EMPTY_DAYS: usize = 146_097;

/// The occurrences of a rule from a time on, in order.
#[derive(Debug)]
pub(super) struct Occurrences<'a> {
    parts: &'a Parts,
    start: NaiveDateTime,
    from: NaiveDateTime,
    /// The last local time that may be an occurrence.
    end: NaiveDateTime,
    /// How many COUNT still allows.
    left: Option<u32>,
    periods: Periods,
    found: Found,
}

/// What one period has: every time of every day, or those of them that BYSETPOS chose.
#[derive(Debug, Default)]
struct Found {
    days: Vec<NaiveDate>,
    /// Of each day. Where a period has whole days, the same ones in all periods.
    times: Vec<NaiveTime>,
    chosen: Option<Vec<usize>>,
    next: usize,
}

impl<'a> Occurrences<'a> {
    pub(super) fn new(
        parts: &'a Parts,
        start: NaiveDateTime,
        from: Option<NaiveDateTime>,
    ) -> Option<Self> {
        let last_day = NaiveDate::from_ymd_opt(LAST_YEAR, 12, 31)?;
        let last = last_day.and_hms_opt(23, 59, 59)?;
        let end = parts.until.map_or(last, |until| until.min(last));
        let from = from.map_or(start, |from| from.max(start));
        let units = Units::new(parts.freq, parts.week_start);
        let mut periods = Periods::new(units, parts.interval, start, end);
        if !periods.reach(parts) || !parts.has_a_position() {
            return None;
        }
        let times = match parts.freq {
            Freq::Hourly | Freq::Minutely => Vec::new(),
            _ => parts.times(parts.hours, parts.minutes),
        };
        let found = Found { times, ..Found::default() };
        // COUNT counts from dtstart.
        if parts.count.is_none() {
            periods.skip_to(from);
        }
        Some(Self { parts, start, from, end, left: parts.count, periods, found })
    }

    fn look_on(&mut self) -> Option<()> {
        let mut looked_at = 0;
        while looked_at < MAX_EMPTY_DAYS {
            let begin = self.periods.next()?;
            looked_at += days_of_period(self.parts.freq, begin.date());
            let found = match self.parts.freq {
                Freq::Yearly | Freq::Monthly | Freq::Weekly => self.look_at_days(begin.date()),
                Freq::Daily | Freq::Hourly | Freq::Minutely => self.look_at_time(begin),
            };
            if let Err(earliest) = found {
                self.periods.skip_to(earliest?);
                continue;
            }
            self.found.choose(&self.parts.positions);
            if self.left.is_none() {
                self.found.skip_days_before(self.from.date());
            }
            if !self.found.is_over() {
                return Some(());
            }
        }
        self.periods.end();
        None
    }

    /// A period of several days.
    fn look_at_days(&mut self, first: NaiveDate) -> Result<(), Option<NaiveDateTime>> {
        self.found.days.clear();
        let mut day = Day::new(first);
        for _ in 0..days_of_period(self.parts.freq, first) {
            if self.parts.accepts(&day) {
                self.found.days.extend(day.date());
            }
            day = day.next();
        }
        Ok(())
    }

    /// A day, an hour or a minute; or the earliest time after it that is worth a look.
    fn look_at_time(&mut self, begin: NaiveDateTime) -> Result<(), Option<NaiveDateTime>> {
        let parts = self.parts;
        let day = Day::new(begin.date());
        if !parts.accepts(&day) {
            return Err(self.next_day(begin.date(), &day));
        }
        if parts.freq > Freq::Daily {
            if !parts.accepts_hour(begin.hour()) {
                return Err(self.next_hour(begin));
            }
            let by_the_minute = parts.freq == Freq::Minutely;
            if by_the_minute && !parts.accepts_minute(begin.minute()) {
                return Err(Some(begin + TimeDelta::minutes(1)));
            }
            let minutes = if by_the_minute { Bits::only(begin.minute()) } else { parts.minutes };
            self.found.times = parts.times(Bits::only(begin.hour()), minutes);
        }
        self.found.days.clear();
        self.found.days.push(begin.date());
        Ok(())
    }

    /// The next day whose month is accepted.
    fn next_day(&self, date: NaiveDate, day: &Day) -> Option<NaiveDateTime> {
        let next = if self.parts.accepts_month(day.month) {
            date.succ_opt()
        } else {
            date.checked_add_days(Days::new(u64::from(day.in_month.from_end)))
        };
        Some(next?.and_time(NaiveTime::MIN))
    }

    /// The next hour that is accepted.
    fn next_hour(&self, begin: NaiveDateTime) -> Option<NaiveDateTime> {
        let later = self.parts.hours.iter().find(|hour| *hour > begin.hour());
        match later {
            Some(hour) => begin.date().and_hms_opt(hour, 0, 0),
            None => Some(begin.date().succ_opt()?.and_time(NaiveTime::MIN)),
        }
    }
}

impl Iterator for Occurrences<'_> {
    type Item = NaiveDateTime;

    fn next(&mut self) -> Option<NaiveDateTime> {
        loop {
            let Some(at) = self.found.next() else {
                self.look_on()?;
                continue;
            };
            if at < self.start {
                continue;
            }
            if at > self.end {
                return None;
            }
            if let Some(left) = &mut self.left {
                *left = left.checked_sub(1)?;
            }
            if at >= self.from {
                return Some(at);
            }
        }
    }
}

impl Found {
    fn len(&self) -> usize {
        self.chosen.as_ref().map_or(self.days.len() * self.times.len(), Vec::len)
    }

    fn is_over(&self) -> bool {
        self.next >= self.len()
    }

    /// BYSETPOS: positive positions count from the first, negative ones from the last.
    fn choose(&mut self, positions: &[i32]) {
        self.next = 0;
        self.chosen = None;
        if positions.is_empty() {
            return;
        }
        let all = self.len();
        let index = |position: &i32| {
            let distance = position.unsigned_abs() as usize;
            if *position < 0 { all.checked_sub(distance) } else { distance.checked_sub(1) }
        };
        let mut chosen: Vec<usize> =
            positions.iter().filter_map(index).filter(|index| *index < all).collect();
        chosen.sort_unstable();
        chosen.dedup();
        self.chosen = Some(chosen);
    }

    /// A year by the minute is long to go through.
    fn skip_days_before(&mut self, from: NaiveDate) {
        if self.chosen.is_none() {
            self.next = self.days.partition_point(|day| *day < from) * self.times.len();
        }
    }

    fn next(&mut self) -> Option<NaiveDateTime> {
        let index = match &self.chosen {
            Some(chosen) => *chosen.get(self.next)?,
            None => self.next,
        };
        let day = self.days.get(index.checked_div(self.times.len())?)?;
        self.next += 1;
        Some(day.and_time(self.times[index % self.times.len()]))
    }
}
