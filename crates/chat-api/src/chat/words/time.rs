//! Times as they are said: days by their names within a week, else by their dates.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use events::{Due, ReminderSpec, TimeZone};

use super::count;

const WEEKDAY: &str = "%A";
const THIS_YEAR: &str = "%a %-d %b";
const ANY_YEAR: &str = "%a %-d %b %Y";
const TIME: &str = "%H:%M";
/// Days that are called by the name of their weekday lie nearer than this.
const A_WEEK_DAYS: i64 = 7;

const MINUTE_SECS: i64 = 60;
const HOUR_SECS: i64 = 60 * MINUTE_SECS;
const DAY_SECS: i64 = 24 * HOUR_SECS;
const WEEK_SECS: i64 = 7 * DAY_SECS;

/// When something is said, and by whose clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) now: DateTime<Utc>,
    pub(crate) zone: TimeZone,
}

impl Clock {
    fn today(&self) -> NaiveDate {
        self.zone.local(self.now).date()
    }

    /// `today`, `tomorrow`, `yesterday`, `Friday`, `Fri 4 Dec`, `Fri 4 Dec 2027`.
    fn day(&self, day: NaiveDate) -> String {
        let today = self.today();
        match (day - today).num_days() {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            -1 => "yesterday".to_owned(),
            away if away.abs() < A_WEEK_DAYS => day.format(WEEKDAY).to_string(),
            _ if day.year() == today.year() => day.format(THIS_YEAR).to_string(),
            _ => day.format(ANY_YEAR).to_string(),
        }
    }

    /// A day, with `on` before it where it has a name.
    pub(crate) fn on(&self, day: NaiveDate) -> String {
        let is_named = (day - self.today()).num_days().abs() > 1;
        format!("{}{}", if is_named { "on " } else { "" }, self.day(day))
    }

    /// A day that may lie in the past: by its name only where it is today or tomorrow.
    pub(crate) fn date(&self, day: NaiveDate) -> String {
        let today = self.today();
        match (day - today).num_days() {
            0 | 1 => self.day(day),
            _ if day.year() == today.year() => day.format(THIS_YEAR).to_string(),
            _ => day.format(ANY_YEAR).to_string(),
        }
    }

    /// A time of day.
    pub(crate) fn time(time: NaiveTime) -> String {
        time.format(TIME).to_string()
    }

    /// `tomorrow at 17:00`, `on Friday at 17:00`.
    pub(crate) fn at(&self, at: DateTime<Utc>) -> String {
        let local = self.zone.local(at);
        format!("{} at {}", self.on(local.date()), Self::time(local.time()))
    }

    /// A due date without saying that it is one.
    pub(crate) fn when(&self, due: Due) -> String {
        match due {
            Due::At(at) => self.at(at),
            Due::On(day) => self.on(day),
        }
    }

    pub(crate) fn is_over(&self, due: Due) -> bool {
        match due {
            Due::At(at) => at < self.now,
            Due::On(day) => day < self.today(),
        }
    }

    /// `due tomorrow at 17:00`, `overdue since Friday`.
    pub(crate) fn due(&self, due: Due) -> String {
        if !self.is_over(due) {
            return format!("due {}", self.when(due));
        }
        let when = self.when(due);
        format!("overdue since {}", when.strip_prefix("on ").unwrap_or(&when))
    }

    /// `an hour before`, `at the due time`, `tomorrow at 8:00`.
    pub(crate) fn reminder(&self, spec: &ReminderSpec) -> String {
        match spec {
            ReminderSpec::At(at) => self.at(*at),
            ReminderSpec::Offset(offset) => match offset.seconds() {
                0 => "at the due time".to_owned(),
                secs if secs < 0 => format!("{} before", lasting(-secs)),
                secs => format!("{} after", lasting(secs)),
            },
        }
    }
}

/// `an hour`, `2 days and 3 hours`, of the two largest units.
fn lasting(secs: i64) -> String {
    const UNITS: [(i64, &str); 5] = [
        (WEEK_SECS, "week"),
        (DAY_SECS, "day"),
        (HOUR_SECS, "hour"),
        (MINUTE_SECS, "minute"),
        (1, "second"),
    ];
    // 10 days are no week and 3 days.
    let units = if secs % WEEK_SECS == 0 { &UNITS[..] } else { &UNITS[1..] };
    let mut rest = secs;
    let mut parts = vec![];
    for (size, name) in units {
        let number = rest / size;
        rest %= size;
        if number > 0 {
            parts.push((number, *name));
        }
    }
    match parts.as_slice() {
        [] => "no time".to_owned(),
        [(1, "hour")] => "an hour".to_owned(),
        [(1, name)] => format!("a {name}"),
        [(number, name)] => count(*number, name),
        [(first, one), (second, other), ..] => {
            format!("{} and {}", count(*first, one), count(*second, other))
        }
    }
}
