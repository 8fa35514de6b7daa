//! A rule in words: `every other Tuesday at 18:00`.
//!
//! Promises: words for every rule that the grammar makes (docs/language.md lists them), and for others the
//! rule itself, never words that mean something else.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Weekday};
use events::{Basis, Nominal, RecurrenceRule, TimeZone};

use super::{Clock, listed, ordinal};

const WORKDAYS: [Weekday; 5] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
const WEEKEND: [Weekday; 2] = [Weekday::Sat, Weekday::Sun];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The parts of a rule's text that have words here.
#[derive(Default)]
struct Parts {
    freq: String,
    interval: u32,
    count: Option<u32>,
    until: Option<String>,
    /// With the ordinal in the month, 0 for every one.
    days: Vec<(i32, Weekday)>,
    month_days: Vec<i32>,
    months: Vec<u32>,
    hours: Vec<u32>,
    minutes: Vec<u32>,
    position: Option<i32>,
}

/// A rule in words, by the clocks of its own zone, which is named where it is another than the person's.
pub(crate) fn rule(rule: &RecurrenceRule, zone: TimeZone) -> String {
    let said = Parts::read(rule.rrule()).and_then(|parts| parts.told(rule));
    let Some(mut said) = said else { return format!("by the rule {}", rule.rrule()) };
    let has_times = matches!(rule.dtstart(), Nominal::Time(_));
    if has_times && rule.time_zone() != zone {
        said.push_str(&format!(" ({})", rule.time_zone().name()));
    }
    if rule.basis() == Basis::Completion {
        said.push_str(", counted from when it is done");
    }
    said
}

impl Parts {
    fn read(rrule: &str) -> Option<Self> {
        let mut parts = Self { interval: 1, ..Self::default() };
        for part in rrule.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=')?;
            match name.to_ascii_uppercase().as_str() {
                "FREQ" => parts.freq = value.to_ascii_uppercase(),
                "INTERVAL" => parts.interval = value.parse().ok()?,
                "COUNT" => parts.count = Some(value.parse().ok()?),
                "UNTIL" => parts.until = Some(value.to_owned()),
                "BYDAY" => parts.days = each(value, weekday)?,
                "BYMONTHDAY" => parts.month_days = each(value, |text| text.parse().ok())?,
                "BYMONTH" => parts.months = each(value, |text| text.parse().ok())?,
                "BYHOUR" => parts.hours = each(value, |text| text.parse().ok())?,
                "BYMINUTE" => parts.minutes = each(value, |text| text.parse().ok())?,
                "BYSECOND" if value == "0" => {}
                "BYSETPOS" => parts.position = Some(value.parse().ok()?),
                // It only matters to what is every so many weeks on several days.
                "WKST" => {}
                _ => return None,
            }
        }
        Some(parts)
    }

    fn told(&self, rule: &RecurrenceRule) -> Option<String> {
        let start = rule.dtstart();
        let mut said = match self.freq.as_str() {
            "MINUTELY" | "HOURLY" => self.by_the_clock()?,
            "DAILY" => self.daily()?,
            "WEEKLY" => self.weekly(start)?,
            "MONTHLY" => self.monthly(start)?,
            "YEARLY" => self.yearly(start)?,
            _ => return None,
        };
        said.push_str(&self.times(start)?);
        if let Some(until) = &self.until {
            let last = last_day(until, rule.time_zone())?;
            said.push_str(&format!(" until {}", last.format("%-d %b %Y")));
        }
        match self.count {
            None => {}
            Some(1) => said.push_str(", once"),
            Some(count) => said.push_str(&format!(", {count} times")),
        }
        Some(said)
    }

    /// Of an hour or a minute.
    fn by_the_clock(&self) -> Option<String> {
        let is_plain = self.days.is_empty()
            && self.month_days.is_empty()
            && self.months.is_empty()
            && self.hours.is_empty()
            && self.minutes.is_empty()
            && self.position.is_none();
        let unit = if self.freq == "HOURLY" { "hour" } else { "minute" };
        is_plain.then(|| self.every(unit))
    }

    fn daily(&self) -> Option<String> {
        if !self.month_days.is_empty() || self.position.is_some() {
            return None;
        }
        let said = match (self.days.is_empty(), self.interval) {
            (true, _) => self.every("day"),
            (false, 1) => format!("every {}", self.weekdays()?),
            (false, _) => return None,
        };
        Some(self.in_months(said))
    }

    fn weekly(&self, start: Nominal) -> Option<String> {
        if !self.month_days.is_empty() || self.position.is_some() {
            return None;
        }
        let given = Self { days: vec![(0, start.date().weekday())], ..Self::default() };
        let days = if self.days.is_empty() { given.weekdays()? } else { self.weekdays()? };
        let said = match (self.interval, self.days.len()) {
            (1, _) => format!("every {days}"),
            (2, 0 | 1) => format!("every other {days}"),
            (2, _) => format!("every other week on {days}"),
            (weeks, _) => format!("every {weeks} weeks on {days}"),
        };
        Some(self.in_months(said))
    }

    fn monthly(&self, start: Nominal) -> Option<String> {
        let day = self.day_of_month(start)?;
        let month = match self.interval {
            1 => "every month".to_owned(),
            2 => "every other month".to_owned(),
            months => format!("every {months} months"),
        };
        if !self.months.is_empty() {
            return (self.interval == 1).then(|| format!("on {day} of {}", self.month_names()));
        }
        Some(format!("{month} on {day}"))
    }

    fn yearly(&self, start: Nominal) -> Option<String> {
        let first = start.date();
        let (names, is_named) = match self.months.as_slice() {
            [] => (MONTHS.get(first.month0() as usize)?.to_string(), false),
            _ => (self.month_names(), true),
        };
        // Without a month, weekdays count in the year.
        let is_plain = self.days.is_empty() && self.month_days.is_empty();
        if !is_named && !is_plain {
            return None;
        }
        let year = self.every("year");
        Some(match (self.days.is_empty(), self.month_days.as_slice()) {
            (true, []) => format!("{year} on {} {names}", first.day()),
            (true, [day]) if *day > 0 => format!("{year} on {day} {names}"),
            _ => format!("{year} on {} of {names}", self.day_of_month(start)?),
        })
    }

    /// `the 15th`, `the last day`, `the second Tuesday`, `the last weekday`.
    fn day_of_month(&self, start: Nominal) -> Option<String> {
        // A position counts among all that the rule gives in a period: times of a day, too, and months of a year.
        let counts_days = self.hours.len() <= 1
            && self.minutes.len() <= 1
            && (self.freq != "YEARLY" || self.months.len() == 1);
        if self.position.is_some() && !counts_days {
            return None;
        }
        let plain: Vec<Weekday> = self.days.iter().map(|(_, day)| *day).collect();
        let is_every = self.days.iter().all(|(number, _)| *number == 0);
        match (self.days.is_empty(), self.month_days.as_slice(), self.position) {
            (true, [], None) => Some(format!("the {}", ordinal(start.date().day()))),
            (true, days, None) => {
                let days: Option<Vec<String>> = days.iter().map(|day| nth_day(*day)).collect();
                Some(format!("the {}", listed(&days?)))
            }
            (false, [], Some(position)) if is_every && plain == WORKDAYS => {
                Some(format!("the {}weekday", place(position)?))
            }
            (false, [], Some(position)) if is_every && plain.len() == 1 => {
                Some(format!("the {}{}", place(position)?, name(plain[0])))
            }
            (false, [], None) if is_every => Some(format!("every {}", self.weekdays()?)),
            (false, [], None) => {
                let nth = |(number, day): &(i32, Weekday)| {
                    (*number != 0).then_some(())?;
                    Some(format!("{}{}", place(*number)?, name(*day)))
                };
                let days: Option<Vec<String>> = self.days.iter().map(nth).collect();
                Some(format!("the {}", listed(&days?)))
            }
            _ => None,
        }
    }

    /// `weekday`, `Monday and Thursday`.
    fn weekdays(&self) -> Option<String> {
        if self.days.iter().any(|(number, _)| *number != 0) {
            return None;
        }
        let mut days: Vec<Weekday> = self.days.iter().map(|(_, day)| *day).collect();
        days.sort_by_key(Weekday::num_days_from_monday);
        days.dedup();
        Some(match days.as_slice() {
            all if all.len() == 7 => "day".to_owned(),
            days if days == WORKDAYS => "weekday".to_owned(),
            days if days == WEEKEND => "weekend day".to_owned(),
            days => listed(&days.iter().map(|day| name(*day).to_owned()).collect::<Vec<_>>()),
        })
    }

    fn every(&self, unit: &str) -> String {
        match self.interval {
            1 => format!("every {unit}"),
            2 if unit != "minute" => format!("every other {unit}"),
            many => format!("every {many} {unit}s"),
        }
    }

    fn in_months(&self, said: String) -> String {
        if self.months.is_empty() { said } else { format!("{said} in {}", self.month_names()) }
    }

    fn month_names(&self) -> String {
        let name = |month: &u32| MONTHS.get((*month as usize).wrapping_sub(1)).copied();
        listed(&self.months.iter().filter_map(name).map(str::to_owned).collect::<Vec<_>>())
    }

    /// ` at 09:00 and 21:00`; nothing of whole days, nor of what repeats by the clock.
    fn times(&self, start: Nominal) -> Option<String> {
        let Nominal::Time(start) = start else { return Some(String::new()) };
        if matches!(self.freq.as_str(), "HOURLY" | "MINUTELY") {
            return Some(String::new());
        }
        let hours = if self.hours.is_empty() { vec![start.hour()] } else { self.hours.clone() };
        let minutes =
            if self.minutes.is_empty() { vec![start.minute()] } else { self.minutes.clone() };
        let mut times = vec![];
        for hour in hours {
            for minute in &minutes {
                times.push(Clock::time(NaiveTime::from_hms_opt(hour, *minute, 0)?));
            }
        }
        times.sort();
        Some(format!(" at {}", listed(&times)))
    }
}

fn each<T>(values: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    values.split(',').map(read).collect()
}

/// `-1FR`.
fn weekday(text: &str) -> Option<(i32, Weekday)> {
    let split = text.len().checked_sub(2)?;
    let (number, day) = (text.get(..split)?, text.get(split..)?);
    let day = match day.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    };
    Some((if number.is_empty() { 0 } else { number.parse().ok()? }, day))
}

const fn name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

/// `first `, `last `, `second to last `, with the blank after it.
fn place(number: i32) -> Option<String> {
    Some(match number {
        1 => "first ".to_owned(),
        2 => "second ".to_owned(),
        3 => "third ".to_owned(),
        4 => "fourth ".to_owned(),
        5 => "fifth ".to_owned(),
        -1 => "last ".to_owned(),
        -2 => "second to last ".to_owned(),
        -3 => "third to last ".to_owned(),
        6.. => format!("{} ", ordinal(number.unsigned_abs())),
        _ => return None,
    })
}

fn nth_day(day: i32) -> Option<String> {
    match day {
        1.. => Some(ordinal(day.unsigned_abs())),
        -1 => Some("last day".to_owned()),
        ..=-2 => Some(format!("{}day", place(day)?)),
        0 => None,
    }
}

/// The day that UNTIL names: `20270601`, or that of `20270601T215959Z` by the rule's own clock.
fn last_day(until: &str, zone: TimeZone) -> Option<NaiveDate> {
    match until.strip_suffix('Z') {
        Some(utc) => {
            let utc = NaiveDateTime::parse_from_str(utc, "%Y%m%dT%H%M%S").ok()?;
            Some(zone.local(utc.and_utc()).date())
        }
        None => NaiveDate::parse_from_str(until.get(..8)?, "%Y%m%d").ok(),
    }
}
