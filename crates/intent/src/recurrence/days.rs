//! Which days of a step: "Mon, Wed and Fri", "the first and third Thursday", "the 1st and 15th".

use chrono::Weekday;

use crate::{
    text::{
        grammar::{Grammar, Read},
        words,
    },
    time::{day::Day, pattern::Pattern},
};

impl Grammar<'_> {
    /// Weekdays one after another, singular or plural, with ranges.
    pub(crate) fn weekday_list(&self, at: usize) -> Option<Read<Vec<Weekday>>> {
        let phrase = self.phrase;
        let first = words::weekday(phrase.lower(at))?.weekday;
        let (mut weekdays, mut end) = (vec![first], at + 1);
        if let Some(to) = phrase.any_words(end, RANGES)
            && let Some(last) = words::weekday(phrase.lower(to))
        {
            return Some((weekdays_to(first, last.weekday), to + 1));
        }
        loop {
            let next = phrase.skip(end, "and every|and on|and|&|/|,|+|or");
            let next = if next > end { phrase.skip(next, "and every|and on|and|&") } else { next };
            let Some(name) = words::weekday(phrase.lower(next)).filter(|_| next > end) else {
                break;
            };
            // Nobody names a day twice.
            if weekdays.contains(&name.weekday) {
                break;
            }
            weekdays.push(name.weekday);
            end = next + 1;
        }
        Some((weekdays, end))
    }

    /// "first Monday", "second and fourth Thursday", "1st and last Friday".
    pub(crate) fn nth_list(&self, at: usize) -> Option<Read<Vec<Pattern>>> {
        let phrase = self.phrase;
        let Some((places, next)) = self.place_list(at) else {
            let (pattern, end) = self.nth(at)?;
            return Some((vec![pattern], end));
        };
        let name = words::weekday(phrase.lower(next))?;
        let patterns = places
            .into_iter()
            .map(|nth| Pattern::Nth { nth, weekday: name.weekday, month: None })
            .collect();
        Some((patterns, next + 1))
    }

    /// Days that only a step gives a meaning: "on Monday and Tuesday", "on the last Friday", "on the 14th and 28th".
    pub(crate) fn days_of_step(&self, at: usize) -> Option<Read<Vec<Pattern>>> {
        let start = self.phrase.any_words(at, "on").unwrap_or(at);
        let is_led = start > at;
        let weekdays = self
            .weekday_list(start)
            .filter(|(weekdays, _)| weekdays.len() > 1 && !self.phrase.is_any(start + 1, RANGES))
            .map(|(weekdays, end)| {
                (weekdays.into_iter().map(Pattern::Weekday).collect::<Vec<_>>(), end)
            });
        let places = self.nth_list(start).filter(|_| is_led);
        let days = self
            .ordinal_list(self.phrase.skip(start, "the"))
            .filter(|(days, _)| days.len() > 1)
            .map(|(days, end)| {
                (
                    days.into_iter().map(Pattern::DayOfMonth).collect::<Vec<_>>(),
                    self.of_any_month(end).unwrap_or(end),
                )
            });
        [weekdays, places, days].into_iter().flatten().max_by_key(|(_, end)| *end)
    }

    /// Two or more places: "second and fourth", "first and last".
    fn place_list(&self, at: usize) -> Option<Read<Vec<i8>>> {
        let phrase = self.phrase;
        let place = |at: usize| match phrase.any_words(at, "last") {
            Some(end) => Some((-1, end)),
            None => self.ordinal(at).and_then(|(nth, end)| Some((i8::try_from(nth).ok()?, end))),
        };
        let (first, mut end) = place(phrase.skip(at, "the"))?;
        let mut places = vec![first];
        while let Some(next) = phrase.any_words(end, "and the|and|&|,|or") {
            let Some((nth, after)) = place(next) else { break };
            places.push(nth);
            end = after;
        }
        let is_list = places.len() > 1 && places.iter().all(|nth| nth.abs() <= 5);
        is_list.then_some((places, end))
    }

    /// "1st and 15th", "10th, 20th and 30th", "1st and last".
    pub(crate) fn ordinal_list(&self, at: usize) -> Option<Read<Vec<i8>>> {
        let day = |at: usize| {
            let (day, end) = self.ordinal(at).filter(|(day, _)| (1..=31).contains(day))?;
            Some((i8::try_from(day).ok()?, end))
        };
        let (first, mut end) = day(at)?;
        let mut days = vec![first];
        loop {
            let next = self.phrase.skip(end, "and the|and on the|and|&|,|/");
            let next = if next > end { self.phrase.skip(next, "and the|and|the") } else { next };
            let Some((day, after)) = day(next).filter(|_| next > end) else { break };
            days.push(day);
            end = after;
        }
        Some((days, end))
    }

    pub(crate) fn of_any_month(&self, at: usize) -> Option<usize> {
        let months = "of the month|of each month|of every month|of a month|each month|every month|\
        in the month|in each month|in every month|in a month";
        self.phrase.any_words(at, months)
    }

    /// The weekdays from one day to another, for "Monday to Thursday every week".
    pub(crate) fn weekdays_between(&self, first: &Day, last: &Day) -> Option<Vec<Pattern>> {
        let (Pattern::Weekday(first), Pattern::Weekday(last)) = (first.pattern, last.pattern)
        else {
            return None;
        };
        Some(weekdays_to(first, last).into_iter().map(Pattern::Weekday).collect())
    }
}

/// The weekdays from one to another.
fn weekdays_to(first: Weekday, last: Weekday) -> Vec<Weekday> {
    let mut weekdays = vec![first];
    while let Some(weekday) = weekdays.last().copied().filter(|weekday| *weekday != last) {
        weekdays.push(weekday.succ());
    }
    weekdays
}

/// What stands between the ends of a range.
const RANGES: &str = "to|through|thru|till|until|-|–|—";
