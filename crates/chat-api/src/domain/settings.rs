//! A person's settings.

use chrono::{NaiveTime, Timelike};
use events::{DailyDigest, QuietHours, TimeZone};

use super::{Refused, language::Language};

/// What a person may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The zone of new tasks' whole days and of quiet hours.
    pub(crate) time_zone: TimeZone,
    /// When nothing is sent.
    pub(crate) quiet_hours: Option<QuietHours>,
    /// The local time from which the reminders of a whole day count.
    pub(crate) day_time: NaiveTime,
    /// When what is overdue and due that day is told, every day.
    pub(crate) digest: Option<DailyDigest>,
    /// What is meant by what a phrase leaves open; the worker is not told.
    pub(crate) language: Language,
}

#[cfg(test)]
impl Settings {
    /// Those of somebody in UTC.
    pub(crate) fn in_utc() -> Self {
        Self {
            time_zone: TimeZone::UTC,
            quiet_hours: None,
            day_time: events::DEFAULT_DAY_TIME,
            digest: None,
            language: Language::default(),
        }
    }
}

/// Reads quiet hours: two different local times to the minute or second.
pub(crate) fn parse_quiet_hours(from: &str, to: &str) -> Result<QuietHours, Refused> {
    let (from, to) = (parse_time(from)?, parse_time(to)?);
    if from == to {
        return Err(Refused::new("from and to must differ"));
    }
    Ok(QuietHours { from, to })
}

/// Reads a local time to the minute or second.
pub(crate) fn parse_time(text: &str) -> Result<NaiveTime, Refused> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M:%S"))
        .ok()
        // 23:59:60 reads as a fraction beyond a second.
        .filter(|time| time.nanosecond() == 0)
        .ok_or_else(|| Refused::new("is a local time such as 22:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_are_two_local_times_that_differ() {
        assert!(parse_quiet_hours("22:00", "06:30").is_ok());
        assert!(parse_quiet_hours("22:00:00", "06:30:15").is_ok());
        for (from, to) in
            [("22:00", "22:00"), ("24:00", "06:00"), ("22", "06"), ("", ""), ("23:59:60", "06:00")]
        {
            assert!(parse_quiet_hours(from, to).is_err(), "{from} {to}");
        }
    }
}
