//! When a digest comes.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use events::{DailyDigest, TimeZone};

/// What stands of a person's digest before their settings change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// What was wanted.
    pub(crate) digest: Option<DailyDigest>,
    pub(crate) time_zone: TimeZone,
    /// When the next one was to come.
    pub(crate) next: Option<DateTime<Utc>>,
}

/// What is to be done where a digest is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The local day that is to be told now, and the time at which that was to be.
    pub(crate) tell: Option<(NaiveDate, DateTime<Utc>)>,
    /// When the next one comes.
    pub(crate) next: Option<DateTime<Utc>>,
}

/// The first time after an instant at which a digest comes, on a later local day than the last that was told.
/// None at the end of time.
///
/// The day is the one that the clocks show then: where a change of clocks leaves the time out and with it the
/// rest of the day, the digest belongs to the day that has begun, and that has no other.
pub(crate) fn next_time(
    at: NaiveTime,
    zone: TimeZone,
    after: DateTime<Utc>,
    told: Option<NaiveDate>,
) -> Option<DateTime<Utc>> {
    let yesterday = zone.local(after).date().pred_opt()?;
    let first = told.map_or(yesterday, |told| told.max(yesterday));
    first
        .iter_days()
        .map(|day| zone.instant(day.and_time(at)))
        .find(|time| *time > after && told.is_none_or(|told| zone.local(*time).date() > told))
}

/// What is to be done now that a digest is due; `told` is the last local day that was told.
pub(crate) fn turn(
    at: NaiveTime,
    zone: TimeZone,
    told: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> Turn {
    let today = zone.local(now).date();
    let before = today.checked_sub_days(Days::new(1)).map_or(DateTime::<Utc>::MIN_UTC, |day| {
        // Nothing of the day before, but what a change of clocks moves from there into today.
        zone.instant(day.and_time(NaiveTime::MIN))
    });
    let tell = std::iter::successors(next_time(at, zone, before, told), |time| {
        next_time(at, zone, *time, told)
    })
    .take_while(|time| *time <= now)
    .find(|time| zone.local(*time).date() == today)
    .map(|time| (today, time));
    let told = tell.map(|(day, _)| day).max(told);
    Turn { tell, next: next_time(at, zone, now, told) }
}

/// When the next digest comes after settings that were made at `made_at`.
///
/// What was wanted before and is overdue stays so. A new wish counts from when it was made and not from when it
/// was learned of, so that one that travelled for long is not a day late.
pub(crate) fn replanned(
    before: Option<Standing>,
    digest: Option<DailyDigest>,
    zone: TimeZone,
    told: Option<NaiveDate>,
    made_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let at = digest?.at;
    match before {
        Some(before) if (before.digest, before.time_zone) == (digest, zone) => {
            let overdue = before.next.filter(|next| *next <= now);
            // Anew also where nothing has changed: the zone's rules may have, with a release.
            overdue.or_else(|| next_time(at, zone, now, told))
        }
        _ => next_time(at, zone, made_at, told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn time(text: &str) -> NaiveTime {
        text.parse().expect("a time of day")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn zone(name: &str) -> TimeZone {
        name.parse().expect("a zone")
    }

    fn next(time_of_day: &str, zone_name: &str, after: &str, told: Option<&str>) -> String {
        let next = next_time(time(time_of_day), zone(zone_name), at(after), told.map(day));
        next.expect("a time").format("%Y-%m-%dT%H:%MZ").to_string()
    }

    #[test]
    fn the_next_one_is_today_before_its_time_and_tomorrow_from_then_on() {
        let berlin = |after| next("07:30:00", "Europe/Berlin", after, None);
        assert_eq!(berlin("2027-06-01T05:29:59Z"), "2027-06-01T05:30Z");
        assert_eq!(berlin("2027-06-01T05:30:00Z"), "2027-06-02T05:30Z");
        assert_eq!(berlin("2027-06-01T22:30:00Z"), "2027-06-02T05:30Z", "it is the second there");
        let kiritimati = |after| next("07:30:00", "Pacific/Kiritimati", after, None);
        assert_eq!(kiritimati("2027-06-01T17:00:00Z"), "2027-06-01T17:30Z");
    }

    #[test]
    fn no_day_is_told_twice_whatever_becomes_of_the_time_and_the_zone() {
        // Told at 07:30, then wanted at 18:00.
        let told = Some("2027-06-01");
        let later = next("18:00:00", "Europe/Berlin", "2027-06-01T06:00:00Z", told);
        assert_eq!(later, "2027-06-02T16:00Z");
        // Told in Tokyo, where the day begins before it does in Los Angeles.
        let west = next("07:30:00", "America/Los_Angeles", "2027-06-01T01:00:00Z", told);
        assert_eq!(west, "2027-06-02T14:30Z");
    }

    #[test]
    fn it_goes_by_the_clock_on_the_wall_when_the_clocks_change() {
        let berlin = |after| next("07:30:00", "Europe/Berlin", after, None);
        assert_eq!(berlin("2027-03-27T12:00:00Z"), "2027-03-28T05:30Z", "summer");
        assert_eq!(berlin("2027-10-30T12:00:00Z"), "2027-10-31T06:30Z", "winter");
        let early = |after| next("02:30:00", "Europe/Berlin", after, None);
        assert_eq!(early("2027-03-27T12:00:00Z"), "2027-03-28T01:30Z", "by the offset before");
        assert_eq!(early("2027-10-30T12:00:00Z"), "2027-10-31T00:30Z", "the first of two");
        assert_eq!(early("2027-10-31T00:30:00Z"), "2027-11-01T01:30Z", "and not the second");
    }

    /// In Nuuk the clocks go from eleven at night to midnight: half past eleven falls on the Sunday.
    #[test]
    fn a_time_that_is_moved_over_midnight_is_the_one_of_the_day_that_it_falls_on() {
        let nuuk = |after, told| next("23:30:00", "America/Nuuk", after, told);
        assert_eq!(nuuk("2027-03-28T00:00:00Z", None), "2027-03-28T01:30Z");
        assert_eq!(nuuk("2027-03-28T01:30:00Z", Some("2027-03-28")), "2027-03-30T00:30Z");
        let turned = turn(time("23:30:00"), zone("America/Nuuk"), None, at("2027-03-28T01:30:01Z"));
        assert_eq!(turned.tell, Some((day("2027-03-28"), at("2027-03-28T01:30:00Z"))));
        assert_eq!(turned.next, Some(at("2027-03-30T00:30:00Z")));
    }

    #[test]
    fn what_was_missed_is_told_late_on_its_day_and_on_no_later_one() {
        let berlin = |now| turn(time("07:30:00"), zone("Europe/Berlin"), None, at(now));
        let first = Some((day("2027-06-01"), at("2027-06-01T05:30:00Z")));
        let next = Some(at("2027-06-02T05:30:00Z"));
        assert_eq!(berlin("2027-06-01T05:30:00Z"), Turn { tell: first, next });
        assert_eq!(berlin("2027-06-01T21:59:59Z"), Turn { tell: first, next });
        // A moment later it is the second there.
        assert_eq!(berlin("2027-06-01T22:00:00Z"), Turn { tell: None, next });
        let second = Some((day("2027-06-02"), at("2027-06-02T05:30:00Z")));
        assert_eq!(berlin("2027-06-02T09:00:00Z").tell, second, "and today's alone");
    }

    #[test]
    fn a_day_that_was_told_is_not_due_again() {
        let told = Some(day("2027-06-01"));
        let now = at("2027-06-01T06:00:00Z");
        let turned = turn(time("07:30:00"), zone("Europe/Berlin"), told, now);
        assert_eq!(turned, Turn { tell: None, next: Some(at("2027-06-02T05:30:00Z")) });
    }

    #[test]
    fn a_wish_counts_from_when_it_was_made_and_one_that_stands_stays_overdue() {
        let wish = |text| Some(DailyDigest { at: time(text) });
        let berlin = zone("Europe/Berlin");
        let (made_at, now) = (at("2027-06-01T05:00:00Z"), at("2027-06-01T06:00:00Z"));
        let replan = |before, digest| replanned(before, digest, berlin, None, made_at, now);
        assert_eq!(replan(None, None), None);
        // Made at seven for half past, learned of at eight.
        let overdue = at("2027-06-01T05:30:00Z");
        assert_eq!(replan(None, wish("07:30:00")), Some(overdue));
        assert_eq!(replan(None, wish("06:30:00")), Some(at("2027-06-02T04:30:00Z")));
        let standing = |next| Some(Standing { digest: wish("07:30:00"), time_zone: berlin, next });
        assert_eq!(replan(standing(Some(overdue)), wish("07:30:00")), Some(overdue));
        let tomorrow = at("2027-06-02T05:30:00Z");
        assert_eq!(replan(standing(Some(tomorrow)), wish("07:30:00")), Some(tomorrow));
        assert_eq!(replan(standing(None), wish("07:30:00")), Some(tomorrow));
        assert_eq!(replan(standing(Some(tomorrow)), None), None);
        let tokyo = zone("Asia/Tokyo");
        let moved =
            replanned(standing(Some(tomorrow)), wish("07:30:00"), tokyo, None, made_at, now);
        assert_eq!(moved, Some(at("2027-06-01T22:30:00Z")));
    }
}
