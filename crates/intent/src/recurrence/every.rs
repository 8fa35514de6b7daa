//! "every" and what follows it: "every other Tuesday", "each Mon, Wed and Fri", "every 15th", "every 3 days".

use crate::{
    recurrence::recur::{Freq, Recur, WEEKEND, freq_of_unit},
    text::grammar::{Grammar, Read},
    text::words::Unit,
    time::pattern::Pattern,
};

impl Grammar<'_> {
    /// "every" and what follows it.
    pub(crate) fn every(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        // "The every day low prices flyer".
        if self.has_determiner(at) {
            return None;
        }
        let start = phrase.skip(at, "once");
        let next = phrase.any_words(start, "every single|each and every|every|each|ev")?;
        let is_from_completion = phrase.is(next, "!") && phrase.is_glued(next);
        let next = if is_from_completion { next + 1 } else { next };
        let (mut recur, end) = self.every_what(next)?;
        recur.is_from_completion = is_from_completion;
        Some((recur, end))
    }

    fn every_what(&self, at: usize) -> Option<Read<Recur>> {
        let rules = [
            self.every_part(at),
            self.every_step(at),
            self.every_other(at),
            self.every_weekday(at, 1),
            self.every_nth(at),
            self.every_day_of_month(at),
            self.every_date(at),
        ];
        rules.into_iter().flatten().max_by_key(|(_, end)| *end)
    }

    /// "morning", "morning and evening".
    fn every_part(&self, at: usize) -> Option<Read<Recur>> {
        let (part, mut end) = self.part_name(at)?;
        let mut recur = Recur::every(1, Freq::Daily);
        recur.parts.push(part);
        while let Some(next) = self.phrase.any_words(end, "and|&|,") {
            let Some((part, after)) = self.part_name(next) else { break };
            recur.parts.push(part);
            end = after;
        }
        Some((recur, end))
    }

    /// "day", "3 weeks", "couple of hours", "half hour", "weekday", "weekend".
    fn every_step(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        if let Some(end) = phrase.any_words(at, "weekend|weekends") {
            return Some((Recur::weekly(1, &WEEKEND), end));
        }
        let halves = [
            ("half hour", 30, Unit::Minute),
            ("half an hour", 30, Unit::Minute),
            ("half year", 6, Unit::Month),
        ];
        if let Some((amount, unit, end)) = halves
            .iter()
            .find_map(|(words, amount, unit)| Some((*amount, *unit, phrase.words(at, words)?)))
        {
            return Some((freq_of_unit(unit, amount)?, end));
        }
        let quarters = "quarter of an hour|quarter hour";
        if let Some(end) = phrase.any_words(at, quarters) {
            return Some((freq_of_unit(Unit::Minute, 15)?, end));
        }
        if let Some((unit, end)) = self.unit(at) {
            let weekdays = "weekdays|days|weeks|months|years|hours|minutes";
            let is_plural = phrase.is_any(at, weekdays);
            return (!is_plural).then_some((freq_of_unit(unit, 1)?, end));
        }
        let (amount, next) = match phrase.any_words(at, "few") {
            Some(next) => (3, next),
            None => self
                .quantity(at)
                .filter(|_| !phrase.is_any(at, "a|an") || phrase.is(at + 1, "couple"))?,
        };
        let (unit, end) = self.unit(next)?;
        Some((freq_of_unit(unit, amount)?, end))
    }

    /// "other day", "second Tuesday", "third week", "other Mon and Wed".
    fn every_other(&self, at: usize) -> Option<Read<Recur>> {
        let (interval, next) = match self.phrase.any_words(at, "other|alternate") {
            Some(next) => (2, next),
            None => self.ordinal(at).filter(|(number, _)| (2..=31).contains(number))?,
        };
        if let Some(end) = self.phrase.any_words(next, "weekend") {
            return Some((Recur::weekly(interval, &WEEKEND), end));
        }
        if let Some((unit, end)) = self.unit(next) {
            return Some((freq_of_unit(unit, interval)?, end));
        }
        // "Every second Tuesday of the month" is another rule, and longer.
        self.every_weekday(next, interval)
    }

    /// "Monday", "Mon, Wed and Fri", "Tuesday/Thursday", "Monday to Friday", "Friday evening".
    pub(crate) fn every_weekday(&self, at: usize, interval: u32) -> Option<Read<Recur>> {
        let (weekdays, mut end) = self.weekday_list(at)?;
        let mut recur = Recur::weekly(interval, &weekdays);
        if let Some((part, after)) = self.part_name(end) {
            recur.parts.push(part);
            end = after;
        }
        Some((recur, end))
    }

    /// "first Monday of the month", "last working day of the month", "second Tuesday of March".
    fn every_nth(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        let (patterns, next) = self.nth_list(at)?;
        if let Some(end) = self.of_any_month(next) {
            return Some((Recur::of(1, patterns)?, end));
        }
        if let Some(next) = phrase.any_words(next, "of|in")
            && let Some((month, end)) = self.month(next)
        {
            let patterns = patterns.into_iter().map(|pattern| pattern.of_month(month)).collect();
            return Some((Recur::of(1, patterns)?, end));
        }
        // Without a month only the first and the last are no "every second".
        let is_plain = phrase.is_any(at, "first|last|final")
            || phrase.digits(at).is_some_and(|(_, number)| number == 1);
        let is_day = matches!(patterns.first(), Some(Pattern::DayOfMonth(_)));
        (is_plain && !is_day).then_some((Recur::of(1, patterns)?, next))
    }

    /// "15th", "1st and 15th of the month", "5th of November".
    fn every_day_of_month(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        let start = phrase.skip(at, "the");
        let (days, next) = self.ordinal_list(start)?;
        if let Some(next) = phrase.any_words(next, "of")
            && let Some((month, end)) = self.month(next)
        {
            let dates = days.iter().map(|day| Pattern::DayOfMonth(*day).of_month(month)).collect();
            return Some((Recur::of(1, dates)?, end));
        }
        let patterns = days.into_iter().map(Pattern::DayOfMonth).collect();
        Some((Recur::of(1, patterns)?, self.of_any_month(next).unwrap_or(next)))
    }

    /// "March 3", "3rd of March", "January", "Christmas".
    fn every_date(&self, at: usize) -> Option<Read<Recur>> {
        let of_a_year = |at: usize| {
            let (day, end) = self.day_within(at, 0)?;
            let pattern = day.pattern;
            matches!(pattern, Pattern::DayOfYear { .. } | Pattern::Month(_) | Pattern::Holiday(_))
                .then_some((pattern, end))
        };
        let (first, mut end) = of_a_year(at)?;
        let mut patterns = vec![first];
        while let Some(next) = self.phrase.any_words(end, "and|&|,") {
            let Some((pattern, after)) = of_a_year(next) else { break };
            patterns.push(pattern);
            end = after;
        }
        Some((Recur::of(1, patterns)?, end))
    }
}
