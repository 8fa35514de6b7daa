//! One time from all that a phrase says about it.
//!
//! "On Friday buy milk at 5" says a day and a time of day apart; "every month on the 15th" a step and a day. What does
//! not go together is not understood at all: no due date is better than a wrong one.

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike, Utc, Weekday};
use events::{Due, RecurrenceRule, TimeZone};

use crate::{
    command::Said,
    recurrence::recur::Recur,
    recurrence::rule::End,
    scan::found::{Found, Piece, Time},
    text::grammar::{Grammar, plus_days},
    time::clock::{Clock, ClockTime, Part, WAKING_FROM_HOUR, WAKING_TO_HOUR},
    time::day::Day,
    time::part::SaidPart,
    time::pattern::Pattern,
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
pub(crate) struct Pieces {
    pub(crate) days: Vec<Day>,
    pub(crate) range: Option<(Day, Day)>,
    pub(crate) clocks: Vec<Vec<ClockTime>>,
    pub(crate) parts: Vec<SaidPart>,
    pub(crate) instants: Vec<DateTime<Utc>>,
    pub(crate) on_days: Vec<Vec<Pattern>>,
    pub(crate) recurs: Vec<Recur>,
    pub(crate) starts: Vec<Day>,
    pub(crate) untils: Vec<Day>,
    pub(crate) ends: Vec<End>,
    pub(crate) except: Vec<Weekday>,
    pub(crate) is_from_completion: bool,
}

impl Grammar<'_> {
    /// The one time that the pieces make; `None` where they contradict each other or no rule can say them.
    pub(crate) fn when(&self, found: &[Found]) -> Option<When> {
        let said = gather(found)?;
        if said.recurs.is_empty() { self.single(&said) } else { self.series(&said) }
    }

    /// A time that comes once.
    pub(crate) fn single(&self, said: &Pieces) -> Option<When> {
        if let [instant] = said.instants[..] {
            let is_alone = said.days.is_empty()
                && said.clocks.is_empty()
                && said.starts.is_empty()
                && said.untils.is_empty()
                && said.range.is_none()
                && said.parts.is_empty()
                && said.on_days.is_empty();
            return is_alone.then_some(When {
                due: Some(Due::At(instant)),
                recurrence: None,
                said: Some(Said::Both),
            });
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
        let said = match (
            day.is_some() || part.is_some_and(|part| part.is_of_today),
            clock.is_some() || part.is_some(),
        ) {
            (true, true) => Some(Said::Both),
            (true, false) => Some(Said::Day),
            (false, true) => Some(Said::Time),
            (false, false) => None,
        };
        Some(When { due, recurrence: None, said })
    }

    /// The due time of a day, a clock and a part of the day; none of none.
    pub(crate) fn due(
        &self,
        day: Option<Day>,
        clock: Option<ClockTime>,
        part: Option<SaidPart>,
    ) -> Option<Option<Due>> {
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
        let day = day.map(|day| {
            if is_small_hour && is_of_today { Day::once(plus_days(day.date, 1)) } else { day }
        });
        Some(Some(self.at(day, clock, is_of_today, zone)?))
    }

    /// A clock on a day, or the next such time.
    pub(crate) fn at(
        &self,
        day: Option<Day>,
        clock: Clock,
        is_fixed: bool,
        zone: TimeZone,
    ) -> Option<Due> {
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
            Clock::Midnight => {
                return Some(Due::At(instant(plus_days(day.date, 1), NaiveTime::MIN)));
            }
            Clock::At(time) => time,
            Clock::Half { hour, minute } => {
                let times = waking(hour, minute);
                let ahead = times
                    .iter()
                    .find(|time| day.date != local_now.date() || **time > local_now.time());
                *ahead.or(times.last())?
            }
        };
        // "The 15th at 9", said on the 15th at 10, is next month's.
        let is_past = day.date == local_now.date() && time <= local_now.time();
        let date = if is_past && !is_fixed {
            day.pattern.from(plus_days(day.date, 1)).unwrap_or(day.date)
        } else {
            day.date
        };
        Some(Due::At(instant(date, time)))
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
pub(crate) fn one_day(days: &[Day]) -> Option<Option<Day>> {
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
    let date =
        day.pattern.from(period.first).filter(|date| period.is_period() && *date <= period.last)?;
    Some(Day::once(date))
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
