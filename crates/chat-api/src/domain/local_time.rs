//! From the clock on the wall to an instant, by the rules of RFC 5545.

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone as _, Utc};
use events::TimeZone;

/// The longest gap that a zone ever made, in hours: Samoa left out a whole day.
const MAX_GAP_HOURS: i64 = 25;

/// The instant of a local time: in a gap by the offset before it, of an ambiguous time the first.
pub(crate) fn localise(zone: TimeZone, local: NaiveDateTime) -> DateTime<Utc> {
    let offset_at = |local: &NaiveDateTime| match zone.tz().offset_from_local_datetime(local) {
        LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => Some(offset.fix()),
        LocalResult::None => None,
    };
    let offset = offset_at(&local).or_else(|| {
        (1..=MAX_GAP_HOURS).find_map(|hours| offset_at(&(local - TimeDelta::hours(hours))))
    });
    let seconds_east = offset.map_or(0, |offset| offset.local_minus_utc());
    (local - TimeDelta::seconds(i64::from(seconds_east))).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(zone: &str, local: &str) -> String {
        let zone = zone.parse().expect("a zone");
        localise(zone, local.parse().expect("a local time")).to_rfc3339()
    }

    #[test]
    fn a_time_in_the_gap_takes_the_offset_before_it() {
        assert_eq!(instant("Europe/Berlin", "2026-03-29T02:30:00"), "2026-03-29T01:30:00+00:00");
        assert_eq!(instant("Pacific/Apia", "2011-12-30T12:00:00"), "2011-12-30T22:00:00+00:00");
    }

    #[test]
    fn an_ambiguous_time_is_the_first_of_the_two() {
        assert_eq!(instant("Europe/Berlin", "2026-10-25T02:30:00"), "2026-10-25T00:30:00+00:00");
    }

    #[test]
    fn an_ordinary_time_is_itself() {
        assert_eq!(instant("Europe/Berlin", "2026-11-29T18:00:00"), "2026-11-29T17:00:00+00:00");
        assert_eq!(instant("UTC", "2026-11-29T18:00:00"), "2026-11-29T18:00:00+00:00");
    }
}
