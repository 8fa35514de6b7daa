//! Vikunja's export: a zip with `data.json`, the projects with their tasks, beside files and filters.
//!
//! Only `data.json` is unpacked, and only as far as the limit goes, whatever the archive says of its size.
//! A project is a list here. A task that is a subtask of another is a step of it where it holds no more
//! than a step can. A task is known by its number and the moment at which it was made: numbers begin anew
//! in each Vikunja.

mod wire;

use std::{
    collections::{HashMap, HashSet},
    io::{Cursor, Read as _},
};

use chrono::{DateTime, Utc};
use events::{Basis, Due, Nominal, Offset, Priority, RecurrenceRule, ReminderSpec, Status};
use serde_json::value::RawValue;
use zip::ZipArchive;

use self::wire::{Project, Reminder, Task};
use super::{
    Incoming, IncomingList, IncomingTask, MAX_FILE_LISTS, MAX_TASKS, Reader, Source, Unreadable,
    at_most, describe,
    draft::Draft,
    foreign::{Paragraphs, list_name, step, tags_of},
};

/// The most that `data.json` is unpacked to, in bytes.
pub(crate) const MAX_UNPACKED_BYTES: u64 = 32 * 1024 * 1024;
/// The most entries of an archive; attachments have one each.
const MAX_ENTRIES: usize = 20_000;
const DATA: &str = "data.json";
/// What a zip begins with.
pub(super) const MAGIC: &[u8] = b"PK\x03\x04";

const WEEK_SECS: i64 = 7 * 24 * 3600;
const DAY_SECS: i64 = 24 * 3600;
const HOUR_SECS: i64 = 3600;
const MINUTE_SECS: i64 = 60;

/// How `repeat_after` is meant.
const REPEAT_MONTHLY: i64 = 1;
const REPEAT_FROM_COMPLETION: i64 = 2;

/// A task with where it stood.
struct Found {
    at: String,
    list: usize,
    task: Task,
}

/// Reads a file.
pub(super) fn read(bytes: &[u8], reader: &Reader) -> Result<Incoming, Unreadable> {
    let data = unpack(bytes)?;
    let text = super::text_of(&data)?;
    let projects: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|error| Unreadable::new(format!("{DATA} can't be read: {error}")))?;
    at_most(projects.len(), MAX_FILE_LISTS, "projects")?;
    let (mut incoming, mut found) = (Incoming::default(), vec![]);
    for (index, raw) in projects.iter().enumerate() {
        let at = format!("projects[{index}]");
        match serde_json::from_str::<Project<'_>>(raw.get()) {
            Ok(project) => read_project(at, project, &mut found, &mut incoming)?,
            Err(error) => incoming.refuse(at, describe(&error)),
        }
    }
    take(found, reader, &mut incoming);
    Ok(incoming)
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let broken =
        |error: &dyn std::fmt::Display| Unreadable::new(format!("is no whole zip: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    at_most(archive.len(), MAX_ENTRIES, "entries")?;
    let entry = archive
        .by_name(DATA)
        .map_err(|error| Unreadable::new(format!("has no {DATA} that can be read: {error}")))?;
    let mut data = vec![];
    // What the archive says of its size is only what somebody wrote there.
    entry.take(MAX_UNPACKED_BYTES + 1).read_to_end(&mut data).map_err(|error| broken(&error))?;
    if data.len() as u64 > MAX_UNPACKED_BYTES {
        let limit = MAX_UNPACKED_BYTES;
        return Err(Unreadable::new(format!("{DATA} unpacks to more than {limit} bytes")));
    }
    Ok(data)
}

fn read_project(
    at: String,
    project: Project<'_>,
    found: &mut Vec<Found>,
    incoming: &mut Incoming,
) -> Result<(), Unreadable> {
    at_most(found.len() + project.tasks.len(), MAX_TASKS, "tasks")?;
    // Favourites and filters stand among the projects, without tasks of their own.
    if project.id < 0 && project.tasks.is_empty() {
        return Ok(());
    }
    let (name, has_changed) = list_name(&project.title);
    if has_changed {
        incoming.warn(&at, "the project's title is too long for a list; it is cut");
    }
    let Some(name) = name else {
        incoming.refuse(&at, "the project has no title");
        return Ok(());
    };
    if project.is_archived {
        incoming.warn(&at, "is archived; its list is like any other");
    }
    let list = incoming.lists.len();
    let key = format!("vikunja-project:{}:{}", project.id, project.created);
    incoming.lists.push(IncomingList {
        source: Source { key, own: None },
        name,
        is_inbox: false,
        joins_same_name: true,
    });
    for (index, raw) in project.tasks.iter().enumerate() {
        let at = format!("{at}.tasks[{index}]");
        match serde_json::from_str::<Task>(raw.get()) {
            Ok(task) => found.push(Found { at, list, task }),
            Err(error) => incoming.refuse(at, describe(&error)),
        }
    }
    Ok(())
}

fn take(found: Vec<Found>, reader: &Reader, incoming: &mut Incoming) {
    let parents = parents(&found);
    let has_children: HashSet<i64> = parents.values().copied().collect();
    let is_step = |task: &Task| {
        parents.contains_key(&task.id) && !has_children.contains(&task.id) && !says_more(task)
    };
    let mut steps: HashMap<i64, Vec<(String, bool)>> = HashMap::new();
    for Found { task, .. } in found.iter().filter(|found| is_step(&found.task)) {
        steps.entry(parents[&task.id]).or_default().push((task.title.clone(), task.done));
    }
    let titles: HashMap<i64, String> =
        found.iter().map(|found| (found.task.id, found.task.title.clone())).collect();
    for Found { at, list, task } in found {
        if is_step(&task) {
            continue;
        }
        let parent = parents.get(&task.id).and_then(|parent| titles.get(parent));
        let made = task.created.0.map_or(String::new(), |time| time.to_rfc3339());
        let source = Source { key: format!("vikunja:{}:{made}", task.id), own: None };
        let steps = steps.remove(&task.id).unwrap_or_default();
        let draft = draft(&at, task, parent, steps, reader, incoming);
        match draft.check() {
            Ok(task) => incoming.tasks.push(IncomingTask { at, source, list: Some(list), task }),
            Err(message) => incoming.refuse(at, message),
        }
    }
}

/// Of each subtask the task that it belongs to, said on either side; of two the first.
fn parents(found: &[Found]) -> HashMap<i64, i64> {
    let known: HashSet<i64> = found.iter().map(|found| found.task.id).collect();
    let mut parents = HashMap::new();
    for Found { task, .. } in found {
        let related = |kind: &str| task.related_tasks.get(kind).and_then(Option::as_ref);
        for child in related("subtask").into_iter().flatten() {
            if known.contains(&child.id) && child.id != task.id {
                parents.entry(child.id).or_insert(task.id);
            }
        }
        for parent in related("parenttask").into_iter().flatten() {
            if known.contains(&parent.id) && parent.id != task.id {
                parents.entry(task.id).or_insert(parent.id);
            }
        }
    }
    parents
}

fn says_more(task: &Task) -> bool {
    let times = [task.due_date, task.start_date, task.end_date];
    times.iter().any(|time| time.0.is_some())
        || task.priority != 0
        || !plain(&task.description).is_empty()
        || !(task.reminders.is_empty() && task.labels.is_empty() && task.comments.is_empty())
        || !(task.attachments.is_empty() && task.assignees.is_empty())
}

fn draft(
    at: &str,
    task: Task,
    parent: Option<&String>,
    steps: Vec<(String, bool)>,
    reader: &Reader,
    incoming: &mut Incoming,
) -> Draft {
    let mut text = Paragraphs::default();
    text.add(&plain(&task.description));
    if let Some(parent) = parent {
        text.add_named("Part of", parent);
        incoming.warn(at, "says more than a subtask can; it is a task of its own");
    }
    for (label, time) in [("Starts", task.start_date), ("Ends", task.end_date)] {
        if let Some(time) = time.0 {
            text.add_named(label, &reader.zone.local(time).format("%Y-%m-%d %H:%M").to_string());
        }
    }
    let assignees: Vec<&str> = task.assignees.iter().map(|user| user.username.as_str()).collect();
    text.add_named("Assigned to", &assignees.join(", "));
    for comment in &task.comments {
        let author = comment.author.as_ref().map_or("", |author| author.username.as_str());
        let label = if author.is_empty() { "Comment" } else { author };
        text.add_named(label, &plain(&comment.comment));
    }
    if !task.attachments.is_empty() {
        incoming.warn(at, format!("{} attachments are not taken over", task.attachments.len()));
    }
    let is_other = |kind: &&String| !["subtask", "parenttask"].contains(&kind.as_str());
    let others: Vec<&str> =
        task.related_tasks.keys().filter(is_other).map(String::as_str).collect();
    if !others.is_empty() {
        incoming.warn(at, format!("relations are not taken over: {}", others.join(", ")));
    }
    let (tags, has_changed) = tags_of(task.labels.into_iter().map(|label| label.title));
    if has_changed {
        incoming.warn(at, "a label has a character that a tag can't have; it is changed");
    }
    let due = task.due_date.0;
    let (rule, problem) = rule_of(task.repeat_after, task.repeat_mode, due, reader);
    if let Some(problem) = problem {
        incoming.warn(at, problem);
        text.add_named("Repeats", &format!("every {} seconds", task.repeat_after));
    }
    Draft {
        title: task.title,
        description: text.finish(),
        priority: match task.priority {
            1 => Priority::Low,
            3.. => Priority::High,
            _ => Priority::Medium,
        },
        status: match (task.done, task.percent_done > 0.0) {
            (true, _) => Status::Done,
            (false, true) => Status::InProgress,
            (false, false) => Status::Todo,
        },
        due_date: due.map(Due::At),
        recurrence: rule,
        reminders: Some(task.reminders.iter().filter_map(|each| reminder_of(each, due)).collect()),
        tags,
        subtasks: steps.into_iter().map(|(title, done)| step(title, done)).collect(),
        created_at: task.created.0,
        updated_at: task.updated.0,
        completed_at: task.done_at.0,
        ..Draft::default()
    }
}

fn reminder_of(reminder: &Reminder, due: Option<DateTime<Utc>>) -> Option<ReminderSpec> {
    if reminder.relative_to == "due_date" && due.is_some() {
        // One that is too far for an offset still has its time.
        if let Ok(offset) = Offset::from_seconds(reminder.relative_period) {
            return Some(ReminderSpec::Offset(offset));
        }
    }
    reminder.reminder.0.map(ReminderSpec::At)
}

/// The rule, or why there is none though the task repeats.
fn rule_of(
    after_secs: i64,
    mode: i64,
    due: Option<DateTime<Utc>>,
    reader: &Reader,
) -> (Option<RecurrenceRule>, Option<String>) {
    if mode != REPEAT_MONTHLY && after_secs <= 0 {
        return (None, None);
    }
    let Some(due) = due else {
        return (None, Some("repeats without a due date; it comes without the rule".to_owned()));
    };
    let every = |unit: &str, secs: i64| {
        (after_secs % secs == 0).then(|| match after_secs / secs {
            1 => format!("FREQ={unit}"),
            count => format!("FREQ={unit};INTERVAL={count}"),
        })
    };
    let rrule = if mode == REPEAT_MONTHLY {
        Some("FREQ=MONTHLY".to_owned())
    } else {
        every("WEEKLY", WEEK_SECS)
            .or_else(|| every("DAILY", DAY_SECS))
            .or_else(|| every("HOURLY", HOUR_SECS))
            .or_else(|| every("MINUTELY", MINUTE_SECS))
    };
    let basis = if mode == REPEAT_FROM_COMPLETION { Basis::Completion } else { Basis::DueDate };
    let local = reader.zone.local(due);
    let dtstart = Nominal::Time(chrono::Timelike::with_nanosecond(&local, 0).unwrap_or(local));
    let rule = rrule.ok_or_else(|| "no number of minutes".to_owned()).and_then(|rrule| {
        RecurrenceRule::new(&rrule, dtstart, reader.zone, vec![], basis)
            .map_err(|error| error.to_string())
    });
    match rule {
        Ok(rule) => (Some(rule), None),
        Err(why) => (None, Some(format!("its rule can't be taken over ({why})"))),
    }
}

/// HTML that is only paragraphs as text; Markdown has a place for any other.
fn plain(html: &str) -> String {
    let html = html.trim();
    if !html.starts_with("<p>") {
        return html.to_owned();
    }
    let text = html.replace("</p>", "\n\n").replace("<p>", "");
    let text = ["<br>", "<br/>", "<br />"].iter().fold(text, |text, tag| text.replace(tag, "\n"));
    if text.contains('<') {
        return html.to_owned();
    }
    // `&amp;` last: what it makes is no entity again.
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    let text = entities.iter().fold(text, |text, (entity, plain)| text.replace(entity, plain));
    text.trim().to_owned()
}

#[cfg(test)]
mod tests;
