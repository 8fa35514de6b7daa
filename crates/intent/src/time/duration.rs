//! Distances in time: "2 weeks and 3 days", "half an hour", "1h 30m", "an hour and a half", "three working days".

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};

use crate::{
    command::Shift,
    text::grammar::{Grammar, Read, is_working_day, plus_days, plus_months},
    text::words::{self, Unit},
};

/// The most of one unit that a distance has: nobody means more.
const MAX_AMOUNT: u32 = 10_000;

const MINUTE_SECS: i64 = 60;
const HOUR_SECS: i64 = 60 * MINUTE_SECS;
const DAY_SECS: i64 = 24 * HOUR_SECS;

/// How far apart two moments are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Distance {
    pub(crate) shift: Shift,
    /// Days from Monday to Friday; goes with nothing else.
    pub(crate) working_days: u32,
}

impl Distance {
    /// So many of a unit; `None` beyond [`MAX_AMOUNT`].
    pub(crate) fn of(amount: u32, unit: Unit) -> Option<Self> {
        if amount > MAX_AMOUNT {
            return None;
        }
        let mut distance = Self::default();
        let (shift, months) = (&mut distance.shift, i32::try_from(amount).ok()?);
        match unit {
            Unit::Second => shift.seconds = i64::from(amount),
            Unit::Minute => shift.seconds = i64::from(amount) * MINUTE_SECS,
            Unit::Hour => shift.seconds = i64::from(amount) * HOUR_SECS,
            Unit::Day => shift.days = i64::from(amount),
            Unit::WorkingDay => distance.working_days = amount,
            Unit::Week => shift.days = i64::from(amount) * 7,
            Unit::Fortnight => shift.days = i64::from(amount) * 14,
            Unit::Month => shift.months = months,
            Unit::Quarter => shift.months = months * 3,
            Unit::Year => shift.months = months * 12,
        }
        Some(distance)
    }

    /// Whether it goes from day to day, not by the clock.
    pub(crate) fn is_whole_days(&self) -> bool {
        self.shift.seconds == 0
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let (a, b) = (self.shift, other.shift);
        Self {
            shift: Shift {
                months: a.months + b.months,
                days: a.days + b.days,
                seconds: a.seconds + b.seconds,
            },
            working_days: self.working_days + other.working_days,
        }
    }

    pub(crate) fn back(self) -> Self {
        Self { shift: -self.shift, ..self }
    }

    /// The day so far after a day.
    pub(crate) fn after(self, day: NaiveDate) -> NaiveDate {
        let moved = plus_days(plus_months(day, self.shift.months), self.shift.days);
        plus_working_days(moved, self.working_days, 1)
    }

    /// The day so far before a day.
    pub(crate) fn before(self, day: NaiveDate) -> NaiveDate {
        let moved = plus_days(plus_months(day, -self.shift.months), -self.shift.days);
        plus_working_days(moved, self.working_days, -1)
    }

    /// All of it in seconds, if it has the same length always; a day has 24 hours.
    pub(crate) fn seconds(&self) -> Option<i64> {
        let is_fixed = self.shift.months == 0 && self.working_days == 0;
        is_fixed.then_some(self.shift.days * DAY_SECS + self.shift.seconds)
    }
}

/// So many days from Monday to Friday on, a day at a time.
fn plus_working_days(day: NaiveDate, count: u32, step: i64) -> NaiveDate {
    let mut ahead = (1..).map(|days| plus_days(day, days * step)).filter(is_working_day);
    let place = usize::try_from(count.min(MAX_AMOUNT)).ok().and_then(|count| count.checked_sub(1));
    place.and_then(|place| ahead.nth(place)).unwrap_or(day)
}

impl Grammar<'_> {
    /// A distance of one or several units.
    pub(crate) fn duration(&self, at: usize) -> Option<Read<Distance>> {
        let (mut distance, mut end) = self.duration_term(at)?;
        loop {
            let next = self.phrase.skip(end, "and|,");
            let next = self.phrase.skip(next, "and");
            let Some((more, after)) = self.duration_term(next) else { break };
            // Working days go with nothing else.
            if (distance.working_days == 0) != (more.working_days == 0) {
                return None;
            }
            distance = distance.plus(more);
            end = after;
        }
        Some((distance, end))
    }

    /// A number of one unit.
    fn duration_term(&self, at: usize) -> Option<Read<Distance>> {
        if let Some(read) = self.fraction_of_unit(at) {
            return Some(read);
        }
        let (amount, half, at) = self.amount(at)?;
        let (unit, end) = self.unit(at)?;
        let mut distance = Distance::of(amount, unit)?;
        if half {
            distance = distance.plus(half_of(unit)?);
            return Some((distance, end));
        }
        match self.phrase.words(end, "and a half") {
            Some(end) => Some((distance.plus(half_of(unit)?), end)),
            None => Some((distance, end)),
        }
    }

    /// "half an hour", "half a year", "a quarter of an hour", "three quarters of an hour".
    fn fraction_of_unit(&self, at: usize) -> Option<Read<Distance>> {
        let phrase = self.phrase;
        if let Some(next) = phrase.any_words(at, "half an|half a|a half") {
            let (unit, end) = self.unit(next)?;
            return Some((half_of(unit)?, end));
        }
        let quarters = [
            ("three quarters of an hour", 3),
            ("a quarter of an hour", 1),
            ("quarter of an hour", 1),
            ("a quarter hour", 1),
        ];
        quarters.iter().find_map(|(words, quarters)| {
            let end = phrase.words(at, words)?;
            Some((Distance::of(quarters * 15, Unit::Minute)?, end))
        })
    }

    /// How many, and whether half of one more: "2", "2.5", "2 and a half", "one and a half".
    pub(crate) fn amount(&self, at: usize) -> Option<(u32, bool, usize)> {
        let phrase = self.phrase;
        let (amount, end) = self.quantity(at)?;
        let is_decimal = phrase.is_any(end, ".|,")
            && phrase.is_glued(end)
            && phrase.is_glued(end + 1)
            && phrase.digits(end + 1).is_some_and(|(digits, _)| digits == "5" || digits == "50");
        if is_decimal {
            return Some((amount, true, end + 2));
        }
        if phrase.is(end, "½") {
            return Some((amount, true, end + 1));
        }
        match phrase.words(end, "and a half") {
            Some(next) if self.unit(next).is_some() => Some((amount, true, next)),
            _ => Some((amount, false, end)),
        }
    }

    /// A unit's name.
    pub(crate) fn unit(&self, at: usize) -> Option<Read<Unit>> {
        let phrase = self.phrase;
        let working = "working day|working days|business day|business days|workday|workdays|weekday|\
            weekdays";
        if let Some(end) = phrase.any_words(at, working) {
            return Some((Unit::WorkingDay, end));
        }
        let at = self.skip_hyphen(at);
        // "2h", and "2 h"; other letters stand for too much else.
        let is_at_number = at > 0
            && phrase.digits(at - 1).is_some()
            && (phrase.is_glued(at) || phrase.is(at, "h"));
        let unit = words::unit(phrase.lower(at), is_at_number)?;
        Some((unit, at + 1))
    }

    /// The moment so far from now, where the distance goes by the clock.
    pub(crate) fn instant_ahead(&self, distance: &Distance) -> DateTime<Utc> {
        let Shift { months, days, .. } = distance.shift;
        let mut moment = self.context.now;
        if months != 0 || days != 0 {
            let day = distance.after(self.today);
            moment = self.context.time_zone.instant(day.and_time(self.time_now()));
        }
        TimeDelta::try_seconds(distance.shift.seconds)
            .and_then(|seconds| moment.checked_add_signed(seconds))
            .unwrap_or(moment)
            .trunc_subsecs(0)
    }
}

fn half_of(unit: Unit) -> Option<Distance> {
    match unit {
        Unit::Minute => Distance::of(30, Unit::Second),
        Unit::Hour => Distance::of(30, Unit::Minute),
        Unit::Day => Distance::of(12, Unit::Hour),
        Unit::Year => Distance::of(6, Unit::Month),
        _ => None,
    }
}
