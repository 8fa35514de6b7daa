//! Time zones in a text: "UTC", "EST", "Berlin time", "Europe/Paris".

use chrono_tz::TZ_VARIANTS;
use events::TimeZone;

use crate::{
    text::grammar::{Grammar, Read},
    text::token::Kind,
};

/// What an abbreviation means: the clocks of the place, which keep standard and daylight time in turn.
const ABBREVIATIONS: [(&str, &str); 38] = [
    ("utc", "UTC"),
    ("gmt", "UTC"),
    ("z", "UTC"),
    ("zulu", "UTC"),
    ("et", "America/New_York"),
    ("est", "America/New_York"),
    ("edt", "America/New_York"),
    ("ct", "America/Chicago"),
    ("cst", "America/Chicago"),
    ("cdt", "America/Chicago"),
    ("mt", "America/Denver"),
    ("mst", "America/Denver"),
    ("mdt", "America/Denver"),
    ("pt", "America/Los_Angeles"),
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("akst", "America/Anchorage"),
    ("akdt", "America/Anchorage"),
    ("hst", "Pacific/Honolulu"),
    ("bst", "Europe/London"),
    ("wet", "Europe/Lisbon"),
    ("west", "Europe/Lisbon"),
    ("cet", "Europe/Paris"),
    ("cest", "Europe/Paris"),
    ("eet", "Europe/Athens"),
    ("eest", "Europe/Athens"),
    ("msk", "Europe/Moscow"),
    ("ist", "Asia/Kolkata"),
    ("sgt", "Asia/Singapore"),
    ("hkt", "Asia/Hong_Kong"),
    ("jst", "Asia/Tokyo"),
    ("kst", "Asia/Seoul"),
    ("awst", "Australia/Perth"),
    ("aest", "Australia/Sydney"),
    ("aedt", "Australia/Sydney"),
    ("nzst", "Pacific/Auckland"),
    ("nzdt", "Pacific/Auckland"),
    ("sast", "Africa/Johannesburg"),
];

/// Places that are no city of the database, or are said otherwise, before "time".
const PLACES: [(&str, &str); 13] = [
    ("eastern", "America/New_York"),
    ("central", "America/Chicago"),
    ("mountain", "America/Denver"),
    ("pacific", "America/Los_Angeles"),
    ("california", "America/Los_Angeles"),
    ("san francisco", "America/Los_Angeles"),
    ("boston", "America/New_York"),
    ("uk", "Europe/London"),
    ("british", "Europe/London"),
    ("german", "Europe/Berlin"),
    ("india", "Asia/Kolkata"),
    ("japan", "Asia/Tokyo"),
    ("mumbai", "Asia/Kolkata"),
];

impl Grammar<'_> {
    /// A zone that follows a time.
    pub(crate) fn zone(&self, at: usize) -> Option<Read<TimeZone>> {
        if self.phrase.is(at, "(") {
            let (zone, end) = self.zone(at + 1)?;
            return self.phrase.is(end, ")").then_some((zone, end + 1));
        }
        self.iana_zone(at).or_else(|| self.abbreviation(at)).or_else(|| self.place_time(at))
    }

    /// "Europe/Berlin", "America/New_York", "America/Argentina/Buenos_Aires".
    fn iana_zone(&self, at: usize) -> Option<Read<TimeZone>> {
        let phrase = self.phrase;
        let first = phrase.get(at).filter(|token| token.kind == Kind::Word)?;
        if !(phrase.is(at + 1, "/") && phrase.is_glued(at + 1)) {
            return None;
        }
        let mut end = at + 1;
        while phrase.is_glued(end)
            && (phrase.is_word(end) || phrase.is_any(end, "/|_|-") && phrase.is_glued(end + 1))
        {
            end += 1;
        }
        let last = phrase.get(end - 1)?;
        let name = phrase.text.get(first.start..last.end())?;
        let known = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name))?;
        Some((zone(known.name())?, end))
    }

    fn abbreviation(&self, at: usize) -> Option<Read<TimeZone>> {
        let word = self.phrase.lower(at);
        let (_, name) = ABBREVIATIONS.iter().find(|(short, _)| *short == word)?;
        let token = self.phrase.get(at)?;
        // "west", "et", "est" and "z" are words too: a zone stands in capitals, or is none of these.
        let is_word =
            matches!(word, "west" | "et" | "est" | "z" | "mt" | "pt" | "ct" | "wet" | "ist");
        let is_upper = token.text.chars().all(char::is_uppercase);
        if is_word && !is_upper {
            return None;
        }
        // "UTC+2" is an offset, which is not understood; better no zone than half of it.
        let is_offset = self.phrase.is_any(at + 1, "+|-")
            && self.phrase.is_glued(at + 1)
            && self.phrase.digits(at + 2).is_some();
        if is_offset {
            return None;
        }
        Some((zone(name)?, at + 1))
    }

    /// "Berlin time", "New York time", "Eastern", "Pacific time".
    fn place_time(&self, at: usize) -> Option<Read<TimeZone>> {
        for words in (1..=3).rev() {
            let time = at + words;
            if !self.phrase.is(time, "time") || !(at..time).all(|word| self.phrase.is_word(word)) {
                continue;
            }
            let place: Vec<&str> = (at..time).map(|word| self.phrase.lower(word)).collect();
            let place = place.join(" ");
            let place = place.strip_suffix(" standard").unwrap_or(&place);
            let place = place.strip_suffix(" daylight").unwrap_or(place);
            if let Some(zone) = zone_of_place(place) {
                return Some((zone, time + 1));
            }
        }
        let is_eastern = self.phrase.any_words(at, "eastern|pacific");
        let zone = zone_of_place(self.phrase.lower(at)).filter(|_| is_eastern.is_some())?;
        Some((zone, at + 1))
    }
}

fn zone_of_place(place: &str) -> Option<TimeZone> {
    if let Some((_, name)) = PLACES.iter().find(|(known, _)| *known == place) {
        return zone(name);
    }
    let is_city = |name: &str| {
        name.rsplit_once('/')
            .is_some_and(|(_, city)| city.replace('_', " ").eq_ignore_ascii_case(place))
    };
    TZ_VARIANTS.iter().find(|zone| is_city(zone.name())).and_then(|known| zone(known.name()))
}

fn zone(name: &str) -> Option<TimeZone> {
    name.parse().ok()
}
