//! How often: "every other Tuesday", "weekly", "the last Friday of every month", "every 3 days".

use chrono::Weekday;

use crate::{
    clock::Part,
    day::Day,
    duration::Distance,
    grammar::{Grammar, Read},
    holiday::Holiday,
    pattern::Pattern,
    words::{self, Unit},
};

/// What a rule repeats by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freq {
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// How often, as far as one phrase of a sentence says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recur {
    pub(crate) freq: Freq,
    pub(crate) interval: u32,
    /// The days; none where only a distance is said. All of one kind.
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) parts: Vec<Part>,
    /// Counted from each completion.
    pub(crate) is_from_completion: bool,
}

pub(crate) const WORKING_DAYS: [Weekday; 5] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
const WEEKEND: [Weekday; 2] = [Weekday::Sat, Weekday::Sun];

impl Recur {
    fn every(interval: u32, freq: Freq) -> Self {
        Self { freq, interval, patterns: vec![], parts: vec![], is_from_completion: false }
    }

    fn weekly(interval: u32, weekdays: &[Weekday]) -> Self {
        let patterns = weekdays.iter().copied().map(Pattern::Weekday).collect();
        Self { patterns, ..Self::every(interval, Freq::Weekly) }
    }

    /// What comes by a pattern, every so many times.
    fn of(interval: u32, patterns: Vec<Pattern>) -> Option<Self> {
        let freq = freq_of(*patterns.first()?)?;
        let is_one_kind = patterns.iter().all(|pattern| {
            std::mem::discriminant(pattern) == std::mem::discriminant(&patterns[0])
                && freq_of(*pattern) == Some(freq)
        });
        is_one_kind.then(|| Self { patterns, ..Self::every(interval, freq) })
    }

    /// A distance as a rule's step; `None` for those that no rule has.
    pub(crate) fn stepping(distance: &Distance) -> Option<Self> {
        let shift = distance.shift;
        let (amount, freq) = match (shift.months, shift.days, shift.seconds) {
            (months, 0, 0) if months > 0 && months % 12 == 0 => (i64::from(months / 12), Freq::Yearly),
            (months, 0, 0) if months > 0 => (i64::from(months), Freq::Monthly),
            (0, days, 0) if days > 0 && days % 7 == 0 => (days / 7, Freq::Weekly),
            (0, days, 0) if days > 0 => (days, Freq::Daily),
            (0, 0, seconds) if seconds > 0 && seconds % 3600 == 0 => (seconds / 3600, Freq::Hourly),
            (0, 0, seconds) if seconds > 0 && seconds % 60 == 0 => (seconds / 60, Freq::Minutely),
            _ => return None,
        };
        (distance.working_days == 0).then_some(Self::every(u32::try_from(amount).ok()?, freq))
    }
}

/// What a rule of a pattern repeats by.
pub(crate) fn freq_of(pattern: Pattern) -> Option<Freq> {
    Some(match pattern {
        Pattern::Once => return None,
        Pattern::Weekday(_) => Freq::Weekly,
        Pattern::DayOfMonth(_) => Freq::Monthly,
        Pattern::Nth { month: None, .. } | Pattern::NthWorkingDay { month: None, .. } => Freq::Monthly,
        Pattern::Holiday(Holiday::Easter(_)) => return None,
        _ => Freq::Yearly,
    })
}

fn freq_of_unit(unit: Unit, amount: u32) -> Option<Recur> {
    if unit == Unit::WorkingDay {
        return (amount == 1).then(|| Recur::weekly(1, &WORKING_DAYS));
    }
    let step = if unit == Unit::Second { None } else { Distance::of(amount, unit) };
    let freq = match unit {
        Unit::Minute => Some(Freq::Minutely),
        Unit::Hour => Some(Freq::Hourly),
        Unit::Day => Some(Freq::Daily),
        Unit::Week => Some(Freq::Weekly),
        Unit::Month => Some(Freq::Monthly),
        Unit::Year => Some(Freq::Yearly),
        _ => None,
    };
    match freq {
        // As it is said: "every 14 days" is no "every 2 weeks", nor "every 90 minutes" something in hours.
        Some(freq) if step.is_some() && amount > 0 => Some(Recur::every(amount, freq)),
        _ => Recur::stepping(&step?),
    }
}

impl Grammar<'_> {
    /// How often, with the preposition that leads to it.
    pub(crate) fn recurrence(&self, at: usize) -> Option<Read<Recur>> {
        let on = self.phrase.skip(at, &["on"]);
        let led = self.phrase.skip(at, &["on", "at", "by", "before", "over"]);
        let rules = [
            self.every(on),
            self.adverb(on),
            self.plural_days(led),
            self.of_every_month(led),
            self.alternate(on),
            self.after_completion_step(at),
        ];
        rules.into_iter().flatten().max_by_key(|(_, end)| *end)
    }

    /// "every" and what follows it.
    fn every(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        // "The every day low prices flyer".
        if at > 0 && phrase.is_any(at - 1, &DETERMINERS) {
            return None;
        }
        let start = phrase.skip(at, &["once"]);
        let next = phrase.any_words(start, &["every single", "each and every", "every", "each", "ev"])?;
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
        while let Some(next) = self.phrase.any_words(end, &["and", "&", ","]) {
            let Some((part, after)) = self.part_name(next) else { break };
            recur.parts.push(part);
            end = after;
        }
        Some((recur, end))
    }

    /// "day", "3 weeks", "couple of hours", "half hour", "weekday", "weekend".
    fn every_step(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        if let Some(end) = phrase.any_words(at, &["weekend", "weekends"]) {
            return Some((Recur::weekly(1, &WEEKEND), end));
        }
        let halves = [("half hour", 30, Unit::Minute), ("half an hour", 30, Unit::Minute), ("half year", 6, Unit::Month)];
        if let Some((amount, unit, end)) = halves
            .iter()
            .find_map(|(words, amount, unit)| Some((*amount, *unit, phrase.words(at, words)?)))
        {
            return Some((freq_of_unit(unit, amount)?, end));
        }
        let quarters = ["quarter of an hour", "quarter hour"];
        if let Some(end) = phrase.any_words(at, &quarters) {
            return Some((freq_of_unit(Unit::Minute, 15)?, end));
        }
        if let Some((unit, end)) = self.unit(at) {
            let weekdays = ["weekdays", "days", "weeks", "months", "years", "hours", "minutes"];
            let is_plural = phrase.is_any(at, &weekdays);
            return (!is_plural).then_some((freq_of_unit(unit, 1)?, end));
        }
        let (amount, next) = match phrase.any_words(at, &["few"]) {
            Some(next) => (3, next),
            None => self.quantity(at).filter(|_| !phrase.is_any(at, &["a", "an"]) || phrase.is(at + 1, "couple"))?,
        };
        let (unit, end) = self.unit(next)?;
        Some((freq_of_unit(unit, amount)?, end))
    }

    /// "other day", "second Tuesday", "third week", "other Mon and Wed".
    fn every_other(&self, at: usize) -> Option<Read<Recur>> {
        let (interval, next) = match self.phrase.any_words(at, &["other", "alternate"]) {
            Some(next) => (2, next),
            None => self.ordinal(at).filter(|(number, _)| (2..=31).contains(number))?,
        };
        if let Some(end) = self.phrase.any_words(next, &["weekend"]) {
            return Some((Recur::weekly(interval, &WEEKEND), end));
        }
        if let Some((unit, end)) = self.unit(next) {
            return Some((freq_of_unit(unit, interval)?, end));
        }
        // "Every second Tuesday of the month" is another rule, and longer.
        self.every_weekday(next, interval)
    }

    /// "Monday", "Mon, Wed and Fri", "Tuesday/Thursday", "Monday to Friday", "Friday evening".
    fn every_weekday(&self, at: usize, interval: u32) -> Option<Read<Recur>> {
        let (weekdays, mut end) = self.weekday_list(at)?;
        let mut recur = Recur::weekly(interval, &weekdays);
        if let Some((part, after)) = self.part_name(end) {
            recur.parts.push(part);
            end = after;
        }
        Some((recur, end))
    }

    /// Weekdays one after another, singular or plural, with ranges.
    pub(crate) fn weekday_list(&self, at: usize) -> Option<Read<Vec<Weekday>>> {
        let phrase = self.phrase;
        let first = words::weekday(phrase.lower(at))?.weekday;
        let (mut weekdays, mut end) = (vec![first], at + 1);
        if let Some(to) = phrase.any_words(end, &RANGES)
            && let Some(last) = words::weekday(phrase.lower(to))
        {
            let mut weekday = first;
            while weekday != last.weekday {
                weekday = weekday.succ();
                weekdays.push(weekday);
            }
            return Some((weekdays, to + 1));
        }
        loop {
            let next = phrase.skip(end, &["and every", "and on", "and", "&", "/", ",", "+", "or"]);
            let next = if next > end { phrase.skip(next, &["and every", "and on", "and", "&"]) } else { next };
            let Some(name) = words::weekday(phrase.lower(next)).filter(|_| next > end) else { break };
            // Nobody names a day twice.
            if weekdays.contains(&name.weekday) {
                break;
            }
            weekdays.push(name.weekday);
            end = next + 1;
        }
        Some((weekdays, end))
    }

    /// "first Monday of the month", "last working day of the month", "second Tuesday of March".
    fn every_nth(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        let (patterns, next) = self.nth_list(at)?;
        if let Some(end) = self.of_any_month(next) {
            return Some((Recur::of(1, patterns)?, end));
        }
        if let Some(next) = phrase.any_words(next, &["of", "in"])
            && let Some((month, end)) = self.month(next)
        {
            let patterns = patterns.into_iter().map(|pattern| pattern.of_month(month)).collect();
            return Some((Recur::of(1, patterns)?, end));
        }
        // Without a month only the first and the last are no "every second".
        let is_plain = phrase.is_any(at, &["first", "last", "1st", "final"])
            || phrase.digits(at).is_some_and(|(_, number)| number == 1);
        let is_day = matches!(patterns.first(), Some(Pattern::DayOfMonth(_)));
        (is_plain && !is_day).then_some((Recur::of(1, patterns)?, next))
    }

    /// "first Monday", "second and fourth Thursday", "1st and last Friday".
    fn nth_list(&self, at: usize) -> Option<Read<Vec<Pattern>>> {
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
        let start = self.phrase.any_words(at, &["on"]).unwrap_or(at);
        let is_led = start > at;
        let weekdays = self.weekday_list(start).filter(|(weekdays, _)| weekdays.len() > 1 && !self.phrase.is_any(start + 1, &RANGES)).map(|(weekdays, end)| {
            (weekdays.into_iter().map(Pattern::Weekday).collect::<Vec<_>>(), end)
        });
        let places = self.nth_list(start).filter(|_| is_led);
        let days = self.ordinal_list(self.phrase.skip(start, &["the"])).filter(|(days, _)| days.len() > 1).map(|(days, end)| {
            (days.into_iter().map(Pattern::DayOfMonth).collect::<Vec<_>>(), self.of_any_month(end).unwrap_or(end))
        });
        [weekdays, places, days].into_iter().flatten().max_by_key(|(_, end)| *end)
    }

    /// Two or more places: "second and fourth", "first and last".
    fn place_list(&self, at: usize) -> Option<Read<Vec<i8>>> {
        let phrase = self.phrase;
        let place = |at: usize| match phrase.any_words(at, &["last"]) {
            Some(end) => Some((-1, end)),
            None => self.ordinal(at).and_then(|(nth, end)| Some((i8::try_from(nth).ok()?, end))),
        };
        let (first, mut end) = place(phrase.skip(at, &["the"]))?;
        let mut places = vec![first];
        while let Some(next) = phrase.any_words(end, &["and the", "and", "&", ",", "or"]) {
            let Some((nth, after)) = place(next) else { break };
            places.push(nth);
            end = after;
        }
        let is_list = places.len() > 1 && places.iter().all(|nth| nth.abs() <= 5);
        is_list.then_some((places, end))
    }

    /// "15th", "1st and 15th of the month", "5th of November".
    fn every_day_of_month(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        let start = phrase.skip(at, &["the"]);
        let (days, next) = self.ordinal_list(start)?;
        if let Some(next) = phrase.any_words(next, &["of"])
            && let Some((month, end)) = self.month(next)
        {
            let dates = days.iter().map(|day| Pattern::DayOfMonth(*day).of_month(month)).collect();
            return Some((Recur::of(1, dates)?, end));
        }
        let patterns = days.into_iter().map(Pattern::DayOfMonth).collect();
        Some((Recur::of(1, patterns)?, self.of_any_month(next).unwrap_or(next)))
    }

    /// "1st and 15th", "10th, 20th and 30th", "1st and last".
    fn ordinal_list(&self, at: usize) -> Option<Read<Vec<i8>>> {
        let day = |at: usize| {
            let (day, end) = self.ordinal(at).filter(|(day, _)| (1..=31).contains(day))?;
            Some((i8::try_from(day).ok()?, end))
        };
        let (first, mut end) = day(at)?;
        let mut days = vec![first];
        loop {
            let next = self.phrase.skip(end, &["and the", "and on the", "and", "&", ",", "/"]);
            let next = if next > end { self.phrase.skip(next, &["and the", "and", "the"]) } else { next };
            let Some((day, after)) = day(next).filter(|_| next > end) else { break };
            days.push(day);
            end = after;
        }
        Some((days, end))
    }

    fn of_any_month(&self, at: usize) -> Option<usize> {
        let months = [
            "of the month",
            "of each month",
            "of every month",
            "of a month",
            "each month",
            "every month",
            "in the month",
            "in each month",
            "in every month",
            "in a month",
        ];
        self.phrase.any_words(at, &months)
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
        while let Some(next) = self.phrase.any_words(end, &["and", "&", ","]) {
            let Some((pattern, after)) = of_a_year(next) else { break };
            patterns.push(pattern);
            end = after;
        }
        Some((Recur::of(1, patterns)?, end))
    }

    /// "daily", "weekly", "once a month", "on a weekly basis", "nightly".
    fn adverb(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        if let Some(next) = phrase.any_words(at, &["a"])
            && let Some((recur, end)) = self.adverb_name(next)
            && let Some(end) = phrase.words(end, "basis")
        {
            return Some((recur, end));
        }
        if let Some(next) = phrase.any_words(at, &["once a", "once per", "once an", "1x per", "1x a"]) {
            let (unit, end) = self.unit(next)?;
            return Some((freq_of_unit(unit, 1)?, end));
        }
        let (recur, end) = self.adverb_name(at)?;
        // "The daily paper", "a weekly report", "the monthly" name things.
        let is_noun = at > 0 && phrase.is_any(at - 1, &DETERMINERS);
        (!is_noun && !self.is_attribute(end)).then_some((recur, end))
    }

    fn adverb_name(&self, at: usize) -> Option<Read<Recur>> {
        const NAMES: [(&[&str], u32, Unit); 12] = [
            (&["hourly"], 1, Unit::Hour),
            (&["daily", "everyday"], 1, Unit::Day),
            (&["weekly"], 1, Unit::Week),
            (&["biweekly", "bi weekly", "fortnightly", "every fortnight"], 2, Unit::Week),
            (&["monthly"], 1, Unit::Month),
            (&["bimonthly", "bi monthly"], 2, Unit::Month),
            (&["quarterly"], 1, Unit::Quarter),
            (&["semiannually", "semi annually", "half yearly", "twice yearly"], 6, Unit::Month),
            (&["yearly", "annually"], 1, Unit::Year),
            (&["biennially"], 2, Unit::Year),
            (&["weekdays", "workdays", "working days"], 1, Unit::WorkingDay),
            (&["triweekly"], 3, Unit::Week),
        ];
        if let Some(end) = self.phrase.any_words(at, &["nightly"]) {
            let mut recur = Recur::every(1, Freq::Daily);
            recur.parts.push(Part::Night);
            return Some((recur, end));
        }
        NAMES.iter().find_map(|(names, amount, unit)| {
            let end = self.phrase.any_words(at, names)?;
            Some((freq_of_unit(*unit, *amount)?, end))
        })
    }

    /// "Mondays", "Mondays and Thursdays", "weekends".
    fn plural_days(&self, at: usize) -> Option<Read<Recur>> {
        if let Some(end) = self.phrase.any_words(at, &["weekends"]) {
            return (!self.is_attribute(end)).then_some((Recur::weekly(1, &WEEKEND), end));
        }
        words::weekday(self.phrase.lower(at)).filter(|name| name.is_plural)?;
        self.every_weekday(at, 1)
    }

    /// "the last Friday of every month", "the 1st and 15th of each month", "the end of every month".
    fn of_every_month(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        const EDGES: [(&[&str], i8); 3] = [
            (&["the end", "end"], -1),
            (&["the beginning", "beginning", "the start", "start"], 1),
            (&["the middle", "middle"], 15),
        ];
        let months = ["of every month", "of each month", "each month", "every month", "monthly"];
        let edge = EDGES.iter().find_map(|(words, day)| Some((*day, phrase.any_words(at, words)?)));
        if let Some((day, next)) = edge
            && let Some(end) = phrase.any_words(next, &months)
        {
            return Some((Recur::of(1, vec![Pattern::DayOfMonth(day)])?, end));
        }
        if let Some((patterns, next)) = self.nth_list(at) {
            let (part, next) = match self.part_name(next) {
                Some((part, next)) => (Some(part), next),
                None => (None, next),
            };
            if let Some(end) = phrase.any_words(next, &months) {
                let mut recur = Recur::of(1, patterns)?;
                recur.parts.extend(part);
                return Some((recur, end));
            }
        }
        let (days, next) = self.ordinal_list(phrase.skip(at, &["the"]))?;
        let end = phrase.any_words(next, &months)?;
        Some((Recur::of(1, days.into_iter().map(Pattern::DayOfMonth).collect())?, end))
    }

    /// "alternate Sundays", "alternate days".
    fn alternate(&self, at: usize) -> Option<Read<Recur>> {
        let next = self.phrase.any_words(at, &["alternate", "alternating"])?;
        if let Some(read) = self.every_weekday(next, 2) {
            return Some(read);
        }
        let (unit, end) = self.unit(next)?;
        Some((freq_of_unit(unit, 2)?, end))
    }

    /// "3 days after completion": a step that counts from each completion.
    fn after_completion_step(&self, at: usize) -> Option<Read<Recur>> {
        let (distance, next) = self.duration(at)?;
        let end = self.after_completion(next)?;
        let recur = Recur::stepping(&distance)?;
        Some((Recur { is_from_completion: true, ..recur }, end))
    }

    /// "after completion", "after I finish it", "once it's done".
    pub(crate) fn after_completion(&self, at: usize) -> Option<usize> {
        let phrase = self.phrase;
        let next = phrase.any_words(at, &["after", "from", "once", "since", "following"])?;
        let nouns = ["completion", "each completion", "the last completion", "last completion", "every completion", "completing", "finishing", "doing"];
        let clauses = [
            "i finish", "i complete", "i do", "i've finished", "i've completed", "i've done", "i have finished",
            "i finished", "i completed", "i did", "i have done", "i have completed", "i'm done", "i am done", "i get",
        ];
        let states = [
            "it's done", "it's finished", "it's completed", "it is done", "it is finished", "it is completed",
            "its done", "it was done", "it gets done", "done", "being done", "the last time", "the last one", "the previous one",
            "it's complete", "it is complete", "completed", "finished", "it was completed", "it was finished", "i'm finished",
        ];
        if let Some(end) = phrase.any_words(next, &states) {
            return Some(phrase.skip(end, &["with it"]));
        }
        let end = phrase.any_words(next, &nouns).or_else(|| phrase.any_words(next, &clauses))?;
        let end = phrase.skip(end, &["with it", "it done", "it", "this", "that", "the task", "the last one", "this task", "of it", "the previous one"]);
        Some(phrase.skip(end, &["last"]))
    }

    /// The weekdays from one day to another, for "Monday to Thursday every week".
    pub(crate) fn weekdays_between(&self, first: &Day, last: &Day) -> Option<Vec<Pattern>> {
        let (Pattern::Weekday(first), Pattern::Weekday(last)) = (first.pattern, last.pattern) else {
            return None;
        };
        let mut weekdays = vec![Pattern::Weekday(first)];
        let mut weekday = first;
        while weekday != last {
            weekday = weekday.succ();
            weekdays.push(Pattern::Weekday(weekday));
        }
        Some(weekdays)
    }
}

/// What stands between the ends of a range.
const RANGES: [&str; 8] = ["to", "through", "thru", "till", "until", "-", "–", "—"];

/// What stands before a noun, and not before a time.
pub(crate) const DETERMINERS: [&str; 14] = [
    "the", "a", "an", "my", "our", "your", "his", "her", "their", "its", "this", "that", "some", "any",
];
