//! Series on the wall and in UTC, written out around the changes of the clocks, and over ten years.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc, Weekday};
use events::{Nominal, RecurrenceRule};

use crate::support::{at, instant, rule_in};

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";

/// The instants of the days around a change of the clocks.
fn instants(rule: &RecurrenceRule, from: &str, count: usize) -> Vec<DateTime<Utc>> {
    let instant = |nominal| rule.instant(nominal, NaiveTime::MIN);
    rule.occurrences(Some(at(from))).take(count).map(instant).collect()
}

#[track_caller]
fn assert_instants(rule: &RecurrenceRule, from: &str, expected: [&str; 3]) {
    assert_eq!(instants(rule, from, 3), expected.map(instant));
    // What a series is asked as time goes on.
    let mut now = instant(expected[0]) - chrono::TimeDelta::seconds(1);
    for next in expected.map(instant) {
        let nominal = rule.first_after_instant(now, NaiveTime::MIN).expect("a next one");
        now = rule.instant(nominal, NaiveTime::MIN);
        assert_eq!(now, next);
    }
}

#[test]
fn daily_at_nine_is_nine_on_the_wall_on_both_sides_of_both_changes() {
    let berlin = rule_in(BERLIN, "2027-01-01T09:00:00", "FREQ=DAILY");
    assert_instants(
        &berlin,
        "2027-03-27T09:00:00",
        ["2027-03-27T08:00:00Z", "2027-03-28T07:00:00Z", "2027-03-29T07:00:00Z"],
    );
    assert_instants(
        &berlin,
        "2027-10-30T09:00:00",
        ["2027-10-30T07:00:00Z", "2027-10-31T08:00:00Z", "2027-11-01T08:00:00Z"],
    );
    let new_york = rule_in(NEW_YORK, "2027-01-01T09:00:00", "FREQ=DAILY");
    assert_instants(
        &new_york,
        "2027-03-13T09:00:00",
        ["2027-03-13T14:00:00Z", "2027-03-14T13:00:00Z", "2027-03-15T13:00:00Z"],
    );
    assert_instants(
        &new_york,
        "2027-11-06T09:00:00",
        ["2027-11-06T13:00:00Z", "2027-11-07T14:00:00Z", "2027-11-08T14:00:00Z"],
    );
    for rule in [&berlin, &new_york] {
        let year: Vec<Nominal> = rule.occurrences(None).take(365).collect();
        let nine = |nominal: &Nominal| {
            let local = rule.time_zone().local(rule.instant(*nominal, NaiveTime::MIN));
            Nominal::Time(local) == *nominal && nominal.to_string().ends_with("T09:00:00")
        };
        assert!(year.iter().all(nine));
    }
}

#[test]
fn a_time_that_the_clocks_skip_comes_by_the_offset_from_before() {
    // It shows 03:30 on that day.
    assert_instants(
        &rule_in(BERLIN, "2027-01-01T02:30:00", "FREQ=DAILY"),
        "2027-03-27T02:30:00",
        ["2027-03-27T01:30:00Z", "2027-03-28T01:30:00Z", "2027-03-29T00:30:00Z"],
    );
    assert_instants(
        &rule_in(NEW_YORK, "2027-01-01T02:30:00", "FREQ=DAILY"),
        "2027-03-13T02:30:00",
        ["2027-03-13T07:30:00Z", "2027-03-14T07:30:00Z", "2027-03-15T06:30:00Z"],
    );
}

#[test]
fn a_time_that_comes_twice_is_the_first_one_alone() {
    assert_instants(
        &rule_in(BERLIN, "2027-01-01T02:30:00", "FREQ=DAILY"),
        "2027-10-30T02:30:00",
        ["2027-10-30T00:30:00Z", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"],
    );
    assert_instants(
        &rule_in(NEW_YORK, "2027-01-01T01:30:00", "FREQ=DAILY"),
        "2027-11-06T01:30:00",
        ["2027-11-06T05:30:00Z", "2027-11-07T05:30:00Z", "2027-11-08T06:30:00Z"],
    );
}

#[test]
fn what_follows_a_skipped_hour_at_once_does_not_come_a_second_time() {
    // 02:00 and 02:30 come with the offset from before, which is when 03:00 and 03:30 are.
    let rule = rule_in(BERLIN, "2027-03-28T01:30:00", "FREQ=MINUTELY;INTERVAL=30;COUNT=7");
    let expected = [
        ("01:30", "00:30"),
        ("02:00", "01:00"),
        ("02:30", "01:30"),
        ("03:00", "01:00"),
        ("03:30", "01:30"),
        ("04:00", "02:00"),
        ("04:30", "02:30"),
    ];
    let found: Vec<_> = rule
        .occurrences(None)
        .map(|nominal| (nominal, rule.instant(nominal, NaiveTime::MIN)))
        .collect();
    let expected = expected.map(|(local, utc)| {
        (at(&format!("2027-03-28T{local}:00")), instant(&format!("2027-03-28T{utc}:00Z")))
    });
    assert_eq!(found, expected);
    // Whoever goes on from instant to instant passes over those that have been.
    let mut now = instant("2027-03-28T00:00:00Z");
    let mut heard = Vec::new();
    while let Some(nominal) = rule.first_after_instant(now, NaiveTime::MIN) {
        now = rule.instant(nominal, NaiveTime::MIN);
        heard.push(now);
    }
    let expected = ["00:30", "01:00", "01:30", "02:00", "02:30"];
    assert_eq!(heard, expected.map(|time| instant(&format!("2027-03-28T{time}:00Z"))));
}

#[test]
fn every_thirty_first_is_right_for_ten_years() {
    let rule = rule_in(BERLIN, "2027-01-31", "FREQ=MONTHLY;BYMONTHDAY=31");
    let months = (2027..2037).flat_map(|year| (1..=12).map(move |month| (year, month)));
    let expected: Vec<Nominal> = months
        .filter_map(|(year, month)| NaiveDate::from_ymd_opt(year, month, 31))
        .map(Nominal::Day)
        .collect();
    assert_eq!(expected.len(), 70);
    let found: Vec<Nominal> =
        rule.occurrences(None).take_while(|day| day.date().year() < 2037).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_last_friday_of_the_month_is_right_for_ten_years() {
    let rule = rule_in(NEW_YORK, "2027-01-01", "FREQ=MONTHLY;BYDAY=-1FR");
    let days = NaiveDate::from_ymd_opt(2027, 1, 1).expect("a date").iter_days();
    let is_friday = |day: &NaiveDate| day.weekday() == Weekday::Fri;
    let is_last = |day: &NaiveDate| (*day + chrono::Days::new(7)).month() != day.month();
    let expected: Vec<Nominal> = days
        .take_while(|day| day.year() < 2037)
        .filter(|day| is_friday(day) && is_last(day))
        .map(Nominal::Day)
        .collect();
    assert_eq!(expected.len(), 120);
    let found: Vec<Nominal> =
        rule.occurrences(None).take_while(|day| day.date().year() < 2037).collect();
    assert_eq!(found, expected);
}
