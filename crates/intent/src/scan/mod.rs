//! Finds where in a phrase times, reminders, priorities and tags are, and whether they are meant.
//!
//! The grammar of a time says what could be one; here stands what around it makes it one. "Friday" is a day in "call
//! Bob Friday" and none in "the Friday report".

pub(crate) mod found;
pub(crate) mod marks;
pub(crate) mod meant;
pub(crate) mod reminder;

use chrono::NaiveDate;

use crate::{
    scan::found::{Found, Piece, Time},
    text::grammar::{Grammar, Read},
    time::clock::{Certainty, ClockTime},
    time::day::{Day, Evidence},
    time::pattern::Pattern,
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
const LEADS: [(&str, Lead); 11] = [
    ("on or before|on or about|on", Lead::On),
    ("at about|at around|at approximately|at roughly|at exactly|at|@", Lead::At),
    ("sometime in|some time in|in early|in", Lead::In),
    ("for", Lead::For),
    (
        "due by|due on|due at|due before|due in|due|is due|due date|deadline|\
            by no later than|no later than|not later than|by around|by about|by|before|after|\
            around|about|circa|approximately|as of|come|towards|not before|any time after|\
            anytime after|any time before|anytime before|shortly after|shortly before|\
            just after|just before|sometime after|right after",
        Lead::Bound,
    ),
    ("over|during|sometime|some time|throughout", Lead::Over),
    ("from", Lead::From),
    (
        "starting from|starting on|starting at|starting in|starting|beginning on|\
            beginning in|beginning from|beginning|commencing on|commencing|effective|from the|\
            start on|starts on|as from",
        Lead::Starting,
    ),
    (
        "until the|until|till|til|' til|through|thru|up to|ending on|ending|up until|\
            up till|ends on|end on",
        Lead::Until,
    ),
    ("between", Lead::Between),
    ("which is", Lead::None),
];

/// The most that one phrase says; what follows stays in its title.
const MAX_PIECES: usize = 64;

impl Grammar<'_> {
    /// All that is meant, from left to right.
    pub(crate) fn scan(&self, from: usize) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        let (mut at, mut is_first) = (from, true);
        while at < self.phrase.len() && found.len() < MAX_PIECES {
            let place = Place { at, adjoins: self.adjoins(at, &found), is_first };
            match self.found_at(&place, from) {
                Some(next) => {
                    at = next.tokens.end;
                    found.push(next);
                }
                None => {
                    is_first &= !self.is_content(at);
                    at += 1;
                }
            }
        }
        found
    }

    /// The time that the phrase begins with.
    pub(crate) fn time_at_start(&self) -> Option<Read<Time>> {
        self.time(&Place { at: 0, adjoins: false, is_first: true })
    }

    fn found_at(&self, place: &Place, from: usize) -> Option<Found> {
        let at = place.at;
        if let Some((piece, end)) = self.mark(at, from) {
            return Some(Found { piece, tokens: at..end });
        }
        if let Some((reminders, end)) = self.reminder_clause(at, from) {
            return Some(Found { piece: Piece::Reminders(reminders), tokens: at..end });
        }
        let (time, end) = self.time(place)?;
        let end =
            self.phrase.skip(end, "at the latest|latest|at the earliest|or so|at the very latest");
        Some(Found { piece: Piece::Time(time), tokens: at..end })
    }

    /// Whether a time ends here, but for a comma.
    pub(crate) fn adjoins(&self, at: usize, before: &[Found]) -> bool {
        let Some(last) = before.last().filter(|found| matches!(found.piece, Piece::Time(_))) else {
            return false;
        };
        let end = last.tokens.end;
        end == at || (end + 1 == at && self.phrase.is_any(end, ",|(|-|–|—"))
    }

    /// The longest time that stands here and is meant.
    pub(crate) fn time(&self, place: &Place) -> Option<Read<Time>> {
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
    pub(crate) fn lead(&self, at: usize) -> (Lead, usize) {
        let longest = LEADS
            .iter()
            .filter_map(|(words, lead)| Some((*lead, self.phrase.any_words(at, words)?)))
            .max_by_key(|(_, end)| *end);
        let Some((lead, next)) = longest else { return (Lead::None, at) };
        let next = self.phrase.skip(next, ":|is|about|around");
        (lead, next)
    }

    /// A day and what leads to it, or a range of days.
    fn day_led(&self, at: usize, lead: Lead, core: usize, place: &Place) -> Option<Read<Time>> {
        let has_lead = core > at;
        let core = if lead == Lead::On { self.phrase.skip(core, "a") } else { core };
        if let Some(((first, last), end)) = self.days_of_month(core) {
            return Some((Time::Days(first, last), end));
        }
        // "Until 2030".
        if lead == Lead::Until
            && let Some((year, end)) = self.year(core)
            && let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1)
        {
            return Some((Time::Until(Day::once(first)), end));
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
    pub(crate) fn day_range(&self, lead: Lead, first: &Day, end: usize) -> Option<Read<Day>> {
        let phrase = self.phrase;
        let joins: &'static str =
            if lead == Lead::Between { "and" } else { "to|through|thru|-|–|—|until|till" };
        let next = phrase.any_words(end, joins)?;
        if let Some((last, end)) = self
            .day(next)
            .filter(|(last, _)| last.evidence > Evidence::Preposition || lead != Lead::None)
        {
            return Some((last, end));
        }
        // "June 3-5", "June 3 to 5".
        let Pattern::DayOfYear { month, .. } = first.pattern else { return None };
        let (day, end) =
            self.ordinal(next).or_else(|| Some((phrase.digits_of(next, 1..=2)?, next + 1)))?;
        let is_clock = phrase.is(end, ":") || phrase.is_any(end, "am|pm|h");
        let pattern = Pattern::DayOfYear {
            month,
            day: i8::try_from(day).ok().filter(|day| (1..=31).contains(day))?,
        };
        (!is_clock).then_some((Day::next(pattern, first.date)?, end))
    }

    /// Times of day with what leads to them.
    fn clocks_led(&self, lead: Lead, core: usize, place: &Place) -> Option<Read<Time>> {
        if let Some((time, end)) = self.end_of_day(core) {
            let clock = ClockTime {
                clock: crate::time::clock::Clock::At(time),
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
        while let Some(next) = self.phrase.any_words(end, "and at|and|&|, and|,") {
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

    /// "from 3 to 5pm", "2-4pm", "between 9 and 10": the beginning, with the half of the day that the end has.
    fn clock_range(&self, lead: Lead, core: usize) -> Option<Read<ClockTime>> {
        let phrase = self.phrase;
        let (first, next) = self.clock(core)?;
        let joins: &'static str = match lead {
            Lead::Between => "and|-|–",
            _ => "to|-|–|—|until|till|til|through",
        };
        let next = phrase.any_words(next, joins)?;
        let (last, end) = self.clock(next)?;
        // "4pm until 15 December" goes on with a day.
        if self.day(next).is_some_and(|(_, after)| after > end) {
            return None;
        }
        let is_written =
            first.certainty == Certainty::ByForm || last.certainty == Certainty::ByForm;
        let is_led = matches!(lead, Lead::From | Lead::Between | Lead::At);
        if !is_written && !is_led || self.is_counted(end) || self.has_determiner(core) {
            return None;
        }
        Some((first.in_half_of(&last), end))
    }

    /// A part of the day, where it is one.
    fn part_placed(&self, lead: Lead, core: usize, place: &Place) -> Option<Read<Time>> {
        let (part, end) = self.part(place.at).or_else(|| {
            self.part(core)
                .filter(|(part, _)| part.is_of_today || matches!(lead, Lead::Over | Lead::Bound))
        })?;
        let is_meant = !part.is_bare
            || place.adjoins
            || matches!(lead, Lead::Over)
            || self.phrase.is(place.at, "first");
        is_meant.then_some((Time::Part(part), end))
    }
}

/// Where a time might begin.
pub(crate) struct Place {
    pub(crate) at: usize,
    /// Directly behind another time.
    pub(crate) adjoins: bool,
    /// Before any word of the title.
    pub(crate) is_first: bool,
}
