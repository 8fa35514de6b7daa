//! What a phrase is understood in: when, where, and by whom.

use chrono::{DateTime, NaiveTime, Utc, Weekday};
use events::TimeZone;

/// The moment, the place and the habits of who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Now.
    pub now: DateTime<Utc>,
    /// Whose clocks are meant, unless the phrase names another zone.
    pub time_zone: TimeZone,
    /// What a phrase leaves open.
    pub preferences: Preferences,
}

/// What a person means by what a phrase leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// What 3/4 is.
    pub date_order: DateOrder,
    /// The first day of a week.
    pub week_start: Weekday,
    /// "In the morning".
    pub morning: NaiveTime,
    /// "In the afternoon".
    pub afternoon: NaiveTime,
    /// "In the evening".
    pub evening: NaiveTime,
    /// "Tonight", "at night".
    pub night: NaiveTime,
    /// "By end of day".
    pub end_of_day: NaiveTime,
}

/// Which of a slashed date's numbers comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateOrder {
    /// 3/4 is 4 March.
    #[default]
    MonthFirst,
    /// 3/4 is 3 April.
    DayFirst,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            date_order: DateOrder::MonthFirst,
            week_start: Weekday::Mon,
            morning: on_the_hour(9),
            afternoon: on_the_hour(15),
            evening: on_the_hour(18),
            night: on_the_hour(20),
            end_of_day: on_the_hour(17),
        }
    }
}

/// A full hour from 0 to 23.
const fn on_the_hour(hour: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, 0, 0) {
        Some(time) => time,
        None => NaiveTime::MIN,
    }
}
