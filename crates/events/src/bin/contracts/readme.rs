//! The parts of the guide that follow from the types, each between a pair of markers.

use std::fmt::Write;

use events::{EventType, Offset, ReminderId, ReminderSpec, Service, TaskId, Topic};

use crate::{
    asyncapi::{events_on, key, purpose},
    files::FilesError,
};

/// The guide with its generated parts as the types say.
pub(crate) fn fill(guide: &str) -> Result<String, FilesError> {
    let derivations = derivations().map_err(FilesError::Example)?;
    let guide = replace(guide, "topics", &topics())?;
    let guide = replace(&guide, "events", &events())?;
    replace(&guide, "reminder-ids", &derivations)
}

fn replace(guide: &str, name: &'static str, text: &str) -> Result<String, FilesError> {
    let begin = format!("<!-- {name}:begin -->\n");
    let end = format!("<!-- {name}:end -->");
    let (before, rest) = guide.split_once(&begin).ok_or(FilesError::Marker(name))?;
    let (_, after) = rest.split_once(&end).ok_or(FilesError::Marker(name))?;
    Ok(format!("{before}{begin}{text}{end}{after}"))
}

fn topics() -> String {
    let mut table = "| Topic | For | Key | Partitions | Days kept | From | To |\n\
                     |---|---|---|---|---|---|---|\n"
        .to_owned();
    for topic in Topic::ALL {
        row(
            &mut table,
            &[
                &format!("`{topic}`"),
                purpose(topic),
                key(topic),
                &Topic::PARTITIONS.to_string(),
                &topic.retention_days().to_string(),
                &names(topic.producers()),
                &names(topic.consumers()),
            ],
        );
    }
    table
}

fn events() -> String {
    let mut table = "| Topic | Event | Says |\n|---|---|---|\n".to_owned();
    for topic in Topic::ALL {
        for event in events_on(topic) {
            let schema = format!("[`{event}`](../../crates/events/schemas/v1/{event}.json)");
            row(&mut table, &[&format!("`{topic}`"), &schema, EventType::description(event)]);
        }
    }
    table
}

fn derivations() -> Result<String, Box<dyn std::error::Error>> {
    let task: TaskId = "6f1c0f6e-8a57-4a0a-9a53-3f2a8a3c1b10".parse()?;
    let offset = ReminderSpec::Offset("-PT30M".parse::<Offset>()?);
    let instant = ReminderSpec::At("2026-11-24T17:00:00Z".parse()?);
    let occurrence = "2026-11-29T18:00:00".parse()?;
    let mut table = "| Reminder | Occurrence | Name | Id |\n|---|---|---|---|\n".to_owned();
    for (spec, written, occurrence) in [
        (offset, "`{\"offset\": \"-PT30M\"}`", Some(occurrence)),
        (offset, "`{\"offset\": \"-PT30M\"}`", None),
        (instant, "`{\"at\": \"2026-11-24T17:00:00Z\"}`", None),
    ] {
        let nominal = occurrence.map_or_else(String::new, |it: events::Nominal| it.to_string());
        let shown = if nominal.is_empty() { "none".to_owned() } else { format!("`{nominal}`") };
        let name = format!("`{}\\|{nominal}`", spec.canonical());
        let id = format!("`{}`", ReminderId::derive(task, &spec, occurrence));
        row(&mut table, &[written, &shown, &name, &id]);
    }
    Ok(table)
}

fn names(services: &[Service]) -> String {
    let names: Vec<&str> = services.iter().map(|service| service.name()).collect();
    if names.is_empty() { "further consumers".to_owned() } else { names.join(", ") }
}

fn row(table: &mut String, cells: &[&str]) {
    // Writing to a String cannot fail.
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}
