//! Periods and their edges: "next week", "this weekend", "the end of June", "mid-March", "Q3 2027".

use chrono::{Datelike, NaiveDate, Weekday};

use crate::{
    text::grammar::{Grammar, Read, month_end, month_start, plus_days, plus_months, weekday_from},
    time::day::{Day, Evidence},
    time::pattern::Pattern,
};

const DAYS_OF_MIDDLE: u32 = 15;

/// What a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Week,
    Month,
    Quarter,
    Year,
}

/// From the first to the last day of a period.
#[derive(Clone, Copy, Debug)]
struct Period {
    kind: Kind,
    first: NaiveDate,
    last: NaiveDate,
    again: Again,
}

/// When a period comes that is called the same.
#[derive(Clone, Copy, Debug)]
enum Again {
    /// It says which year's it is.
    Never,
    AfterDays(i64),
    AfterMonths(i32),
}

impl Grammar<'_> {
    /// A period, or an edge of one.
    pub(crate) fn period(&self, at: usize) -> Option<Read<Day>> {
        let rules = [
            self.edge(at),
            self.weekend(at),
            self.week_of_day(at),
            self.whole_period(at),
            self.bare_month(at),
        ];
        rules.into_iter().flatten().max_by_key(|(_, end)| *end)
    }

    /// "the end of June", "start of next week", "mid-March", "month-end", "EOM".
    pub(crate) fn edge(&self, at: usize) -> Option<Read<Day>> {
        let phrase = self.phrase;
        const SHORT: [(&str, &str); 4] = [
            ("eow", "week"),
            ("eom|month end|the month end", "month"),
            ("eoq|quarter end", "quarter"),
            ("eoy|year end|the year end", "year"),
        ];
        if let Some((kind, end)) = SHORT
            .iter()
            .find_map(|(words, kind)| Some((kind_of(kind)?, phrase.any_words(at, words)?)))
        {
            return Some((self.last_of(&self.current(kind, 0)), end));
        }
        let mids = "mid|the middle of|middle of|in the middle of";
        if let Some(next) = phrase.any_words(at, mids) {
            let (period, end) = self.period_named(self.skip_hyphen(next))?;
            return Some((Day::once(self.ahead(middle(&period)?, &period)), end));
        }
        let starts = "the beginning of|beginning of|the start of|start of|the first day of";
        if let Some(next) = phrase.any_words(at, starts) {
            let (period, end) = self.period_named(next)?;
            return Some((Day::once(self.ahead(period.first, &period)), end));
        }
        let is_last_day = phrase.any_words(at, "the last day of|last day of");
        let next =
            is_last_day.or_else(|| phrase.any_words(at, "the end of|end of|the very end of"))?;
        let (period, end) = self.period_named(next)?;
        if is_last_day.is_some() {
            return Some((Day::once(period.last), end));
        }
        Some((self.last_of(&period), end))
    }

    /// A day of a period; where it is over, the same of the next one of that name.
    fn ahead(&self, day: NaiveDate, period: &Period) -> NaiveDate {
        match period.again {
            _ if day >= self.today => day,
            Again::Never => day,
            Again::AfterDays(days) => plus_days(day, days),
            Again::AfterMonths(months) => plus_months(day, months),
        }
    }

    fn month_is_current(&self, period: &Period) -> bool {
        period.first == month_start(self.today, 0)
    }

    /// The day that "the end" of a period means.
    fn last_of(&self, period: &Period) -> Day {
        if period.kind != Kind::Week {
            let is_month_end = period.kind == Kind::Month && self.month_is_current(period);
            let pattern = if is_month_end { Pattern::DayOfMonth(-1) } else { Pattern::Once };
            return Day { pattern, ..Day::once(period.last) };
        }
        let friday = weekday_from(period.first, Weekday::Fri);
        Day::once(if friday < self.today { plus_days(friday, 7) } else { friday })
    }

    /// "the month", "this week", "next quarter", "June", "June 2028", "Q2 2028", "2028".
    fn period_named(&self, at: usize) -> Option<Read<Period>> {
        let phrase = self.phrase;
        const WHICH: [(&str, i32); 3] = [
            ("the|this|the current", 0),
            ("next|the next|the coming|the following", 1),
            ("last", -1),
        ];
        for (words, offset) in WHICH {
            if let Some(next) = phrase.any_words(at, words)
                && let Some(kind) = kind_of(phrase.lower(next))
            {
                return Some((self.current(kind, offset), next + 1));
            }
        }
        if let Some(kind) = kind_of(phrase.lower(at)) {
            return Some((self.current(kind, 0), at + 1));
        }
        if let Some(read) = self.quarter(at) {
            return Some(read);
        }
        if let Some((year, end)) = self.year(at) {
            let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
            let last = NaiveDate::from_ymd_opt(year, 12, 31)?;
            return Some((Period { kind: Kind::Year, first, last, again: Again::Never }, end));
        }
        let start = phrase.skip(at, "next|this");
        let (month, end) = self.month(start)?;
        let (year, end) = self.year_after(end);
        // Within a month, its end is still to come.
        let this_month = month_start(self.today, 0);
        let first = match year {
            Some(year) => NaiveDate::from_ymd_opt(year, month, 1)?,
            None => Pattern::Month(month).from(this_month)?,
        };
        let again = within_years(year);
        Some((Period { kind: Kind::Month, first, last: month_end(first), again }, end))
    }

    /// The current period of a kind, or one so many on.
    fn current(&self, kind: Kind, offset: i32) -> Period {
        let (first, last, again) = match kind {
            Kind::Week => {
                let first = plus_days(self.week_of(self.today), 7 * i64::from(offset));
                (first, plus_days(first, 6), Again::AfterDays(7))
            }
            Kind::Month => {
                let first = month_start(self.today, offset);
                (first, month_end(first), Again::AfterMonths(1))
            }
            Kind::Quarter => {
                let into = i32::try_from(self.today.month0() % 3).unwrap_or(0);
                let first = month_start(self.today, 3 * offset - into);
                (first, month_end(month_start(first, 2)), Again::AfterMonths(3))
            }
            Kind::Year => {
                let into = i32::try_from(self.today.month0()).unwrap_or(0);
                let first = month_start(self.today, 12 * offset - into);
                (first, month_end(month_start(first, 11)), Again::AfterMonths(12))
            }
        };
        Period { kind, first, last, again: if offset == 0 { again } else { Again::Never } }
    }

    /// `Q3`, `Q3 2027`: the next one to begin, or the one that is on, as to its end.
    fn quarter(&self, at: usize) -> Option<Read<Period>> {
        let phrase = self.phrase;
        let (number, end) = match phrase.lower(at) {
            "q" => (phrase.digits(at + 1).filter(|_| phrase.is_glued(at + 1))?.1, at + 2),
            "first" | "second" | "third" | "fourth" if phrase.is(at + 1, "quarter") => {
                (self.ordinal(at)?.0, at + 2)
            }
            _ => return None,
        };
        let month = number.checked_sub(1).filter(|quarter| *quarter < 4)? * 3 + 1;
        let end = phrase.skip(end, "of");
        let (year, end) = self.year_after(end);
        let this = self.current(Kind::Quarter, 0).first;
        let first = match year {
            Some(year) => NaiveDate::from_ymd_opt(year, month, 1)?,
            None => Pattern::Month(month).from(this)?,
        };
        let (last, again) = (month_end(month_start(first, 2)), within_years(year));
        Some((Period { kind: Kind::Quarter, first, last, again }, end))
    }

    /// "this weekend", "the weekend", "next weekend".
    pub(crate) fn weekend(&self, at: usize) -> Option<Read<Day>> {
        let phrase = self.phrase;
        let saturday = weekday_from(self.today, Weekday::Sat);
        let this = "this weekend|the weekend|this coming weekend|the coming weekend|weekend";
        if let Some(end) = phrase.any_words(at, this) {
            let is_said = phrase.is(at, "this") || phrase.is(at + 1, "coming");
            let evidence = if is_said { Evidence::None } else { Evidence::Preposition };
            let day = Day::period(saturday, plus_days(saturday, 1)).needs(evidence);
            return Some((day, end));
        }
        let end = phrase.any_words(at, "next weekend|the next weekend")?;
        let next = weekday_from(plus_days(self.week_of(self.today), 7), Weekday::Sat);
        Some((Day::period(next, plus_days(next, 1)), end))
    }

    /// "the week of June 8".
    fn week_of_day(&self, at: usize) -> Option<Read<Day>> {
        let next =
            self.phrase.any_words(at, "the week of|week of|the week beginning|week commencing")?;
        let (day, end) = self.day_within(next, 0)?;
        let first = self.week_of(day.date);
        Some((Day::period(first, plus_days(first, 6)), end))
    }

    /// "this week", "next month", "the month after next", "Q1", "next quarter".
    fn whole_period(&self, at: usize) -> Option<Read<Day>> {
        let phrase = self.phrase;
        const WHICH: [(&str, i32, bool); 6] = [
            ("this", 0, true),
            ("next", 1, false),
            ("the next", 1, false),
            ("the coming", 1, false),
            ("last", -1, false),
            ("the following", 1, false),
        ];
        for (words, offset, is_this) in WHICH {
            let Some(next) = phrase.words(at, words) else { continue };
            let Some(kind) = kind_of(phrase.lower(next)) else { continue };
            let period = self.current(kind, offset);
            // "This week" is a deadline, its last day; "next week" is when one begins.
            let date = if is_this { period.last } else { period.first };
            let day = Day { date, ..Day::period(period.first, period.last) };
            return Some((day, next + 1));
        }
        for (words, kind) in [
            ("the week after next", Kind::Week),
            ("the month after next", Kind::Month),
            ("the year after next", Kind::Year),
        ] {
            if let Some(end) = phrase.words(at, words) {
                let period = self.current(kind, 2);
                return Some((Day::period(period.first, period.last), end));
            }
        }
        let (quarter, end) = self.quarter(at)?;
        let first = match quarter.first < self.today {
            true => month_start(quarter.first, 12),
            false => quarter.first,
        };
        Some((
            Day::period(first, month_end(month_start(first, 2))).needs(Evidence::Preposition),
            end,
        ))
    }

    /// "March", "next March", "March 2028": the month's first day.
    fn bare_month(&self, at: usize) -> Option<Read<Day>> {
        let start = self.phrase.skip(at, "next|this coming|this");
        let is_said = start > at;
        let (month, end) = self.month(start)?;
        let (year, end) = self.year_after(end);
        let day = match year {
            Some(year) => Day::once(NaiveDate::from_ymd_opt(year, month, 1)?),
            None => Day::next(Pattern::Month(month), self.today)?,
        };
        let evidence =
            if year.is_some() || is_said { Evidence::Place } else { Evidence::Preposition };
        Some((Day { last: month_end(day.date), ..day.needs(evidence) }, end))
    }
}

fn kind_of(word: &str) -> Option<Kind> {
    Some(match word {
        "week" => Kind::Week,
        "month" => Kind::Month,
        "quarter" => Kind::Quarter,
        "year" => Kind::Year,
        _ => return None,
    })
}

/// What is named without its year comes each year.
fn within_years(year: Option<i32>) -> Again {
    if year.is_some() { Again::Never } else { Again::AfterMonths(12) }
}

fn middle(period: &Period) -> Option<NaiveDate> {
    match period.kind {
        Kind::Week => Some(plus_days(period.first, 2)),
        Kind::Month => period.first.with_day(DAYS_OF_MIDDLE),
        Kind::Quarter => period.first.with_day(DAYS_OF_MIDDLE).map(|day| plus_months(day, 1)),
        Kind::Year => NaiveDate::from_ymd_opt(period.first.year(), 7, 1),
    }
}
