//! One rule from all that a phrase says about how often, and from when to when.

use chrono::{NaiveDate, NaiveTime, Timelike};
use events::{Due, Nominal};

use crate::{
    command::Said,
    recurrence::{
        recur::{Freq, Recur, freq_of},
        rule::{End, Series},
    },
    text::grammar::Grammar,
    time::{
        clock::{Clock, Part},
        day::Day,
        when::{Pieces, When, one_day, waking},
    },
};

impl Grammar<'_> {
    /// A time that comes again.
    pub(crate) fn series(&self, said: &Pieces) -> Option<When> {
        let mut recur = merged(&said.recurs)?;
        recur.is_from_completion |= said.is_from_completion;
        let (start, end) = self.bounds(said, &mut recur)?;
        let zone = said
            .clocks
            .iter()
            .flatten()
            .find_map(|clock| clock.zone)
            .unwrap_or(self.context.time_zone);
        let mut times = self.times(said, &recur)?;
        let start = match (said.instants.as_slice(), start) {
            ([], start) => start,
            // "Every day starting in 2 hours".
            ([instant], None) => {
                let local = zone.local(*instant);
                times = vec![local.time()];
                Some(local.date())
            }
            _ => return None,
        };
        let except = said.except.clone();
        let series = Series { recur, times, start, end, except, time_zone: zone };
        let rule = series.rule(self.context.now)?;
        let due = match rule.dtstart() {
            Nominal::Day(day) => Due::On(day),
            Nominal::Time(time) => Due::At(zone.instant(time)),
        };
        Some(When { due: Some(due), recurrence: Some(rule), said: Some(Said::Both) })
    }

    /// From when to when it recurs. Days that say which of the step's are meant go to the rule instead.
    fn bounds(&self, said: &Pieces, recur: &mut Recur) -> Option<(Option<NaiveDate>, End)> {
        let mut starts = said.starts.clone();
        let mut ends = said.ends.clone();
        ends.extend(said.untils.iter().map(|day| End::On(day.date)));
        for patterns in &said.on_days {
            let fits = recur.patterns.is_empty()
                && patterns.iter().all(|pattern| freq_of(*pattern) == Some(recur.freq));
            if !fits {
                return None;
            }
            recur.patterns.clone_from(patterns);
        }
        if let Some((first, last)) = said.range {
            let is_weekly = recur.freq == Freq::Weekly && recur.patterns.is_empty();
            match self.weekdays_between(&first, &last).filter(|_| is_weekly) {
                Some(patterns) => recur.patterns = patterns,
                None => {
                    starts.push(first);
                    ends.push(End::On(last.date));
                }
            }
        }
        for day in &said.days {
            if narrow(recur, day) {
                continue;
            }
            // "Every day next week": from its first day to its last.
            if day.is_period() {
                starts.push(Day::once(day.first));
                ends.push(End::On(day.last));
            } else {
                starts.push(*day);
            }
        }
        Some((one_day(&starts)?.map(|day| day.date), one_end(&ends)?))
    }

    /// The times of day of what recurs.
    pub(crate) fn times(&self, said: &Pieces, recur: &Recur) -> Option<Vec<NaiveTime>> {
        let mut parts: Vec<Part> = recur.parts.clone();
        parts.extend(said.parts.iter().map(|part| part.part));
        parts.dedup();
        let clocks: Vec<Clock> = match said.clocks.as_slice() {
            [] => {
                let mut times: Vec<NaiveTime> =
                    parts.iter().map(|part| self.time_of(*part)).collect();
                times.sort_unstable();
                times.dedup();
                return Some(times);
            }
            [clocks] => clocks.iter().map(|clock| clock.clock).collect(),
            _ => return None,
        };
        let part = match parts.as_slice() {
            [] => None,
            [part] => Some(*part),
            _ => return None,
        };
        // "At 6 and 18" is the clock of 24 hours for both.
        let is_24_hours = clocks.len() > 1
            && clocks.iter().any(|clock| matches!(clock, Clock::At(time) if time.hour() > 12));
        let mut times = clocks
            .into_iter()
            .map(|clock| {
                let clock = match part {
                    Some(part) => clock.within(part)?,
                    None => clock,
                };
                match clock {
                    Clock::At(time) => Some(time),
                    Clock::Midnight => Some(NaiveTime::MIN),
                    Clock::Half { hour, minute } if is_24_hours => {
                        NaiveTime::from_hms_opt(hour, minute, 0)
                    }
                    Clock::Half { hour, minute } => waking(hour, minute).first().copied(),
                }
            })
            .collect::<Option<Vec<NaiveTime>>>()?;
        times.sort_unstable();
        times.dedup();
        Some(times)
    }
}

fn one_end(ends: &[End]) -> Option<End> {
    match ends {
        [] => Some(End::Never),
        [end] => Some(*end),
        _ => None,
    }
}

/// Several sayings of how often as one: "every morning and every night", "every year" with the day elsewhere.
fn merged(recurs: &[Recur]) -> Option<Recur> {
    let (first, rest) = recurs.split_first()?;
    let mut merged = first.clone();
    for recur in rest {
        if recur.patterns.is_empty() && merged.patterns.is_empty() {
            if (recur.freq, recur.interval) != (merged.freq, merged.interval) {
                return None;
            }
        } else if merged.patterns.is_empty() {
            if merged.freq != recur.freq || recur.interval != 1 {
                return None;
            }
            merged.patterns.clone_from(&recur.patterns);
        } else if recur.patterns.is_empty() {
            if merged.freq != recur.freq || merged.interval != 1 {
                return None;
            }
            merged.interval = recur.interval;
        } else if (recur.freq, recur.interval) == (merged.freq, merged.interval) {
            merged.patterns.extend(&recur.patterns);
        } else {
            return None;
        }
        merged.parts.extend(&recur.parts);
        merged.is_from_completion |= recur.is_from_completion;
    }
    Some(merged)
}

/// Takes a day into a rule, where it says which of the step's days are meant: "every 2 weeks on Tuesday".
fn narrow(recur: &mut Recur, day: &Day) -> bool {
    let fits = freq_of(day.pattern).is_some_and(|freq| freq == recur.freq)
        // "Every year in November on the 3rd" is not said; "every year on the 3rd of November" is.
        && recur.patterns.iter().all(|pattern| std::mem::discriminant(pattern) == std::mem::discriminant(&day.pattern));
    if fits && !recur.patterns.contains(&day.pattern) {
        recur.patterns.push(day.pattern);
    }
    fits
}
