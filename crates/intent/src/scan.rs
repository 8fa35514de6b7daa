//! Finds where in a phrase times, reminders, priorities and tags are, and whether they are meant.
//!
//! The grammar of a time says what could be one; here stands what around it makes it one. "Friday" is a day in "call
//! Bob Friday" and none in "the Friday report".

use crate::{
    clock::{Certainty, ClockTime},
    day::{Day, Evidence},
    found::{Found, Piece, Time},
    grammar::{Grammar, Read},
    pattern::Pattern,
    recur::DETERMINERS,
    token::Kind,
    words,
};

/// What leads to a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// Nothing does.
    None,
    On,
    At,
    In,
    For,
    /// by, before, after, around, due, ...
    Bound,
    Over,
    From,
    Starting,
    Until,
    Between,
}

/// What leads to a time, from the longest.
const LEADS: [(&[&str], Lead); 11] = [
    (&["on or before", "on or about", "on"], Lead::On),
    (&["at about", "at around", "at approximately", "at roughly", "at exactly", "at", "@"], Lead::At),
    (&["sometime in", "some time in", "in early", "in"], Lead::In),
    (&["for"], Lead::For),
    (
        &[
            "due by", "due on", "due at", "due before", "due in", "due", "is due", "due date", "deadline", "by no later than", "no later than",
            "not later than", "by around", "by about", "by", "before", "after", "around", "about", "circa", "approximately",
            "as of", "come", "towards", "not before", "any time after", "anytime after", "any time before", "anytime before", "shortly after", "shortly before", "just after", "just before", "sometime after", "right after",
        ],
        Lead::Bound,
    ),
    (&["over", "during", "sometime", "some time", "throughout"], Lead::Over),
    (&["from"], Lead::From),
    (
        &[
            "starting from", "starting on", "starting at", "starting in", "starting", "beginning on", "beginning in", "beginning from", "beginning",
            "commencing on", "commencing", "effective", "from the", "start on", "starts on", "as from",
        ],
        Lead::Starting,
    ),
    (
        &["until the", "until", "till", "til", "'til", "through", "thru", "up to", "ending on", "ending", "up until", "up till", "ends on", "end on"],
        Lead::Until,
    ),
    (&["between"], Lead::Between),
    (&["which is"], Lead::None),
];

/// Counted things: a number before one of these is no hour.
const COUNTED: [&str; 38] = [
    "people", "persons", "guests", "kids", "children", "adults", "players", "percent", "euros", "euro", "dollars", "bucks",
    "pounds", "quid", "km", "kilometers", "kilometres", "miles", "meters", "metres", "degrees", "cups", "cup", "tsp",
    "tbsp", "inch", "inches", "kg", "grams", "lb", "lbs", "oz", "pages", "times", "items", "points", "st", "mph",
];

/// Things that have numbers in order: "the 5th floor".
const NUMBERED: [&str; 26] = [
    "floor", "avenue", "street", "grade", "edition", "season", "anniversary", "birthday", "place", "time", "attempt",
    "chapter", "century", "one", "ones", "thing", "draft", "round", "half", "quarter", "opinion", "person", "class",
    "version", "episode", "row",
];

impl Grammar<'_> {
    /// All that is meant, from left to right.
    pub(crate) fn scan(&self, from: usize) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        let mut at = from;
        while at < self.phrase.len() {
            match self.found_at(at, &found, from) {
                Some(next) => {
                    at = next.tokens.end;
                    found.push(next);
                }
                None => at += 1,
            }
        }
        found
    }

    fn found_at(&self, at: usize, before: &[Found], from: usize) -> Option<Found> {
        if let Some((piece, end)) = self.mark(at, from) {
            return Some(Found { piece, tokens: at..end });
        }
        if let Some((reminders, end)) = self.reminder_clause(at, from) {
            return Some(Found { piece: Piece::Reminders(reminders), tokens: at..end });
        }
        let place = Place { at, adjoins: self.adjoins(at, before), is_first: self.is_first(at, before, from) };
        let (time, end) = self.time(&place)?;
        let end = self.phrase.skip(end, &["at the latest", "latest", "at the earliest", "or so", "at the very latest"]);
        Some(Found { piece: Piece::Time(time), tokens: at..end })
    }

    /// Whether a time ends here, but for a comma.
    fn adjoins(&self, at: usize, before: &[Found]) -> bool {
        let Some(last) = before.last().filter(|found| matches!(found.piece, Piece::Time(_))) else { return false };
        let end = last.tokens.end;
        end == at || (end + 1 == at && self.phrase.is_any(end, &[",", "(", "-", "–", "—"]))
    }

    /// Whether all before it has been understood.
    fn is_first(&self, at: usize, before: &[Found], from: usize) -> bool {
        let is_covered = |token: &usize| {
            before.iter().any(|found| found.tokens.contains(token)) || !self.is_content(*token)
        };
        (from..at).all(|token| is_covered(&token))
    }

    fn is_content(&self, at: usize) -> bool {
        self.phrase.get(at).is_some_and(|token| token.kind != Kind::Sign)
    }

    /// The longest time that stands here and is meant.
    fn time(&self, place: &Place) -> Option<Read<Time>> {
        let at = place.at;
        if !self.begins_apart(at) {
            return None;
        }
        let (lead, core) = self.lead(at);
        let rules = [
            self.recurrence(at).map(|(recur, end)| (Time::Recur(recur), end)),
            self.days_of_step(at).map(|(patterns, end)| (Time::OnDays(patterns), end)),
            self.bound_of_recurrence(at),
            self.offset_instant(at).map(|(instant, end)| (Time::Instant(instant), end)),
            self.day_led(at, Lead::None, at, place),
            self.day_led(at, lead, core, place),
            self.clocks_led(lead, core, place),
            self.part_placed(lead, core, place),
        ];
        let longest = rules.into_iter().flatten().filter(|(_, end)| self.ends_apart(*end));
        let (time, end) = longest.rev().max_by_key(|(_, end)| *end)?;
        (!self.is_a_name(at, end)).then_some((time, end))
    }

    /// What leads to a time at a position, and where the time itself begins.
    fn lead(&self, at: usize) -> (Lead, usize) {
        let longest = LEADS
            .iter()
            .filter_map(|(words, lead)| Some((*lead, self.phrase.any_words(at, words)?)))
            .max_by_key(|(_, end)| *end);
        let Some((lead, next)) = longest else { return (Lead::None, at) };
        let next = self.phrase.skip(next, &[":", "is", "about", "around"]);
        (lead, next)
    }

    /// A day and what leads to it, or a range of days.
    fn day_led(&self, at: usize, lead: Lead, core: usize, place: &Place) -> Option<Read<Time>> {
        let has_lead = core > at;
        let core = if lead == Lead::On { self.phrase.skip(core, &["a"]) } else { core };
        if let Some(((first, last), end)) = self.days_of_month(core) {
            return Some((Time::Days(first, last), end));
        }
        let (day, end) = self.day(core)?;
        let is_period = day.is_period();
        let fits = match lead {
            Lead::In | Lead::Over => is_period || matches!(day.pattern, Pattern::Holiday(_)),
            Lead::For => !is_period && day.evidence > Evidence::Preposition,
            Lead::Between => false,
            _ => true,
        };
        if let Some((last, end)) = self.day_range(lead, &day, end) {
            let is_meant = has_lead || self.is_day_meant(&day, end, place);
            return is_meant.then_some((Time::Days(day, last), end));
        }
        if has_lead && (!fits || self.is_numbered(&day, end, place)) {
            return None;
        }
        if !has_lead && !self.is_day_meant(&day, end, place) {
            return None;
        }
        Some((
            match lead {
                Lead::Starting | Lead::From => Time::Starting(day),
                Lead::Until => Time::Until(day),
                _ => Time::Day(day),
            },
            end,
        ))
    }

    /// The last day, where a range goes on: "Monday to Wednesday", "June 3-5", "between Monday and Friday".
    fn day_range(&self, lead: Lead, first: &Day, end: usize) -> Option<Read<Day>> {
        let phrase = self.phrase;
        let joins: &[&str] =
            if lead == Lead::Between { &["and"] } else { &["to", "through", "thru", "-", "–", "—", "until", "till"] };
        let next = phrase.any_words(end, joins)?;
        if let Some((last, end)) = self.day(next).filter(|(last, _)| last.evidence > Evidence::Preposition || lead != Lead::None) {
            return Some((last, end));
        }
        // "June 3-5", "June 3 to 5".
        let Pattern::DayOfYear { month, .. } = first.pattern else { return None };
        let (day, end) = self.ordinal(next).or_else(|| {
            let (digits, day) = phrase.digits(next).filter(|(digits, _)| digits.len() <= 2)?;
            let _ = digits;
            Some((day, next + 1))
        })?;
        let is_clock = phrase.is(end, ":") || phrase.is_any(end, &["am", "pm", "h"]);
        let pattern = Pattern::DayOfYear { month, day: i8::try_from(day).ok().filter(|day| (1..=31).contains(day))? };
        (!is_clock).then_some((Day::next(pattern, first.date)?, end))
    }

    /// Whether a day that nothing leads to is meant.
    fn is_day_meant(&self, day: &Day, end: usize, place: &Place) -> bool {
        if self.has_determiner(place.at) {
            return day.evidence == Evidence::None && !self.is_attribute(end);
        }
        // "Listen to Monday", "a talk about May".
        let is_object = place.at > 0 && self.phrase.is_any(place.at - 1, &["to", "about", "of", "with", "like", "called", "named", "titled", "than"]);
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
        let is_named_day = self.phrase.is_any(end.wrapping_sub(1), &["day", "eve", "monday", "friday", "sunday"]);
        let is_before_colon = place.is_first && self.phrase.is_any(end, &[":", ","]);
        is_before_colon || (is_named_day && !self.is_attribute(end) && !place.is_first)
    }

    /// "the 5th floor": an ordinal of something else.
    fn is_numbered(&self, day: &Day, end: usize, place: &Place) -> bool {
        let is_ordinal = matches!(day.pattern, Pattern::DayOfMonth(_)) && day.evidence == Evidence::Preposition;
        let is_word = words::ordinal(self.phrase.lower(end.wrapping_sub(1))).is_some();
        let is_attribute = self.is_attribute(end) && (!place.is_first || is_word);
        is_ordinal && (is_attribute || self.phrase.is_any(end, &NUMBERED))
    }

    /// Times of day with what leads to them.
    fn clocks_led(&self, lead: Lead, core: usize, place: &Place) -> Option<Read<Time>> {
        if let Some((time, end)) = self.end_of_day(core) {
            let clock = ClockTime {
                clock: crate::clock::Clock::At(time),
                certainty: Certainty::ByForm,
                zone: None,
            };
            return Some((Time::Clocks(vec![clock]), end));
        }
        if let Some((clock, end)) = self.clock_range(lead, core) {
            return Some((Time::Clocks(vec![clock]), end));
        }
        let (first, mut end) = self.clock(core)?;
        if !self.is_clock_meant(&first, lead, core, end, place) {
            return None;
        }
        let mut clocks = vec![first];
        while let Some(next) = self.phrase.any_words(end, &["and at", "and", "&", ", and", ","]) {
            let Some((clock, after)) = self.clock(next) else { break };
            let is_bare = clock.certainty == Certainty::NeedsPreposition;
            if is_bare && (self.is_attribute(after) || self.is_counted(after)) {
                break;
            }
            clocks.push(clock);
            end = after;
        }
        Some((Time::Clocks(clocks), end))
    }

    fn is_clock_meant(&self, clock: &ClockTime, lead: Lead, core: usize, end: usize, place: &Place) -> bool {
        if clock.certainty == Certainty::ByForm {
            if lead != Lead::None {
                return !matches!(lead, Lead::On | Lead::In | Lead::Over | Lead::Between);
            }
            if self.has_determiner(core) {
                return false;
            }
            // "Midnight blue" is a colour, wherever it stands; "seven pm" is nothing else.
            let is_name = self.phrase.is_any(core, &["noon", "midnight", "midday"]);
            let is_named = self.phrase.is_word(core) && (!place.is_first || is_name);
            return !is_named || place.adjoins || !self.is_attribute(end) || self.starts_time(end);
        }
        if self.is_counted(end) {
            return false;
        }
        let is_alone = !self.is_attribute(end);
        match lead {
            Lead::At => {
                let is_address = self.phrase.get(end).is_some_and(crate::token::Token::is_capitalised)
                    && !self.starts_time(end)
                    && !place.is_first;
                let is_number = self.phrase.digits(end).is_some() && !self.starts_time(end);
                !is_address && !is_number
            }
            Lead::Bound | Lead::Until | Lead::From | Lead::Starting => is_alone,
            Lead::None => place.adjoins && is_alone && self.is_at_edge(end),
            _ => false,
        }
    }

    /// "from 3 to 5pm", "2-4pm", "between 9 and 10": the beginning, with the half of the day that the end has.
    fn clock_range(&self, lead: Lead, core: usize) -> Option<Read<ClockTime>> {
        let phrase = self.phrase;
        let (first, next) = self.clock(core)?;
        let joins: &[&str] = match lead {
            Lead::Between => &["and", "-", "–"],
            _ => &["to", "-", "–", "—", "until", "till", "til", "through"],
        };
        let next = phrase.any_words(next, joins)?;
        let (last, end) = self.clock(next)?;
        // "4pm until 15 December" goes on with a day.
        if self.day(next).is_some_and(|(_, after)| after > end) {
            return None;
        }
        let is_written = first.certainty == Certainty::ByForm || last.certainty == Certainty::ByForm;
        let is_led = matches!(lead, Lead::From | Lead::Between | Lead::At);
        if !is_written && !is_led || self.is_counted(end) || self.has_determiner(core) {
            return None;
        }
        Some((first.in_half_of(&last), end))
    }

    /// A part of the day, where it is one.
    fn part_placed(&self, lead: Lead, core: usize, place: &Place) -> Option<Read<Time>> {
        let (part, end) = self.part(place.at).or_else(|| {
            self.part(core).filter(|(part, _)| part.is_of_today || matches!(lead, Lead::Over | Lead::Bound))
        })?;
        let is_meant = !part.is_bare || place.adjoins || matches!(lead, Lead::Over) || self.phrase.is(place.at, "first");
        is_meant.then_some((Time::Part(part), end))
    }

    /// Whether nothing is glued to the front of what begins here.
    fn begins_apart(&self, at: usize) -> bool {
        let Some(token) = self.phrase.get(at) else { return false };
        !token.is_glued || self.phrase.is_any(at - 1, &["(", "[", "\"", "'", "“", ",", ":", ";", "@", "!", "—", "–", "~", "*", "/"])
            && !(token.kind == Kind::Number && self.phrase.is_any(at - 1, &["/", "'", ":", ",", "@"]))
            || self.phrase.is(at, "@")
    }

    /// Whether nothing is glued to the end of what ended before this.
    fn ends_apart(&self, end: usize) -> bool {
        let Some(token) = self.phrase.get(end).filter(|token| token.is_glued) else { return true };
        if token.kind != Kind::Sign {
            return false;
        }
        let is_joint = matches!(token.text, "-" | "/" | "." | ":" | "'" | "’" | "_" | "@" | "+" | "–");
        let goes_on = self.phrase.is_glued(end + 1) && self.is_content(end + 1);
        !(is_joint && goes_on || matches!(token.text, "%" | "$" | "€" | "£" | "°"))
    }

    /// A title within the phrase: "The Day After Tomorrow", "A Hard Day's Night".
    fn is_a_name(&self, at: usize, end: usize) -> bool {
        let phrase = self.phrase;
        let is_plain = |token: &crate::token::Token<'_>| token.kind == Kind::Word && !token.is_capitalised();
        if !phrase.tokens.iter().any(is_plain) {
            return false;
        }
        let begins = |at: usize| at == 0 || phrase.is_any(at - 1, &[".", ":", "!", "?", ";", "(", "-", "–", "—", "\"", "“"]);
        let may_be_capital = |word: &str| {
            words::weekday(word).is_some()
                || words::month(word).is_some()
                || self.is_zone_word(word)
                || word.chars().count() <= 3 && word.chars().all(char::is_alphabetic) && matches!(word, "am" | "pm" | "eod" | "cob" | "eow" | "eom" | "eoy" | "q" | "eoq" | "nye" | "h")
        };
        let mut capitals = 0;
        for token_at in at..end {
            let Some(token) = phrase.get(token_at).filter(|token| token.is_capitalised()) else { continue };
            if begins(token_at) || token.lower.starts_with("i'") || token.lower == "i" || may_be_capital(&token.lower) {
                continue;
            }
            capitals += 1;
        }
        // Holidays are written so.
        capitals > 0 && !(at..end).any(|at| self.holiday(at).is_some())
    }

    fn is_zone_word(&self, word: &str) -> bool {
        word.len() >= 2 && word.len() <= 4 && self.phrase.tokens.iter().any(|token| {
            token.lower == word && token.chars >= 2 && token.text.chars().all(char::is_uppercase)
        }) || self.phrase.tokens.iter().any(|token| token.lower == "time" || token.text == "/")
    }

    fn has_determiner(&self, at: usize) -> bool {
        at > 0 && self.phrase.is_any(at - 1, &DETERMINERS)
    }

    /// Whether what ended before this would be an attribute of what stands here: of a word that names or does
    /// something.
    pub(crate) fn is_attribute(&self, at: usize) -> bool {
        let Some(token) = self.phrase.get(at) else { return false };
        match token.kind {
            Kind::Sign => token.is_glued && token.text == "-" && self.phrase.is_word(at + 1) && self.phrase.is_glued(at + 1),
            Kind::Number => !self.starts_time(at),
            Kind::Word => !words::is_function_word(&token.lower) && !self.starts_time(at) && !self.is_mark(at),
        }
    }

    fn is_counted(&self, at: usize) -> bool {
        let phrase = self.phrase;
        phrase.is_any(at, &COUNTED)
            || phrase.is_any(at, &["%", "$", "€", "£", "°"])
            || (words::unit(phrase.lower(at), false).is_some() && !phrase.is_any(at, &["second"]))
    }

    /// Whether the phrase, or a clause of it, ends here.
    fn is_at_edge(&self, at: usize) -> bool {
        self.phrase.get(at).is_none_or(|token| token.kind == Kind::Sign) || self.is_mark(at)
    }

    /// Whether a time begins here, as far as one word tells.
    pub(crate) fn starts_time(&self, at: usize) -> bool {
        let phrase = self.phrase;
        let word = phrase.lower(at);
        // "Friday Night Lights".
        let is_capital = phrase.get(at).is_some_and(crate::token::Token::is_capitalised) && self.part_name(at).is_some();
        if words::weekday(word).is_some() || (self.part_name(at).is_some() && !is_capital) {
            return true;
        }
        let starts = [
            "today", "tomorrow", "tmrw", "tonight", "noon", "midnight", "midday", "daily", "weekly", "monthly", "yearly", "next",
            "eod", "cob", "due", "annually", "fortnightly", "nightly", "hourly", "weekdays", "weekends", "once", "half", "quarter", "latest", "first",
        ];
        if phrase.is_any(at, &starts) && !(phrase.is_any(at, &["first", "half", "quarter", "once", "next"]) && !self.is_longer_time(at)) {
            return true;
        }
        let by_form = self.clock(at).is_some_and(|(clock, _)| clock.certainty == Certainty::ByForm);
        by_form || self.mark_starts(at)
    }

    fn is_longer_time(&self, at: usize) -> bool {
        self.part(at).is_some() || self.day(at).is_some() || self.clock(at).is_some()
    }
}

/// Where a time might begin.
struct Place {
    at: usize,
    /// Directly behind another time.
    adjoins: bool,
    /// Before any word of the title.
    is_first: bool,
}
