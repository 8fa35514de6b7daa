//! Whether what could be a time is meant as one, by what stands around it.
//!
//! "Friday" is a day in "call Bob Friday" and none in "the Friday report"; "at 5" is a time, "at 5 Main Street" a
//! place; "The Day After Tomorrow" is a film.

use crate::{
    scan::{Lead, Place},
    text::{
        grammar::Grammar,
        token::{Kind, Token},
        words,
    },
    time::{
        clock::{Certainty, ClockTime},
        day::{Day, Evidence},
        pattern::Pattern,
    },
};

/// What stands before a noun, and not before a time.
const DETERMINERS: &str = "the|a|an|my|our|your|his|her|their|its|this|that|some|any";

/// Counted things: a number before one of these is no hour.
const COUNTED: &str = "people|persons|guests|kids|children|adults|players|percent|euros|euro|dollars|bucks|pounds|\
                       quid|km|kilometers|kilometres|miles|meters|metres|degrees|cups|cup|tsp|tbsp|inch|inches|kg|\
                       grams|lb|lbs|oz|pages|times|items|points|st|mph";

/// Things that have numbers in order: "the 5th floor".
const NUMBERED: &str = "floor|avenue|street|grade|edition|season|anniversary|birthday|place|time|attempt|chapter|\
                        century|one|ones|thing|draft|round|half|quarter|opinion|person|class|version|episode|row";

impl Grammar<'_> {
    /// Whether a day that nothing leads to is meant.
    pub(crate) fn is_day_meant(&self, day: &Day, end: usize, place: &Place) -> bool {
        if self.has_determiner(place.at) {
            return day.evidence == Evidence::None && !self.is_attribute(end);
        }
        // "Listen to Monday", "a talk about May".
        let is_object = place.at > 0
            && self.phrase.is_any(place.at - 1, "to|about|of|with|like|called|named|titled|than");
        match day.evidence {
            Evidence::None => true,
            _ if is_object => false,
            Evidence::Place => {
                place.adjoins
                    || self.starts_time(end)
                    || !self.is_attribute(end)
                    || (place.is_first && !self.is_counted(end))
            }
            Evidence::Preposition => {
                let is_short_weekday = matches!(day.pattern, Pattern::Weekday(_));
                let is_holiday = matches!(day.pattern, Pattern::Holiday(_));
                let is_numbered = matches!(day.pattern, Pattern::DayOfMonth(_));
                place.adjoins && !is_numbered
                    || self.starts_time(end)
                    || (is_short_weekday && !self.is_attribute(end))
                    || (is_holiday && self.is_holiday_placed(end, place))
            }
        }
    }

    /// "Cinco de Mayo: tacos", "fireworks Independence Day", but not "plan Christmas" or "Easter eggs".
    fn is_holiday_placed(&self, end: usize, place: &Place) -> bool {
        let is_named_day = self.phrase.is_any(end.wrapping_sub(1), "day|eve|monday|friday|sunday");
        let is_before_colon = place.is_first && self.phrase.is_any(end, ":|,");
        is_before_colon || (is_named_day && !self.is_attribute(end) && !place.is_first)
    }

    /// "the 5th floor": an ordinal of something else.
    pub(crate) fn is_numbered(&self, day: &Day, end: usize, place: &Place) -> bool {
        let is_ordinal =
            matches!(day.pattern, Pattern::DayOfMonth(_)) && day.evidence == Evidence::Preposition;
        let is_word = words::ordinal(self.phrase.lower(end.wrapping_sub(1))).is_some();
        let is_attribute = self.is_attribute(end) && (!place.is_first || is_word);
        is_ordinal && (is_attribute || self.phrase.is_any(end, NUMBERED))
    }

    pub(crate) fn is_clock_meant(
        &self,
        clock: &ClockTime,
        lead: Lead,
        core: usize,
        end: usize,
        place: &Place,
    ) -> bool {
        if clock.certainty == Certainty::ByForm {
            if lead != Lead::None {
                return !matches!(lead, Lead::On | Lead::In | Lead::Over | Lead::Between);
            }
            if self.has_determiner(core) {
                return false;
            }
            // "Midnight blue" is a colour, wherever it stands; "seven pm" is nothing else.
            let is_name = self.phrase.is_any(core, "noon|midnight|midday");
            let is_named = self.phrase.is_word(core) && (!place.is_first || is_name);
            return !is_named || place.adjoins || !self.is_attribute(end) || self.starts_time(end);
        }
        if self.is_counted(end) {
            return false;
        }
        let is_alone = !self.is_attribute(end);
        match lead {
            Lead::At => {
                let is_address = self.phrase.get(end).is_some_and(Token::is_capitalised)
                    && !self.starts_time(end)
                    && !place.is_first;
                let is_number = self.phrase.digits(end).is_some() && !self.starts_time(end);
                !is_address && !is_number
            }
            // "Until 2030" is a year.
            Lead::Bound | Lead::Until | Lead::From | Lead::Starting => {
                is_alone && self.year(core).is_none()
            }
            Lead::None => place.adjoins && is_alone && self.is_at_edge(end),
            _ => false,
        }
    }

    /// Whether nothing is glued to the front of what begins here.
    pub(crate) fn begins_apart(&self, at: usize) -> bool {
        let Some(token) = self.phrase.get(at) else { return false };
        if !token.is_glued || token.text == "@" {
            return true;
        }
        // A number belongs to more of what it may be glued to: "3/4", "1,5".
        let opening = if token.kind == Kind::Number {
            "(|[|\"|“|;|!|—|–|~|*"
        } else {
            "(|[|\"|'|“|,|:|;|@|!|—|–|~|*|/"
        };
        self.phrase.is_any(at - 1, opening)
    }

    /// Whether nothing is glued to the end of what ended before this.
    pub(crate) fn ends_apart(&self, end: usize) -> bool {
        let Some(token) = self.phrase.get(end).filter(|token| token.is_glued) else { return true };
        if token.kind != Kind::Sign {
            return false;
        }
        let is_joint =
            matches!(token.text, "-" | "/" | "." | ":" | "'" | "’" | "_" | "@" | "+" | "–");
        let goes_on = self.phrase.is_glued(end + 1) && self.is_content(end + 1);
        !(is_joint && goes_on || matches!(token.text, "%" | "$" | "€" | "£" | "°"))
    }

    /// A title within the phrase: "The Day After Tomorrow", "A Hard Day's Night". Words are in capitals there that
    /// are not otherwise.
    pub(crate) fn is_a_name(&self, at: usize, end: usize) -> bool {
        let phrase = self.phrase;
        let is_plain = |token: &Token<'_>| token.kind == Kind::Word && !token.is_capitalised();
        if !phrase.tokens.iter().any(is_plain) || (at..end).any(|at| self.holiday(at).is_some()) {
            return false;
        }
        let in_capitals = |at: usize| phrase.get(at).is_some_and(Token::is_capitalised);
        (at..end).any(|at| in_capitals(at) && !self.begins_sentence(at) && !self.may_be_capital(at))
    }

    fn begins_sentence(&self, at: usize) -> bool {
        at == 0 || self.phrase.is_any(at - 1, ".|:|!|?|;|(|-|–|—|\"|“")
    }

    /// Words that are written with a capital anywhere: names of days, months and zones, "I", "PM".
    fn may_be_capital(&self, at: usize) -> bool {
        let Some(token) = self.phrase.get(at) else { return false };
        let is_acronym = token.chars <= 4 && token.text.chars().all(char::is_uppercase);
        // Of "Berlin time" and "Europe/Berlin" each word.
        let is_in_zone =
            self.phrase.tokens.iter().any(|token| token.lower == "time" || token.text == "/");
        let is_first_person = token.lower == "i" || token.lower.starts_with("i'");
        words::weekday(&token.lower).is_some()
            || words::month(&token.lower).is_some()
            || is_acronym
            || is_in_zone
            || is_first_person
            || matches!(token.lower.as_str(), "am" | "pm" | "eastern" | "pacific")
    }

    pub(crate) fn has_determiner(&self, at: usize) -> bool {
        at > 0 && self.phrase.is_any(at - 1, DETERMINERS)
    }

    /// Whether what ended before this would be an attribute of what stands here: of a word that names or does
    /// something.
    pub(crate) fn is_attribute(&self, at: usize) -> bool {
        let Some(token) = self.phrase.get(at) else { return false };
        match token.kind {
            Kind::Sign => {
                token.is_glued
                    && token.text == "-"
                    && self.phrase.is_word(at + 1)
                    && self.phrase.is_glued(at + 1)
            }
            Kind::Number => !self.starts_time(at),
            Kind::Word => {
                !words::is_function_word(&token.lower) && !self.starts_time(at) && !self.is_mark(at)
            }
        }
    }

    pub(crate) fn is_counted(&self, at: usize) -> bool {
        let phrase = self.phrase;
        phrase.is_any(at, COUNTED)
            || phrase.is_any(at, "%|$|€|£|°")
            || (words::unit(phrase.lower(at), false).is_some() && !phrase.is_any(at, "second"))
    }

    /// Whether the phrase, or a clause of it, ends here.
    fn is_at_edge(&self, at: usize) -> bool {
        self.phrase.get(at).is_none_or(|token| token.kind == Kind::Sign) || self.is_mark(at)
    }

    /// Whether a time begins here, as far as one word tells.
    pub(crate) fn starts_time(&self, at: usize) -> bool {
        let phrase = self.phrase;
        // In "Friday Night Lights" the night is part of a name.
        let is_in_capitals = phrase.get(at).is_some_and(Token::is_capitalised);
        if words::weekday(phrase.lower(at)).is_some()
            || (self.part_name(at).is_some() && !is_in_capitals)
        {
            return true;
        }
        let always = "today|tomorrow|tmrw|tonight|noon|midnight|midday|daily|weekly|monthly|yearly|eod|cob|due|\
                      annually|fortnightly|nightly|hourly|weekdays|weekends|latest";
        if phrase.is_any(at, always) {
            return true;
        }
        if phrase.is_any(at, "first|half|quarter|next") && self.is_longer_time(at) {
            return true;
        }
        let by_form = self.clock(at).is_some_and(|(clock, _)| clock.certainty == Certainty::ByForm);
        by_form || self.mark_starts(at)
    }

    pub(crate) fn is_content(&self, at: usize) -> bool {
        self.phrase.get(at).is_some_and(|token| token.kind != Kind::Sign)
    }

    fn is_longer_time(&self, at: usize) -> bool {
        self.part(at).is_some() || self.day(at).is_some() || self.clock(at).is_some()
    }
}
