//! Tasks out of a calendar.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use events::{Basis, Nominal, Offset, Priority, RecurrenceRule, ReminderSpec, Status, TimeZone};
use uuid::Uuid;

use super::{
    WHOLE_DAY_REMINDS_SECS,
    lines::{Properties, Property, Todo, components},
    time::{Time, parse_time, zone_of},
    until,
};
use crate::transfer::{
    Incoming, IncomingTask, Reader, Source, Unreadable,
    draft::Draft,
    foreign::{Names, Paragraphs, step, tags_of},
    json,
};

/// Reads one component, and says what it can't take of it.
struct Reading<'a> {
    at: String,
    reader: &'a Reader,
    incoming: &'a mut Incoming,
    text: Paragraphs,
}

/// Reads a file.
pub(in crate::transfer) fn read(bytes: &[u8], reader: &Reader) -> Result<Incoming, Unreadable> {
    let found = components(bytes)?;
    let mut incoming = Incoming::default();
    for (kind, count) in &found.others {
        incoming.warn("", format!("{count} {kind} are passed over: only VTODO is a task"));
    }
    let mut by_uid: HashMap<&str, usize> = HashMap::new();
    for (index, todo) in found.todos.iter().enumerate() {
        let uid = todo.properties.text("UID");
        if !uid.is_empty() && !is_override(todo) {
            by_uid.entry(uid).or_insert(index);
        }
    }
    let parents: Vec<Option<usize>> = found
        .todos
        .iter()
        .enumerate()
        .map(|(index, todo)| {
            let parent = by_uid.get(parent_of(todo)?).copied();
            parent.filter(|parent| *parent != index && !is_override(todo))
        })
        .collect();
    let has_children: HashSet<usize> = parents.iter().flatten().copied().collect();
    let is_step = |index: usize| {
        parents[index].is_some()
            && !has_children.contains(&index)
            && !says_more(&found.todos[index])
    };
    let mut steps: HashMap<usize, Vec<(String, bool)>> = HashMap::new();
    for (index, todo) in found.todos.iter().enumerate().filter(|(index, _)| is_step(*index)) {
        if let Some(parent) = parents[index] {
            let title = todo.properties.text("SUMMARY").to_owned();
            let is_done = status_of(&todo.properties) == Status::Done;
            steps.entry(parent).or_default().push((title, is_done));
        }
    }
    let mut names = Names::default();
    for (index, todo) in found.todos.iter().enumerate().filter(|(index, _)| !is_step(*index)) {
        let at = format!("line {}", todo.line);
        if is_override(todo) {
            incoming.warn(at, "a change of one occurrence is passed over");
            continue;
        }
        let source = source_of(todo, &mut names);
        let parent = parents[index].map(|parent| found.todos[parent].properties.text("SUMMARY"));
        let steps = steps.remove(&index).unwrap_or_default();
        let text = Paragraphs::default();
        let reading = Reading { at: at.clone(), reader, incoming: &mut incoming, text };
        match reading.draft(todo, parent, steps).check() {
            Ok(task) => incoming.tasks.push(IncomingTask { at, source, list: None, task }),
            Err(message) => incoming.refuse(at, message),
        }
    }
    Ok(incoming)
}

/// Whether it is a change of one occurrence of another task.
fn is_override(todo: &Todo) -> bool {
    todo.properties.get("RECURRENCE-ID").is_some()
}

fn parent_of(todo: &Todo) -> Option<&str> {
    let is_parent = |property: &&Property| {
        property.parameter("RELTYPE").is_none_or(|kind| kind.eq_ignore_ascii_case("PARENT"))
    };
    todo.properties.all("RELATED-TO").find(is_parent).map(|property| property.value.trim())
}

/// What we wrote has our ids; whatever else has a name of its own choice, or none.
fn source_of(todo: &Todo, names: &mut Names) -> Source {
    let uid = todo.properties.text("UID");
    if let Ok(id) = uid.parse::<Uuid>() {
        return json::source("task", id);
    }
    if uid.is_empty() {
        let said =
            ["SUMMARY", "DUE", "DTSTART"].map(|name| todo.properties.text(name)).join("\u{1f}");
        return names.source(&format!("ical:{said}"));
    }
    Source { key: format!("ical:{uid}"), own: None }
}

fn says_more(todo: &Todo) -> bool {
    let names = [
        "DUE",
        "DTSTART",
        "RRULE",
        "DESCRIPTION",
        "CATEGORIES",
        "LOCATION",
        "URL",
        "COMMENT",
        "ATTACH",
    ];
    let is_said = |name: &&str| !todo.properties.text(name).is_empty();
    let has_priority = !["", "0"].contains(&todo.properties.text("PRIORITY"));
    !todo.alarms.is_empty() || has_priority || names.iter().any(is_said)
}

fn status_of(properties: &Properties) -> Status {
    match properties.text("STATUS").to_ascii_uppercase().as_str() {
        "COMPLETED" => Status::Done,
        "IN-PROCESS" => Status::InProgress,
        "" if properties.get("COMPLETED").is_some() => Status::Done,
        _ if properties.text("PERCENT-COMPLETE") == "100" => Status::Done,
        _ => Status::Todo,
    }
}

impl Reading<'_> {
    fn draft(mut self, todo: &Todo, parent: Option<&str>, steps: Vec<(String, bool)>) -> Draft {
        let properties = &todo.properties;
        self.text.add(properties.text("DESCRIPTION"));
        if let Some(parent) = parent {
            self.text.add_named("Part of", parent);
            self.warn("says more than a subtask can; it is a task of its own");
        }
        for (label, name) in [("Location", "LOCATION"), ("Link", "URL")] {
            self.text.add_named(label, properties.text(name));
        }
        for comment in properties.all("COMMENT") {
            self.text.add_named("Comment", &comment.value);
        }
        if properties.get("ATTACH").is_some() {
            self.warn("attachments are not taken over");
        }
        let start = self.time(properties.get("DTSTART"));
        let duration = properties.get("DURATION").and_then(|each| self.duration(&each.value));
        let due = self.time(properties.get("DUE"));
        let due = due.or_else(|| Some(start?.plus(duration?)));
        let recurrence = self.rule(properties, start, due);
        let due = due.or_else(|| start.filter(|_| recurrence.is_some()));
        if let Some(start) = start.filter(|start| Some(*start) != due) {
            self.text.add_named("Starts", &start.to_string());
        }
        let labels = properties.all("CATEGORIES").flat_map(|each| split(&each.value));
        let (tags, has_changed) = tags_of(labels);
        if has_changed {
            self.warn("a category has a character that a tag can't have; it is changed");
        }
        let reminders = todo.alarms.iter().filter_map(|alarm| self.reminder(alarm, start, due));
        let reminders: Vec<ReminderSpec> = reminders.collect();
        let mut instant = |name: &str| self.time(properties.get(name)).map(Time::instant);
        let (created_at, updated_at) = (instant("CREATED"), instant("LAST-MODIFIED"));
        let completed_at = instant("COMPLETED");
        let is_cancelled = properties.text("STATUS").eq_ignore_ascii_case("CANCELLED");
        if is_cancelled {
            self.warn("is cancelled; it goes into the trash");
        }
        Draft {
            title: properties.text("SUMMARY").to_owned(),
            description: self.text.finish(),
            priority: match properties.text("PRIORITY").parse() {
                Ok(1..=4) => Priority::High,
                Ok(6..=9) => Priority::Low,
                _ => Priority::Medium,
            },
            status: status_of(properties),
            due_date: due.map(Time::due),
            time_zone: match due {
                Some(Time::Local(_, zone)) => Some(zone),
                _ => None,
            },
            recurrence,
            reminders: Some(reminders),
            tags,
            subtasks: steps.into_iter().map(|(title, done)| step(title, done)).collect(),
            created_at,
            updated_at,
            completed_at,
            deleted_at: is_cancelled.then(|| updated_at.unwrap_or(self.reader.now)),
            ..Draft::default()
        }
    }

    fn warn(&mut self, message: impl Into<String>) {
        self.incoming.warn(self.at.as_str(), message);
    }

    fn time(&mut self, property: Option<&Property>) -> Option<Time> {
        let property = property?;
        self.time_of(property, property.value.trim())
    }

    fn time_of(&mut self, property: &Property, text: &str) -> Option<Time> {
        let zone = match property.parameter("TZID") {
            None => self.reader.zone,
            Some(name) => zone_of(name).unwrap_or_else(|| {
                let name: String = name.chars().take(60).collect();
                self.warn(format!("`{name}` is no IANA time zone; one's own is taken"));
                self.reader.zone
            }),
        };
        let time = parse_time(text, zone);
        if time.is_none() {
            let text: String = text.chars().take(60).collect();
            self.warn(format!("`{text}` is no time; it is left out"));
        }
        time
    }

    fn duration(&mut self, text: &str) -> Option<TimeDelta> {
        match text.trim().parse::<Offset>() {
            Ok(offset) => Some(TimeDelta::seconds(offset.seconds())),
            Err(error) => {
                self.warn(error.to_string());
                None
            }
        }
    }

    /// The rule, whose first occurrence is when the task is due first.
    fn rule(
        &mut self,
        properties: &Properties,
        start: Option<Time>,
        due: Option<Time>,
    ) -> Option<RecurrenceRule> {
        let text = properties.text("RRULE");
        if properties.get("RDATE").is_some() {
            self.warn("single further dates (RDATE) are not taken over");
        }
        if text.is_empty() {
            return None;
        }
        let first = due.or(start);
        let made =
            first.ok_or_else(|| "it has neither DUE nor DTSTART".to_owned()).and_then(|first| {
                let (dtstart, zone) = first.nominal(self.reader.zone);
                let has_moved = start.is_some_and(|start| start.date() != first.date());
                if has_moved && text.contains("BY") {
                    self.warn("its rule counts from DTSTART; here it counts from the due date");
                }
                let exdates = self.exdates(properties, dtstart, zone);
                let rrule = until::rewritten(text, |given| {
                    let until = match dtstart {
                        Nominal::Day(_) => format!("{}T000000Z", given.get(..8)?),
                        Nominal::Time(_) => {
                            until::instant(given, zone)?.format("%Y%m%dT%H%M%SZ").to_string()
                        }
                    };
                    Some(until)
                });
                RecurrenceRule::new(&rrule, dtstart, zone, exdates, Basis::DueDate)
                    .map_err(|error| error.to_string())
            });
        match made {
            Ok(rule) => Some(rule),
            Err(why) => {
                self.warn(format!("its rule can't be taken over ({why})"));
                self.text.add_named("Repeats", text);
                None
            }
        }
    }

    fn exdates(
        &mut self,
        properties: &Properties,
        dtstart: Nominal,
        zone: TimeZone,
    ) -> Vec<Nominal> {
        let mut exdates = vec![];
        for property in properties.all("EXDATE") {
            for text in property.value.split(',') {
                let Some(time) = self.time_of(property, text.trim()) else { continue };
                let nominal = time.nominal_in(zone);
                let is_day = |nominal: Nominal| matches!(nominal, Nominal::Day(_));
                if is_day(nominal) == is_day(dtstart) {
                    exdates.push(nominal);
                } else {
                    self.warn("an EXDATE is no occurrence; it is left out");
                }
            }
        }
        exdates
    }

    fn reminder(
        &mut self,
        alarm: &Properties,
        start: Option<Time>,
        due: Option<Time>,
    ) -> Option<ReminderSpec> {
        // A way to say that there is no alarm.
        if alarm.text("ACTION").eq_ignore_ascii_case("NONE") {
            return None;
        }
        let trigger = alarm.get("TRIGGER")?;
        let is_instant =
            trigger.parameter("VALUE").is_some_and(|kind| kind.eq_ignore_ascii_case("DATE-TIME"));
        if is_instant {
            return self.time(Some(trigger)).map(|time| ReminderSpec::At(time.instant()));
        }
        let after = self.duration(&trigger.value)?;
        let counts_from_end =
            trigger.parameter("RELATED").is_some_and(|end| end.eq_ignore_ascii_case("END"));
        let base = if counts_from_end { due.or(start) } else { start.or(due) };
        let Some(base) = base else {
            self.warn("an alarm counts from a time that is not there; it is left out");
            return None;
        };
        // Of a day it counts from midnight.
        let at = base.instant() + after;
        let Some(due) = due else { return Some(ReminderSpec::At(at)) };
        let from = match due {
            Time::Day(_) => due.instant() + TimeDelta::seconds(WHOLE_DAY_REMINDS_SECS),
            _ => due.instant(),
        };
        let offset = Offset::from_seconds((at - from).num_seconds());
        Some(offset.map_or(ReminderSpec::At(at), ReminderSpec::Offset))
    }
}

/// A list's texts, parted by commas that are not escaped.
fn split(value: &str) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        let last = texts.len() - 1;
        match character {
            ',' => texts.push(String::new()),
            '\\' => match characters.next() {
                Some('n' | 'N') => texts[last].push('\n'),
                other => texts[last].extend(other),
            },
            other => texts[last].push(other),
        }
    }
    texts.retain(|text| !text.trim().is_empty());
    texts
}
