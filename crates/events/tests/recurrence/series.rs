//! What a series is asked: what comes next, what has been passed over, what a completion leaves.

use chrono::NaiveTime;
use events::{Basis, Due, LAST_YEAR, MAX_EXDATES, Nominal, RecurrenceError, RecurrenceRule};

use crate::support::{at, instant, rule_in, zone};

const BERLIN: &str = "Europe/Berlin";

fn daily(parts: &str) -> RecurrenceRule {
    rule_in(BERLIN, "2027-01-01T09:00:00", &format!("FREQ=DAILY{parts}"))
}

fn nine() -> NaiveTime {
    NaiveTime::from_hms_opt(9, 0, 0).expect("a time")
}

#[test]
fn an_occurrence_is_due_at_its_instant_or_on_its_day() {
    let rule = daily("");
    let due = rule.due(at("2027-07-01T09:00:00"));
    assert_eq!(due, Due::At(instant("2027-07-01T07:00:00Z")));
    let rule = rule_in(BERLIN, "2027-01-01", "FREQ=DAILY");
    assert_eq!(rule.due(at("2027-07-01")).to_string(), "2027-07-01");
    let at_nine = rule.instant(at("2027-07-01"), nine());
    assert_eq!(at_nine, instant("2027-07-01T07:00:00Z"));
}

#[test]
fn the_next_occurrence_is_strictly_later() {
    let rule = daily(";COUNT=2");
    assert_eq!(rule.next_after(at("2026-01-01T00:00:00")), Some(at("2027-01-01T09:00:00")));
    assert_eq!(rule.next_after(at("2027-01-01T08:59:59")), Some(at("2027-01-01T09:00:00")));
    assert_eq!(rule.next_after(at("2027-01-01T09:00:00")), Some(at("2027-01-02T09:00:00")));
    assert_eq!(rule.next_after(at("2027-01-02T09:00:00")), None);
    assert!(rule.is_occurrence(at("2027-01-02T09:00:00")));
    assert!(!rule.is_occurrence(at("2027-01-02T09:00:01")));
    // A day is no occurrence of a rule of times, and stands for its midnight.
    assert!(!rule.is_occurrence(at("2027-01-02")));
    assert_eq!(rule.next_after(at("2027-01-02")), Some(at("2027-01-02T09:00:00")));
}

#[test]
fn the_first_occurrence_after_an_instant_goes_by_the_clock_of_the_zone() {
    let rule = daily("");
    let next = |text| rule.first_after_instant(instant(text), NaiveTime::MIN);
    assert_eq!(next("2027-07-01T06:59:59Z"), Some(at("2027-07-01T09:00:00")));
    assert_eq!(next("2027-07-01T07:00:00Z"), Some(at("2027-07-02T09:00:00")));
    assert_eq!(next("1970-01-01T00:00:00Z"), Some(at("2027-01-01T09:00:00")));

    let days = rule_in("Pacific/Auckland", "2027-01-01", "FREQ=DAILY");
    let next = |text| days.first_after_instant(instant(text), nine());
    // 09:00 in Auckland in July is 21:00 UTC of the day before.
    assert_eq!(next("2027-06-30T20:59:59Z"), Some(at("2027-07-01")));
    assert_eq!(next("2027-06-30T21:00:00Z"), Some(at("2027-07-02")));
}

#[test]
fn an_occurrence_on_a_day_that_a_zone_skipped_is_found_by_its_instant() {
    // Apia went from the end of 29 December to the 31st.
    let rule = rule_in("Pacific/Apia", "2011-12-28T12:00:00", "FREQ=DAILY");
    let next = |text| rule.first_after_instant(instant(text), NaiveTime::MIN);
    assert_eq!(next("2011-12-29T22:00:00Z"), Some(at("2011-12-30T12:00:00")));
    assert_eq!(next("2011-12-30T21:59:59Z"), Some(at("2011-12-30T12:00:00")));
    assert_eq!(next("2011-12-30T22:00:00Z"), Some(at("2012-01-01T12:00:00")));
}

#[test]
fn instants_beyond_all_local_times_have_an_answer() {
    let rule = daily("");
    let ends = [chrono::DateTime::<chrono::Utc>::MIN_UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC];
    let [first, last] = ends.map(|end| rule.first_after_instant(end, NaiveTime::MIN));
    assert_eq!((first, last), (Some(at("2027-01-01T09:00:00")), None));
    let ends = ["0000-01-01T00:00:00", "9999-12-31T23:59:59"].map(at);
    let [first, last] = ends.map(|end| rule.next_after(end));
    assert_eq!((first, last), (Some(at("2027-01-01T09:00:00")), None));
    assert_eq!(rule_in(BERLIN, "9999-12-31T23:59:59", "FREQ=DAILY").first(), None);
    assert_eq!(rule_in(BERLIN, "0000-01-01", "FREQ=WEEKLY").first(), Some(at("0000-01-01")));
}

#[test]
fn a_series_ends_with_the_last_year() {
    let rule = rule_in(BERLIN, "2200-12-30T23:00:00", "FREQ=DAILY");
    let found: Vec<String> = rule.occurrences(None).map(String::from).collect();
    assert_eq!(found, ["2200-12-30T23:00:00", "2200-12-31T23:00:00"]);
    assert_eq!(LAST_YEAR, 2200);
}

#[test]
fn a_day_that_does_not_exist_never_comes() {
    for rrule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=4,6;BYMONTHDAY=31",
        "FREQ=MINUTELY;INTERVAL=5;BYMONTH=2;BYMONTHDAY=30;COUNT=10000",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
        "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=HOURLY;INTERVAL=168;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=5FR;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
    ] {
        let rule = rule_in(BERLIN, "2027-01-01T00:00:00", rrule);
        assert_eq!(rule.first(), None, "{rrule}");
        let now = instant("2027-06-01T00:00:00Z");
        assert_eq!(rule.first_after_instant(now, NaiveTime::MIN), None, "{rrule}");
    }
}

#[test]
fn a_rare_day_comes_however_long_it_takes() {
    let rule = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU";
    let rule = rule_in(BERLIN, "2088-03-01T09:00:00", rule);
    // 2100 is no leap year.
    assert_eq!(rule.first(), Some(at("2128-02-29T09:00:00")));
}

#[test]
fn exdates_are_added_and_dropped() {
    let days = ["2027-01-02T09:00:00", "2027-01-03T09:00:00"].map(at);
    let rule = days.into_iter().try_fold(daily(""), RecurrenceRule::with_exdate).expect("two");
    assert_eq!(rule.next_after(at("2027-01-01T09:00:00")), Some(at("2027-01-04T09:00:00")));
    assert!(!rule.is_occurrence(days[0]));
    let again = rule.clone().with_exdate(days[0]).expect("the same");
    assert_eq!(again, rule);
    assert_eq!(rule.clone().without_exdates_before(days[1]).exdates(), [days[1]]);
    let mixed = rule.with_exdate(at("2027-01-05"));
    assert_eq!(mixed, Err(RecurrenceError::MixedKinds));
}

#[test]
fn a_rule_carries_a_thousand_exdates_and_no_more() {
    let rule = daily("");
    let exdates: Vec<Nominal> = rule.occurrences(None).take(MAX_EXDATES).collect();
    let new = |exdates| {
        let dtstart = at("2027-01-01T09:00:00");
        RecurrenceRule::new("FREQ=DAILY", dtstart, zone(BERLIN), exdates, Basis::DueDate)
    };
    let full = new(exdates).expect("a thousand");
    let first = full.first().expect("one after them");
    assert_eq!(first, at("2029-09-27T09:00:00"));
    assert_eq!(full.with_exdate(first), Err(RecurrenceError::TooManyExdates));
}

#[test]
fn a_rule_that_counts_from_the_completion_begins_anew() {
    let rule = RecurrenceRule::new(
        "FREQ=DAILY;INTERVAL=3;COUNT=5",
        at("2027-01-01"),
        zone(BERLIN),
        vec![at("2027-01-04")],
        Basis::Completion,
    );
    let rule = rule.expect("a rule");
    let anew = rule.anchored_at(at("2027-02-10"), 3).expect("a rule").expect("two are left");
    assert_eq!(anew.rrule(), "FREQ=DAILY;INTERVAL=3;COUNT=2");
    assert_eq!((anew.dtstart(), anew.exdates()), (at("2027-02-10"), &[][..]));
    assert_eq!((anew.basis(), anew.time_zone()), (Basis::Completion, zone(BERLIN)));
    let found: Vec<String> = anew.occurrences(None).map(String::from).collect();
    assert_eq!(found, ["2027-02-10", "2027-02-13"]);
    assert_eq!(rule.anchored_at(at("2027-02-10"), 5), Ok(None));
    assert_eq!(rule.anchored_at(at("2027-02-10"), u32::MAX), Ok(None));
}

#[test]
fn a_rule_whose_end_is_over_does_not_begin_anew() {
    let rule = daily(";UNTIL=20270201T080000Z");
    let anew = |day: &str| rule.anchored_at(at(day), 1).map(|anew| anew.is_some());
    assert_eq!(anew("2027-02-01T09:00:00"), Ok(true));
    assert_eq!(anew("2027-02-01T09:00:01"), Ok(false));
    let hourly = rule_in(BERLIN, "2027-01-01T09:00:00", "FREQ=HOURLY");
    assert_eq!(hourly.anchored_at(at("2027-01-01"), 1), Err(RecurrenceError::PartOfDay));
}

#[test]
fn a_rule_that_is_read_again_recurs_the_same() {
    let rule = daily(";BYHOUR=9,18;COUNT=5");
    let rule = rule.with_exdate(at("2027-01-02T18:00:00")).expect("one");
    let json = serde_json::to_string(&rule).expect("JSON");
    let read: RecurrenceRule = serde_json::from_str(&json).expect("a rule");
    assert_eq!(read, rule);
    assert!(read.occurrences(None).eq(rule.occurrences(None)));
}
