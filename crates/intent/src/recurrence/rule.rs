//! An RFC 5545 rule and its first occurrence from what a phrase says of how often.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use events::{Basis, Nominal, RecurrenceRule, TimeZone};

use crate::{
    recurrence::recur::{Freq, Recur, WEEKEND, WORKING_DAYS},
    text::grammar::plus_days,
    time::duration::Distance,
    time::holiday::Holiday,
    time::pattern::Pattern,
};

/// How far after its beginning a rule's first occurrence is looked for, in days: 29 February after eight years.
const MAX_DAYS_AHEAD: i64 = 9 * 366;

/// When a rule ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Never,
    /// With this day.
    On(NaiveDate),
    /// So long after the first occurrence.
    After(Distance),
    /// After so many.
    Count(u32),
}

/// All that a phrase says of how often.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) recur: Recur,
    /// The times of day; none of whole days.
    pub(crate) times: Vec<NaiveTime>,
    /// Nothing before this day.
    pub(crate) start: Option<NaiveDate>,
    pub(crate) end: End,
    pub(crate) except: Vec<Weekday>,
    pub(crate) time_zone: TimeZone,
}

impl Series {
    /// The rule; its `dtstart` is the first occurrence that is not past. `None` for what no rule can say.
    pub(crate) fn rule(&self, now: DateTime<Utc>) -> Option<RecurrenceRule> {
        let local_now = self.time_zone.local(now);
        let first = self.first(local_now)?;
        let text = self.text(self.recur.interval, Some(first))?;
        let basis = if self.recur.is_from_completion { Basis::Completion } else { Basis::DueDate };
        RecurrenceRule::new(&text, first, self.time_zone, vec![], basis).ok()
    }

    /// The first occurrence.
    pub(crate) fn first(&self, local_now: NaiveDateTime) -> Option<Nominal> {
        let today = local_now.date();
        let from = self.start.unwrap_or(today);
        if matches!(self.recur.freq, Freq::Hourly | Freq::Minutely) {
            return self.first_within_day(from.max(today), local_now);
        }
        let is_step = self.recur.patterns.is_empty() && self.except.is_empty();
        if is_step {
            return self.first_of_step(from.max(today), local_now);
        }
        // Each step alone, so that the first is the first of its days, and not the first of some count.
        let text = self.text(1, None)?;
        let dtstart = self.nominal(from);
        let rule =
            RecurrenceRule::new(&text, dtstart, self.time_zone, vec![], Basis::DueDate).ok()?;
        let last = plus_days(from, MAX_DAYS_AHEAD);
        rule.occurrences(None)
            .find(|occurrence| self.is_ahead(*occurrence, local_now))
            .filter(|occurrence| occurrence.date() <= last)
    }

    fn first_of_step(&self, from: NaiveDate, local_now: NaiveDateTime) -> Option<Nominal> {
        if self.times.is_empty() {
            return Some(Nominal::Day(from));
        }
        (0..=1)
            .flat_map(|days| self.times.iter().map(move |time| (days, *time)))
            .map(|(days, time)| Nominal::Time(plus_days(from, days).and_time(time)))
            .find(|occurrence| self.is_ahead(*occurrence, local_now))
    }

    /// Of what repeats within a day: at the time that is said, else a step from now.
    fn first_within_day(&self, from: NaiveDate, local_now: NaiveDateTime) -> Option<Nominal> {
        if let Some(time) = self.times.first() {
            let first = Nominal::Time(from.and_time(*time));
            return Some(if self.is_ahead(first, local_now) {
                first
            } else {
                Nominal::Time(plus_days(from, 1).and_time(*time))
            });
        }
        if self.start.is_some() {
            return None;
        }
        let minutes = match self.recur.freq {
            Freq::Hourly => i64::from(self.recur.interval) * 60,
            _ => i64::from(self.recur.interval),
        };
        let step = TimeDelta::try_minutes(minutes)?;
        Some(Nominal::Time(local_now.checked_add_signed(step)?.with_nanosecond(0)?))
    }

    fn is_ahead(&self, occurrence: Nominal, local_now: NaiveDateTime) -> bool {
        match occurrence {
            Nominal::Day(day) => day >= local_now.date(),
            Nominal::Time(time) => time > local_now,
        }
    }

    fn nominal(&self, day: NaiveDate) -> Nominal {
        match self.times.first() {
            Some(time) => Nominal::Time(day.and_time(*time)),
            None => Nominal::Day(day),
        }
    }

    /// The rule's text with only the parts that are said.
    pub(crate) fn text(&self, interval: u32, first: Option<Nominal>) -> Option<String> {
        let (freq, by) = self.parts()?;
        let mut text = format!("FREQ={freq}");
        if interval > 1 {
            text.push_str(&format!(";INTERVAL={interval}"));
        }
        text.push_str(&by);
        if self.times.len() > 1 {
            text.push_str(&by_times(&self.times)?);
        }
        if let Some(first) = first {
            text.push_str(&self.ending(first)?);
        }
        Some(text)
    }

    /// FREQ, and the parts that name days.
    pub(crate) fn parts(&self) -> Option<(&'static str, String)> {
        if !self.except.is_empty() {
            return self.without_exceptions();
        }
        let freq = self.recur.freq;
        let name = match freq {
            Freq::Minutely => "MINUTELY",
            Freq::Hourly => "HOURLY",
            Freq::Daily => "DAILY",
            Freq::Weekly => "WEEKLY",
            Freq::Monthly => "MONTHLY",
            Freq::Yearly => "YEARLY",
        };
        Some((name, by_days(&self.recur.patterns)?))
    }

    /// "Every day except Sunday" is weekly on the others.
    fn without_exceptions(&self) -> Option<(&'static str, String)> {
        let all = match (self.recur.freq, self.recur.interval, self.recur.patterns.as_slice()) {
            (Freq::Daily, 1, []) => WORKING_DAYS.into_iter().chain(WEEKEND).collect(),
            (Freq::Weekly, _, days @ [Pattern::Weekday(_), ..]) => weekdays(days)?,
            _ => return None,
        };
        let left: Vec<Pattern> = all
            .into_iter()
            .filter(|weekday| !self.except.contains(weekday))
            .map(Pattern::Weekday)
            .collect();
        (!left.is_empty()).then_some(("WEEKLY", by_days(&left)?))
    }

    /// UNTIL or COUNT. A date for whole days, else the day's last second in UTC.
    pub(crate) fn ending(&self, first: Nominal) -> Option<String> {
        let last = match self.end {
            End::Never => return Some(String::new()),
            End::Count(count) => return Some(format!(";COUNT={count}")),
            End::On(day) => day,
            End::After(distance) => plus_days(distance.after(first.date()), -1),
        };
        if last < first.date() {
            return None;
        }
        let until = match first {
            Nominal::Day(_) => last.format("%Y%m%d").to_string(),
            Nominal::Time(_) => {
                let end = self.time_zone.instant(last.and_hms_opt(23, 59, 59)?);
                end.format("%Y%m%dT%H%M%SZ").to_string()
            }
        };
        Some(format!(";UNTIL={until}"))
    }
}

fn by_times(times: &[NaiveTime]) -> Option<String> {
    let minute = times.first()?.minute();
    if times.iter().any(|time| time.minute() != minute) {
        return None;
    }
    let mut hours: Vec<u32> = times.iter().map(Timelike::hour).collect();
    hours.sort_unstable();
    hours.dedup();
    let hours: Vec<String> = hours.iter().map(u32::to_string).collect();
    Some(format!(";BYHOUR={};BYMINUTE={minute}", hours.join(",")))
}

fn weekdays(patterns: &[Pattern]) -> Option<Vec<Weekday>> {
    let mut weekdays = patterns
        .iter()
        .map(|pattern| match pattern {
            Pattern::Weekday(weekday) => Some(*weekday),
            _ => None,
        })
        .collect::<Option<Vec<Weekday>>>()?;
    weekdays.sort_by_key(Weekday::num_days_from_monday);
    weekdays.dedup();
    Some(weekdays)
}

/// The parts that name days; empty for none, `None` for what no rule can say.
fn by_days(patterns: &[Pattern]) -> Option<String> {
    let Some(first) = patterns.first() else { return Some(String::new()) };
    match first {
        Pattern::Once => None,
        Pattern::Weekday(_) => Some(format!(";BYDAY={}", names(&weekdays(patterns)?))),
        Pattern::NthWorkingDay { nth, month } => {
            let of = month.map(|month| format!(";BYMONTH={month}")).unwrap_or_default();
            let days = names(&WORKING_DAYS);
            (patterns.len() == 1).then(|| format!("{of};BYDAY={days};BYSETPOS={nth}"))
        }
        Pattern::DayOfMonth(_) => {
            let mut days = patterns
                .iter()
                .map(|pattern| match pattern {
                    Pattern::DayOfMonth(day) => Some(*day),
                    _ => None,
                })
                .collect::<Option<Vec<i8>>>()?;
            days.sort_unstable_by_key(|day| (*day < 0, *day));
            days.dedup();
            let days: Vec<String> = days.iter().map(i8::to_string).collect();
            Some(format!(";BYMONTHDAY={}", days.join(",")))
        }
        Pattern::Nth { month, .. } => {
            let of = month.map(|month| format!(";BYMONTH={month}")).unwrap_or_default();
            let days = patterns
                .iter()
                .map(|pattern| match pattern {
                    Pattern::Nth { nth, weekday, month: other } if other == month => {
                        Some(format!("{nth}{}", name(*weekday)))
                    }
                    _ => None,
                })
                .collect::<Option<Vec<String>>>()?;
            Some(format!("{of};BYDAY={}", days.join(",")))
        }
        Pattern::DayOfYear { .. } => by_dates(patterns),
        Pattern::Month(_) => {
            let months = patterns
                .iter()
                .map(|pattern| match pattern {
                    Pattern::Month(month) => Some(month.to_string()),
                    _ => None,
                })
                .collect::<Option<Vec<String>>>()?;
            Some(format!(";BYMONTH={};BYMONTHDAY=1", months.join(",")))
        }
        Pattern::Holiday(holiday) if patterns.len() == 1 => by_holiday(*holiday),
        Pattern::Holiday(_) => None,
    }
}

/// Days of one month, or one day of several months.
fn by_dates(patterns: &[Pattern]) -> Option<String> {
    let mut dates = patterns
        .iter()
        .map(|pattern| match pattern {
            Pattern::DayOfYear { month, day } => Some((*month, *day)),
            _ => None,
        })
        .collect::<Option<Vec<(u32, i8)>>>()?;
    dates.sort_unstable();
    let (month, day) = *dates.first()?;
    let join = |numbers: Vec<String>| numbers.join(",");
    if dates.iter().all(|(other, _)| *other == month) {
        let days = join(dates.iter().map(|(_, day)| day.to_string()).collect());
        return Some(format!(";BYMONTH={month};BYMONTHDAY={days}"));
    }
    if dates.iter().all(|(_, other)| *other == day) {
        let months = join(dates.iter().map(|(month, _)| month.to_string()).collect());
        return Some(format!(";BYMONTH={months};BYMONTHDAY={day}"));
    }
    None
}

fn by_holiday(holiday: Holiday) -> Option<String> {
    match holiday {
        Holiday::Fixed(month, day) => Some(format!(";BYMONTH={month};BYMONTHDAY={day}")),
        Holiday::Nth(month, weekday, nth) => {
            Some(format!(";BYMONTH={month};BYDAY={nth}{}", name(weekday)))
        }
        // The day after the fourth Thursday is the Friday from the 23rd to the 29th.
        Holiday::AfterNth(month, weekday, nth @ 1.., days) => {
            let first = i64::from(nth - 1) * 7 + 1 + days;
            let last = first + 6;
            let days_of_month: Vec<String> = (first..=last).map(|day| day.to_string()).collect();
            let ahead = u8::try_from(days.rem_euclid(7)).ok()?;
            let weekday = (0..ahead).fold(weekday, |weekday, _| weekday.succ());
            (last <= 28 || (last <= 30 && month != 2)).then(|| {
                format!(
                    ";BYMONTH={month};BYMONTHDAY={};BYDAY={}",
                    days_of_month.join(","),
                    name(weekday)
                )
            })
        }
        Holiday::AfterNth(..) | Holiday::Easter(_) => None,
    }
}

fn names(weekdays: &[Weekday]) -> String {
    weekdays.iter().map(|weekday| name(*weekday)).collect::<Vec<_>>().join(",")
}

const fn name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "MO",
        Weekday::Tue => "TU",
        Weekday::Wed => "WE",
        Weekday::Thu => "TH",
        Weekday::Fri => "FR",
        Weekday::Sat => "SA",
        Weekday::Sun => "SU",
    }
}
