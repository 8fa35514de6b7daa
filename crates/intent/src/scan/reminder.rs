//! Reminders: "remind me an hour before", "and the day before at 8", "no reminder".

use chrono::{DateTime, Utc};

use crate::{
    text::grammar::{Grammar, Read},
    time::clock::{Clock, ClockTime, Part},
    time::day::Day,
    time::duration::Distance,
};

/// A reminder as it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SaidReminder {
    /// So long before the task is due.
    Before(Distance),
    /// So many days before the day of the task, at a time of day.
    DaysBefore(Distance, ClockTime),
    /// On a day, at a time of day or at the usual one; without a day, on the day of the task.
    On(Option<Day>, Option<ClockTime>),
    /// At an instant.
    At(DateTime<Utc>),
    /// At no time.
    Never,
}

/// What asks for reminders.
const ASKS: &str = "and remind me again|and remind me|remind me again|remind me|with a reminder|\
    with reminders|with reminder|set a reminder for|set a reminder|set reminder|\
    add a reminder|reminder|reminders|reminding me|alert me|notify me|ping me|nudge me|\
    with an alert|with an alarm|alarm|alert|warn me|please remind me";

/// What may stand before an ask at the beginning of a phrase.
const POLITE: &str = "please|can|could|would|will|you|hey|hi|ok|okay|and|also";

const NEVERS: &str = "no reminders|no reminder|without a reminder|without reminder|without reminders|\
    without any reminder|without any reminders|don't remind me|do not remind me|no alarm|\
    no notification|no alert";

impl Grammar<'_> {
    /// What asks for reminders, with all of them; `from` is where the phrase's content begins.
    pub(crate) fn reminder_clause(
        &self,
        at: usize,
        from: usize,
    ) -> Option<Read<Vec<SaidReminder>>> {
        let phrase = self.phrase;
        let start = phrase.skip(at, "and|with|but");
        if let Some(end) = phrase.any_words(at, NEVERS).or_else(|| phrase.any_words(start, NEVERS))
        {
            let is_whole = self.ends_clause(end) || self.starts_time(end);
            return is_whole.then_some((vec![SaidReminder::Never], end));
        }
        let next = phrase.any_words(at, ASKS)?;
        // "Set an alarm" is a task, "the reminder" is a thing.
        if self.has_determiner(at) {
            return None;
        }
        let next = phrase.skip(next, ":|for|at least|about");
        // At the beginning, "remind me tomorrow to" says when the task is due.
        let is_leading =
            (from..at).all(|before| phrase.is_any(before, POLITE) || !phrase.is_word(before));
        let (mut reminders, mut end) = self.reminder_spec(next, is_leading)?;
        while let Some((more, after)) = self.further_spec(end, is_leading) {
            reminders.extend(more);
            end = after;
        }
        Some((reminders, end))
    }

    fn further_spec(&self, at: usize, is_leading: bool) -> Option<Read<Vec<SaidReminder>>> {
        let joins = "and again|and then|and also|and|, and again|, and|,|&|plus|then";
        let next = self.phrase.any_words(at, joins)?;
        let next = self.phrase.skip(next, "again|at least");
        self.reminder_spec(next, is_leading)
    }

    fn reminder_spec(&self, at: usize, is_leading: bool) -> Option<Read<Vec<SaidReminder>>> {
        let (spec, end) = self
            .days_before(at)
            .or_else(|| self.distance_before(at))
            .or_else(|| self.on_the_day(at))
            .or_else(|| if is_leading { None } else { self.reminder_moment(at) })?;
        Some((vec![spec], end))
    }

    /// "an hour before", "10 minutes beforehand", "1 day in advance".
    fn distance_before(&self, at: usize) -> Option<Read<SaidReminder>> {
        let phrase = self.phrase;
        if let Some(end) = phrase.any_words(at, "at the time|when it's due|when it is due|on time")
        {
            return Some((SaidReminder::Before(Distance::default()), end));
        }
        let (distance, next) = self.duration(at)?;
        let afters = "before it's due|before it is due|before it starts|before it|beforehand|before|\
        earlier|in advance|ahead of time|ahead|prior|early";
        let end = phrase.any_words(next, afters)?;
        // "An hour before the meeting" speaks of something else.
        self.ends_clause(end).then_some((SaidReminder::Before(distance), end))
    }

    /// "the day before at 8", "two days before at noon", "the night before".
    fn days_before(&self, at: usize) -> Option<Read<SaidReminder>> {
        let phrase = self.phrase;
        let days = |days| Distance::of(days, crate::text::words::Unit::Day);
        let nights: [(&str, Part); 3] = [
            ("the night before|on the night before", Part::Night),
            ("the evening before|on the evening before", Part::Evening),
            ("the morning before|on the morning before", Part::Morning),
        ];
        for (words, part) in nights {
            if let Some(end) = phrase.any_words(at, words) {
                let (clock, end) = self.clock_after(end, Some(part))?;
                return Some((SaidReminder::DaysBefore(days(1)?, clock), end));
            }
        }
        let named: [(&str, u32); 3] = [
            (
                "the day before|on the day before|a day before|one day before|the previous day|\
                    the day prior|a day earlier",
                1,
            ),
            ("the week before|a week before|one week before", 7),
            ("two days before|2 days before", 2),
        ];
        let (distance, next) = match named
            .iter()
            .find_map(|(words, days)| Some((*days, phrase.any_words(at, words)?)))
        {
            Some((number, next)) => (days(number)?, next),
            None => {
                let (distance, next) =
                    self.duration(at).filter(|(distance, _)| distance.is_whole_days())?;
                (distance, phrase.any_words(next, "before|beforehand|earlier|in advance")?)
            }
        };
        if let Some((clock, end)) = self.clock_after(next, None) {
            return Some((SaidReminder::DaysBefore(distance, clock), end));
        }
        self.ends_clause(next).then_some((SaidReminder::Before(distance), next))
    }

    /// "on the day at 8", "that morning", "the same day at noon", "the morning of".
    fn on_the_day(&self, at: usize) -> Option<Read<SaidReminder>> {
        let phrase = self.phrase;
        let parts: [(&str, Part); 3] = [
            ("that morning|the same morning|the morning of|in the morning", Part::Morning),
            ("that afternoon|the same afternoon", Part::Afternoon),
            ("that evening|the same evening", Part::Evening),
        ];
        for (words, part) in parts {
            if let Some(end) = phrase.any_words(at, words) {
                let (clock, end) = self.clock_after(end, Some(part))?;
                return Some((SaidReminder::On(None, Some(clock)), end));
            }
        }
        let next =
            phrase.any_words(at, "on the day|the same day|that day|on the same day|on that day")?;
        let (clock, end) = self.clock_after(next, None)?;
        Some((SaidReminder::On(None, Some(clock)), end))
    }

    /// "at 7pm", "on Wednesday at 6pm", "tomorrow at noon", "in an hour", where nothing but the reminder is meant.
    fn reminder_moment(&self, at: usize) -> Option<Read<SaidReminder>> {
        let phrase = self.phrase;
        if let Some((instant, end)) = self.offset_instant(at) {
            return self.ends_clause(end).then_some((SaidReminder::At(instant), end));
        }
        let start = phrase.skip(at, "on|by");
        if let Some((day, end)) = self.day(start) {
            let (clock, end) = match self.clock_after(end, None) {
                Some((clock, end)) => (Some(clock), end),
                None => (None, end),
            };
            return self.ends_clause(end).then_some((SaidReminder::On(Some(day), clock), end));
        }
        let (clock, end) = self.clock_after(at, None)?;
        if let Some((day, end)) = self.day(phrase.skip(end, "on")) {
            return self
                .ends_clause(end)
                .then_some((SaidReminder::On(Some(day), Some(clock)), end));
        }
        self.ends_clause(end).then_some((SaidReminder::On(None, Some(clock)), end))
    }

    /// A time of day with or without "at", in a part of the day; or that part's own time.
    fn clock_after(&self, at: usize, part: Option<Part>) -> Option<Read<ClockTime>> {
        let start = self.phrase.skip(at, "at|@|around|by");
        let by_itself = |part: Part| {
            let clock = Clock::At(self.time_of(part));
            ClockTime { clock, certainty: crate::time::clock::Certainty::ByForm, zone: None }
        };
        let is_bare = start == at;
        let read = self.clock(start).filter(|(clock, _)| {
            !is_bare || clock.certainty == crate::time::clock::Certainty::ByForm
        });
        let Some((mut clock, mut end)) = read else {
            if let Some(part) = part {
                return Some((by_itself(part), at));
            }
            let (said, end) = self.part(at)?;
            return Some((by_itself(said.part), end));
        };
        let mut part = part;
        if let Some((said, after)) = self.part(end) {
            part = Some(said.part);
            end = after;
        }
        if let Some(part) = part {
            clock.clock = clock.clock.within(part)?;
        }
        Some((clock, end))
    }

    /// Whether a clause ends here: nothing follows that would be about something else.
    fn ends_clause(&self, at: usize) -> bool {
        let phrase = self.phrase;
        phrase.get(at).is_none_or(|token| token.kind == crate::text::token::Kind::Sign)
            || phrase.is_any(at, "and|to|please|but|then|again|about|that")
            || self.is_mark(at)
    }
}
