//! Days: "tomorrow", "next Friday", "the 3rd of March", "3/4/27", "the last working day of the month".
//!
//! Periods (next week, the end of June) are in [`crate::time::period`], days that are counted from others in
//! [`crate::time::offset`].

use chrono::{Datelike, NaiveDate};

use crate::{
    text::grammar::{Grammar, Read, month_start, plus_days, weekday_from},
    text::words,
    time::pattern::Pattern,
};

/// How deep a day may be counted from another: "2 days after the week before Easter".
const MAX_NESTING: u8 = 3;

/// How far ahead "Friday the 13th" is looked for.
const MAX_MONTHS_AHEAD: i32 = 24;

/// What a day needs around it to be meant as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Evidence {
    /// A preposition, or another time beside it: "March", "Easter", "the 15th", "sat".
    Preposition,
    /// As much, or that it is no attribute of what follows: "Friday", "3/4".
    Place,
    /// Nothing: "tomorrow", "next Friday", "March 3".
    None,
}

/// A day, or the days of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// The day itself; of a period the one that stands for it.
    pub(crate) date: NaiveDate,
    /// The first day of a period.
    pub(crate) first: NaiveDate,
    /// The last day of a period.
    pub(crate) last: NaiveDate,
    pub(crate) pattern: Pattern,
    pub(crate) evidence: Evidence,
}

impl Day {
    pub(crate) fn once(date: NaiveDate) -> Self {
        Self { date, first: date, last: date, pattern: Pattern::Once, evidence: Evidence::None }
    }

    pub(crate) fn period(first: NaiveDate, last: NaiveDate) -> Self {
        Self { date: first, first, last, pattern: Pattern::Once, evidence: Evidence::None }
    }

    /// The next day of a pattern, `from` included.
    pub(crate) fn next(pattern: Pattern, from: NaiveDate) -> Option<Self> {
        let date = pattern.from(from)?;
        Some(Self { date, first: date, last: date, pattern, evidence: Evidence::None })
    }

    pub(crate) fn is_period(&self) -> bool {
        self.last > self.first
    }

    pub(crate) fn needs(self, evidence: Evidence) -> Self {
        Self { evidence, ..self }
    }
}

impl Grammar<'_> {
    /// The longest day that stands here.
    pub(crate) fn day(&self, at: usize) -> Option<Read<Day>> {
        self.day_within(at, MAX_NESTING)
    }

    /// The same, itself at most so deep.
    pub(crate) fn day_within(&self, at: usize, nesting: u8) -> Option<Read<Day>> {
        let rules = [
            self.named_day(at),
            self.weekday_phrase(at),
            self.month_date(at),
            self.numeric_date(at),
            self.ordinal_day(at),
            self.nth_of_month(at),
            self.period(at),
            self.holiday_phrase(at),
            nesting.checked_sub(1).and_then(|nesting| self.offset_day(at, nesting)),
        ];
        // Of two that are as long, the first.
        rules.into_iter().flatten().rev().max_by_key(|(_, end)| *end)
    }

    fn named_day(&self, at: usize) -> Option<Read<Day>> {
        const NAMES: [(&str, i64); 5] = [
            ("the day before yesterday|day before yesterday", -2),
            ("yesterday", -1),
            ("today|later today", 0),
            ("tomorrow|tmrw|tmr|tmw|tomorow|tommorow|tommorrow", 1),
            ("the day after tomorrow|day after tomorrow|overmorrow|the day after tmrw", 2),
        ];
        NAMES.iter().find_map(|(names, days)| {
            let end = self.phrase.any_words(at, names)?;
            Some((Day::once(plus_days(self.today, *days)), end))
        })
    }

    /// A weekday, and which.
    fn weekday_phrase(&self, at: usize) -> Option<Read<Day>> {
        let phrase = self.phrase;
        if let Some(next) = phrase.any_words(at, "this coming|the coming|coming|this|upcoming") {
            let (name, end) = self.weekday(next)?;
            let day = Day::next(Pattern::Weekday(name.weekday), self.today)?;
            return Some((Day { pattern: Pattern::Once, ..day }, phrase.skip(end, "of this week")));
        }
        if let Some(next) = phrase.any_words(at, "next") {
            let (name, end) = self.weekday(next)?;
            return Some((self.of_week(1, name.weekday), phrase.skip(end, "week")));
        }
        if let Some(next) = phrase.any_words(at, "last|past|this past") {
            let (name, end) = self.weekday(next)?;
            let week_ago = plus_days(self.today, -7);
            return Some((Day::once(weekday_from(week_ago, name.weekday)), end));
        }
        // "The Friday after next".
        let article = phrase.skip(at, "the");
        if article > at
            && let Some((name, end)) = self.weekday(article)
            && let Some(end) = phrase.words(end, "after next")
        {
            return Some((self.of_week(2, name.weekday), end));
        }
        let (name, end) = self.weekday(at)?;
        let end = if phrase.is(end, ".")
            && phrase.is_glued(end)
            && end + 1 < phrase.len()
            && name.is_short
        {
            end + 1
        } else {
            end
        };
        if let Some(end) = phrase.any_words(end, "next week|of next week|the week after") {
            return Some((self.of_week(1, name.weekday), end));
        }
        if let Some(end) =
            phrase.any_words(end, "the week after next|in the week after next|after next")
        {
            return Some((self.of_week(2, name.weekday), end));
        }
        if let Some(end) = phrase.any_words(end, "this week|of this week") {
            return Some((self.of_week(0, name.weekday), end));
        }
        let coming = Day::next(Pattern::Weekday(name.weekday), plus_days(self.today, 1))?;
        if let Some(end) = phrase.any_words(end, "week")
            && !self.is_attribute(end)
        {
            return Some((Day::once(plus_days(coming.date, 7)), end));
        }
        if let Some(read) = self.weekday_with_date(name.weekday, end) {
            return Some(read);
        }
        let evidence = if name.is_ambiguous { Evidence::Preposition } else { Evidence::Place };
        Some((coming.needs(evidence), end))
    }

    /// A weekday's name in the singular, and whether it is short.
    pub(crate) fn weekday(&self, at: usize) -> Option<Read<words::WeekdayName>> {
        let name = words::weekday(self.phrase.lower(at)).filter(|name| !name.is_plural)?;
        Some((name, at + 1))
    }

    /// That day of this week, or of one so many weeks on.
    fn of_week(&self, weeks: i64, weekday: chrono::Weekday) -> Day {
        let first = plus_days(self.week_of(self.today), 7 * weeks);
        Day::once(weekday_from(first, weekday))
    }

    /// What follows a weekday when it is the date of it: "Tuesday, 4 May", "Friday the 13th".
    fn weekday_with_date(&self, weekday: chrono::Weekday, at: usize) -> Option<Read<Day>> {
        let at = self.phrase.skip(at, ",");
        let (day, end) = [self.month_date(at), self.numeric_date(at), self.ordinal_day(at)]
            .into_iter()
            .flatten()
            .max_by_key(|(_, end)| *end)?;
        if day.date.weekday() == weekday {
            return Some((Day { pattern: Pattern::Once, evidence: Evidence::None, ..day }, end));
        }
        // "Friday the 13th" names no month: it is the next one that is a Friday.
        let Pattern::DayOfMonth(_) = day.pattern else { return None };
        let date = (0..MAX_MONTHS_AHEAD)
            .filter_map(|months| day.pattern.in_month(month_start(self.today, months)))
            .find(|date| *date >= self.today && date.weekday() == weekday)?;
        Some((Day::once(date), end))
    }

    /// "the 15th", "the first", "15th of next month", "the 3rd of the month".
    fn ordinal_day(&self, at: usize) -> Option<Read<Day>> {
        let phrase = self.phrase;
        let start = phrase.skip(at, "the");
        let has_article = start > at;
        let (number, end) = self.ordinal(start).filter(|(number, _)| (1..=31).contains(number))?;
        // "First" alone is a place, not a day.
        if !has_article && phrase.digits(start).is_none() {
            return None;
        }
        let pattern = Pattern::DayOfMonth(i8::try_from(number).ok()?);
        if let Some((months, after)) = self.month_after(end) {
            let date = pattern.in_month(month_start(self.today, months))?;
            let pattern = if months == 0 { pattern } else { Pattern::Once };
            let day = match months {
                0 if date < self.today => Day::next(pattern, self.today)?,
                _ => Day { pattern, ..Day::once(date) },
            };
            return Some((day, after));
        }
        Some((Day::next(pattern, self.today)?.needs(Evidence::Preposition), end))
    }

    /// How many months on "of the month" and "next month" are.
    fn month_after(&self, at: usize) -> Option<Read<i32>> {
        const MONTHS: [(&str, i32); 4] = [
            ("of the month|of this month|this month|in this month", 0),
            ("of next month|next month|of the next month|in next month", 1),
            ("of the following month", 1),
            ("of the month after next", 2),
        ];
        MONTHS.iter().find_map(|(words, months)| Some((*months, self.phrase.any_words(at, words)?)))
    }

    /// "the first Monday of March", "last Friday of the month", "the last working day of June".
    fn nth_of_month(&self, at: usize) -> Option<Read<Day>> {
        let (pattern, next) = self.nth(at)?;
        if let Some((months, end)) = self.month_after(next) {
            let date = pattern.in_month(month_start(self.today, months))?;
            let day = match months {
                0 if self.phrase.words(next, "of the month").is_some() => {
                    Day::next(pattern, self.today)?
                }
                0 => Day { pattern, ..Day::once(date) },
                _ => Day::once(date),
            };
            return Some((day, end));
        }
        let of = self.phrase.any_words(next, "of|in")?;
        let of = self.phrase.skip(of, "next|this");
        let (month, end) = self.month(of)?;
        let pattern = pattern.of_month(month);
        let (year, end) = self.year_after(end);
        match year {
            Some(year) => Some((Day::once(pattern.in_year(year)?), end)),
            None => Some((Day::next(pattern, self.today)?, end)),
        }
    }

    /// "the second Tuesday", "last day", "first working day": which of a month's.
    pub(crate) fn nth(&self, at: usize) -> Option<Read<Pattern>> {
        let phrase = self.phrase;
        let start = phrase.skip(at, "the|the very");
        let (nth, next) = match phrase.any_words(start, "last|final") {
            Some(next) => (-1, next),
            None => match phrase.any_words(start, "second to last|next to last|penultimate") {
                Some(next) => (-2, next),
                None => {
                    let (nth, next) = self.ordinal(start).filter(|(nth, _)| *nth > 0)?;
                    (i8::try_from(nth).ok()?, next)
                }
            },
        };
        if let Some(name) = words::weekday(phrase.lower(next)).filter(|name| !name.is_plural) {
            let pattern = Pattern::Nth { nth, weekday: name.weekday, month: None };
            return (nth.abs() <= 5).then_some((pattern, next + 1));
        }
        let working = "working day|business day|workday|weekday|work day";
        if let Some(end) = phrase.any_words(next, working) {
            return Some((Pattern::NthWorkingDay { nth, month: None }, end));
        }
        let end = phrase.any_words(next, "day")?;
        (nth.abs() <= 31).then_some((Pattern::DayOfMonth(nth), end))
    }

    fn holiday_phrase(&self, at: usize) -> Option<Read<Day>> {
        let start = self.phrase.skip(at, "next|this|this coming");
        let (holiday, end) = self.holiday(start)?;
        let (year, end) = self.year_after(end);
        let day = match year {
            Some(year) => Day::once(holiday.in_year(year)?),
            None => Day::next(Pattern::Holiday(holiday), self.today)?,
        };
        let is_said = year.is_some() || start > at;
        Some((if is_said { day } else { day.needs(Evidence::Preposition) }, end))
    }
}
