//! Todoist's CSV: the file of one project, as its template import and its backups have it.
//!
//! A row is a task, a section, or a note on the task above it; columns go by their names. A section is a
//! list here. What is indented is a step of the task above that is not; one that holds more than a title
//! stays a task, as a step has no place for it. Nothing in the file has an id: a task is what it says, and
//! which of those that say it.

pub(super) mod dates;

use csv::{ReaderBuilder, StringRecord};
use events::{Priority, TimeZone};

use self::dates::understand;
use super::{
    Incoming, IncomingList, IncomingTask, MAX_TASKS, Reader, Source, Unreadable,
    draft::Draft,
    foreign::{Names, Paragraphs, list_name, step, tags_of},
};

/// The most rows of a file: each task has at most a hundred steps, and few have any.
const MAX_ROWS: usize = 5 * MAX_TASKS;
const COLUMNS: [&str; 14] = [
    "TYPE",
    "CONTENT",
    "DESCRIPTION",
    "PRIORITY",
    "INDENT",
    "RESPONSIBLE",
    "DATE",
    "DATE_LANG",
    "TIMEZONE",
    "DURATION",
    "DURATION_UNIT",
    "DEADLINE",
    "DEADLINE_LANG",
    "IS_COLLAPSED",
];

/// Where each column stands.
struct Header([Option<usize>; COLUMNS.len()]);

/// A row of the file.
struct Row<'r> {
    header: &'r Header,
    record: &'r StringRecord,
}

/// Counts lines. The reader's own count is one behind after a carriage return.
struct Lines<'t> {
    text: &'t [u8],
    counted: usize,
    line: u64,
}

/// A task with what stands below it.
#[derive(Default)]
struct Node {
    line: u64,
    list: Option<usize>,
    title: String,
    labels: Vec<String>,
    priority: Priority,
    /// Whether somebody has thought of one.
    has_priority: bool,
    text: Paragraphs,
    date: String,
    language: String,
    zone: String,
    /// The task that it is a step of.
    parent: Option<usize>,
}

/// Whether a file begins as these do.
pub(super) fn is_likely(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default().to_uppercase();
    let first = first.replace('"', "");
    first.contains("TYPE") && first.contains("CONTENT") && first.contains([',', ';'])
}

/// Reads a file.
pub(super) fn read(bytes: &[u8], reader: &Reader) -> Result<Incoming, Unreadable> {
    let text = super::text_of(bytes)?;
    let first = text.lines().next().unwrap_or_default();
    // Spreadsheets of half the world write this instead.
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    let mut rows =
        ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let header = rows.headers().map_err(|error| Unreadable::new(error.to_string()))?;
    let header = Header::read(header)?;
    let mut incoming = Incoming::default();
    let (mut nodes, mut list): (Vec<Node>, Option<usize>) = (vec![], None);
    // The open tasks above a row, by their depth.
    let mut above: Vec<(u32, usize)> = vec![];
    let mut lines = Lines { text: text.as_bytes(), counted: 0, line: 1 };
    for (count, record) in rows.records().enumerate() {
        if count >= MAX_ROWS {
            return Err(Unreadable::new(format!("has more than {MAX_ROWS} rows")));
        }
        let record = record.map_err(|error| Unreadable::new(error.to_string()))?;
        let line = lines.at(record.position().map_or(0, csv::Position::byte));
        let row = Row { header: &header, record: &record };
        match row.get("TYPE").to_lowercase().as_str() {
            "task" => {
                let indent = row.get("INDENT").parse().unwrap_or(1).max(1);
                above.retain(|(depth, _)| *depth < indent);
                let mut node = Node::read(&row, line, list);
                node.parent = above.last().map(|(_, index)| *index);
                above.push((indent, nodes.len()));
                nodes.push(node);
            }
            "section" => {
                above.clear();
                list = read_section(row.get("CONTENT"), line, &mut incoming);
            }
            "note" => match nodes.last_mut() {
                Some(node) => node.text.add(row.get("CONTENT")),
                None => incoming.refuse(at(line), "a note that stands below no task"),
            },
            // What the view looks like.
            "meta" => {}
            "" if record.iter().all(|cell| cell.trim().is_empty()) => {}
            kind => {
                let kind: String = kind.chars().take(40).collect();
                incoming.warn(at(line), format!("`{kind}` is no kind of row; it is passed over"));
            }
        }
    }
    take(nodes, reader, &mut incoming);
    Ok(incoming)
}

fn at(line: u64) -> String {
    format!("line {line}")
}

fn read_section(name: &str, line: u64, incoming: &mut Incoming) -> Option<usize> {
    let (fitting, has_changed) = list_name(name);
    let Some(fitting) = fitting else {
        incoming.warn(at(line), "a section without a name; its tasks go where those without go");
        return None;
    };
    if has_changed {
        incoming.warn(at(line), "the section's name is too long for a list; it is cut");
    }
    let key = format!("todoist-section:{name}");
    if let Some(known) = incoming.lists.iter().position(|list| list.source.key == key) {
        return Some(known);
    }
    incoming.lists.push(IncomingList {
        source: Source { key, own: None },
        name: fitting,
        is_inbox: false,
        joins_same_name: true,
    });
    Some(incoming.lists.len() - 1)
}

impl Lines<'_> {
    /// The line of what begins at a byte, or behind the line ends there.
    fn at(&mut self, byte: u64) -> u64 {
        let is_end = |byte: &&u8| matches!(**byte, b'\r' | b'\n');
        let begin =
            usize::try_from(byte).unwrap_or(usize::MAX).clamp(self.counted, self.text.len());
        let begin = begin + self.text[begin..].iter().take_while(is_end).count();
        let new = self.text[self.counted..begin].iter().filter(|byte| **byte == b'\n').count();
        self.line += new as u64;
        self.counted = begin;
        self.line
    }
}

impl Header {
    fn read(record: &StringRecord) -> Result<Self, Unreadable> {
        let at = |name: &str| record.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
        let columns = COLUMNS.map(at);
        if columns[0].is_none() || columns[1].is_none() {
            return Err(Unreadable::new("has no columns TYPE and CONTENT"));
        }
        Ok(Self(columns))
    }
}

impl<'r> Row<'r> {
    fn get(&self, column: &str) -> &'r str {
        let index = COLUMNS.iter().position(|name| *name == column);
        let index = index.and_then(|index| self.header.0[index]);
        index.and_then(|index| self.record.get(index)).unwrap_or_default().trim()
    }
}

impl Node {
    fn read(row: &Row<'_>, line: u64, list: Option<usize>) -> Self {
        let (title, labels) = labels_of(row.get("CONTENT"));
        let mut text = Paragraphs::default();
        text.add(row.get("DESCRIPTION"));
        text.add_named("Responsible", row.get("RESPONSIBLE"));
        let duration = row.get("DURATION");
        if !duration.is_empty() && duration != "None" {
            let unit = row.get("DURATION_UNIT").replace("None", "");
            text.add_named("Duration", &format!("{duration} {unit}"));
        }
        let (mut date, mut language) = (row.get("DATE"), row.get("DATE_LANG"));
        if date.is_empty() {
            (date, language) = (row.get("DEADLINE"), row.get("DEADLINE_LANG"));
        } else {
            text.add_named("Deadline", row.get("DEADLINE"));
        }
        Self {
            line,
            list,
            title,
            labels,
            has_priority: ["1", "2", "3"].contains(&row.get("PRIORITY")),
            priority: match row.get("PRIORITY") {
                "1" => Priority::High,
                "4" => Priority::Low,
                _ => Priority::Medium,
            },
            text,
            date: date.to_owned(),
            language: language.to_owned(),
            zone: row.get("TIMEZONE").to_owned(),
            parent: None,
        }
    }
}

/// The words that begin with `@` are labels; of a title that has no other words they stay.
fn labels_of(content: &str) -> (String, Vec<String>) {
    let is_label = |word: &&str| word.len() > 1 && word.starts_with('@');
    let labels: Vec<String> =
        content.split_whitespace().filter(is_label).map(|word| word[1..].to_owned()).collect();
    let title: Vec<&str> = content.split(' ').filter(|word| !is_label(word)).collect();
    let title = title.join(" ").trim().to_owned();
    if labels.is_empty() || title.is_empty() {
        (content.to_owned(), vec![])
    } else {
        (title, labels)
    }
}

/// Makes tasks of what was read; steps go to the task that they belong to.
fn take(nodes: Vec<Node>, reader: &Reader, incoming: &mut Incoming) {
    let mut has_children = vec![false; nodes.len()];
    for parent in nodes.iter().filter_map(|node| node.parent) {
        has_children[parent] = true;
    }
    let is_step = |index: usize, node: &Node| {
        let says_more = node.has_priority
            || !node.date.is_empty()
            || !node.labels.is_empty()
            || node.text.is_some();
        node.parent.is_some() && !says_more && !has_children[index]
    };
    let steps: Vec<bool> =
        nodes.iter().enumerate().map(|(index, node)| is_step(index, node)).collect();
    let mut of_task: Vec<Vec<String>> = vec![vec![]; nodes.len()];
    for (node, _) in nodes.iter().zip(&steps).filter(|(_, is_step)| **is_step) {
        if let Some(parent) = node.parent {
            of_task[parent].push(node.title.clone());
        }
    }
    let titles: Vec<String> = nodes.iter().map(|node| node.title.clone()).collect();
    let mut names = Names::default();
    for (index, node) in nodes.into_iter().enumerate().filter(|(index, _)| !steps[*index]) {
        let parent = node.parent.map(|parent| titles[parent].as_str());
        let (at, list) = (at(node.line), node.list);
        let section = list.map_or("", |list| incoming.lists[list].source.key.as_str());
        let said = [section, parent.unwrap_or(""), &node.title, &node.date].join("\u{1f}");
        let source = names.source(&format!("todoist:{said}"));
        let subtasks = std::mem::take(&mut of_task[index]);
        let draft = draft(node, parent, subtasks, reader, incoming);
        match draft.check() {
            Ok(task) => incoming.tasks.push(IncomingTask { at, source, list, task }),
            Err(message) => incoming.refuse(at, message),
        }
    }
}

fn draft(
    node: Node,
    parent: Option<&str>,
    subtasks: Vec<String>,
    reader: &Reader,
    incoming: &mut Incoming,
) -> Draft {
    let at = at(node.line);
    let mut text = node.text;
    if let Some(parent) = parent {
        text.add_named("Part of", parent);
        incoming.warn(&at, "says more than a subtask can; it is a task of its own");
    }
    let zone: Option<TimeZone> = node.zone.parse().ok();
    if zone.is_none() && !node.zone.is_empty() {
        incoming.warn(&at, format!("`{}` is no time zone; one's own is taken", short(&node.zone)));
    }
    let is_english = ["", "en"].contains(&node.language.as_str()) || node.date.starts_with("20");
    let when = Some(node.date.as_str())
        .filter(|_| is_english)
        .and_then(|date| understand(date, zone.unwrap_or(reader.zone), reader.now));
    if when.is_none() && !node.date.is_empty() {
        let date = short(&node.date);
        incoming.warn(&at, format!("`{date}` is not understood; the task comes without a date"));
        text.add_named("Date", &node.date);
    }
    let (tags, has_changed) = tags_of(node.labels);
    if has_changed {
        incoming.warn(&at, "a label has a character that a tag can't have; it is changed");
    }
    Draft {
        title: node.title,
        description: text.finish(),
        priority: node.priority,
        due_date: when.as_ref().map(|when| when.due),
        time_zone: zone,
        recurrence: when.and_then(|when| when.rule),
        tags,
        subtasks: subtasks.into_iter().map(|title| step(title, false)).collect(),
        ..Draft::default()
    }
}

fn short(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests;
