//! The values that payloads are made of.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use events::*;
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::select,
};
use serde_json::Value;
use uuid::Uuid;

/// JavaScript reads integers exactly below this.
const MAX_VERSION: i64 = 1 << 53;
/// 0000-01-01T00:00:00Z and the last second of the year 9999, in seconds since 1970.
const INSTANT_SECS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;

pub(crate) fn id<T: From<Uuid> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    any::<u128>().prop_map(|bits| T::from(Uuid::from_u128(bits)))
}

pub(crate) fn version<T: From<i64> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    (0..MAX_VERSION).prop_map(T::from)
}

/// Any text, control characters and NUL included.
pub(crate) fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..12).prop_map(String::from_iter)
}

/// Any instant that RFC 3339 can write in UTC.
pub(crate) fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (INSTANT_SECS, prop_oneof![Just(0), 0..1_000_000_000_u32]).prop_map(|(secs, nanos)| {
        DateTime::from_timestamp(secs, nanos).expect("within chrono's range")
    })
}

pub(crate) fn day() -> impl Strategy<Value = NaiveDate> {
    instant().prop_map(|time| time.date_naive())
}

pub(crate) fn due() -> impl Strategy<Value = Due> {
    prop_oneof![instant().prop_map(Due::At), day().prop_map(Due::On)]
}

pub(crate) fn nominal() -> impl Strategy<Value = Nominal> {
    prop_oneof![
        day().prop_map(Nominal::Day),
        INSTANT_SECS.prop_map(|secs| {
            let time = DateTime::from_timestamp(secs, 0).expect("within chrono's range");
            Nominal::Time(time.naive_utc())
        })
    ]
}

pub(crate) fn zone() -> impl Strategy<Value = TimeZone> {
    select(&chrono_tz::TZ_VARIANTS[..]).prop_map(|zone| zone.name().parse().expect("a zone"))
}

/// Any offset, often one of whole minutes, hours, days or weeks.
fn offset() -> impl Strategy<Value = Offset> {
    let unit = select(&[1, 60, 3600, 86_400, 604_800][..]);
    (-MAX_OFFSET_SECS..=MAX_OFFSET_SECS, unit)
        .prop_map(|(secs, unit)| Offset::from_seconds(secs / unit * unit).expect("in the limit"))
}

pub(crate) fn reminder_spec() -> impl Strategy<Value = ReminderSpec> {
    prop_oneof![offset().prop_map(ReminderSpec::Offset), instant().prop_map(ReminderSpec::At)]
}

/// Rules that begin between 1970 and 2170, on days or at times.
pub(crate) fn recurrence() -> impl Strategy<Value = RecurrenceRule> {
    let rule = select(
        &[
            "FREQ=DAILY",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
            "FREQ=MONTHLY;BYDAY=-1FR;COUNT=10",
            "FREQ=MONTHLY;BYMONTHDAY=31",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
            "FREQ=HOURLY;INTERVAL=6",
            "FREQ=MINUTELY;INTERVAL=5",
            "FREQ=DAILY;UNTIL=22001231T235959Z",
        ][..],
    );
    let basis = select(&[Basis::DueDate, Basis::Completion][..]);
    let offsets = (0..73_000_i64, vec(1..4_000_i64, 0..4));
    (rule, offsets, 0..86_400_i64, any::<bool>(), zone(), basis).prop_map(
        |(rule, (start, skipped), secs, whole_days, zone, basis)| {
            // A rule of whole days repeats at most daily.
            let whole_days = whole_days && !["FREQ=HOURLY", "FREQ=MINUTELY"].contains(&freq(rule));
            let at = |days: i64| {
                let time =
                    DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::seconds(days * 86_400 + secs);
                if whole_days { Nominal::Day(time.date()) } else { Nominal::Time(time) }
            };
            let exdates = skipped.into_iter().map(|days| at(start + days)).collect();
            RecurrenceRule::new(rule, at(start), zone, exdates, basis).expect("a valid rule")
        },
    )
}

fn freq(rule: &str) -> &str {
    rule.split_once(';').map_or(rule, |(freq, _)| freq)
}

pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
        ]
    })
}

pub(crate) fn time_of_day() -> impl Strategy<Value = NaiveTime> {
    (0..86_400_u32).prop_map(|secs| {
        NaiveTime::from_num_seconds_from_midnight_opt(secs, 0).expect("within a day")
    })
}
