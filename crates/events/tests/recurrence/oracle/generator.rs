//! Makes up rules: every frequency and part, with a liking for the days and times at which rules go wrong.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta};
use events::{Basis, Nominal, RecurrenceError, RecurrenceRule, TimeZone};

use super::{Ask, OCCURRENCES, random::Random};
use crate::support::zone;

/// What is looked for in the rules that are made up.
pub(super) const PARTS: [&str; 23] = [
    "FREQ=YEARLY",
    "FREQ=MONTHLY",
    "FREQ=WEEKLY",
    "FREQ=DAILY",
    "FREQ=HOURLY",
    "FREQ=MINUTELY",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYMONTH=",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "BYSETPOS",
    "BYSETPOS=-",
    "BYMONTHDAY=-",
    "BYDAY=-",
    "BYWEEKNO=-",
];
const ZONES: [&str; 9] = [
    "Africa/Cairo",
    "America/Havana",
    "America/Santiago",
    "Asia/Beirut",
    "America/Nuuk",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Europe/Berlin",
    "America/New_York",
];
const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const FIRST_YEAR: i64 = 1971;
const YEARS: u64 = 85;
/// The tables of chrono-tz end with this year; zoneinfo reckons on.
const LAST_YEAR: i32 = 2099;
const SECS_PER_DAY: i64 = 86_400;

pub(super) struct Generator {
    random: Random,
    /// By zone, the days on which its clocks change.
    changes: Vec<(TimeZone, Vec<NaiveDate>)>,
}

/// What is particular to a frequency.
struct Freq {
    name: &'static str,
    /// In how many of a hundred rules a part is.
    month: u64,
    week_number: u64,
    year_day: u64,
    month_day: u64,
    day: u64,
    hour: u64,
    minute: u64,
    /// The largest ordinal of a weekday.
    ordinal: u64,
    intervals: &'static [u64],
    /// How far from `dtstart` it is looked, in days.
    reach_days: u64,
    /// How long after that an occurrence is waited for.
    patience_years: i32,
}

const NONE: Freq = Freq {
    name: "",
    month: 25,
    week_number: 0,
    year_day: 0,
    month_day: 30,
    day: 45,
    hour: 25,
    minute: 20,
    ordinal: 0,
    intervals: &[1, 1, 1, 2, 2, 3, 4, 5],
    reach_days: 3_650,
    patience_years: 10,
};
const FREQS: [Freq; 6] = [
    Freq {
        name: "YEARLY",
        month: 35,
        week_number: 50,
        year_day: 20,
        ordinal: 53,
        reach_days: 14_600,
        patience_years: 30,
        ..NONE
    },
    Freq { name: "MONTHLY", ordinal: 5, patience_years: 20, ..NONE },
    Freq { name: "WEEKLY", month_day: 0, day: 70, ..NONE },
    Freq { name: "DAILY", reach_days: 1_500, intervals: &[1, 1, 2, 3, 5, 7, 10, 31, 100], ..NONE },
    Freq {
        name: "HOURLY",
        month: 10,
        year_day: 6,
        month_day: 10,
        day: 25,
        hour: 40,
        minute: 35,
        intervals: &[1, 1, 2, 3, 4, 5, 7, 8, 12, 24, 36, 100],
        reach_days: 60,
        patience_years: 4,
        ..NONE
    },
    Freq {
        name: "MINUTELY",
        month: 10,
        year_day: 6,
        month_day: 10,
        day: 25,
        hour: 40,
        minute: 35,
        intervals: &[1, 3, 5, 7, 10, 13, 15, 20, 30, 45, 60, 90, 100, 720, 1_441, 5_000],
        reach_days: 20,
        patience_years: 2,
        ..NONE
    },
];

impl Iterator for Generator {
    type Item = Ask;

    fn next(&mut self) -> Option<Ask> {
        loop {
            let ask = self.ask();
            if ask.is_some() {
                return ask;
            }
        }
    }
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        let changes = ZONES.map(zone).map(|zone| (zone, changes(zone)));
        Self { random: Random::new(seed), changes: changes.into() }
    }

    /// A question, unless the rule is one of those that have to be refused.
    fn ask(&mut self) -> Option<Ask> {
        let freq = self.random.one_of(&FREQS);
        let whole_days = !["HOURLY", "MINUTELY"].contains(&freq.name) && self.random.chance(15);
        let (time_zone, day) = self.place();
        let start = day.and_time(self.random.time_of_day());
        let dtstart = if whole_days { Nominal::Day(day) } else { Nominal::Time(start) };
        let rrule = self.random.rule(freq, start, whole_days);
        let rule = match RecurrenceRule::new(&rrule, dtstart, time_zone, vec![], Basis::DueDate) {
            Ok(rule) => rule,
            Err(RecurrenceError::TooOften | RecurrenceError::UntilBeforeStart) => return None,
            Err(error) => panic!("{rrule}: {error}"),
        };
        let rule = self.random.with_exdates(rule);
        let from = self.random.later(&rule, freq);
        let last_year = day.year().max(from.date().year()) + freq.patience_years;
        let day_time = self.random.time_of_day();
        let last_year = last_year.min(LAST_YEAR);
        Some(Ask { rule, from, day_time, last_year, count: OCCURRENCES })
    }

    /// A zone, and a day in it on which something may go wrong.
    fn place(&mut self) -> (TimeZone, NaiveDate) {
        let (zone, changes) = self.random.one_of(&self.changes);
        let random = &mut self.random;
        let year = i32::try_from(FIRST_YEAR).expect("a year")
            + i32::try_from(random.below(YEARS)).expect("a year");
        let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a date");
        let first = date(year, 1, 1);
        let day = match random.below(10) {
            0..=2 => {
                let change = *random.one_of(changes);
                random.near(change, 3)
            }
            3 => date(year.max(1972) / 4 * 4, 2, 29),
            4 => date(year, *random.one_of(&[1, 3, 5, 7, 8, 10, 12]), 31),
            5 => {
                let month = *random.one_of(&[2, 3, 5, 7, 12]);
                random.near(date(year, month, 1), 2)
            }
            6 => random.near(first, 7),
            _ => first + Days::new(random.below(365)),
        };
        (*zone, day)
    }
}

impl Random {
    fn weekdays(&mut self, ordinal: u64) -> String {
        let count = 1 + self.below(4);
        let with_ordinals = ordinal > 0 && self.chance(70);
        let weekday = |random: &mut Self| {
            let day = *random.one_of(&WEEKDAYS);
            if !with_ordinals || random.chance(15) {
                return day.to_owned();
            }
            let usual = 1 + random.below(5);
            let place = if random.chance(80) { usual } else { 1 + random.below(ordinal) };
            let sign = if random.chance(50) { "-" } else { "" };
            format!("{sign}{place}{day}")
        };
        let weekdays: Vec<String> = (0..count).map(|_| weekday(self)).collect();
        weekdays.join(",")
    }

    fn rule(&mut self, freq: &Freq, start: NaiveDateTime, whole_days: bool) -> String {
        let mut rule = format!("FREQ={}", freq.name);
        let mut add = |name: &str, value: String| rule += &format!(";{name}={value}");
        let interval = *self.one_of(freq.intervals);
        if interval > 1 {
            add("INTERVAL", interval.to_string());
        }
        if self.chance(40) {
            add("WKST", (*self.one_of(&WEEKDAYS)).to_owned());
        }
        let mut parts = Vec::new();
        self.day_parts(freq, &mut parts);
        if !whole_days {
            self.time_parts(freq, &mut parts);
        }
        if !parts.is_empty() && self.chance(30) {
            let usual = [1, 1, 1, 2, 3, 5, -1, -1, -1, -2, -3, -20, 100, -366];
            parts.push(("BYSETPOS", self.numbers(&usual, 3, 4)));
        }
        for (name, value) in parts {
            add(name, value);
        }
        match self.below(10) {
            0..=2 => add("COUNT", (1 + self.below(30)).to_string()),
            3..=4 => add("UNTIL", self.until(freq, start)),
            _ => {}
        }
        rule
    }

    fn day_parts(&mut self, freq: &Freq, parts: &mut Vec<(&str, String)>) {
        // Each part leaves less of what others name.
        let rarely = |parts: &Vec<(&str, String)>| if parts.is_empty() { 1 } else { 2 };
        let mut ordinal = freq.ordinal;
        if self.chance(freq.month) {
            parts.push(("BYMONTH", self.numbers(&[1, 2, 2, 3, 10, 12], 12, 4)));
            ordinal = ordinal.min(5);
        }
        if self.chance(freq.week_number / rarely(parts)) {
            let usual = [1, 1, 20, 51, 52, 53, -1, -2, -51, -52, -53];
            parts.push(("BYWEEKNO", self.numbers(&usual, 53, 3)));
            ordinal = 0;
        }
        if self.chance(freq.year_day / rarely(parts)) {
            let usual = [1, 59, 60, 61, 200, 365, 366, -1, -2, -306, -307, -365, -366];
            parts.push(("BYYEARDAY", self.numbers(&usual, 366, 4)));
        }
        if self.chance(freq.month_day / rarely(parts)) {
            let usual = [1, 2, 13, 28, 29, 30, 31, -1, -2, -3, -28, -29, -30, -31];
            parts.push(("BYMONTHDAY", self.numbers(&usual, 31, 4)));
        }
        if self.chance(freq.day / rarely(parts)) {
            parts.push(("BYDAY", self.weekdays(ordinal)));
        }
    }

    fn time_parts(&mut self, freq: &Freq, parts: &mut Vec<(&str, String)>) {
        if self.chance(freq.hour) {
            parts.push(("BYHOUR", self.numbers(&[0, 1, 2, 3, 9, 22, 23], 23, 4)));
        }
        if self.chance(freq.minute) {
            parts.push(("BYMINUTE", self.numbers(&[0, 0, 10, 20, 30, 40], 59, 3)));
        }
        if self.chance(10) {
            parts.push(("BYSECOND", self.numbers(&[0, 30, 59], 59, 1)));
        }
    }

    /// In each of its three forms.
    fn until(&mut self, freq: &Freq, start: NaiveDateTime) -> String {
        let secs = self.below(freq.reach_days * SECS_PER_DAY as u64);
        let until = start + TimeDelta::seconds(secs as i64);
        let form = *self.one_of(&["%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"]);
        until.format(form).to_string()
    }

    /// Passes over some of the first occurrences.
    fn with_exdates(&mut self, rule: RecurrenceRule) -> RecurrenceRule {
        if !self.chance(20) {
            return rule;
        }
        let first: Vec<Nominal> =
            rule.occurrences(None).take(10).filter(|_| self.chance(40)).collect();
        let passed_over = |rule: RecurrenceRule, exdate| rule.with_exdate(exdate).expect("few");
        first.into_iter().fold(rule, passed_over)
    }

    /// A time after `dtstart`, sometimes an occurrence, seldom a time before.
    fn later(&mut self, rule: &RecurrenceRule, freq: &Freq) -> Nominal {
        let secs = self.below(freq.reach_days * SECS_PER_DAY as u64) as i64;
        let secs = if self.chance(5) { -secs / 10 } else { secs };
        let moved = TimeDelta::seconds(secs);
        let later = match rule.dtstart() {
            Nominal::Day(day) => Nominal::Day(day + TimeDelta::days(moved.num_days())),
            Nominal::Time(time) => Nominal::Time(time + moved),
        };
        let exact = self.chance(40).then(|| rule.occurrences(Some(later)).next());
        exact.flatten().filter(|next| next.date().year() < LAST_YEAR).unwrap_or(later)
    }
}

/// The days on which the clocks of a zone change.
fn changes(zone: TimeZone) -> Vec<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(1971, 1, 1).expect("a date");
    let change_within = |day: NaiveDate, days: u64| {
        let length = zone.instant((day + Days::new(days)).into()) - zone.instant(day.into());
        length.num_seconds() != days as i64 * SECS_PER_DAY
    };
    let weeks = first.iter_weeks().take(YEARS as usize * 52).filter(|day| change_within(*day, 7));
    weeks.flat_map(|week| week.iter_days().take(7)).filter(|day| change_within(*day, 1)).collect()
}
