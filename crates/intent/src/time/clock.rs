//! Times of day: "5pm", "17h30", "half past five", "ten to six in the evening", "noon".

use chrono::NaiveTime;
use events::TimeZone;

use crate::{
    text::grammar::{Grammar, Read},
    text::words,
};

/// From when an hour without am or pm is meant, as an hour of the day.
pub(crate) const WAKING_FROM_HOUR: u32 = 7;
/// Until when an hour without am or pm is meant, as an hour of the day; 22:00 itself is.
pub(crate) const WAKING_TO_HOUR: u32 = 22;

/// A part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Morning,
    Afternoon,
    Evening,
    Night,
}

/// A time of day as it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// This time.
    At(NaiveTime),
    /// On a clock of twelve hours, without am or pm.
    Half {
        /// 1 to 12.
        hour: u32,
        minute: u32,
    },
    /// The midnight that ends the day.
    Midnight,
}

/// How sure it is that a clock is meant, whatever stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certainty {
    /// Only after "at" and the like: a bare "5" or "five".
    NeedsPreposition,
    /// By its form: "5pm", "17:00", "half past five".
    ByForm,
}

/// A clock with its zone, if it names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockTime {
    pub(crate) clock: Clock,
    pub(crate) certainty: Certainty,
    pub(crate) zone: Option<TimeZone>,
}

/// Half of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meridiem {
    Am,
    Pm,
}

impl Clock {
    /// An hour and minute as they are written; `is_24_hours` where the form says so (05:30, 17:00).
    pub(crate) fn of(hour: u32, minute: u32, is_24_hours: bool) -> Option<Self> {
        if is_24_hours || hour == 0 || hour > 12 {
            if (hour, minute) == (24, 0) {
                return Some(Self::Midnight);
            }
            return Some(Self::At(NaiveTime::from_hms_opt(hour, minute, 0)?));
        }
        (minute < 60).then_some(Self::Half { hour, minute })
    }

    fn with_meridiem(hour: u32, minute: u32, meridiem: Meridiem) -> Option<Self> {
        if !(1..=12).contains(&hour) {
            // "17:00 pm" is said, "0 am" is too; "17 am" is not.
            let agrees = match meridiem {
                Meridiem::Am => hour == 0,
                Meridiem::Pm => hour > 12,
            };
            return agrees.then(|| Self::of(hour, minute, true)).flatten();
        }
        let hour = hour % 12 + if meridiem == Meridiem::Pm { 12 } else { 0 };
        Some(Self::At(NaiveTime::from_hms_opt(hour, minute, 0)?))
    }

    /// The time in a part of the day.
    pub(crate) fn within(self, part: Part) -> Option<Self> {
        let Self::Half { hour, minute } = self else { return Some(self) };
        let hour = hour % 12;
        let is_morning = match part {
            Part::Morning => true,
            Part::Afternoon | Part::Evening => false,
            // "At 2 at night" is in the small hours, "at 9 at night" is not, and 12 is midnight.
            Part::Night if hour == 0 => return (minute == 0).then_some(Self::Midnight),
            Part::Night => hour < 5,
        };
        Some(Self::At(NaiveTime::from_hms_opt(hour + if is_morning { 0 } else { 12 }, minute, 0)?))
    }
}

impl ClockTime {
    pub(crate) fn new(clock: Clock, certainty: Certainty) -> Self {
        Self { clock, certainty, zone: None }
    }
}

impl Grammar<'_> {
    /// A time of day, and the zone that it names.
    pub(crate) fn clock(&self, at: usize) -> Option<Read<ClockTime>> {
        let (mut clock, mut end) = self.clock_form(at)?;
        end = self.phrase.skip(end, "sharp|exactly|on the dot");
        if self.phrase.is(end, "ish") && self.phrase.is_glued(end) {
            end += 1;
        }
        if clock.certainty == Certainty::ByForm
            && let Some((zone, after)) = self.zone(end)
        {
            clock.zone = Some(zone);
            end = after;
        }
        Some((clock, end))
    }

    fn clock_form(&self, at: usize) -> Option<Read<ClockTime>> {
        self.named_clock(at)
            .or_else(|| self.spoken_fraction(at))
            .or_else(|| self.written_clock(at))
            .or_else(|| self.spoken_clock(at))
    }

    /// "noon", "midday", "12 noon", "midnight".
    fn named_clock(&self, at: usize) -> Option<Read<ClockTime>> {
        let noon = Clock::At(NaiveTime::from_hms_opt(12, 0, 0)?);
        let by_form = |clock| ClockTime::new(clock, Certainty::ByForm);
        let noons = "noon|midday|12 noon|twelve noon|high noon|12 midday";
        if let Some(end) = self.phrase.any_words(at, noons) {
            return Some((by_form(noon), end));
        }
        let end = self.phrase.any_words(at, "midnight|12 midnight|twelve midnight")?;
        Some((by_form(Clock::Midnight), end))
    }

    /// "half past five", "quarter to six", "ten past 5", "twenty-five minutes to 7pm", "half five".
    fn spoken_fraction(&self, at: usize) -> Option<Read<ClockTime>> {
        let phrase = self.phrase;
        let (minutes, next) = self.minutes_of_hour(at)?;
        let to = phrase.any_words(next, "to|til|till|of|before");
        let past = phrase.any_words(next, "past|after");
        let (is_past, next) = match (past, to) {
            (Some(next), _) => (true, next),
            (None, Some(next)) if minutes < 30 => (false, next),
            // "Half five" is half past five.
            (None, None) if minutes == 30 && next == at + 1 => (true, next),
            _ => return None,
        };
        let (hour, mut end) = match self.named_clock(next) {
            Some((time, end)) => (if matches!(time.clock, Clock::Midnight) { 0 } else { 12 }, end),
            None => self.cardinal(next).filter(|(hour, _)| (1..=23).contains(hour))?,
        };
        end = phrase.skip(end, "o'clock|oclock");
        let (hour, minute) =
            if is_past { (hour, minutes) } else { ((hour + 23) % 24, 60 - minutes) };
        if let Some((meridiem, after)) = self.meridiem(end) {
            // A quarter to 12 pm is before noon, and to 1 pm after it.
            let hour = if hour == 0 { 12 } else { hour };
            let meridiem = if !is_past && hour == 11 { meridiem.other() } else { meridiem };
            let clock = Clock::with_meridiem(hour, minute, meridiem)?;
            return Some((ClockTime::new(clock, Certainty::ByForm), after));
        }
        // "Ten to one" is said of twelve hours: to 1 is 12:50, whichever.
        let is_named = self.named_clock(next).is_some();
        let clock = match hour {
            _ if is_named => Clock::of(hour, minute, true)?,
            0 => Clock::Half { hour: 12, minute },
            hour => Clock::of(hour, minute, false)?,
        };
        Some((ClockTime::new(clock, Certainty::ByForm), end))
    }

    /// The minutes that stand before "past" or "to".
    fn minutes_of_hour(&self, at: usize) -> Option<Read<u32>> {
        let phrase = self.phrase;
        if let Some(next) = phrase.any_words(at, "half|a half") {
            return Some((30, next));
        }
        if let Some(next) = phrase.any_words(at, "quarter|a quarter") {
            return Some((15, next));
        }
        let (minutes, next) =
            self.cardinal(at).filter(|(minutes, _)| (1..=29).contains(minutes))?;
        // Of minutes that are no multiple of five the word is said too.
        let after = phrase.skip(next, "minutes|minute|mins|min");
        (after > next || minutes % 5 == 0).then_some((minutes, after))
    }

    /// Digits: `5pm`, `5:30`, `17h30`, `1730 hours`, `5 o'clock`, `5`.
    fn written_clock(&self, at: usize) -> Option<Read<ClockTime>> {
        let phrase = self.phrase;
        let (digits, number) = phrase.digits(at)?;
        let by_form = |clock| ClockTime::new(clock, Certainty::ByForm);
        if matches!(digits.len(), 3 | 4) {
            return self.hundreds(at, digits.len(), number);
        }
        if digits.len() > 2 || number > 24 {
            return None;
        }
        let leads_with_zero = digits.len() == 2 && digits.starts_with('0');
        if let Some((minute, end)) = self.minutes_after_sign(at) {
            let end = self.skip_seconds(end);
            if let Some((meridiem, after)) = self.meridiem(end) {
                return Some((by_form(Clock::with_meridiem(number, minute, meridiem)?), after));
            }
            let is_dotted = phrase.is(at + 1, ".");
            let certainty = if is_dotted { Certainty::NeedsPreposition } else { Certainty::ByForm };
            let clock = Clock::of(number, minute, leads_with_zero)?;
            let end = phrase.skip(end, "hours|hrs|h|o'clock|oclock");
            return Some((ClockTime::new(clock, certainty), end));
        }
        if let Some((meridiem, end)) = self.meridiem(at + 1) {
            return Some((by_form(Clock::with_meridiem(number, 0, meridiem)?), end));
        }
        if let Some(end) = phrase.any_words(at + 1, "o'clock|oclock|o clock") {
            let (clock, end) = match self.meridiem(end) {
                Some((meridiem, end)) => (Clock::with_meridiem(number, 0, meridiem)?, end),
                None => (Clock::of(number, 0, false)?, end),
            };
            return Some((by_form(clock), end));
        }
        if phrase.is(at + 1, "h") && phrase.is_glued(at + 1) {
            return self.french_clock(at, number);
        }
        let clock = Clock::of(number, 0, leads_with_zero)?;
        Some((ClockTime::new(clock, Certainty::NeedsPreposition), at + 1))
    }

    /// `17h`, `17h30`; "2h" may be two hours.
    fn french_clock(&self, at: usize, hour: u32) -> Option<Read<ClockTime>> {
        let minute = self
            .phrase
            .digits(at + 2)
            .filter(|(digits, minute)| {
                self.phrase.is_glued(at + 2) && digits.len() == 2 && *minute < 60
            })
            .map(|(_, minute)| minute);
        let certainty = match minute {
            None if hour <= 12 => Certainty::NeedsPreposition,
            _ => Certainty::ByForm,
        };
        let clock = Clock::of(hour, minute.unwrap_or(0), true)?;
        let end = if minute.is_some() { at + 3 } else { at + 2 };
        Some((ClockTime::new(clock, certainty), end))
    }

    /// `1730 hours`, `0900h`, `530pm`; without more it needs a preposition.
    fn hundreds(&self, at: usize, digits: usize, number: u32) -> Option<Read<ClockTime>> {
        let (hour, minute) = (number / 100, number % 100);
        if minute >= 60 || hour > 24 {
            return None;
        }
        if let Some((meridiem, end)) = self.meridiem(at + 1) {
            let clock = Clock::with_meridiem(hour, minute, meridiem)?;
            return Some((ClockTime::new(clock, Certainty::ByForm), end));
        }
        if digits == 3 {
            return None;
        }
        let clock = Clock::of(hour, minute, true)?;
        match self.phrase.any_words(at + 1, "hours|hrs|h") {
            Some(end) => Some((ClockTime::new(clock, Certainty::ByForm), end)),
            None => Some((ClockTime::new(clock, Certainty::NeedsPreposition), at + 1)),
        }
    }

    /// The minutes after a colon or a dot.
    fn minutes_after_sign(&self, at: usize) -> Option<Read<u32>> {
        let phrase = self.phrase;
        let is_sign = phrase.is_any(at + 1, ":|.") && phrase.is_glued(at + 1);
        let (digits, minute) = phrase.digits(at + 2).filter(|_| phrase.is_glued(at + 2))?;
        let is_date = phrase.is(at + 1, ".")
            && phrase.is(at + 3, ".")
            && phrase.is_glued(at + 3)
            && phrase.digits(at + 4).is_some()
            && phrase.is_glued(at + 4);
        (is_sign && digits.len() == 2 && minute < 60 && !is_date).then_some((minute, at + 3))
    }

    fn skip_seconds(&self, at: usize) -> usize {
        let phrase = self.phrase;
        let is_seconds = phrase.is(at, ":")
            && phrase.is_glued(at)
            && phrase.is_glued(at + 1)
            && phrase.digits(at + 1).is_some_and(|(digits, _)| digits == "00");
        if is_seconds { at + 2 } else { at }
    }

    /// "five", "five thirty", "seven pm", "six o'clock", "seven oh five".
    fn spoken_clock(&self, at: usize) -> Option<Read<ClockTime>> {
        let phrase = self.phrase;
        let hour = words::cardinal(phrase.lower(at)).filter(|hour| (1..=12).contains(hour))?;
        let (minute, end) = self.spoken_minutes(at + 1);
        if let Some((meridiem, end)) = self.meridiem(end) {
            let clock = Clock::with_meridiem(hour, minute.unwrap_or(0), meridiem)?;
            return Some((ClockTime::new(clock, Certainty::ByForm), end));
        }
        if minute.is_none()
            && let Some(end) = phrase.any_words(end, "o'clock|oclock|o clock")
        {
            let clock = match self.meridiem(end) {
                Some((meridiem, end)) => (Clock::with_meridiem(hour, 0, meridiem)?, end),
                None => (Clock::of(hour, 0, false)?, end),
            };
            return Some((ClockTime::new(clock.0, Certainty::ByForm), clock.1));
        }
        let clock = Clock::of(hour, minute.unwrap_or(0), false)?;
        Some((ClockTime::new(clock, Certainty::NeedsPreposition), end))
    }

    fn spoken_minutes(&self, at: usize) -> (Option<u32>, usize) {
        if let Some(next) = self.phrase.any_words(at, "oh|o")
            && let Some(minute @ 1..=9) = words::cardinal(self.phrase.lower(next))
        {
            return (Some(minute), next + 1);
        }
        let spoken = words::cardinal(self.phrase.lower(at)).is_some_and(|number| number >= 10);
        match self.cardinal(at).filter(|(minute, _)| spoken && (10..60).contains(minute)) {
            Some((minute, end)) => (Some(minute), end),
            None => (None, at),
        }
    }

    /// am, pm, a.m., p.m., a, p (at a number).
    fn meridiem(&self, at: usize) -> Option<Read<Meridiem>> {
        let phrase = self.phrase;
        let letter = phrase.lower(at);
        let whole = match letter {
            "am" => Some(Meridiem::Am),
            "pm" => Some(Meridiem::Pm),
            _ => None,
        };
        if let Some(meridiem) = whole {
            return Some((meridiem, at + 1));
        }
        let meridiem = match letter {
            "a" => Meridiem::Am,
            "p" => Meridiem::Pm,
            _ => return None,
        };
        if phrase.is(at + 1, ".") && phrase.is(at + 2, "m") {
            let is_dotted = phrase.is(at + 3, ".") && phrase.is_glued(at + 3);
            return Some((meridiem, if is_dotted { at + 4 } else { at + 3 }));
        }
        phrase.is_glued(at).then_some((meridiem, at + 1))
    }
}

impl Meridiem {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Am => Self::Pm,
            Self::Pm => Self::Am,
        }
    }
}
