//! What a person means by what a phrase leaves open.

use chrono::{NaiveTime, Weekday};
use intent::{DateOrder, Preferences};
use serde::{Deserialize, Serialize};

use super::{Refused, settings::parse_time};

/// What 3/4 is, when a week begins, when morning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Language(Preferences);

/// A person's language as it is written: in the database, in the API, in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LanguageRecord {
    pub(crate) date_order: Order,
    pub(crate) week_start: WeekStart,
    pub(crate) morning: String,
    pub(crate) afternoon: String,
    pub(crate) evening: String,
    pub(crate) night: String,
    pub(crate) end_of_day: String,
}

/// What is to be otherwise; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LanguagePatch {
    pub(crate) date_order: Option<Order>,
    pub(crate) week_start: Option<WeekStart>,
    pub(crate) morning: Option<NaiveTime>,
    pub(crate) afternoon: Option<NaiveTime>,
    pub(crate) evening: Option<NaiveTime>,
    pub(crate) night: Option<NaiveTime>,
    pub(crate) end_of_day: Option<NaiveTime>,
}

/// Which of a slashed date's numbers comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// 3/4 is 4 March.
    MonthFirst,
    /// 3/4 is 3 April.
    DayFirst,
}

/// The first day of a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WeekStart {
    /// As in most of the world.
    Monday,
    /// As in the United States.
    Sunday,
}

impl Language {
    /// As the grammar has it.
    pub(crate) const fn preferences(self) -> Preferences {
        self.0
    }

    /// With what is to be otherwise.
    pub(crate) fn changed(self, patch: LanguagePatch) -> Self {
        let Self(before) = self;
        Self(Preferences {
            date_order: patch.date_order.map_or(before.date_order, |order| match order {
                Order::MonthFirst => DateOrder::MonthFirst,
                Order::DayFirst => DateOrder::DayFirst,
            }),
            week_start: patch.week_start.map_or(before.week_start, |start| match start {
                WeekStart::Monday => Weekday::Mon,
                WeekStart::Sunday => Weekday::Sun,
            }),
            morning: patch.morning.unwrap_or(before.morning),
            afternoon: patch.afternoon.unwrap_or(before.afternoon),
            evening: patch.evening.unwrap_or(before.evening),
            night: patch.night.unwrap_or(before.night),
            end_of_day: patch.end_of_day.unwrap_or(before.end_of_day),
        })
    }
}

impl From<Language> for LanguageRecord {
    fn from(Language(preferences): Language) -> Self {
        let time = |time: NaiveTime| time.format("%H:%M:%S").to_string();
        Self {
            date_order: match preferences.date_order {
                DateOrder::MonthFirst => Order::MonthFirst,
                DateOrder::DayFirst => Order::DayFirst,
            },
            week_start: match preferences.week_start {
                Weekday::Sun => WeekStart::Sunday,
                _ => WeekStart::Monday,
            },
            morning: time(preferences.morning),
            afternoon: time(preferences.afternoon),
            evening: time(preferences.evening),
            night: time(preferences.night),
            end_of_day: time(preferences.end_of_day),
        }
    }
}

impl TryFrom<LanguageRecord> for Language {
    type Error = Refused;

    fn try_from(record: LanguageRecord) -> Result<Self, Refused> {
        Ok(Self::default().changed(LanguagePatch {
            date_order: Some(record.date_order),
            week_start: Some(record.week_start),
            morning: Some(parse_time(&record.morning)?),
            afternoon: Some(parse_time(&record.afternoon)?),
            evening: Some(parse_time(&record.evening)?),
            night: Some(parse_time(&record.night)?),
            end_of_day: Some(parse_time(&record.end_of_day)?),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_what_is_not_said_stays() {
        let evening = NaiveTime::from_hms_opt(19, 30, 0);
        let patch = LanguagePatch {
            date_order: Some(Order::DayFirst),
            week_start: Some(WeekStart::Sunday),
            evening,
            ..LanguagePatch::default()
        };
        let language = Language::default().changed(patch);
        let record = LanguageRecord::from(language);
        assert_eq!((record.evening.as_str(), record.morning.as_str()), ("19:30:00", "09:00:00"));
        assert_eq!(Language::try_from(record), Ok(language));
        assert_eq!(language.changed(LanguagePatch::default()), language);
        assert_eq!(language.preferences().week_start, Weekday::Sun);
    }
}
