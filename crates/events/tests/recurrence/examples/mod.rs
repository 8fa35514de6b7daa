//! Rules with their occurrences written out.

use std::str::Lines;

use chrono::{NaiveDate, NaiveDateTime};
use events::{Basis, Nominal, RecurrenceRule};

use crate::support::{at, zone};

const ZONE: &str = "America/New_York";

/// A line of a table.
struct Example {
    rule: RecurrenceRule,
    expected: Vec<Nominal>,
    /// Whether these are all that there are.
    is_all: bool,
}

#[test]
fn every_example_of_rfc_5545_recurs_as_it_says_there() {
    assert_eq!(check(include_str!("rfc5545.txt").lines()), 57);
}

#[test]
fn rules_for_days_recur_as_the_calendar_shows() {
    assert_eq!(check(include_str!("calendar.txt").lines()), 105);
}

#[test]
fn times_of_day_counts_ends_and_whole_days_are_kept() {
    assert_eq!(check(include_str!("times.txt").lines()), 54);
}

/// Checks a table and says how many examples it has.
fn check(table: Lines<'_>) -> usize {
    let examples = table.filter(|line| !line.is_empty() && !line.starts_with('#'));
    examples
        .inspect(|line| {
            let example = Example::read(line);
            let Example { rule, expected, is_all } = &example;
            let most = expected.len() + usize::from(*is_all);
            let found: Vec<Nominal> = rule.occurrences(None).take(most).collect();
            assert_eq!(written(&found), written(expected), "{line}");
            assert_eq!(rule.first(), expected.first().copied(), "{line}");
            for pair in expected.windows(2) {
                assert_eq!(rule.next_after(pair[0]), Some(pair[1]), "{line}");
                assert!(rule.is_occurrence(pair[0]), "{line}");
            }
        })
        .count()
}

fn written(nominals: &[Nominal]) -> Vec<String> {
    nominals.iter().map(Nominal::to_string).collect()
}

impl Example {
    fn read(line: &str) -> Self {
        let mut columns = line.split('|').map(str::trim);
        let mut column = || columns.next().unwrap_or_default();
        let (rrule, dtstart) = (column(), at(column()));
        let expected = column();
        let exdates = column().split_whitespace().map(at).collect();
        let rule = RecurrenceRule::new(rrule, dtstart, zone(ZONE), exdates, Basis::DueDate)
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        let is_all = rrule.contains("COUNT") || rrule.contains("UNTIL") || expected.is_empty();
        let groups = expected.split(';').map(str::trim).filter(|group| !group.is_empty());
        let expected = groups.flat_map(|group| group_of(group, dtstart)).collect();
        Self { rule, expected, is_all }
    }
}

/// `1997-09: 2-11,15` or `1997-09-02: 09:00,12:00`.
fn group_of(group: &str, dtstart: Nominal) -> Vec<Nominal> {
    let (whence, list) = group.split_once(": ").expect("a group");
    let at_time = |day: NaiveDate| match dtstart {
        Nominal::Day(_) => Nominal::Day(day),
        Nominal::Time(start) => Nominal::Time(NaiveDateTime::new(day, start.time())),
    };
    if whence.len() == "1997-09-02".len() {
        return list.split(',').map(|time| at(&format!("{whence}T{time}:00"))).collect();
    }
    let (year, month) = whence.split_once('-').expect("a month");
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let day = |day| NaiveDate::from_ymd_opt(number(year) as i32, number(month), day);
    let days = list.split(',').flat_map(|days| match days.split_once('-') {
        Some((first, last)) => number(first)..=number(last),
        None => number(days)..=number(days),
    });
    days.map(|number| at_time(day(number).expect("a day"))).collect()
}
