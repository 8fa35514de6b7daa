//! Rules, local times and instants in few words.

use chrono::{DateTime, Utc};
use events::{Basis, Nominal, RecurrenceRule, TimeZone};

pub(crate) fn zone(name: &str) -> TimeZone {
    name.parse().expect("a zone")
}

pub(crate) fn at(text: &str) -> Nominal {
    text.parse().expect("a local time or a day")
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub(crate) fn rule_in(time_zone: &str, dtstart: &str, rrule: &str) -> RecurrenceRule {
    RecurrenceRule::new(rrule, at(dtstart), zone(time_zone), vec![], Basis::DueDate)
        .unwrap_or_else(|error| panic!("{rrule}: {error}"))
}
