//! What limits a recurrence: "for 3 weeks", "10 times", "except Sunday", "after I finish it".

use chrono::Weekday;

use crate::{
    scan::found::Time,
    text::grammar::{Grammar, Read},
    text::words,
};

impl Grammar<'_> {
    /// A limit of a recurrence. Without one it says nothing.
    pub(crate) fn bound_of_recurrence(&self, at: usize) -> Option<Read<Time>> {
        self.times_bound(at)
            .or_else(|| self.length_bound(at))
            .or_else(|| self.exception(at))
            .or_else(|| Some((Time::AfterCompletion, self.after_completion(at)?)))
    }

    /// "10 times", "for 8 occurrences"; "3 times a day" is none.
    fn times_bound(&self, at: usize) -> Option<Read<Time>> {
        let phrase = self.phrase;
        let start = phrase.skip(at, "for a total of|for the next|for|just|only");
        let (count, next) = self.cardinal(start)?;
        let names = "times|occurrences|occasions|repetitions|times total|times in total|sessions|x";
        let end = phrase.any_words(next, names)?;
        let is_rate = phrase.is_any(end, "a|per|each|every|daily");
        (count > 0 && !is_rate).then_some((Time::Times(count), end))
    }

    /// "for 3 weeks", "for the next two months", "for a year".
    fn length_bound(&self, at: usize) -> Option<Read<Time>> {
        let next = self.phrase.any_words(at, "for the next|for|over the next")?;
        if let Some((distance, end)) = self.duration(next) {
            return distance.is_whole_days().then_some((Time::For(distance), end));
        }
        // "For the next week" has no number.
        let (unit, end) = self.unit(next).filter(|_| self.phrase.is(next - 1, "next"))?;
        let distance = crate::time::duration::Distance::of(1, unit)?;
        distance.is_whole_days().then_some((Time::For(distance), end))
    }

    /// "except Sunday", "but not on weekends", "excluding Fridays".
    fn exception(&self, at: usize) -> Option<Read<Time>> {
        let leads = "except for|except on|except|but not on|but not|but|excluding|apart from|other than|\
        save for|not on|aside from|minus|skipping";
        let next = self.phrase.any_words(at, leads)?;
        let next = self.phrase.skip(next, "on|for|the");
        if let Some(end) = self.phrase.any_words(next, "weekends|weekend|the weekend|the weekends")
        {
            return Some((Time::Except(vec![Weekday::Sat, Weekday::Sun]), end));
        }
        words::weekday(self.phrase.lower(next))?;
        let (weekdays, end) = self.weekday_list(next)?;
        Some((Time::Except(weekdays), end))
    }
}
