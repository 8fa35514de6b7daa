//! Dates with a month: "March 3", "3rd of March 2027", "3/4/27", "2027-03-04", "24-26 December".

use chrono::{Datelike, NaiveDate};

use crate::{
    context::DateOrder,
    text::{
        grammar::{Grammar, Read},
        words,
    },
    time::{
        day::{Day, Evidence},
        pattern::Pattern,
    },
};

const FIRST_YEAR: u32 = 1970;
const LAST_YEAR: u32 = 2199;

impl Grammar<'_> {
    /// A month and a day in either order, with or without a year.
    pub(crate) fn month_date(&self, at: usize) -> Option<Read<Day>> {
        let (month, day, end) = self.month_then_day(at).or_else(|| self.day_then_month(at))?;
        if self.phrase.is_any(end, "miles|km|k|steps|laps|%") {
            return None;
        }
        let pattern = Pattern::DayOfYear { month, day: i8::try_from(day).ok()? };
        let (year, end) = self.year_after(end);
        match year {
            Some(year) => Some((Day::once(pattern.in_year(year)?), end)),
            None => Some((Day::next(pattern, self.today)?, end)),
        }
    }

    fn month_then_day(&self, at: usize) -> Option<(u32, u32, usize)> {
        let (month, next) = self.month(at)?;
        let next = self.skip_hyphen(next);
        let next = self.phrase.skip(next, "the");
        let (day, end) = match self.ordinal(next) {
            Some(read) => read,
            None => {
                let day = self.phrase.digits_of(next, 1..=2)?;
                let is_clock = self.phrase.is(next + 1, ":") && self.phrase.is_glued(next + 1)
                    || self.phrase.is_any(next + 1, "am|pm");
                if is_clock {
                    return None;
                }
                (day, next + 1)
            }
        };
        (1..=31).contains(&day).then_some((month, day, end))
    }

    /// "24-26 December", "the 1st to the 3rd of June 2027": the first and the last day.
    pub(crate) fn days_of_month(&self, at: usize) -> Option<Read<(Day, Day)>> {
        let phrase = self.phrase;
        let start = phrase.skip(at, "the");
        let (first, next) =
            self.ordinal(start).or_else(|| Some((phrase.digits_of(start, 1..=2)?, start + 1)))?;
        let next = phrase.any_words(next, "-|–|—|to the|to|through the|through|until the|until")?;
        let (last, end) = self.month_date(next)?;
        let Pattern::DayOfYear { month, .. } = (match last.pattern {
            Pattern::Once => Pattern::DayOfYear { month: last.date.month(), day: 1 },
            pattern => pattern,
        }) else {
            return None;
        };
        let pattern = Pattern::DayOfYear {
            month,
            day: i8::try_from(first).ok().filter(|day| (1..=31).contains(day))?,
        };
        let first = Day { pattern, ..Day::once(pattern.in_year(last.date.year())?) };
        (first.date < last.date).then_some(((first, last), end))
    }

    fn day_then_month(&self, at: usize) -> Option<(u32, u32, usize)> {
        let phrase = self.phrase;
        let start = phrase.skip(at, "the");
        let (day, next) = match self.ordinal(start) {
            Some((day, next)) => (day, phrase.skip(next, "day of|of")),
            None => {
                let day = phrase.digits_of(start, 1..=2)?;
                // "At 7.30 March" is no day: the number belongs to what it is glued to.
                if phrase.is_glued(start) && start > 0 && phrase.is_any(start - 1, ":|.") {
                    return None;
                }
                (day, phrase.skip(start + 1, "of"))
            }
        };
        let (month, end) = self.month(self.skip_hyphen(next))?;
        (1..=31).contains(&day).then_some((month, day, end))
    }

    /// A month's name; the dot of a short one is passed over.
    pub(crate) fn month(&self, at: usize) -> Option<Read<u32>> {
        let phrase = self.phrase;
        let month = words::month(phrase.lower(at))?;
        let is_short = phrase.lower(at).len() <= 4;
        let has_dot =
            is_short && phrase.is(at + 1, ".") && phrase.is_glued(at + 1) && at + 2 < phrase.len();
        Some((month, if has_dot { at + 2 } else { at + 1 }))
    }

    /// A year after a date, or the one that "next year" is.
    pub(crate) fn year_after(&self, at: usize) -> (Option<i32>, usize) {
        let phrase = self.phrase;
        if let Some(end) = phrase.any_words(at, "next year|of next year") {
            return (Some(self.today.year() + 1), end);
        }
        if let Some(end) = phrase.any_words(at, "this year|of this year") {
            return (Some(self.today.year()), end);
        }
        let next = phrase.skip(at, ",|of|in");
        let next = self.skip_hyphen(next);
        match self.year(next) {
            Some((year, end)) => (Some(year), end),
            None => (None, at),
        }
    }

    /// A year in four digits.
    pub(crate) fn year(&self, at: usize) -> Option<Read<i32>> {
        let phrase = self.phrase;
        let (digits, year) = phrase.digits(at)?;
        let is_more = phrase.is_glued(at + 1) && phrase.is_any(at + 1, ":|am|pm|h|%");
        let is_year = digits.len() == 4
            && (FIRST_YEAR..=LAST_YEAR).contains(&year)
            && !is_more
            && !phrase.is_any(at + 1, "hours|hrs");
        Some((i32::try_from(year).ok().filter(|_| is_year)?, at + 1))
    }

    /// Dates of digits alone.
    pub(crate) fn numeric_date(&self, at: usize) -> Option<Read<Day>> {
        self.compact_date(at).or_else(|| self.date_of_three(at)).or_else(|| self.date_of_two(at))
    }

    /// `20270304`.
    fn compact_date(&self, at: usize) -> Option<Read<Day>> {
        let number = self.phrase.digits_of(at, 8..=8)?;
        let year = number / 10_000;
        if !(FIRST_YEAR..=LAST_YEAR).contains(&year) {
            return None;
        }
        Some((Day::once(ymd(year, number / 100 % 100, number % 100)?), at + 1))
    }

    /// `2027-03-04`, `2027/3/4`, `3/4/2027`, `3/4/27`, `3.4.2027`, `3-4-2027`.
    fn date_of_three(&self, at: usize) -> Option<Read<Day>> {
        let phrase = self.phrase;
        let sign = phrase.lower(at + 1);
        let is_joined = |at: usize| phrase.is_glued(at);
        if !matches!(sign, "-" | "/" | ".")
            || !phrase.is(at + 3, sign)
            || !(at + 1..=at + 4).all(is_joined)
        {
            return None;
        }
        let parts = [phrase.digits(at)?, phrase.digits(at + 2)?, phrase.digits(at + 4)?];
        let [(first, a), (_, b), (last, c)] = parts;
        let date = match (first.len(), last.len()) {
            (4, 1..=2) => ymd(a, b, c),
            (1..=2, 4) => self.in_order(a, b, c, sign),
            (1..=2, 2) if sign != "-" => self.in_order(a, b, 2000 + c, sign),
            _ => None,
        }?;
        Some((Day::once(date), at + 5))
    }

    /// A day and a month as their sign or the preferences order them; the other way round where that is none.
    fn in_order(&self, a: u32, b: u32, year: u32, sign: &str) -> Option<NaiveDate> {
        let (day_first, month_first) = (ymd(year, b, a), ymd(year, a, b));
        if self.is_day_first(sign) { day_first.or(month_first) } else { month_first.or(day_first) }
    }

    fn is_day_first(&self, sign: &str) -> bool {
        sign == "." || self.preferences().date_order == DateOrder::DayFirst
    }

    /// `3/4`, `3.4.`
    fn date_of_two(&self, at: usize) -> Option<Read<Day>> {
        let phrase = self.phrase;
        let sign = phrase.lower(at + 1);
        let is_joined = phrase.is_glued(at + 1) && phrase.is_glued(at + 2);
        let ((first, a), (last, b)) = (phrase.digits(at)?, phrase.digits(at + 2)?);
        if !is_joined || first.len() > 2 || last.len() > 2 {
            return None;
        }
        let is_more =
            phrase.is_glued(at + 3) && (phrase.is_any(at + 3, "/|-|%") || phrase.is_word(at + 3));
        let end = match sign {
            "/" if !is_more => at + 3,
            "." if phrase.is(at + 3, ".") && phrase.is_glued(at + 3) => at + 4,
            _ => return None,
        };
        let pattern = |month: u32, day: u32| {
            // The day must be one of some year.
            let pattern = Pattern::DayOfYear { month, day: i8::try_from(day).ok()? };
            ymd(2000, month, day).map(|_| pattern)
        };
        let (day_first, month_first) = (pattern(b, a), pattern(a, b));
        let pattern = if self.is_day_first(sign) {
            day_first.or(month_first)
        } else {
            month_first.or(day_first)
        }?;
        // "24/7" is no day.
        let is_idiom = (a, b) == (24, 7) && sign == "/";
        let evidence =
            if is_idiom || sign == "." { Evidence::Preposition } else { Evidence::Place };
        Some((Day::next(pattern, self.today)?.needs(evidence), end))
    }
}

fn ymd(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}
