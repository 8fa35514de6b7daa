//! Quiet hours: until when a notification is kept back.

use chrono::{DateTime, Days, Utc};
use events::{QuietHours, TimeZone};

/// When the quiet hours end that it is in the midst of; none outside of them.
pub(super) fn quiet_until(
    quiet: QuietHours,
    zone: TimeZone,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let local = zone.local(now);
    let (time, today) = (local.time(), local.date());
    let ends_on = if quiet.from < quiet.to {
        (quiet.from..quiet.to).contains(&time).then_some(today)?
    } else if time < quiet.to {
        today
    } else if time >= quiet.from {
        today.checked_add_days(Days::new(1))?
    } else {
        return None;
    };
    // An end that comes twice is the first one: in the hour that the clocks repeat it may be over.
    Some(zone.instant(ends_on.and_time(quiet.to))).filter(|end| *end > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(from: &str, to: &str, zone: &str, now: &str) -> Option<String> {
        let time = |text: &str| text.parse().expect("a time of day");
        let quiet = QuietHours { from: time(from), to: time(to) };
        let zone = zone.parse().expect("a zone");
        let now = now.parse().expect("an instant");
        Some(quiet_until(quiet, zone, now)?.to_rfc3339())
    }

    #[test]
    fn over_midnight_they_end_in_the_morning_after() {
        let berlin = |now| until("22:00:00", "07:00:00", "Europe/Berlin", now);
        assert_eq!(berlin("2027-06-01T19:59:59Z"), None);
        let morning = Some("2027-06-02T05:00:00+00:00".to_owned());
        assert_eq!(berlin("2027-06-01T20:00:00Z"), morning);
        assert_eq!(berlin("2027-06-02T04:59:59Z"), morning);
        assert_eq!(berlin("2027-06-02T05:00:00Z"), None);
    }

    #[test]
    fn within_a_day_they_end_on_it() {
        let noon = |now| until("12:00:00", "14:30:00", "UTC", now);
        assert_eq!(noon("2027-06-01T11:59:59Z"), None);
        assert_eq!(noon("2027-06-01T12:00:00Z"), Some("2027-06-01T14:30:00+00:00".to_owned()));
        assert_eq!(noon("2027-06-01T14:30:00Z"), None);
    }

    #[test]
    fn they_go_by_the_clock_on_the_wall_when_the_clocks_change() {
        let berlin = |now| until("22:00:00", "07:00:00", "Europe/Berlin", now);
        assert_eq!(berlin("2027-03-27T22:00:00Z"), Some("2027-03-28T05:00:00+00:00".to_owned()));
        assert_eq!(berlin("2027-10-30T21:00:00Z"), Some("2027-10-31T06:00:00+00:00".to_owned()));
        // The hour from two to three comes twice, and half past two is the first of the two.
        let early = |now| until("22:00:00", "02:30:00", "Europe/Berlin", now);
        assert_eq!(early("2027-10-31T00:15:00Z"), Some("2027-10-31T00:30:00+00:00".to_owned()));
        assert_eq!(early("2027-10-31T01:15:00Z"), None);
    }
}
