//! The closed classes of English words that time is told with.

use chrono::Weekday;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    WorkingDay,
    Week,
    Fortnight,
    Month,
    Quarter,
    Year,
}

/// A weekday's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WeekdayName {
    pub(crate) weekday: Weekday,
    /// "Mondays".
    pub(crate) is_plural: bool,
    /// "Mon".
    pub(crate) is_short: bool,
    /// Whether the word means something else too: sun, sat, wed.
    pub(crate) is_ambiguous: bool,
}

pub(crate) fn weekday(word: &str) -> Option<WeekdayName> {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    let (singular, is_plural) = match word.strip_suffix('s') {
        Some(singular) if !matches!(word, "tues" | "weds" | "thurs") => (singular, true),
        _ => (word, false),
    };
    let (weekday, is_short) = match singular {
        "monday" => (Mon, false),
        "mon" => (Mon, true),
        "tuesday" => (Tue, false),
        "tue" | "tues" => (Tue, true),
        "wednesday" => (Wed, false),
        "wed" | "weds" => (Wed, true),
        "thursday" => (Thu, false),
        "thu" | "thur" | "thurs" => (Thu, true),
        "friday" => (Fri, false),
        "fri" => (Fri, true),
        "saturday" => (Sat, false),
        "sat" => (Sat, true),
        "sunday" => (Sun, false),
        "sun" => (Sun, true),
        _ => return None,
    };
    // Of "suns", "weds" and "sats" none is said.
    if is_plural && is_short {
        return None;
    }
    let is_ambiguous = is_short && matches!(weekday, Sat | Sun | Wed);
    Some(WeekdayName { weekday, is_plural, is_short, is_ambiguous })
}

/// The number of a month from its name, full or short.
pub(crate) fn month(word: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let is_named = |name: &&str| *name == word || (word.len() == 3 && name.starts_with(word));
    let index = match word {
        "sept" => 8,
        _ => NAMES.iter().position(|name| is_named(&name))?,
    };
    u32::try_from(index + 1).ok()
}

/// A unit's name: as a word, or as a letter that stands at a number ("2h").
pub(crate) fn unit(word: &str, is_at_number: bool) -> Option<Unit> {
    Some(match word {
        "second" | "seconds" | "sec" | "secs" => Unit::Second,
        "minute" | "minutes" | "min" | "mins" => Unit::Minute,
        "hour" | "hours" | "hr" | "hrs" => Unit::Hour,
        "day" | "days" => Unit::Day,
        "week" | "weeks" | "wk" | "wks" => Unit::Week,
        "fortnight" | "fortnights" => Unit::Fortnight,
        "month" | "months" | "mth" | "mths" => Unit::Month,
        "quarter" | "quarters" => Unit::Quarter,
        "year" | "years" | "yr" | "yrs" => Unit::Year,
        "mo" | "mos" if is_at_number => Unit::Month,
        "s" if is_at_number => Unit::Second,
        "m" if is_at_number => Unit::Minute,
        "h" if is_at_number => Unit::Hour,
        "d" if is_at_number => Unit::Day,
        "w" if is_at_number => Unit::Week,
        "y" if is_at_number => Unit::Year,
        _ => return None,
    })
}

/// A number from zero to twelve, or a multiple of ten, and the teens.
pub(crate) fn cardinal(word: &str) -> Option<u32> {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] =
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let small = SMALL.iter().position(|name| *name == word);
    let tens = || TENS.iter().position(|name| *name == word).map(|index| 20 + index * 10);
    u32::try_from(small.or_else(tens)?).ok()
}

/// A number's ordinal word, first to twentieth, and thirtieth.
pub(crate) fn ordinal(word: &str) -> Option<u32> {
    const NAMES: [&str; 20] = [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
        "twentieth",
    ];
    if word == "thirtieth" {
        return Some(30);
    }
    u32::try_from(NAMES.iter().position(|name| *name == word)? + 1).ok()
}

/// Whether a word is one of those that hold a sentence together: what stands before it is no attribute of it.
pub(crate) fn is_function_word(word: &str) -> bool {
    matches!(
        word,
        "a" | "an"
            | "the"
            | "my"
            | "our"
            | "your"
            | "his"
            | "her"
            | "their"
            | "its"
            | "this"
            | "that"
            | "these"
            | "those"
            | "and"
            | "or"
            | "but"
            | "so"
            | "because"
            | "if"
            | "unless"
            | "when"
            | "while"
            | "as"
            | "to"
            | "for"
            | "from"
            | "with"
            | "without"
            | "about"
            | "at"
            | "in"
            | "into"
            | "on"
            | "onto"
            | "of"
            | "off"
            | "by"
            | "before"
            | "after"
            | "until"
            | "till"
            | "via"
            | "over"
            | "under"
            | "between"
            | "through"
            | "during"
            | "near"
            | "regarding"
            | "re"
            | "w"
            | "i"
            | "we"
            | "you"
            | "he"
            | "she"
            | "they"
            | "it"
            | "me"
            | "him"
            | "them"
            | "us"
            | "please"
            | "remind"
            | "not"
            | "no"
            | "then"
            | "also"
            | "except"
            | "excluding"
            | "starting"
            | "beginning"
            | "every"
            | "each"
            | "is"
            | "are"
            | "instead"
            | "again"
            | "sharp"
            | "too"
            | "using"
    )
}
