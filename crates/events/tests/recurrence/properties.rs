//! What holds for every rule that is taken, however it is made.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use events::{Basis, LAST_YEAR, Nominal, RecurrenceError, RecurrenceRule, TimeZone};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{select, subsequence},
};

use crate::support::{instant, zone};

/// How many occurrences of a rule are looked at.
const OCCURRENCES: usize = 30;
/// What an unoptimised build on a busy machine may take for a question at most; it takes a hundredth.
const MAX_STEP: Duration = Duration::from_secs(5);
const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

fn numbers(least: i64, most: i64) -> impl Strategy<Value = String> {
    let number = prop_oneof![8 => least..=most, 1 => Just(least), 1 => Just(most)];
    let numbers = vec(number.prop_filter("there is no 0th", move |n| least >= 0 || *n != 0), 1..5);
    numbers
        .prop_map(|numbers| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

fn weekdays() -> impl Strategy<Value = String> {
    let ordinal = prop_oneof![
        4 => Just(String::new()),
        1 => (-5..=5_i64).prop_filter("there is no 0th", |n| *n != 0).prop_map(|n| n.to_string()),
    ];
    let weekday = (ordinal, select(&WEEKDAYS[..])).prop_map(|(n, day)| format!("{n}{day}"));
    vec(weekday, 1..4).prop_map(|days| days.join(","))
}

/// Texts of rules, most of which are taken.
fn rrule() -> impl Strategy<Value = String> {
    let freq = select(&["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"][..]);
    let part = |name: &'static str, values: BoxedStrategy<String>| {
        values.prop_map(move |values| format!(";{name}={values}")).boxed()
    };
    let parts = vec![
        part("BYMONTH", numbers(1, 12).boxed()),
        part("BYWEEKNO", numbers(-53, 53).boxed()),
        part("BYYEARDAY", numbers(-366, 366).boxed()),
        part("BYMONTHDAY", numbers(-31, 31).boxed()),
        part("BYDAY", weekdays().boxed()),
        part("BYHOUR", numbers(0, 23).boxed()),
        part("BYMINUTE", numbers(0, 11).prop_map(times_five).boxed()),
        part("BYSECOND", (0..60_u32).prop_map(|second| second.to_string()).boxed()),
        part("BYSETPOS", numbers(-6, 6).boxed()),
        part("WKST", select(&WEEKDAYS[..]).prop_map(str::to_owned).boxed()),
        part("COUNT", prop_oneof![numbers(1, 40), Just("10000".to_owned())].boxed()),
    ];
    let parts = subsequence(parts, 0..5).prop_flat_map(|parts| parts);
    let interval = prop_oneof![3 => Just(1), 3 => 1..10_u32, 2 => 1..1_500_u32, 1 => 1..65_536_u32];
    (freq, interval, parts).prop_map(|(freq, interval, parts)| {
        format!("FREQ={freq};INTERVAL={interval}{}", parts.concat())
    })
}

fn times_five(numbers: String) -> String {
    let numbers = numbers.split(',').map(|number| number.parse::<u32>().expect("a number") * 5);
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(",")
}

/// Where rules begin: between 1970 and 2150, days or times.
fn dtstart() -> impl Strategy<Value = Nominal> {
    (0..65_700_i64, 0..86_400_i64, prop::bool::weighted(0.2)).prop_map(|(day, secs, whole_day)| {
        let time = DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::seconds(day * 86_400 + secs);
        if whole_day { Nominal::Day(time.date()) } else { Nominal::Time(time) }
    })
}

fn a_zone() -> impl Strategy<Value = TimeZone> {
    select(&["UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"][..]).prop_map(zone)
}

/// A rule that is taken, some of whose first occurrences are passed over.
fn rule() -> impl Strategy<Value = RecurrenceRule> {
    let taken = (rrule(), dtstart(), a_zone())
        .prop_filter_map("it is refused", |(rrule, at, zone)| {
            RecurrenceRule::new(&rrule, at, zone, vec![], Basis::DueDate).ok()
        });
    (taken, subsequence((0..12).collect::<Vec<usize>>(), 0..4)).prop_map(|(rule, passed_over)| {
        let first: Vec<Nominal> = rule.occurrences(None).take(12).collect();
        let passed_over = passed_over.into_iter().filter_map(|index| first.get(index).copied());
        passed_over.fold(rule, |rule, exdate| rule.with_exdate(exdate).expect("few"))
    })
}

fn later(nominal: Nominal, secs: i64) -> Nominal {
    match nominal {
        Nominal::Day(day) => Nominal::Day(day + TimeDelta::days(secs / 86_400)),
        Nominal::Time(time) => Nominal::Time(time + TimeDelta::seconds(secs)),
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is what is asked")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn occurrences_ascend_from_dtstart_to_the_last_year(rule in rule()) {
        let found: Vec<Nominal> = rule.occurrences(None).take(OCCURRENCES).collect();
        prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(found.iter().all(|nominal| *nominal >= rule.dtstart()));
        let last = LAST_YEAR.to_string();
        prop_assert!(found.iter().all(|nominal| nominal.to_string()[..4] <= last[..]));
        prop_assert_eq!(rule.first(), found.first().copied());
    }

    #[test]
    fn to_begin_later_is_to_leave_out_what_is_before(
        rule in rule(),
        secs in -1_000_000..100_000_000_i64,
        index in 0..400_usize,
        near in -90_000..90_000_i64,
    ) {
        let all: Vec<Nominal> = rule.occurrences(None).take(400).collect();
        // Any time, an occurrence itself, and a time near one.
        let occurrence = all.get(index % all.len().max(1)).copied();
        let near = occurrence.map(|occurrence| later(occurrence, near));
        for from in [Some(later(rule.dtstart(), secs)), occurrence, near].into_iter().flatten() {
            let expected: Vec<Nominal> = all.iter().copied().filter(|at| *at >= from).collect();
            let found: Vec<Nominal> =
                rule.occurrences(Some(from)).take(expected.len()).collect();
            prop_assert_eq!(&found, &expected);
            let after = expected.iter().copied().find(|at| *at > from);
            if after.is_some() || all.len() < 400 {
                prop_assert_eq!(rule.next_after(from), after);
                prop_assert_eq!(rule.is_occurrence(from), expected.first() == Some(&from));
            }
        }
    }

    #[test]
    fn what_is_passed_over_is_no_occurrence_and_shifts_no_other(rule in rule()) {
        let bare = rule.clone().without_exdates_before(Nominal::Day(chrono::NaiveDate::MAX));
        let mut expected: Vec<Nominal> = bare.occurrences(None).take(OCCURRENCES).collect();
        expected.retain(|nominal| !rule.exdates().contains(nominal));
        let found: Vec<Nominal> = rule.occurrences(None).take(expected.len()).collect();
        prop_assert_eq!(found, expected);
        prop_assert!(rule.exdates().iter().all(|exdate| !rule.is_occurrence(*exdate)));
    }

    #[test]
    fn the_first_after_an_instant_is_later_and_none_before_it_is(
        rule in rule(),
        secs in -1_000_000..100_000_000_i64,
    ) {
        let day_time = chrono::NaiveTime::from_hms_opt(9, 0, 0).expect("a time");
        let start = rule.instant(rule.dtstart(), day_time);
        let now = start + TimeDelta::seconds(secs);
        let all: Vec<Nominal> = rule.occurrences(None).take(400).collect();
        let expected = all.iter().copied().find(|at| rule.instant(*at, day_time) > now);
        if expected.is_some() || all.len() < 400 {
            prop_assert_eq!(rule.first_after_instant(now, day_time), expected);
        }
    }

    #[test]
    fn every_question_has_its_answer_soon(rule in rule()) {
        let started = now();
        let _first = rule.first();
        let _late = rule.next_after("2190-01-01T00:00:00".parse().expect("a time"));
        let _next = rule.first_after_instant(instant("2150-01-01T00:00:00Z"), chrono::NaiveTime::MIN);
        prop_assert!(started.elapsed() < 3 * MAX_STEP);
    }

    #[test]
    fn a_completion_lowers_the_count(rule in rule(), completed in 0..50_u32) {
        let anew = rule.anchored_at(rule.dtstart(), completed).expect("it has begun there");
        let bare = rule.clone().without_exdates_before(Nominal::Day(chrono::NaiveDate::MAX));
        let all: Vec<Nominal> = bare.occurrences(None).take(OCCURRENCES).collect();
        let found: Vec<Nominal> =
            anew.iter().flat_map(|anew| anew.occurrences(None)).take(OCCURRENCES).collect();
        prop_assert!(all.starts_with(&found));
        if !rule.rrule().contains("COUNT") {
            prop_assert_eq!(found, all);
        }
    }

    #[test]
    fn any_text_is_taken_or_refused(
        text in prop_oneof![
            "\\PC{0,40}",
            "(RRULE:)?[A-Z0-9=;,+-]{0,60}",
            (rrule(), any::<prop::sample::Index>(), "\\PC{0,3}").prop_map(|(text, at, more)| {
                let at = at.index(text.len());
                format!("{}{more}{}", &text[..at], &text[at..])
            }),
            rrule().prop_map(|text| format!("{text};UNTIL=20991231T235960Z")),
            ("FREQ=(DAILY|WEEKLY);UNTIL=[0-9]{8}(T[0-9]{6}Z?)?"),
        ],
        dtstart in dtstart(),
    ) {
        match RecurrenceRule::new(&text, dtstart, TimeZone::UTC, vec![], Basis::DueDate) {
            Ok(rule) => {
                let found: Vec<Nominal> = rule.occurrences(None).take(OCCURRENCES).collect();
                prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
            }
            Err(RecurrenceError::Rule(why)) => prop_assert!(!why.is_empty()),
            Err(_) => {}
        }
    }

    #[test]
    fn occurrences_are_never_closer_than_five_minutes(rule in rule()) {
        let found: Vec<Nominal> = rule.occurrences(None).take(OCCURRENCES).collect();
        for pair in found.windows(2) {
            if let [Nominal::Time(one), Nominal::Time(next)] = pair {
                prop_assert!(*next - *one >= TimeDelta::minutes(5), "{one} {next}");
            }
        }
    }
}
