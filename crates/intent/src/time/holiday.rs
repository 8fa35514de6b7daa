//! Days with names of their own: their dates, and the rules by which they come every year.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::text::grammar::{Grammar, Read, plus_days};

/// When a holiday is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holiday {
    /// Month and day.
    Fixed(u32, u32),
    /// The nth weekday of a month, from its end where negative.
    Nth(u32, Weekday, i8),
    /// The nth weekday of a month, and so many days after it.
    AfterNth(u32, Weekday, i8, i64),
    /// So many days after Easter Sunday.
    Easter(i64),
}

impl Holiday {
    /// Its day in a year.
    pub(crate) fn in_year(self, year: i32) -> Option<NaiveDate> {
        match self {
            Self::Fixed(month, day) => NaiveDate::from_ymd_opt(year, month, day),
            Self::Nth(month, weekday, nth) => nth_weekday(year, month, weekday, nth),
            Self::AfterNth(month, weekday, nth, days) => {
                nth_weekday(year, month, weekday, nth).map(|day| plus_days(day, days))
            }
            Self::Easter(days) => easter(year).map(|day| plus_days(day, days)),
        }
    }
}

/// The nth such weekday of a month, from its end where negative.
pub(crate) fn nth_weekday(year: i32, month: u32, weekday: Weekday, nth: i8) -> Option<NaiveDate> {
    if nth > 0 {
        return NaiveDate::from_weekday_of_month_opt(year, month, weekday, nth.unsigned_abs());
    }
    let days = NaiveDate::from_ymd_opt(year, month, 1)?.num_days_in_month();
    let last = NaiveDate::from_ymd_opt(year, month, u32::from(days))?;
    let back = last.weekday().days_since(weekday);
    let weeks = i64::from(nth.unsigned_abs()) - 1;
    let day = plus_days(last, -(i64::from(back) + 7 * weeks));
    (day.month() == month).then_some(day)
}

/// Easter Sunday of the Gregorian calendar, by the anonymous algorithm of Meeus, Jones and Butcher.
fn easter(year: i32) -> Option<NaiveDate> {
    let a = year % 19;
    let (b, c) = (year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let f = (b + 8) / 25;
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let month = (h + l - 7 * m + 114) / 31;
    let day = (h + l - 7 * m + 114) % 31 + 1;
    NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}

/// The names; an apostrophe at the end of a word is a token of its own.
const NAMES: &[(&str, Holiday)] = {
    use Holiday::{AfterNth, Easter, Fixed, Nth};
    use Weekday::{Mon, Sun, Thu};
    &[
        ("new year's eve|new years eve|nye", Fixed(12, 31)),
        ("new year's day|new years day|new year's|new year|new years", Fixed(1, 1)),
        ("epiphany|three kings day|three kings ' day", Fixed(1, 6)),
        ("martin luther king day|martin luther king jr day|mlk day", Nth(1, Mon, 3)),
        ("groundhog day", Fixed(2, 2)),
        ("valentine's day|valentines day|valentine's|valentines", Fixed(2, 14)),
        ("presidents ' day|presidents day|president's day", Nth(2, Mon, 3)),
        (
            "st patrick's day|st . patrick's day|st patricks day|st . patricks day|saint patrick's day|st paddy's day|st . paddy's day",
            Fixed(3, 17),
        ),
        (
            "april fools ' day|april fools day|april fool's day|april fools|april fool's",
            Fixed(4, 1),
        ),
        ("ash wednesday", Easter(-46)),
        ("shrove tuesday|pancake day|mardi gras", Easter(-47)),
        ("palm sunday", Easter(-7)),
        ("maundy thursday", Easter(-3)),
        ("good friday", Easter(-2)),
        ("holy saturday", Easter(-1)),
        ("easter monday", Easter(1)),
        ("easter sunday|easter day|easter", Easter(0)),
        ("ascension day|ascension thursday|ascension", Easter(39)),
        ("whit monday|pentecost monday", Easter(50)),
        ("pentecost|whit sunday|whitsun", Easter(49)),
        ("corpus christi", Easter(60)),
        ("earth day", Fixed(4, 22)),
        ("may day|labour day|workers ' day|international workers ' day", Fixed(5, 1)),
        ("star wars day", Fixed(5, 4)),
        ("cinco de mayo", Fixed(5, 5)),
        ("mother's day|mothers day|mothers ' day", Nth(5, Sun, 2)),
        ("memorial day", Nth(5, Mon, -1)),
        ("father's day|fathers day|fathers ' day", Nth(6, Sun, 3)),
        ("juneteenth", Fixed(6, 19)),
        ("canada day", Fixed(7, 1)),
        ("independence day|fourth of july|the fourth of july", Fixed(7, 4)),
        ("bastille day", Fixed(7, 14)),
        ("labor day", Nth(9, Mon, 1)),
        ("columbus day|indigenous peoples ' day|indigenous peoples day", Nth(10, Mon, 2)),
        ("halloween|hallowe'en", Fixed(10, 31)),
        ("all saints ' day|all saints day|all saints", Fixed(11, 1)),
        ("all souls ' day|all souls day", Fixed(11, 2)),
        ("guy fawkes night|guy fawkes day|guy fawkes|bonfire night", Fixed(11, 5)),
        ("veterans day|veterans ' day|armistice day|remembrance day", Fixed(11, 11)),
        ("thanksgiving day|thanksgiving", Nth(11, Thu, 4)),
        ("black friday", AfterNth(11, Thu, 4, 1)),
        ("cyber monday", AfterNth(11, Thu, 4, 4)),
        (
            "st nicholas day|st . nicholas day|st nicholas ' day|st . nicholas ' day|saint nicholas day",
            Fixed(12, 6),
        ),
        ("christmas eve|xmas eve", Fixed(12, 24)),
        ("christmas day|xmas day|christmas|xmas", Fixed(12, 25)),
        ("boxing day|st stephen's day|st . stephen's day", Fixed(12, 26)),
    ]
};

/// The words that names begin with: most words of a phrase are none of them, and need no further look.
const FIRSTS: &str = "new|nye|epiphany|three|martin|mlk|groundhog|valentine's|valentines|presidents|president's|\
                      st|saint|april|ash|shrove|pancake|mardi|palm|maundy|good|holy|easter|ascension|whit|\
                      pentecost|whitsun|corpus|earth|may|labour|workers|international|star|cinco|mother's|\
                      mothers|memorial|father's|fathers|juneteenth|canada|independence|fourth|the|bastille|\
                      labor|columbus|indigenous|halloween|hallowe'en|all|guy|bonfire|veterans|armistice|\
                      remembrance|thanksgiving|black|cyber|christmas|xmas|boxing";

impl Grammar<'_> {
    /// The longest name of a holiday that stands here.
    pub(crate) fn holiday(&self, at: usize) -> Option<Read<Holiday>> {
        if !self.phrase.is_any(at, FIRSTS) {
            return None;
        }
        NAMES
            .iter()
            .filter_map(|(names, holiday)| Some((*holiday, self.phrase.any_words(at, names)?)))
            .max_by_key(|(_, end)| *end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_is_where_the_church_puts_it() {
        for (year, month, day) in [
            (1961, 4, 2),
            (2000, 4, 23),
            (2024, 3, 31),
            (2026, 4, 5),
            (2027, 3, 28),
            (2038, 4, 25),
            (2285, 3, 22),
        ] {
            assert_eq!(easter(year), NaiveDate::from_ymd_opt(year, month, day), "{year}");
        }
    }

    #[test]
    fn every_name_begins_with_a_word_that_is_looked_for() {
        let firsts: Vec<&str> = FIRSTS.split('|').collect();
        for name in NAMES.iter().flat_map(|(names, _)| names.split('|')) {
            assert!(name.split(' ').next().is_some_and(|first| firsts.contains(&first)), "{name}");
        }
    }

    #[test]
    fn a_weekday_counts_from_either_end_of_its_month() {
        let day = |nth| nth_weekday(2027, 5, Weekday::Mon, nth).map(|day| day.day());
        assert_eq!(
            [1, 5, 6, -1, -5, -6].map(day),
            [Some(3), Some(31), None, Some(31), Some(3), None]
        );
    }
}
