//! Parts of the day: "in the morning", "tonight", "this afternoon", "end of day".

use chrono::NaiveTime;

use crate::{
    text::grammar::{Grammar, Read},
    time::clock::Part,
};

/// A part of the day as it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SaidPart {
    pub(crate) part: Part,
    /// "This morning", "tonight": of today and no other day.
    pub(crate) is_of_today: bool,
    /// "Morning": needs a day before it.
    pub(crate) is_bare: bool,
}

impl Grammar<'_> {
    pub(crate) fn part(&self, at: usize) -> Option<Read<SaidPart>> {
        let phrase = self.phrase;
        if let Some(end) = phrase.any_words(at, "tonight|tonite|this night|later tonight") {
            return Some((SaidPart { part: Part::Night, is_of_today: true, is_bare: false }, end));
        }
        if let Some(next) = phrase.any_words(at, "this|later this")
            && let Some((part, end)) = self.part_name(next)
        {
            return Some((SaidPart { part, is_of_today: true, is_bare: false }, end));
        }
        let led = "first thing in the|in the|during the|by|at|in|of the";
        if let Some(next) = phrase.any_words(at, led)
            && let Some((part, end)) = self.part_name(next)
        {
            let is_night = part == Part::Night;
            if phrase.is(at, "at") == is_night || phrase.is(next - 1, "the") || phrase.is(at, "by")
            {
                return Some((SaidPart { part, is_of_today: false, is_bare: false }, end));
            }
        }
        if let Some(end) = phrase.any_words(at, "first thing") {
            return Some((
                SaidPart { part: Part::Morning, is_of_today: false, is_bare: true },
                end,
            ));
        }
        let (part, end) = self.part_name(at)?;
        Some((SaidPart { part, is_of_today: false, is_bare: true }, end))
    }

    /// The name of a part of the day.
    pub(crate) fn part_name(&self, at: usize) -> Option<Read<Part>> {
        let part = match self.phrase.lower(at) {
            "morning" | "mornings" => Part::Morning,
            "afternoon" | "afternoons" | "arvo" => Part::Afternoon,
            "evening" | "evenings" | "eve" => Part::Evening,
            "night" | "nights" => Part::Night,
            _ => return None,
        };
        Some((part, at + 1))
    }

    /// "end of day", "EOD", "close of business".
    pub(crate) fn end_of_day(&self, at: usize) -> Option<Read<NaiveTime>> {
        let names = "end of the day|end of day|the end of the day|the end of day|end of the working day|\
        end of business|close of business|the close of business|close of play|eod|cob";
        let end = self.phrase.any_words(at, names)?;
        Some((self.preferences().end_of_day, end))
    }

    /// When a part of the day is.
    pub(crate) fn time_of(&self, part: Part) -> NaiveTime {
        let preferences = self.preferences();
        match part {
            Part::Morning => preferences.morning,
            Part::Afternoon => preferences.afternoon,
            Part::Evening => preferences.evening,
            Part::Night => preferences.night,
        }
    }
}
