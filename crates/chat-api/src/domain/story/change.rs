//! What a change of a task says.

use std::collections::BTreeMap;

use events::{
    Basis, Due, FieldChange, Nominal, Priority, RecurrenceRule, ReminderId, ReminderSpec, Snooze,
    Status, TimeZone,
};
use serde_json::Value;

use super::{
    read,
    words::{day_time, due, nominal, reminder},
};

/// The longest value that is repeated, in characters.
const MAX_VALUE_CHARS: usize = 80;

type Changes = BTreeMap<String, FieldChange>;

/// Which fields changed, and from what to what where that is short.
pub(super) fn told(changes: &Changes, zone: TimeZone) -> String {
    if changes.contains_key("deleted_at") {
        return "taken out of the trash".to_owned();
    }
    let mut said = vec![];
    let mut rest: Vec<&str> = changes.keys().map(String::as_str).collect();
    if let Some((text, explains)) = passed_over(changes, zone) {
        said.push(text);
        rest.retain(|field| !explains.contains(field));
    }
    // What comes first, comes first: when, then what is said of reminders, then the rest.
    for first in ["status", "due_date", "recurrence", "snoozes", "dismissed", "reminders"] {
        if let Some(at) = rest.iter().position(|field| *field == first) {
            let field = rest.remove(at);
            said.extend(field_told(field, changes, zone));
        }
    }
    said.extend(rest.into_iter().filter_map(|field| field_told(field, changes, zone)));
    if said.is_empty() { "changed".to_owned() } else { said.join("; ") }
}

/// An occurrence that was passed over, and the fields that this explains.
fn passed_over(changes: &Changes, zone: TimeZone) -> Option<(String, &'static [&'static str])> {
    const EXPLAINS: [&str; 7] =
        ["occurrence", "due_date", "recurrence", "status", "subtasks", "snoozes", "dismissed"];
    let rule: Option<(RecurrenceRule, RecurrenceRule)> = both(changes, "recurrence");
    let is_same_rule = match &rule {
        None => !changes.contains_key("recurrence"),
        Some((old, new)) => old.same_but_for_exdates(new) || counts_anew(old, new),
    };
    if !is_same_rule {
        return None;
    }
    if let Some((skipped, current)) = both::<Nominal>(changes, "occurrence") {
        let next = both::<Due>(changes, "due_date").map(|(_, next)| due(next, zone));
        let next = next.unwrap_or_else(|| nominal(current));
        let text = format!("skipped {}; passed on to {next}", nominal(skipped));
        return (skipped < current).then_some((text, &EXPLAINS));
    }
    let (old, new) = rule?;
    let skipped = new.exdates().iter().find(|exdate| !old.exdates().contains(exdate))?;
    if both::<Status>(changes, "status").is_some_and(|(_, status)| status == Status::Done) {
        return Some((format!("skipped {}, the last one", nominal(*skipped)), &EXPLAINS));
    }
    Some((format!("skipped {} in advance", nominal(*skipped)), &["recurrence"]))
}

/// Whether one rule is the other as it counts from a later completion: that takes from its COUNT, too.
fn counts_anew(old: &RecurrenceRule, new: &RecurrenceRule) -> bool {
    let parts = |rule: &RecurrenceRule| -> Vec<String> {
        let parts = rule.rrule().split(';').filter(|part| !part.starts_with("COUNT="));
        parts.map(str::to_owned).collect()
    };
    let is_from_completion = |rule: &RecurrenceRule| rule.basis() == Basis::Completion;
    is_from_completion(old)
        && is_from_completion(new)
        && old.time_zone() == new.time_zone()
        && parts(old) == parts(new)
}

fn field_told(field: &str, changes: &Changes, zone: TimeZone) -> Option<String> {
    let change = changes.get(field)?;
    let is_there = |value: &Value| !value.is_null();
    let was_and_is = (is_there(&change.old), is_there(&change.new));
    Some(match field {
        // It follows from the due date, or from the rule, which is told.
        "occurrence" => return None,
        "position" if changes.contains_key("list_id") => return None,
        "position" => "moved to another place in its list".to_owned(),
        "list_id" => "moved to another list".to_owned(),
        "status" => status(changes),
        "due_date" => match (read::<Due>(&change.old), read::<Due>(&change.new)) {
            (Some(old), Some(new)) => {
                format!("moved from {} to {}", due(old, zone), due(new, zone))
            }
            (None, Some(new)) => format!("now due {}", due(new, zone)),
            (Some(old), None) => format!("no longer due (it was due {})", due(old, zone)),
            (None, None) => "due date changed".to_owned(),
        },
        "recurrence" => match was_and_is {
            (false, true) => "now repeats".to_owned(),
            (true, false) => "no longer repeats".to_owned(),
            _ => "repeats in another way now".to_owned(),
        },
        "snoozes" => return snoozes(change, zone, changes),
        "dismissed" => return dismissed(change),
        "reminders" => from_to("reminders", change, |value| reminders(value, zone)),
        "description" => match was_and_is {
            (false, true) => "description added".to_owned(),
            (true, false) => "description removed".to_owned(),
            _ => "description changed".to_owned(),
        },
        "title" => from_to("title", change, |value| Some(format!("“{}”", value.as_str()?))),
        "priority" => from_to("priority", change, |value| {
            read::<Priority>(value).map(|_| value.as_str().unwrap_or_default().to_lowercase())
        }),
        "tags" => from_to("tags", change, |value| {
            let tags: Vec<String> = read(value)?;
            Some(if tags.is_empty() { "none".to_owned() } else { tags.join(", ") })
        }),
        "time_zone" => from_to("time zone", change, |value| value.as_str().map(str::to_owned)),
        "day_time" => from_to("time at which whole days remind", change, |value| {
            value.as_str().and_then(|time| time.get(..5)).map(str::to_owned)
        }),
        "subtasks" => "steps changed".to_owned(),
        other => format!("{} changed", other.replace('_', " ")),
    })
}

/// `priority changed from high to low`, or without the values where one is long.
fn from_to(name: &str, change: &FieldChange, say: impl Fn(&Value) -> Option<String>) -> String {
    let short = |value| say(value).filter(|text| text.chars().count() <= MAX_VALUE_CHARS);
    match (short(&change.old), short(&change.new)) {
        (Some(old), Some(new)) => format!("{name} changed from {old} to {new}"),
        _ => format!("{name} changed"),
    }
}

fn status(changes: &Changes) -> String {
    match both::<Status>(changes, "status") {
        Some((Status::Done, _)) => "to be done again",
        Some((_, Status::Done)) => "done",
        Some((_, Status::InProgress)) => "begun",
        Some((_, Status::Todo)) => "not begun after all",
        None => "status changed",
    }
    .to_owned()
}

/// What was put off; what is put off no longer only where nothing else explains it.
fn snoozes(change: &FieldChange, zone: TimeZone, changes: &Changes) -> Option<String> {
    let (old, new): (Vec<Snooze>, Vec<Snooze>) = (read(&change.old)?, read(&change.new)?);
    match new.iter().find(|snooze| !old.contains(snooze)) {
        Some(snooze) => {
            Some(format!("a reminder was put off until {}", day_time(snooze.until, zone)))
        }
        None if changes.len() > 1 => None,
        None => Some("a reminder is no longer put off".to_owned()),
    }
}

fn dismissed(change: &FieldChange) -> Option<String> {
    let (old, new): (Vec<ReminderId>, Vec<ReminderId>) = (read(&change.old)?, read(&change.new)?);
    let is_new = new.iter().any(|reminder| !old.contains(reminder));
    is_new.then(|| "a reminder was dismissed".to_owned())
}

fn reminders(value: &Value, zone: TimeZone) -> Option<String> {
    let specs: Vec<ReminderSpec> = read(value)?;
    if specs.is_empty() {
        return Some("none".to_owned());
    }
    let said: Vec<String> = specs.iter().map(|spec| reminder(spec, zone)).collect();
    Some(said.join(" and "))
}

/// A field's value before and after, where it has both.
fn both<T: serde::de::DeserializeOwned>(changes: &Changes, field: &str) -> Option<(T, T)> {
    let change = changes.get(field)?;
    Some((read(&change.old)?, read(&change.new)?))
}
