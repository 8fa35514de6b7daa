//! Dates as Todoist writes them: in words, and in English here.
//!
//! Understood: `2026-12-24`, `2026-12-24 17:00`, `today`, `tomorrow`, `monday`, `24 Dec`, `Dec 24 2027`,
//! `in 3 days`; `every day`, `every 3 weeks`, `every other monday`, `every mon, wed and fri`,
//! `every weekday`, `every 15th`, `every last day`, `every 24 dec`, `daily` and the like; each with a time
//! behind it (`at 5pm`, `17:00`), and `every!` for what counts from its completion. Whatever else there is
//! is none of this module's, and said so.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};
use events::{Basis, Due, Nominal, RecurrenceRule, TimeZone};

/// The furthest that a first occurrence is looked for, in days: a 29 February is at most 8 years ahead.
const MAX_SEARCH_DAYS: u64 = 366 * 8 + 1;
/// The longest text that is looked at, in bytes.
const MAX_TEXT_BYTES: usize = 200;
/// The largest number of days, weeks, months or years.
const MAX_COUNT: u32 = 1_000;

/// When a task is due, and how it repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transfer) struct When {
    pub(in crate::transfer) due: Due,
    pub(in crate::transfer) rule: Option<RecurrenceRule>,
}

/// On which days something recurs.
struct Pattern {
    rrule: String,
    falls_on: Box<dyn Fn(NaiveDate) -> bool>,
}

/// What a text means, read at this moment in this zone; `None` for whatever is not understood.
pub(in crate::transfer) fn understand(
    text: &str,
    zone: TimeZone,
    now: DateTime<Utc>,
) -> Option<When> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let text = text.trim().to_lowercase();
    let here = zone.local(now);
    if let Some(exact) = exact(&text, zone) {
        return Some(When { due: exact, rule: None });
    }
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let (tokens, time) = split_time(&tokens)?;
    let (basis, words) = match tokens {
        ["every" | "ev", rest @ ..] => (Basis::DueDate, rest),
        ["every!" | "ev!", rest @ ..] => (Basis::Completion, rest),
        [word @ ("daily" | "weekly" | "monthly" | "yearly")] => {
            let unit = match *word {
                "daily" => "day",
                "weekly" => "week",
                "monthly" => "month",
                _ => "year",
            };
            return recurring(&[unit], time, Basis::DueDate, zone, here);
        }
        _ => {
            let day = day(tokens, here.date())?;
            return Some(When { due: due(day, time, zone), rule: None });
        }
    };
    recurring(words, time, basis, zone, here)
}

/// A day or a time that says its year, and a time that may say it is UTC.
fn exact(text: &str, zone: TimeZone) -> Option<Due> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(Due::At(time.to_utc()));
    }
    if text.len() == 10 && text.as_bytes()[0].is_ascii_digit() {
        return text.parse::<NaiveDate>().ok().map(Due::On);
    }
    let local = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    (text.as_bytes()[0].is_ascii_digit() && in_years(local.date()))
        .then(|| Due::At(zone.instant(local)))
}

fn in_years(day: NaiveDate) -> bool {
    (1970..=2200).contains(&day.year())
}

fn due(day: NaiveDate, time: Option<NaiveTime>, zone: TimeZone) -> Due {
    match time {
        Some(time) => Due::At(zone.instant(day.and_time(time))),
        None => Due::On(day),
    }
}

/// Takes a time off the end: `at 5pm`, `5:30 pm`, `17:00`.
fn split_time<'t, 'w>(tokens: &'t [&'w str]) -> Option<(&'t [&'w str], Option<NaiveTime>)> {
    let (before, time) = match tokens {
        [before @ .., hour, half @ ("am" | "pm")]
            if time_of(&format!("{hour}{half}")).is_some() =>
        {
            (before, time_of(&format!("{hour}{half}")))
        }
        [before @ .., last] if time_of(last).is_some() => (before, time_of(last)),
        _ => return Some((tokens, None)),
    };
    match before {
        [rest @ .., "at"] => Some((rest, time)),
        // A time alone is no day.
        [] => None,
        rest => Some((rest, time)),
    }
}

fn time_of(text: &str) -> Option<NaiveTime> {
    let (clock, afternoon) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(false)),
        (_, Some(clock)) => (clock, Some(true)),
        _ => (text, None),
    };
    let (hour, minute) = match clock.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour, number(minute)?),
        Some(_) => return None,
        None if afternoon.is_some() => (clock, 0),
        None => return None,
    };
    let hour = number(hour)?;
    let hour = match afternoon {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    NaiveTime::from_hms_opt(hour, minute, 0)
}

fn number(text: &str) -> Option<u32> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten().filter(|number| *number <= MAX_COUNT)
}

fn day(tokens: &[&str], today: NaiveDate) -> Option<NaiveDate> {
    match tokens {
        ["today" | "tod"] => Some(today),
        ["tomorrow" | "tom" | "tmr"] => today.succ_opt(),
        ["yesterday"] => today.pred_opt(),
        ["in", count, unit] => {
            let count = number(count)?;
            match *unit {
                "day" | "days" => today.checked_add_days(Days::new(count.into())),
                "week" | "weeks" => today.checked_add_days(Days::new(u64::from(count) * 7)),
                "month" | "months" => today.checked_add_months(Months::new(count)),
                _ => None,
            }
        }
        [name] if weekday(name).is_some() => {
            let wanted = weekday(name)?;
            first(today.succ_opt()?, |day| day.weekday() == wanted)
        }
        [one, other] => {
            let (month, of_month) = month_day(one, other)?;
            first(today, move |day| (day.month(), day.day()) == (month, of_month))
        }
        [one, other, year] => {
            let (month, day) = month_day(one, other)?;
            let year = year.parse::<i32>().ok().filter(|_| year.len() == 4)?;
            NaiveDate::from_ymd_opt(year, month, day)
        }
        _ => None,
    }
    .filter(|day| in_years(*day))
}

fn first(from: NaiveDate, falls_on: impl Fn(NaiveDate) -> bool) -> Option<NaiveDate> {
    (0..MAX_SEARCH_DAYS)
        .map_while(|days| from.checked_add_days(Days::new(days)))
        .find(|day| falls_on(*day))
}

/// `24 dec`, `dec 24`, `24th december`.
fn month_day(one: &str, other: &str) -> Option<(u32, u32)> {
    let one = one.trim_end_matches(',');
    let other = other.trim_end_matches(',');
    let pair = |month_name, day| Some((month(month_name)?, day_of_month(day)?));
    pair(one, other).or_else(|| pair(other, one))
}

fn day_of_month(text: &str) -> Option<u32> {
    number(ordinal(text).unwrap_or(text)).filter(|day| (1..=31).contains(day))
}

fn ordinal(text: &str) -> Option<&str> {
    ["st", "nd", "rd", "th"].iter().find_map(|ending| text.strip_suffix(ending))
}

fn month(name: &str) -> Option<u32> {
    let names = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    position(&names, name).or((name == "sept").then_some(8)).map(|index| index + 1)
}

fn weekday(name: &str) -> Option<Weekday> {
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let short = match name {
        "tues" => "tue",
        "thur" | "thurs" => "thu",
        name => name,
    };
    position(&names, short).and_then(|index| Weekday::try_from(u8::try_from(index).ok()?).ok())
}

/// A name of these, or its first three letters.
fn position(names: &[&str], name: &str) -> Option<u32> {
    let found =
        names.iter().position(|each| *each == name || (name.len() == 3 && each[..3] == *name));
    found.and_then(|index| u32::try_from(index).ok())
}

fn recurring(
    words: &[&str],
    time: Option<NaiveTime>,
    basis: Basis,
    zone: TimeZone,
    here: NaiveDateTime,
) -> Option<When> {
    let pattern = pattern(words)?;
    let has_passed = time.is_some_and(|time| here.time() >= time);
    let from = if has_passed { here.date().succ_opt()? } else { here.date() };
    let day = first(from, pattern.falls_on).filter(|day| in_years(*day))?;
    let dtstart = time.map_or(Nominal::Day(day), |time| Nominal::Time(day.and_time(time)));
    let rule = RecurrenceRule::new(&pattern.rrule, dtstart, zone, vec![], basis).ok()?;
    Some(When { due: due(day, time, zone), rule: Some(rule) })
}

fn pattern(words: &[&str]) -> Option<Pattern> {
    let (interval, words) = match words {
        ["other", rest @ ..] => (2, rest),
        [count, rest @ ..] if !rest.is_empty() && month_day(count, rest[0]).is_none() => {
            number(count).map_or((1, words), |count| (count, rest))
        }
        _ => (1, words),
    };
    let rrule = |rule: &str| {
        let every = if interval == 1 { String::new() } else { format!(";INTERVAL={interval}") };
        let (freq, rest) = rule.split_once(';').map_or((rule, None), |(f, rest)| (f, Some(rest)));
        rest.map_or(format!("FREQ={freq}{every}"), |rest| format!("FREQ={freq}{every};{rest}"))
    };
    let from_now = |rule: &str| Pattern { rrule: rrule(rule), falls_on: Box::new(|_| true) };
    match words {
        ["day" | "days"] => Some(from_now("DAILY")),
        ["week" | "weeks"] => Some(from_now("WEEKLY")),
        ["month" | "months"] => Some(from_now("MONTHLY")),
        ["year" | "years"] => Some(from_now("YEARLY")),
        ["weekday" | "weekdays" | "workday" | "workdays"] => {
            let days = BTreeSet::from([0, 1, 2, 3, 4]);
            Some(on_weekdays(rrule("WEEKLY;BYDAY=MO,TU,WE,TH,FR"), days))
        }
        ["last", "day"] => Some(Pattern {
            rrule: rrule("MONTHLY;BYMONTHDAY=-1"),
            falls_on: Box::new(|day| day.succ_opt().is_some_and(|next| next.day() == 1)),
        }),
        [text] if ordinal(text).is_some() => {
            let wanted = day_of_month(text)?;
            Some(Pattern {
                rrule: rrule(&format!("MONTHLY;BYMONTHDAY={wanted}")),
                falls_on: Box::new(move |day| day.day() == wanted),
            })
        }
        [one, other] if month_day(one, other).is_some() => {
            let (month, of_month) = month_day(one, other)?;
            Some(Pattern {
                rrule: rrule("YEARLY"),
                falls_on: Box::new(move |day| (day.month(), day.day()) == (month, of_month)),
            })
        }
        names => {
            let names = names.join(" ").replace(" and ", ",").replace([' ', '&'], ",");
            let names = names.split(',').filter(|name| !name.is_empty());
            let days: Option<BTreeSet<u32>> =
                names.map(|name| weekday(name).map(|day| day.num_days_from_monday())).collect();
            let days = days.filter(|days| !days.is_empty())?;
            let codes = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
            let by: Vec<&str> =
                days.iter().filter_map(|day| codes.get(*day as usize).copied()).collect();
            Some(on_weekdays(rrule(&format!("WEEKLY;BYDAY={}", by.join(","))), days))
        }
    }
}

fn on_weekdays(rrule: String, days: BTreeSet<u32>) -> Pattern {
    let falls_on =
        Box::new(move |day: NaiveDate| days.contains(&day.weekday().num_days_from_monday()));
    Pattern { rrule, falls_on }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Tuesday, 15:00 in Berlin.
    fn read(text: &str) -> Option<(String, String)> {
        let now = "2026-11-24T14:00:00Z".parse().expect("an instant");
        let zone = "Europe/Berlin".parse().expect("a zone");
        let when = understand(text, zone, now)?;
        let rule = when.rule.map_or(String::new(), |rule| rule.rrule().to_owned());
        Some((when.due.to_string(), rule))
    }

    #[test]
    fn days_and_times_in_words_are_understood() {
        for (text, due) in [
            ("2026-12-24", "2026-12-24"),
            ("2026-12-24 17:00", "2026-12-24T16:00:00Z"),
            ("2026-12-24T17:00:00Z", "2026-12-24T17:00:00Z"),
            ("today", "2026-11-24"),
            ("Tomorrow at 5pm", "2026-11-25T16:00:00Z"),
            ("tom 17:00", "2026-11-25T16:00:00Z"),
            ("tomorrow at 12am", "2026-11-24T23:00:00Z"),
            ("tuesday", "2026-12-01"),
            ("fri 9:30 am", "2026-11-27T08:30:00Z"),
            ("24 Dec", "2026-12-24"),
            ("Jan 3", "2027-01-03"),
            ("3rd january 2028", "2028-01-03"),
            ("29 feb", "2028-02-29"),
            ("in 2 weeks", "2026-12-08"),
        ] {
            assert_eq!(read(text), Some((due.to_owned(), String::new())), "{text}");
        }
    }

    #[test]
    fn what_recurs_begins_with_the_first_that_is_to_come() {
        for (text, due, rule) in [
            ("every day", "2026-11-24", "FREQ=DAILY"),
            ("every day at 9am", "2026-11-25T08:00:00Z", "FREQ=DAILY"),
            ("every day at 17:00", "2026-11-24T16:00:00Z", "FREQ=DAILY"),
            ("every 3 days", "2026-11-24", "FREQ=DAILY;INTERVAL=3"),
            ("every other monday", "2026-11-30", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
            ("every mon, wed and fri", "2026-11-25", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
            ("every weekday", "2026-11-24", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
            ("every 15th", "2026-12-15", "FREQ=MONTHLY;BYMONTHDAY=15"),
            ("every last day", "2026-11-30", "FREQ=MONTHLY;BYMONTHDAY=-1"),
            ("every 2 months", "2026-11-24", "FREQ=MONTHLY;INTERVAL=2"),
            ("every 24 dec", "2026-12-24", "FREQ=YEARLY"),
            ("every dec 24", "2026-12-24", "FREQ=YEARLY"),
            ("weekly", "2026-11-24", "FREQ=WEEKLY"),
        ] {
            assert_eq!(read(text), Some((due.to_owned(), rule.to_owned())), "{text}");
        }
        let now = "2026-11-24T14:00:00Z".parse().expect("an instant");
        let after = understand("every! 3 days", TimeZone::UTC, now).and_then(|when| when.rule);
        assert_eq!(after.map(|rule| rule.basis()), Some(Basis::Completion));
    }

    #[test]
    fn what_is_not_understood_is_said_so() {
        for text in [
            "",
            "every",
            "every blue moon",
            "jeden Tag",
            "5pm",
            "at 5pm",
            "every 0 days",
            "31 feb",
            "every 3 days starting monday",
            "25:00",
            "tomorrow at 13pm",
            "in x days",
            "every 40th",
            "2026-13-01",
            "+2026-1-01",
            "24 dec 99",
            "every other",
            "every ,",
            "in 99999 days",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
