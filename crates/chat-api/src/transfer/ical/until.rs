//! The UNTIL of a rule, which others write in three ways and a rule here has in one: as an instant.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use events::TimeZone;

/// A rule with another UNTIL, where it has one and `rewrite` makes something of it.
pub(super) fn rewritten(rrule: &str, rewrite: impl Fn(&str) -> Option<String>) -> String {
    let parts = rrule.split(';').map(|part| {
        let until = part.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("UNTIL"));
        let until = until.and_then(|(_, until)| rewrite(until));
        until.map_or_else(|| part.to_owned(), |until| format!("UNTIL={until}"))
    });
    parts.collect::<Vec<_>>().join(";")
}

/// The instant that is meant: a day reaches to its end, a local time goes by the zone.
pub(super) fn instant(until: &str, zone: TimeZone) -> Option<DateTime<Utc>> {
    const FORMAT: &str = "%Y%m%dT%H%M%S";
    if let Some(utc) = until.strip_suffix('Z') {
        return NaiveDateTime::parse_from_str(utc, FORMAT).ok().map(|time| time.and_utc());
    }
    let local = match NaiveDateTime::parse_from_str(until, FORMAT) {
        Ok(local) => local,
        Err(_) => {
            let day = NaiveDate::parse_from_str(until, "%Y%m%d").ok()?;
            day.and_time(NaiveTime::from_hms_opt(23, 59, 59)?)
        }
    };
    Some(zone.instant(local))
}
