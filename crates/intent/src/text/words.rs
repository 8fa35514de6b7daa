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
    Some(match word {
        "january" | "jan" => 1,
        "february" | "feb" => 2,
        "march" | "mar" => 3,
        "april" | "apr" => 4,
        "may" => 5,
        "june" | "jun" => 6,
        "july" | "jul" => 7,
        "august" | "aug" => 8,
        "september" | "sep" | "sept" => 9,
        "october" | "oct" => 10,
        "november" | "nov" => 11,
        "december" | "dec" => 12,
        _ => return None,
    })
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

/// A number's word: zero to nineteen, and the multiples of ten.
pub(crate) fn cardinal(word: &str) -> Option<u32> {
    Some(match word {
        "zero" => 0,
        "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" => 12,
        "thirteen" => 13,
        "fourteen" => 14,
        "fifteen" => 15,
        "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "fifty" => 50,
        "sixty" => 60,
        "seventy" => 70,
        "eighty" => 80,
        "ninety" => 90,
        _ => return None,
    })
}

/// An ordinal's word: first to twentieth, and thirtieth.
pub(crate) fn ordinal(word: &str) -> Option<u32> {
    Some(match word {
        "first" => 1,
        "second" => 2,
        "third" => 3,
        "fourth" => 4,
        "fifth" => 5,
        "sixth" => 6,
        "seventh" => 7,
        "eighth" => 8,
        "ninth" => 9,
        "tenth" => 10,
        "eleventh" => 11,
        "twelfth" => 12,
        "thirteenth" => 13,
        "fourteenth" => 14,
        "fifteenth" => 15,
        "sixteenth" => 16,
        "seventeenth" => 17,
        "eighteenth" => 18,
        "nineteenth" => 19,
        "twentieth" => 20,
        "thirtieth" => 30,
        _ => return None,
    })
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
