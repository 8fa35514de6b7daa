//! One time from all that a phrase says about it.
//!
//! "On Friday buy milk at 5" says a day and a time of day apart; "every month on the 15th" a step and a day. What does
//! not go together is not understood at all: no due date is better than a wrong one.

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike, Utc, Weekday};
use events::{Due, Nominal, RecurrenceRule, TimeZone};

use crate::{
    clock::{Clock, ClockTime, Part, WAKING_FROM_HOUR, WAKING_TO_HOUR},
    command::Said,
    day::Day,
    found::{Found, Piece, Time},
    grammar::{Grammar, plus_days},
    part::SaidPart,
    pattern::Pattern,
    recur::{Freq, Recur, freq_of},
    rule::{End, Series},
};

/// When a task is due, and how it recurs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct When {
    pub(crate) due: Option<Due>,
    pub(crate) recurrence: Option<RecurrenceRule>,
    /// Which parts of the due time were said.
    pub(crate) said: Option<Said>,
}

/// What a phrase says about time, by kind.
#[derive(Default)]
struct Pieces {
    days: Vec<Day>,
    range: Option<(Day, Day)>,
    clocks: Vec<Vec<ClockTime>>,
    parts: Vec<SaidPart>,
    instants: Vec<DateTime<Utc>>,
    on_days: Vec<Vec<Pattern>>,
    recurs: Vec<Recur>,
    starts: Vec<Day>,
    untils: Vec<Day>,
    ends: Vec<End>,
    except: Vec<Weekday>,
    is_from_completion: bool,
}

impl Grammar<'_> {
    /// The one time that the pieces make; `None` where they contradict each other or no rule can say them.
    pub(crate) fn when(&self, found: &[Found]) -> Option<When> {
        let said = gather(found)?;
        if said.recurs.is_empty() { self.single(&said) } else { self.series(said) }
    }

    /// A time that comes once.
    fn single(&self, said: &Pieces) -> Option<When> {
        if let [instant] = said.instants[..] {
            let is_alone = said.days.is_empty() && said.clocks.is_empty() && said.starts.is_empty() && said.untils.is_empty() && said.range.is_none();
            return is_alone.then(|| When { due: Some(Due::At(instant)), recurrence: None, said: Some(Said::Both) });
        }
        // Two days at once are none.
        if said.instants.len() > 1 || !said.on_days.is_empty() {
            return None;
        }
        let mut days = said.days.clone();
        days.extend(&said.starts);
        days.extend(&said.untils);
        days.extend(said.range.map(|(first, _)| first));
        let day = one_day(&days)?;
        let clock = one_clock(&said.clocks)?;
        let part = one_part(&said.parts)?;
        let due = self.due(day, clock, part)?;
        let said = match (day.is_some() || part.is_some_and(|part| part.is_of_today), clock.is_some() || part.is_some()) {
            (true, true) => Some(Said::Both),
            (true, false) => Some(Said::Day),
            (false, true) => Some(Said::Time),
            (false, false) => None,
        };
        Some(When { due, recurrence: None, said })
    }

    /// The due time of a day, a clock and a part of the day; none of none.
    fn due(&self, day: Option<Day>, clock: Option<ClockTime>, part: Option<SaidPart>) -> Option<Option<Due>> {
        let zone = clock.and_then(|clock| clock.zone).unwrap_or(self.context.time_zone);
        let is_of_today = part.is_some_and(|part| part.is_of_today);
        let day = day.or_else(|| is_of_today.then(|| Day::once(self.today)));
        let Some(clock) = clock else {
            return Some(match (day, part) {
                (None, None) => None,
                (Some(day), None) => Some(Due::On(day.date)),
                (day, Some(part)) => {
                    let time = self.time_of(part.part);
                    Some(self.at(day, Clock::At(time), is_of_today, zone)?)
                }
            });
        };
        let is_night = part.is_some_and(|part| part.part == Part::Night);
        let clock = match part {
            Some(part) => clock.clock.within(part.part)?,
            None => clock.clock,
        };
        // The small hours of "tonight" are tomorrow's.
        let is_small_hour = matches!(clock, Clock::At(time) if is_night && time.hour() < 5);
        let day = day.map(|day| if is_small_hour && is_of_today { Day::once(plus_days(day.date, 1)) } else { day });
        Some(Some(self.at(day, clock, is_of_today, zone)?))
    }

    /// A clock on a day, or the next such time.
    fn at(&self, day: Option<Day>, clock: Clock, is_fixed: bool, zone: TimeZone) -> Option<Due> {
        let local_now = zone.local(self.context.now);
        let instant = |day: NaiveDate, time: NaiveTime| zone.instant(day.and_time(time));
        let Some(day) = day else {
            let today = local_now.date();
            return Some(Due::At(match clock {
                Clock::Midnight => instant(plus_days(today, 1), NaiveTime::MIN),
                Clock::At(time) if time > local_now.time() => instant(today, time),
                Clock::At(time) => instant(plus_days(today, 1), time),
                Clock::Half { hour, minute } => {
                    let times = waking(hour, minute);
                    match times.iter().find(|time| **time > local_now.time()) {
                        Some(time) => instant(today, *time),
                        None => instant(plus_days(today, 1), *times.first()?),
                    }
                }
            }));
        };
        let time = match clock {
            Clock::Midnight => return Some(Due::At(instant(plus_days(day.date, 1), NaiveTime::MIN))),
            Clock::At(time) => time,
            Clock::Half { hour, minute } => {
                let times = waking(hour, minute);
                let ahead = times.iter().find(|time| day.date != local_now.date() || **time > local_now.time());
                *ahead.or(times.last())?
            }
        };
        // "The 15th at 9", said on the 15th at 10, is next month's.
        let is_past = day.date == local_now.date() && time <= local_now.time();
        let date = if is_past && !is_fixed { day.pattern.from(plus_days(day.date, 1)).unwrap_or(day.date) } else { day.date };
        Some(Due::At(instant(date, time)))
    }

    /// A time that comes again.
    fn series(&self, said: Pieces) -> Option<When> {
        let mut recur = merged(&said.recurs)?;
        recur.is_from_completion |= said.is_from_completion;
        let mut starts = said.starts.clone();
        let mut ends = said.ends.clone();
        ends.extend(said.untils.iter().map(|day| End::On(day.date)));
        if let Some((first, last)) = said.range {
            match self.weekdays_between(&first, &last).filter(|_| recur.freq == Freq::Weekly && recur.patterns.is_empty()) {
                Some(patterns) => recur.patterns = patterns,
                None => {
                    starts.push(first);
                    ends.push(End::On(last.date));
                }
            }
        }
        for patterns in &said.on_days {
            let fits = recur.patterns.is_empty() && patterns.iter().all(|pattern| freq_of(*pattern) == Some(recur.freq));
            if !fits {
                return None;
            }
            recur.patterns.clone_from(patterns);
        }
        for day in &said.days {
            if !narrow(&mut recur, day) {
                // "Every day next week": from its first day to its last.
                if day.is_period() {
                    starts.push(Day::once(day.first));
                    ends.push(End::On(day.last));
                } else {
                    starts.push(*day);
                }
            }
        }
        let (start, end) = (one_day(&starts)?, one_end(&ends)?);
        let (instant, start) = match (said.instants.as_slice(), start) {
            ([], start) => (None, start),
            ([instant], None) => (Some(*instant), None),
            _ => return None,
        };
        let zone = said.clocks.iter().flatten().find_map(|clock| clock.zone).unwrap_or(self.context.time_zone);
        let mut times = self.times(&said, &recur)?;
        let mut start = start.map(|day| day.date);
        if let Some(instant) = instant {
            let local = zone.local(instant);
            start = Some(local.date());
            times = vec![local.time()];
        }
        let series = Series { recur, times, start, end, except: said.except, time_zone: zone };
        let rule = series.rule(self.context.now)?;
        let due = match rule.dtstart() {
            Nominal::Day(day) => Due::On(day),
            Nominal::Time(time) => Due::At(zone.instant(time)),
        };
        Some(When { due: Some(due), recurrence: Some(rule), said: Some(Said::Both) })
    }

    /// The times of day of what recurs.
    fn times(&self, said: &Pieces, recur: &Recur) -> Option<Vec<NaiveTime>> {
        let mut parts: Vec<Part> = recur.parts.clone();
        parts.extend(said.parts.iter().map(|part| part.part));
        parts.dedup();
        let clocks: Vec<Clock> = match said.clocks.as_slice() {
            [] => {
                let mut times: Vec<NaiveTime> = parts.iter().map(|part| self.time_of(*part)).collect();
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
        let is_24_hours = clocks.len() > 1 && clocks.iter().any(|clock| matches!(clock, Clock::At(time) if time.hour() > 12));
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
                    Clock::Half { hour, minute } if is_24_hours => NaiveTime::from_hms_opt(hour, minute, 0),
                    Clock::Half { hour, minute } => waking(hour, minute).first().copied(),
                }
            })
            .collect::<Option<Vec<NaiveTime>>>()?;
        times.sort_unstable();
        times.dedup();
        Some(times)
    }
}

/// The pieces by kind; `None` where two of a kind contradict each other.
fn gather(found: &[Found]) -> Option<Pieces> {
    let mut said = Pieces::default();
    for time in found.iter().filter_map(|found| match &found.piece {
        Piece::Time(time) => Some(time),
        _ => None,
    }) {
        match time {
            Time::Day(day) => said.days.push(*day),
            Time::Days(first, last) => {
                if said.range.replace((*first, *last)).is_some() {
                    return None;
                }
            }
            Time::Clocks(clocks) => said.clocks.push(clocks.clone()),
            Time::Part(part) => said.parts.push(*part),
            Time::Instant(instant) => said.instants.push(*instant),
            Time::Recur(recur) => said.recurs.push(recur.clone()),
            Time::OnDays(patterns) => said.on_days.push(patterns.clone()),
            Time::Starting(day) => said.starts.push(*day),
            Time::Until(day) => said.untils.push(*day),
            Time::For(distance) => said.ends.push(End::After(*distance)),
            Time::Times(count) => said.ends.push(End::Count(*count)),
            Time::Except(weekdays) => said.except.extend(weekdays),
            Time::AfterCompletion => said.is_from_completion = true,
        }
    }
    Some(said)
}

/// The one day that several mean: the same, or a day within a period. `None` for two that contradict each other.
fn one_day(days: &[Day]) -> Option<Option<Day>> {
    let Some((first, rest)) = days.split_first() else { return Some(None) };
    let mut one = *first;
    for day in rest {
        one = within(one, *day).or_else(|| within(*day, one))?;
    }
    Some(Some(one))
}

/// A day that a pattern has in a period: "next week on Friday", "the 15th, next month".
fn within(period: Day, day: Day) -> Option<Day> {
    if period.date == day.date {
        return Some(if day.pattern == Pattern::Once { period } else { day });
    }
    let date = day.pattern.from(period.first).filter(|date| period.is_period() && *date <= period.last)?;
    Some(Day { pattern: Pattern::Once, ..Day::once(date) })
}

fn one_clock(clocks: &[Vec<ClockTime>]) -> Option<Option<ClockTime>> {
    match clocks {
        [] => Some(None),
        [one] => match one[..] {
            [clock] => Some(Some(clock)),
            _ => None,
        },
        [first, rest @ ..] => {
            let is_same = rest.iter().all(|other| other == first);
            (is_same && first.len() == 1).then(|| first.first().copied())
        }
    }
}

fn one_part(parts: &[SaidPart]) -> Option<Option<SaidPart>> {
    let Some((first, rest)) = parts.split_first() else { return Some(None) };
    rest.iter().all(|other| other.part == first.part).then_some(Some(*first))
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

/// The times of day that an hour without am or pm may mean, the earlier first.
pub(crate) fn waking(hour: u32, minute: u32) -> Vec<NaiveTime> {
    let hour = hour % 12;
    [hour, hour + 12]
        .into_iter()
        .filter_map(|hour| NaiveTime::from_hms_opt(hour, minute, 0))
        .filter(|time| {
            let last = NaiveTime::from_hms_opt(WAKING_TO_HOUR, 0, 0);
            time.hour() >= WAKING_FROM_HOUR && last.is_some_and(|last| *time <= last)
        })
        .collect()
}

impl ClockTime {
    /// The beginning of a range: in the half of the day that its end is in, unless that would be after it.
    pub(crate) fn in_half_of(self, end: &Self) -> Self {
        let zone = self.zone.or(end.zone);
        let (Clock::Half { hour, minute }, Clock::At(last)) = (self.clock, end.clock) else {
            return Self { zone, certainty: self.certainty.max(end.certainty), ..self };
        };
        let half = if last.hour() >= 12 { 12 } else { 0 };
        let same = NaiveTime::from_hms_opt(hour % 12 + half, minute, 0);
        let other = NaiveTime::from_hms_opt(hour % 12 + 12 - half, minute, 0);
        let start = same.filter(|time| *time < last).or(other).unwrap_or(last);
        Self { clock: Clock::At(start), certainty: end.certainty, zone }
    }
}
