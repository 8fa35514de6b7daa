//! What a zone's clocks do, as a VTIMEZONE: strict readers know no zone that the file itself does not tell.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::OffsetComponents as _;
use events::TimeZone;

/// The last year that is looked at. What is the same day of a month each year until then goes on so; the
/// rest stays as it was last.
const LAST_YEAR: i32 = 2050;
/// A rule has held for so many years, or it is chance.
const MIN_RULED_YEARS: usize = 10;
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

/// The lines of a VTIMEZONE, unfolded, that tells what the clocks do from the beginning of a year on.
pub(super) fn lines(zone: TimeZone, from_year: i32) -> Vec<String> {
    let mut lines = vec!["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{}", zone.name())];
    let begin = Utc.with_ymd_and_hms(from_year, 1, 1, 0, 0, 0).earliest();
    let begin = begin.unwrap_or(DateTime::UNIX_EPOCH);
    let (changes, first) = (changes(zone, begin), going(zone, begin));
    push(&mut lines, &[Change { local: begin.naive_utc(), from: first, to: first }], None);
    let mut rest: Vec<Change> = changes;
    // Changes of one kind are one component that recurs. Those that go on by a rule are another: there are
    // readers that take no list of times for a zone.
    while let Some(first) = rest.first() {
        let kind = (first.from, first.to);
        let (same, others): (Vec<Change>, Vec<Change>) =
            rest.into_iter().partition(|change| (change.from, change.to) == kind);
        let (rule, ruled) = rule_of(&same).map_or((None, 0), |(rule, count)| (Some(rule), count));
        let (listed, ruled) = same.split_at(same.len() - ruled);
        push(&mut lines, listed, None);
        push(&mut lines, ruled, rule);
        rest = others;
    }
    lines.push("END:VTIMEZONE".to_owned());
    lines
}

/// The rule by which changes of one kind go on each year, and how many of the last of them have gone by it;
/// none where they do not go on, or by no day of a month.
fn rule_of(changes: &[Change]) -> Option<(String, usize)> {
    let last = changes.last().filter(|last| last.local.year() >= LAST_YEAR - 1)?.local;
    let ruled = rules(last).into_iter().flatten().map(|rule| {
        let years = (0..).map(|back| last.year() - back);
        let of_last = changes.iter().rev().zip(years).take_while(|(change, year)| {
            let local = change.local;
            (local.year(), local.time()) == (*year, last.time())
                && rules(local).iter().flatten().any(|one| *one == rule)
        });
        let count = of_last.count();
        (rule, count)
    });
    ruled.max_by_key(|(_, count)| *count).filter(|(_, count)| *count >= MIN_RULED_YEARS)
}

/// The rules that a day follows: the last such weekday of its month, and the first, second and so on.
fn rules(local: NaiveDateTime) -> [Option<String>; 2] {
    let day = local.day0();
    let weekday = &local.weekday().to_string().to_uppercase()[..2];
    let rule =
        |ordinal: i64| format!("FREQ=YEARLY;BYMONTH={};BYDAY={ordinal}{weekday}", local.month());
    let is_last = (local + TimeDelta::days(7)).month() != local.month();
    [is_last.then(|| rule(-1)), Some(rule(i64::from(day / 7) + 1))]
}

fn push(lines: &mut Vec<String>, changes: &[Change], rule: Option<String>) {
    let Some(first) = changes.first() else { return };
    let kind = if first.to.is_daylight { "DAYLIGHT" } else { "STANDARD" };
    lines.push(format!("BEGIN:{kind}"));
    lines.push(format!("DTSTART:{}", written(first.local)));
    match rule {
        Some(rule) => lines.push(format!("RRULE:{rule}")),
        None => {
            let others = changes[1..].iter();
            lines.extend(others.map(|change| format!("RDATE:{}", written(change.local))));
        }
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

fn changes(zone: TimeZone, begin: DateTime<Utc>) -> Vec<Change> {
    let mut changes = vec![];
    let (mut at, mut now) = (begin, going(zone, begin));
    while at.year() <= LAST_YEAR {
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
        let berlin = lines("Europe/Berlin".parse().expect("a zone"), 1970);
        let text = berlin.join("\n");
        let summer = "BEGIN:DAYLIGHT\nDTSTART:19800406T020000\n";
        assert!(text.contains(summer), "{text}");
        assert!(text.contains("RDATE:19810329T020000") || text.contains("DTSTART:19810329T020000"));
        let now = "DTSTART:19961027T030000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\n\
            TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD";
        assert!(text.contains(now), "{text}");
        assert!(text.contains("TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT"), "{text}");
        assert_eq!(berlin.iter().filter(|line| line.starts_with("BEGIN:")).count(), 6, "{text}");
        let new_york = lines("America/New_York".parse().expect("a zone"), 1970).join("\n");
        let now = "DTSTART:20070311T020000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\n";
        assert!(new_york.contains(now), "{new_york}");
        let utc = lines(TimeZone::UTC, 1970);
        assert_eq!(utc.len(), 8, "{utc:?}");
        assert_eq!(offset(-12_600), "-0330");
    }
}
