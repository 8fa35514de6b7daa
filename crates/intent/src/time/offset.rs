//! Moments counted from others: "in 3 days", "two hours from now", "a week before Easter", "3 days ago".

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::{
    text::grammar::{Grammar, Read},
    text::words::{self, Unit},
    time::day::Day,
    time::duration::Distance,
};

impl Grammar<'_> {
    /// A day that is counted from another, or from today.
    pub(crate) fn offset_day(&self, at: usize, nesting: u8) -> Option<Read<Day>> {
        if let Some((distance, end)) = self.distance_ahead(at) {
            let is_days = distance.is_whole_days();
            return is_days.then(|| (Day::once(distance.after(self.today)), end));
        }
        let (distance, next) = self.neighbour(at).or_else(|| self.duration(at))?;
        if !distance.is_whole_days() {
            return None;
        }
        let phrase = self.phrase;
        if let Some(end) = phrase.any_words(next, "ago") {
            return Some((Day::once(distance.before(self.today)), end));
        }
        if let Some(end) = phrase.any_words(next, "from now|from today|hence") {
            return Some((Day::once(distance.after(self.today)), end));
        }
        if let Some(start) = phrase.any_words(next, "before|prior to|ahead of") {
            let (day, end) = self.day_within(start, nesting)?;
            return Some((Day::once(distance.before(day.date)), end));
        }
        let start = phrase.any_words(next, "from|after|past|following");
        // "A week on Friday" is said of weeks alone.
        let start = start.or_else(|| {
            let is_weeks = distance.shift.days > 0 && distance.shift.days % 7 == 0;
            phrase.any_words(next, "on").filter(|_| is_weeks && self.is_weekday(next + 1))
        })?;
        let (day, end) = self.day_within(start, nesting)?;
        Some((Day::once(distance.after(day.date)), end))
    }

    /// `2026-12-05T09:00`, with seconds and an offset from UTC or neither.
    fn written_instant(&self, at: usize) -> Option<Read<DateTime<Utc>>> {
        let phrase = self.phrase;
        let first = phrase.get(at)?;
        if !(phrase.is(at + 1, "-") && phrase.is(at + 5, "t") && phrase.is_glued(at + 5)) {
            return None;
        }
        let end =
            (at + 1..phrase.len()).find(|next| !phrase.is_glued(*next)).unwrap_or(phrase.len());
        let end = if phrase.is_any(end - 1, ",|.|:|;|)") { end - 1 } else { end };
        let text = phrase.text.get(first.start..phrase.get(end - 1)?.end())?;
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Some((instant.to_utc(), end));
        }
        let local = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
        Some((self.context.time_zone.instant(local), end))
    }

    /// A moment that is counted by the clock from now, or written with its date.
    pub(crate) fn offset_instant(&self, at: usize) -> Option<Read<DateTime<Utc>>> {
        let led = self.phrase.skip(at, "on|at|by|due|before|from");
        if let Some(read) = self.written_instant(led) {
            return Some(read);
        }
        let by_clock = |distance: &Distance| !distance.is_whole_days();
        if let Some((distance, end)) = self.distance_ahead(at) {
            return by_clock(&distance).then(|| (self.instant_ahead(&distance), end));
        }
        let (distance, next) = self.duration(at).filter(|(distance, _)| by_clock(distance))?;
        if let Some(end) = self.phrase.any_words(next, "from now|hence") {
            return Some((self.instant_ahead(&distance), end));
        }
        let end = self.phrase.any_words(next, "ago")?;
        Some((self.instant_ahead(&distance.back()), end))
    }

    /// "in 3 days", "in 2 weeks' time", "within an hour", "in the next 10 minutes".
    fn distance_ahead(&self, at: usize) -> Option<Read<Distance>> {
        let phrase = self.phrase;
        let start = phrase.any_words(at, "in the next|within the next|in about|in|within")?;
        if let Some(read) = self.possessive_time(start) {
            return Some(read);
        }
        let (distance, end) = self.duration(start)?;
        let end = phrase.skip(end, "from now|' time|time");
        Some((distance, end))
    }

    /// "a week's time", "2 weeks' time".
    fn possessive_time(&self, at: usize) -> Option<Read<Distance>> {
        let (amount, next) = self.quantity(at)?;
        let unit = words::unit(self.phrase.lower(next).strip_suffix("'s")?, false)?;
        let end = self.phrase.words(next + 1, "time")?;
        Some((Distance::of(amount, unit)?, end))
    }

    /// "the day" before or after, "the week" after.
    fn neighbour(&self, at: usize) -> Option<Read<Distance>> {
        const UNITS: [(&str, Unit); 3] = [
            ("the day|day", Unit::Day),
            ("the week|week", Unit::Week),
            ("the month|month", Unit::Month),
        ];
        UNITS.iter().find_map(|(words, unit)| {
            let next = self.phrase.any_words(at, words)?;
            let is_before_or_after = self.phrase.is_any(next, "before|after|following");
            Some((Distance::of(1, *unit).filter(|_| is_before_or_after)?, next))
        })
    }

    fn is_weekday(&self, at: usize) -> bool {
        words::weekday(self.phrase.lower(at)).is_some()
    }
}
