//! What a zone's clocks do, as a VTIMEZONE: strict readers know no zone that the file itself does not tell.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::OffsetComponents as _;
use events::TimeZone;

/// The years that are told; after them it stays as it was last.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2050;
/// Two changes of a clock lie further apart than this, in days.
const STEP_DAYS: i64 = 10;

/// How the clocks go from a moment on.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Going {
    seconds_east: i32,
    is_daylight: bool,
}

/// A change of the clocks.
struct Change {
    /// What they showed until then.
    local: NaiveDateTime,
    from: Going,
    to: Going,
}

/// The lines of a VTIMEZONE, unfolded.
pub(super) fn lines(zone: TimeZone) -> Vec<String> {
    let mut lines = vec!["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{}", zone.name())];
    let changes = changes(zone);
    let begin = going(zone, DateTime::UNIX_EPOCH);
    let epoch = DateTime::UNIX_EPOCH.naive_utc();
    push(&mut lines, &[Change { local: epoch, from: begin, to: begin }]);
    let mut rest: Vec<Change> = changes;
    // Changes of one kind are one component that recurs.
    while let Some(first) = rest.first() {
        let kind = (first.from, first.to);
        let (same, others): (Vec<Change>, Vec<Change>) =
            rest.into_iter().partition(|change| (change.from, change.to) == kind);
        push(&mut lines, &same);
        rest = others;
    }
    lines.push("END:VTIMEZONE".to_owned());
    lines
}

fn push(lines: &mut Vec<String>, changes: &[Change]) {
    let Some(first) = changes.first() else { return };
    let kind = if first.to.is_daylight { "DAYLIGHT" } else { "STANDARD" };
    lines.push(format!("BEGIN:{kind}"));
    lines.push(format!("DTSTART:{}", written(first.local)));
    for change in &changes[1..] {
        lines.push(format!("RDATE:{}", written(change.local)));
    }
    lines.push(format!("TZOFFSETFROM:{}", offset(first.from.seconds_east)));
    lines.push(format!("TZOFFSETTO:{}", offset(first.to.seconds_east)));
    lines.push(format!("END:{kind}"));
}

fn written(local: NaiveDateTime) -> String {
    local.format("%Y%m%dT%H%M%S").to_string()
}

fn offset(seconds_east: i32) -> String {
    let sign = if seconds_east < 0 { '-' } else { '+' };
    let seconds = seconds_east.abs();
    let mut text = format!("{sign}{:02}{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 != 0 {
        let _infallible = write!(text, "{:02}", seconds % 60);
    }
    text
}

fn going(zone: TimeZone, at: DateTime<Utc>) -> Going {
    let offset = zone.tz().offset_from_utc_datetime(&at.naive_utc());
    Going {
        seconds_east: offset.fix().local_minus_utc(),
        is_daylight: offset.dst_offset() > TimeDelta::zero(),
    }
}

fn changes(zone: TimeZone) -> Vec<Change> {
    let mut changes = vec![];
    let (mut at, mut now) = (DateTime::UNIX_EPOCH, going(zone, DateTime::UNIX_EPOCH));
    while YEARS.contains(&at.year()) {
        let next = at + TimeDelta::days(STEP_DAYS);
        let then = going(zone, next);
        if then != now {
            let moment = first_second(zone, at, next, now);
            let local = moment.naive_utc() + TimeDelta::seconds(now.seconds_east.into());
            let to = going(zone, moment);
            changes.push(Change { local, from: now, to });
            (at, now) = (moment, to);
        } else {
            at = next;
        }
    }
    changes
}

/// The first second, after `from` and up to `until`, at which the clocks go another way.
fn first_second(
    zone: TimeZone,
    mut from: DateTime<Utc>,
    mut until: DateTime<Utc>,
    as_before: Going,
) -> DateTime<Utc> {
    while until - from > TimeDelta::seconds(1) {
        let middle = from + TimeDelta::seconds((until - from).num_seconds() / 2);
        if going(zone, middle) == as_before { from = middle } else { until = middle }
    }
    until
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_tells_each_change_of_its_clocks() {
        let berlin = lines("Europe/Berlin".parse().expect("a zone"));
        let text = berlin.join("\n");
        let summer = "BEGIN:DAYLIGHT\nDTSTART:19800406T020000\n";
        assert!(text.contains(summer), "{text}");
        assert!(text.contains("RDATE:20260329T020000") && text.contains("RDATE:20261025T030000"));
        assert!(text.contains("TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT"), "{text}");
        assert_eq!(berlin.iter().filter(|line| line.starts_with("BEGIN:")).count(), 4, "{text}");
        let utc = lines(TimeZone::UTC);
        assert_eq!(utc.len(), 8, "{utc:?}");
        assert_eq!(offset(-12_600), "-0330");
    }
}
