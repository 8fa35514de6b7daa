//! Which rules are taken.

use super::*;

fn rule(rrule: &str) -> Result<RecurrenceRule, RecurrenceError> {
    let dtstart = "2026-11-29T18:00:00".parse().expect("a local time");
    let berlin = "Europe/Berlin".parse().expect("a zone");
    RecurrenceRule::new(rrule, dtstart, berlin, vec![], Basis::DueDate)
}

#[test]
fn rules_of_rfc_5545_are_taken() {
    for text in [
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
        "RRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=10",
        "FREQ=YEARLY;UNTIL=20301231T000000Z",
        "FREQ=MINUTELY;INTERVAL=5",
        "FREQ=DAILY;BYHOUR=9,18;BYMINUTE=0,30",
    ] {
        assert!(rule(text).is_ok(), "{text}: {:?}", rule(text));
    }
}

#[test]
fn what_is_no_rule_is_refused() {
    for text in [
        "",
        "every day",
        "FREQ=SOMETIMES",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;FREQ=DAILY",
        "INTERVAL=2",
    ] {
        assert!(matches!(rule(text), Err(RecurrenceError::Rule(_))), "{text}: {:?}", rule(text));
    }
}

#[test]
fn nothing_recurs_more_often_than_every_five_minutes() {
    for text in [
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;INTERVAL=300",
        "FREQ=MINUTELY;INTERVAL=4",
        "FREQ=MINUTELY;BYHOUR=9",
        "FREQ=MINUTELY;BYMINUTE=0,4",
        "FREQ=HOURLY;BYMINUTE=0,4",
        "FREQ=HOURLY;BYMINUTE=2,58",
        "FREQ=HOURLY;BYMINUTE=0;BYSECOND=0,30",
        "FREQ=DAILY;BYHOUR=9;BYMINUTE=0,3",
        "FREQ=DAILY;BYHOUR=0,23;BYMINUTE=2,58",
        "FREQ=YEARLY;BYMINUTE=0,1;BYSETPOS=1",
    ] {
        assert_eq!(rule(text), Err(RecurrenceError::TooOften), "{text}");
    }
    for text in [
        "FREQ=HOURLY;BYMINUTE=5,10,58",
        "FREQ=HOURLY;INTERVAL=2;BYMINUTE=2,58",
        "FREQ=DAILY;BYHOUR=9,11;BYMINUTE=2,58",
        "FREQ=MINUTELY;BYMINUTE=0,30",
        // By the seventh minute, 00 of one hour and 01 of the next lie far apart.
        "FREQ=MINUTELY;INTERVAL=7;BYMINUTE=0,1",
    ] {
        assert!(rule(text).is_ok(), "{text}: {:?}", rule(text));
    }
}

#[test]
fn what_rfc_5545_forbids_is_refused_though_the_parser_takes_it() {
    for text in [
        "FREQ=DAILY;COUNT=2;UNTIL=20301231",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;UNTIL=2030-12-31",
        "FREQ=DAILY;UNTIL=20301231;UNTIL=20311231",
        "FREQ=DAILY;UNTIL=20300231",
        "FREQ=WEEKLY;BYDAY=everyMO",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=YEARLY;BYDAY=54MO",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=",
        "FREQ=MONTHLY;BYMONTHDAY=1,,2",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY;BYSECOND=60",
        "FREQ=WEEKLY;BYDAY=é1",
        "EXRULE:FREQ=DAILY",
        "FREQ=DAILY\nCOUNT=2",
    ] {
        assert!(matches!(rule(text), Err(RecurrenceError::Rule(_))), "{text}: {:?}", rule(text));
    }
}

#[test]
fn what_the_parser_alone_refuses_is_taken() {
    for text in [
        "FREQ=DAILY;UNTIL=20301231",
        "FREQ=DAILY;UNTIL=20301231T180000",
        "FREQ=MONTHLY;BYDAY=-5FR",
        "FREQ=YEARLY;BYDAY=-53FR",
        "FREQ=MONTHLY;BYDAY=MO;BYHOUR=9,10,11,12,13,14,15,16,17;BYSETPOS=-40",
    ] {
        assert!(rule(text).is_ok(), "{text}: {:?}", rule(text));
    }
}

#[test]
fn a_rule_has_limits() {
    let ends_before_it_begins = rule("FREQ=DAILY;UNTIL=20261128");
    assert_eq!(ends_before_it_begins, Err(RecurrenceError::UntilBeforeStart));
    assert!(rule("FREQ=DAILY;COUNT=10000").is_ok());
    assert_eq!(rule("FREQ=DAILY;COUNT=10001"), Err(RecurrenceError::TooManyOccurrences));
}

#[test]
fn a_rule_of_whole_days_names_no_time_of_day() {
    let day = "2026-11-29".parse().expect("a day");
    let of_days = |text| RecurrenceRule::new(text, day, TimeZone::UTC, vec![], Basis::DueDate);
    for text in [
        "FREQ=HOURLY;INTERVAL=24",
        "FREQ=MINUTELY;INTERVAL=1440",
        "FREQ=DAILY;BYHOUR=0",
        "FREQ=DAILY;BYMINUTE=0",
        "FREQ=DAILY;BYSECOND=0",
    ] {
        assert_eq!(of_days(text), Err(RecurrenceError::PartOfDay), "{text}");
    }
    assert!(of_days("FREQ=DAILY;UNTIL=20261129").is_ok());
}

#[test]
fn days_and_times_do_not_mix() {
    let day = "2026-11-29".parse().expect("a day");
    let time = "2026-12-06T18:00:00".parse().expect("a local time");
    let mixed = RecurrenceRule::new("FREQ=DAILY", day, TimeZone::UTC, vec![time], Basis::DueDate);
    assert_eq!(mixed, Err(RecurrenceError::MixedKinds));
}
