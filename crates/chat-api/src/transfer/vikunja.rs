//! Vikunja's export: a zip with `data.json`, the projects with their tasks, beside files and filters.
//!
//! Only `data.json` is unpacked, and only as far as the limit goes, whatever the archive says of its size.
//! A project is a list here. A task that is a subtask of another is a step of it where it holds no more
//! than a step can. A task is known by its number and the moment at which it was made: numbers begin anew
//! in each Vikunja.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::{Cursor, Read as _},
    ops::RangeInclusive,
};

use chrono::{DateTime, Datelike, Utc};
use events::{Basis, Due, Nominal, Offset, Priority, RecurrenceRule, ReminderSpec, Status};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use zip::ZipArchive;

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

const YEARS: RangeInclusive<i32> = NO_YEAR..=9999;
/// The year of a time that is none.
const NO_YEAR: i32 = 1;

/// How `repeat_after` is meant.
const REPEAT_MONTHLY: i64 = 1;
const REPEAT_FROM_COMPLETION: i64 = 2;

#[derive(Deserialize)]
struct Project<'a> {
    id: i64,
    #[serde(default)]
    title: String,
    #[serde(default)]
    created: String,
    #[serde(default)]
    is_archived: bool,
    #[serde(borrow, default, deserialize_with = "null_is_default")]
    tasks: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Task {
    id: i64,
    #[serde(default)]
    title: String,
    #[serde(default, deserialize_with = "null_is_default")]
    description: String,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    done_at: Moment,
    #[serde(default)]
    due_date: Moment,
    #[serde(default)]
    start_date: Moment,
    #[serde(default)]
    end_date: Moment,
    #[serde(default, deserialize_with = "null_is_default")]
    reminders: Vec<Reminder>,
    #[serde(default, deserialize_with = "null_is_default")]
    repeat_after: i64,
    #[serde(default, deserialize_with = "null_is_default")]
    repeat_mode: i64,
    #[serde(default, deserialize_with = "null_is_default")]
    priority: i64,
    #[serde(default, deserialize_with = "null_is_default")]
    percent_done: f64,
    #[serde(default, deserialize_with = "null_is_default")]
    labels: Vec<Titled>,
    #[serde(default, deserialize_with = "null_is_default")]
    comments: Vec<Comment>,
    #[serde(default, deserialize_with = "null_is_default")]
    attachments: Vec<serde::de::IgnoredAny>,
    #[serde(default, deserialize_with = "null_is_default")]
    assignees: Vec<User>,
    #[serde(default, deserialize_with = "null_is_default")]
    related_tasks: BTreeMap<String, Option<Vec<Related>>>,
    #[serde(default)]
    created: Moment,
    #[serde(default)]
    updated: Moment,
}

#[derive(Deserialize)]
struct Reminder {
    #[serde(default)]
    reminder: Moment,
    #[serde(default, deserialize_with = "null_is_default")]
    relative_period: i64,
    #[serde(default, deserialize_with = "null_is_default")]
    relative_to: String,
}

#[derive(Deserialize)]
struct Titled {
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
struct Comment {
    #[serde(default, deserialize_with = "null_is_default")]
    comment: String,
    #[serde(default)]
    author: Option<User>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
struct Related {
    id: i64,
}

/// A time; the year 1 is none.
#[derive(Clone, Copy, Default)]
struct Moment(Option<DateTime<Utc>>);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let time = Option::<DateTime<Utc>>::deserialize(deserializer)?;
        // Local times are reckoned from it, which at the ends of the calendar can't be.
        if time.is_some_and(|time| !YEARS.contains(&time.year())) {
            return Err(serde::de::Error::custom("a time lies outside of the years 1 to 9999"));
        }
        Ok(Self(time.filter(|time| time.year() > NO_YEAR)))
    }
}

/// Go writes an empty slice as null.
fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

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
        return Offset::from_seconds(reminder.relative_period).ok().map(ReminderSpec::Offset);
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
mod tests {
    use std::io::Write as _;

    use serde_json::{Value, json};
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(vec![]));
        for (name, content) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).expect("an entry");
            zip.write_all(content).expect("written");
        }
        zip.finish().expect("an archive").into_inner()
    }

    fn parse(projects: &Value) -> Incoming {
        let data = projects.to_string();
        let bytes = archive(&[
            ("files/1", b"picture"),
            (DATA, data.as_bytes()),
            ("filters.json", b"[]"),
            ("VERSION", b"v0.24.6"),
        ]);
        read(&bytes, &reader()).expect("a file")
    }

    fn reader() -> Reader {
        Reader {
            now: "2026-11-24T14:00:00Z".parse().expect("an instant"),
            zone: "Europe/Berlin".parse().expect("a zone"),
        }
    }

    #[test]
    fn projects_come_with_what_their_tasks_hold() {
        let none = "0001-01-01T00:00:00Z";
        let incoming = parse(&json!([
            {"id": -1, "title": "Favorites", "tasks": null},
            {"id": 7, "title": "Garden", "created": "2024-01-01T00:00:00Z", "buckets": null, "tasks": [
                {"id": 1, "title": "Mow", "description": "<p>Front &amp; back</p><p>Slowly</p>",
                    "done": false, "done_at": none, "due_date": "2026-12-01T08:00:00Z",
                    "reminders": [{"reminder": "2026-12-01T07:00:00Z", "relative_period": -3600,
                        "relative_to": "due_date"}, {"reminder": "2026-11-30T07:00:00Z"}],
                    "repeat_after": 1209600, "repeat_mode": 2, "priority": 5, "percent_done": 0.5,
                    "labels": [{"id": 1, "title": "to do"}], "created": "2024-02-01T10:00:00Z",
                    "updated": "2024-02-02T10:00:00Z", "attachments": [{"id": 1}],
                    "comments": [{"comment": "<p>Soon</p>", "author": {"username": "bob"}}],
                    "related_tasks": {"subtask": [{"id": 2, "title": "Fuel"}, {"id": 3}],
                        "blocking": [{"id": 9}]}},
                {"id": 2, "title": "Fuel", "done": true, "due_date": none, "reminders": null,
                    "labels": null, "related_tasks": {"parenttask": [{"id": 1}]}},
                {"id": 3, "title": "Blades", "due_date": "2026-11-30T08:00:00Z", "priority": 0},
                {"id": 4, "title": "Old", "done": true, "done_at": "2024-05-01T00:00:00Z",
                    "repeat_after": 100, "due_date": "2024-05-01T00:00:00Z"},
            ]},
        ]));
        assert_eq!(incoming.lists.len(), 1);
        let [mow, blades, old] = &incoming.tasks[..] else { panic!("{:?}", incoming.tasks) };
        let task = &mow.task;
        let text = task.description.as_ref().expect("a text").as_ref();
        assert_eq!(text, "Front & back\n\nSlowly\n\nbob: Soon");
        assert_eq!((task.priority, task.status), (Priority::High, Status::InProgress));
        assert_eq!(task.tags.clone().into_inner(), ["to-do"]);
        let hour_before = ReminderSpec::Offset("-PT1H".parse().expect("an offset"));
        let at = ReminderSpec::At("2026-11-30T07:00:00Z".parse().expect("an instant"));
        assert_eq!(task.reminders, [hour_before, at]);
        let rule = task.recurrence.as_ref().expect("a rule");
        assert_eq!((rule.rrule(), rule.basis()), ("FREQ=WEEKLY;INTERVAL=2", Basis::Completion));
        assert_eq!(rule.dtstart().to_string(), "2026-12-01T09:00:00");
        let steps = task.subtasks.clone().into_inner();
        assert_eq!((steps.len(), steps[0].title.as_str(), steps[0].done), (1, "Fuel", true));
        let text = blades.task.description.as_ref().expect("a text").as_ref();
        assert_eq!((text, blades.task.priority), ("Part of: Mow", Priority::Medium));
        assert!(blades.task.reminders.is_empty(), "as there, none");
        assert!(old.task.completed_at.is_some() && old.task.recurrence.is_none());
        let places: Vec<&str> = incoming.notes.kept.iter().map(|note| note.at.as_str()).collect();
        let (one, three) = ("projects[1].tasks[0]", "projects[1].tasks[2]");
        assert_eq!(places, [one, one, one, three, "projects[1].tasks[3]"], "{:?}", incoming.notes);
    }

    #[test]
    fn a_time_at_the_end_of_the_calendar_is_refused() {
        for due in ["+262142-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"] {
            let incoming = parse(&json!([{"id": 1, "title": "x", "tasks": [
                {"id": 1, "title": "y", "due_date": due, "start_date": due, "repeat_after": 86_400}]}]));
            assert_eq!(
                (incoming.tasks.len(), incoming.notes.refused),
                (0, 1),
                "{due} {incoming:?}"
            );
        }
    }

    #[test]
    fn what_repeats_becomes_a_rule_where_it_can() {
        let rule = |after, mode| {
            let due = "2026-12-01T08:00:00Z".parse().ok();
            rule_of(after, mode, due, &reader()).0.map(|rule| rule.rrule().to_owned())
        };
        assert_eq!(rule(86_400, 0).as_deref(), Some("FREQ=DAILY"));
        assert_eq!(rule(10_800, 0).as_deref(), Some("FREQ=HOURLY;INTERVAL=3"));
        assert_eq!(rule(300, 0).as_deref(), Some("FREQ=MINUTELY;INTERVAL=5"));
        assert_eq!(rule(0, 1).as_deref(), Some("FREQ=MONTHLY"));
        for after in [0, -5, 240, 301, i64::MAX] {
            assert_eq!(rule(after, 0), None, "{after}");
        }
    }

    #[test]
    fn an_archive_is_unpacked_no_further_than_the_limit() {
        let zeros = vec![b' '; usize::try_from(MAX_UNPACKED_BYTES).expect("small") + 1];
        let bomb = archive(&[(DATA, &zeros)]);
        assert!(bomb.len() < 100_000, "{} bytes", bomb.len());
        let refused = read(&bomb, &reader()).expect_err("too much").to_string();
        assert!(refused.contains("unpacks to more than"), "{refused}");
        // One that lies about its size is no larger for it.
        let mut lying = bomb.clone();
        let central = lying.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").expect("one");
        lying[central + 24..central + 28].copy_from_slice(&10u32.to_le_bytes());
        assert!(read(&lying, &reader()).is_err());
        let whole = archive(&[(DATA, b"[]")]);
        for end in 0..whole.len() {
            assert!(read(&whole[..end], &reader()).is_err(), "{end} bytes");
        }
        assert!(read(&archive(&[("other", b"[]")]), &reader()).is_err());
    }
}
