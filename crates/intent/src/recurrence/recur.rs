//! How often: "every other Tuesday", "weekly", "the last Friday of every month", "every 3 days".

use chrono::Weekday;

use crate::{
    text::grammar::{Grammar, Read},
    text::words::{self, Unit},
    time::clock::Part,
    time::duration::Distance,
    time::holiday::Holiday,
    time::pattern::Pattern,
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
pub(crate) const WEEKEND: [Weekday; 2] = [Weekday::Sat, Weekday::Sun];

impl Recur {
    pub(crate) fn every(interval: u32, freq: Freq) -> Self {
        Self { freq, interval, patterns: vec![], parts: vec![], is_from_completion: false }
    }

    pub(crate) fn weekly(interval: u32, weekdays: &[Weekday]) -> Self {
        let patterns = weekdays.iter().copied().map(Pattern::Weekday).collect();
        Self { patterns, ..Self::every(interval, Freq::Weekly) }
    }

    /// What comes by a pattern, every so many times.
    pub(crate) fn of(interval: u32, patterns: Vec<Pattern>) -> Option<Self> {
        let freq = freq_of(*patterns.first()?)?;
        let is_one_kind = patterns.iter().all(|pattern| {
            std::mem::discriminant(pattern) == std::mem::discriminant(&patterns[0])
                && freq_of(*pattern) == Some(freq)
        });
        is_one_kind.then(|| Self { patterns, ..Self::every(interval, freq) })
    }

    /// A distance as a rule's step; `None` for those that no rule has.
    fn stepping(distance: &Distance) -> Option<Self> {
        let shift = distance.shift;
        let (amount, freq) = match (shift.months, shift.days, shift.seconds) {
            (months, 0, 0) if months > 0 && months % 12 == 0 => {
                (i64::from(months / 12), Freq::Yearly)
            }
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
        Pattern::Nth { month: None, .. } | Pattern::NthWorkingDay { month: None, .. } => {
            Freq::Monthly
        }
        Pattern::Holiday(Holiday::Easter(_)) => return None,
        _ => Freq::Yearly,
    })
}

pub(crate) fn freq_of_unit(unit: Unit, amount: u32) -> Option<Recur> {
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
        let on = self.phrase.skip(at, "on");
        let led = self.phrase.skip(at, "on|at|by|before|over");
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

    /// "daily", "weekly", "once a month", "on a weekly basis", "nightly".
    fn adverb(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        if let Some(next) = phrase.any_words(at, "a")
            && let Some((recur, end)) = self.adverb_name(next)
            && let Some(end) = phrase.words(end, "basis")
        {
            return Some((recur, end));
        }
        if let Some(next) = phrase.any_words(at, "once a|once per|once an|1 x per|1 x a") {
            let (unit, end) = self.unit(next)?;
            return Some((freq_of_unit(unit, 1)?, end));
        }
        let (recur, end) = self.adverb_name(at)?;
        // "The daily paper", "a weekly report", "the monthly" name things, and "3 working days" are some.
        let is_noun = self.has_determiner(at) || (at > 0 && self.cardinal(at - 1).is_some());
        (!is_noun && !self.is_attribute(end)).then_some((recur, end))
    }

    fn adverb_name(&self, at: usize) -> Option<Read<Recur>> {
        const NAMES: [(&str, u32, Unit); 12] = [
            ("hourly", 1, Unit::Hour),
            ("daily|everyday", 1, Unit::Day),
            ("weekly", 1, Unit::Week),
            ("biweekly|bi weekly|fortnightly|every fortnight", 2, Unit::Week),
            ("monthly", 1, Unit::Month),
            ("bimonthly|bi monthly", 2, Unit::Month),
            ("quarterly", 1, Unit::Quarter),
            ("semiannually|semi annually|half yearly|twice yearly", 6, Unit::Month),
            ("yearly|annually", 1, Unit::Year),
            ("biennially", 2, Unit::Year),
            ("weekdays|workdays|working days", 1, Unit::WorkingDay),
            ("triweekly", 3, Unit::Week),
        ];
        if let Some(end) = self.phrase.any_words(at, "nightly") {
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
        if let Some(end) = self.phrase.any_words(at, "weekends") {
            return (!self.is_attribute(end)).then_some((Recur::weekly(1, &WEEKEND), end));
        }
        words::weekday(self.phrase.lower(at)).filter(|name| name.is_plural)?;
        self.every_weekday(at, 1)
    }

    /// "the last Friday of every month", "the 1st and 15th of each month", "the end of every month".
    fn of_every_month(&self, at: usize) -> Option<Read<Recur>> {
        let phrase = self.phrase;
        const EDGES: [(&str, i8); 3] = [
            ("the end|end", -1),
            ("the beginning|beginning|the start|start", 1),
            ("the middle|middle", 15),
        ];
        let months = "of every month|of each month|each month|every month|monthly";
        let edge = EDGES.iter().find_map(|(words, day)| Some((*day, phrase.any_words(at, words)?)));
        if let Some((day, next)) = edge
            && let Some(end) = phrase.any_words(next, months)
        {
            return Some((Recur::of(1, vec![Pattern::DayOfMonth(day)])?, end));
        }
        if let Some((patterns, next)) = self.nth_list(at) {
            let (part, next) = match self.part_name(next) {
                Some((part, next)) => (Some(part), next),
                None => (None, next),
            };
            if let Some(end) = phrase.any_words(next, months) {
                let mut recur = Recur::of(1, patterns)?;
                recur.parts.extend(part);
                return Some((recur, end));
            }
        }
        let (days, next) = self.ordinal_list(phrase.skip(at, "the"))?;
        let end = phrase.any_words(next, months)?;
        Some((Recur::of(1, days.into_iter().map(Pattern::DayOfMonth).collect())?, end))
    }

    /// "alternate Sundays", "alternate days".
    pub(crate) fn alternate(&self, at: usize) -> Option<Read<Recur>> {
        let next = self.phrase.any_words(at, "alternate|alternating")?;
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
        let next = phrase.any_words(at, "after|from|once|since|following")?;
        let nouns = "completion|each completion|the last completion|last completion|every completion|\
        completing|finishing|doing";
        let clauses = "i finish|i complete|i do|i've finished|i've completed|i've done|i have finished|\
        i finished|i completed|i did|i have done|i have completed|i'm done|i am done|i get";
        let states = "it's done|it's finished|it's completed|it is done|it is finished|it is completed|\
        its done|it was done|it gets done|done|being done|the last time|the last one|\
        the previous one|it's complete|it is complete|completed|finished|it was completed|\
        it was finished|i'm finished";
        if let Some(end) = phrase.any_words(next, states) {
            return Some(phrase.skip(end, "with it"));
        }
        let end = phrase.any_words(next, nouns).or_else(|| phrase.any_words(next, clauses))?;
        let end = phrase.skip(
            end,
            "with it|it done|it|this|that|the task|the last one|this task|of it|\
                the previous one",
        );
        Some(phrase.skip(end, "last"))
    }
}
