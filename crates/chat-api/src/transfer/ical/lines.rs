//! The lines of a file and the components that they make.

use std::collections::BTreeMap;

use icalendar::parser::Property as Parsed;

use crate::transfer::{MAX_TASKS, Unreadable, at_most};

/// The deepest that components stand in one another: an alarm of a task of a calendar is the third.
const MAX_DEPTH: usize = 8;
/// The most properties of one component that are kept.
const MAX_PROPERTIES: usize = 1_100;
/// The most components that could be tasks or steps.
const MAX_TODOS: usize = 5 * MAX_TASKS;
/// The longest line that is looked into, in bytes: the longest description, escaped, takes half of it.
const MAX_LINE_BYTES: usize = 256 * 1024;
/// What may stand several times in a component, and is then meant each time.
const REPEATABLE: [&str; 7] =
    ["ATTACH", "CATEGORIES", "COMMENT", "EXDATE", "RDATE", "RELATED-TO", "TRIGGER"];
/// What is read of a component; others mean nothing here.
const KNOWN: [&str; 25] = [
    "ACTION",
    "ATTACH",
    "CATEGORIES",
    "COMMENT",
    "COMPLETED",
    "CREATED",
    "DESCRIPTION",
    "DTSTART",
    "DUE",
    "DURATION",
    "EXDATE",
    "LAST-MODIFIED",
    "LOCATION",
    "PERCENT-COMPLETE",
    "PRIORITY",
    "RDATE",
    "RECURRENCE-ID",
    "RELATED-TO",
    "RRULE",
    "STATUS",
    "SUMMARY",
    "TRIGGER",
    "UID",
    "URL",
    "REPEAT",
];

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Components {
    pub(super) todos: Vec<Todo>,
    /// Of other kinds, how many.
    pub(super) others: BTreeMap<String, usize>,
}

/// A task as the file has it.
#[derive(Debug, Default)]
pub(super) struct Todo {
    pub(super) line: u64,
    pub(super) properties: Properties,
    pub(super) alarms: Vec<Properties>,
}

/// The properties of a component.
#[derive(Debug, Default)]
pub(super) struct Properties(Vec<Property>);

/// A property with its parameters.
#[derive(Debug)]
pub(super) struct Property {
    name: String,
    pub(super) value: String,
    parameters: Vec<(String, String)>,
}

impl Properties {
    pub(super) fn get(&self, name: &str) -> Option<&Property> {
        self.0.iter().find(|property| property.name == name)
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Property> {
        self.0.iter().filter(move |property| property.name == name)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).map_or("", |property| property.value.trim())
    }

    fn add(&mut self, property: Property) {
        let is_new = || self.get(&property.name).is_none();
        let is_repeatable = REPEATABLE.contains(&property.name.as_str());
        if self.0.len() < MAX_PROPERTIES && (is_repeatable || is_new()) {
            self.0.push(property);
        }
    }
}

impl Property {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The property of a line, of those that are known.
    fn parse(line: &str) -> Option<Self> {
        let end = line.find([':', ';'])?;
        let name = line[..end].to_ascii_uppercase();
        if !KNOWN.contains(&name.as_str()) {
            return None;
        }
        if line.len() > MAX_LINE_BYTES {
            // No text fits that is longer: it is refused where it is held against the rules.
            return Some(Self { name, value: line[end + 1..].to_owned(), parameters: vec![] });
        }
        let line = format!("{name}{}", &line[end..]);
        let parsed = Parsed::try_from(line.as_str()).ok()?;
        let parameters = parsed.params.iter().map(|parameter| {
            let value = parameter.val.as_ref().map_or("", |value| value.as_str());
            (parameter.key.as_str().to_owned(), value.to_owned())
        });
        Some(Self { parameters: parameters.collect(), value: parsed.val.as_str().to_owned(), name })
    }
}

/// Reads the components of a file.
pub(super) fn components(bytes: &[u8]) -> Result<Components, Unreadable> {
    let mut found = Components::default();
    let mut open: Vec<String> = vec![];
    let mut has_begun = false;
    for_each_line(bytes, |number, line| {
        let keyword = |word: &str| {
            let (name, rest) = line.split_at_checked(word.len())?;
            name.eq_ignore_ascii_case(word).then(|| rest.trim().to_ascii_uppercase())
        };
        if let Some(name) = keyword("BEGIN:") {
            if open.is_empty() && name != "VCALENDAR" {
                return Err(Unreadable::new(format!(
                    "line {number}: {name} stands in no calendar"
                )));
            }
            has_begun = true;
            begin(&name, &open, number, &mut found)?;
            open.push(name);
            return at_most(open.len(), MAX_DEPTH, "components in one another");
        }
        if let Some(name) = keyword("END:") {
            return match open.pop() {
                Some(begun) if begun == name => Ok(()),
                _ => Err(Unreadable::new(format!("line {number}: END:{name} ends nothing"))),
            };
        }
        let Some(last) = open.last() else {
            return Err(Unreadable::new(format!("line {number} stands in no calendar")));
        };
        let todo = found.todos.last_mut();
        let target = match (last.as_str(), open.get(1).map(String::as_str), todo) {
            ("VTODO", Some("VTODO"), Some(todo)) => Some(&mut todo.properties),
            ("VALARM", Some("VTODO"), Some(todo)) => todo.alarms.last_mut(),
            _ => None,
        };
        if let (Some(target), Some(property)) = (target, Property::parse(line)) {
            target.add(property);
        }
        Ok(())
    })?;
    match open.last() {
        Some(name) => Err(Unreadable::new(format!("is not whole: END:{name} is missing"))),
        None if !has_begun => Err(Unreadable::new("is no iCalendar file")),
        None => Ok(found),
    }
}

fn begin(name: &str, open: &[String], line: u64, found: &mut Components) -> Result<(), Unreadable> {
    match (open, name) {
        ([_], "VTODO") => {
            at_most(found.todos.len() + 1, MAX_TODOS, "tasks")?;
            found.todos.push(Todo { line, ..Todo::default() });
        }
        ([_], "VEVENT" | "VJOURNAL" | "VFREEBUSY") => {
            *found.others.entry(name.to_owned()).or_default() += 1;
        }
        ([_, todo], "VALARM") if todo == "VTODO" => {
            if let Some(todo) =
                found.todos.last_mut().filter(|todo| todo.alarms.len() < MAX_PROPERTIES)
            {
                todo.alarms.push(Properties::default());
            }
        }
        _ => {}
    }
    Ok(())
}

/// Hands over each line unfolded, with the number that it begins at. A fold may part the bytes of one
/// character, so it is undone first.
fn for_each_line(
    bytes: &[u8],
    mut each: impl FnMut(u64, &str) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut whole: Vec<u8> = vec![];
    let mut begun_at = 1;
    let mut hand_over = |number: u64, whole: &mut Vec<u8>| {
        let line = std::str::from_utf8(whole).map_err(|_| {
            Unreadable::new(format!("is not UTF-8 (line {number}): save it as UTF-8"))
        })?;
        if !line.trim().is_empty() {
            each(number, line)?;
        }
        whole.clear();
        Ok(())
    };
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line {
            [b' ' | b'\t', rest @ ..] if number > 1 => whole.extend(rest),
            line => {
                hand_over(begun_at, &mut whole)?;
                begun_at = number;
                whole.extend(line);
            }
        }
    }
    hand_over(begun_at, &mut whole)
}
