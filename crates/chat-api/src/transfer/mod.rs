//! Files of tasks, ours and other programs', and what they say.
//!
//! Owns the formats. A parser takes bytes and gives what could become lists and tasks, each valid by
//! itself, with where in the file it stood; and notes on what it could not take, or not as it is.
//! Promises: pure, no panic on any bytes, and nothing is lost without a note. Never: a look at what a
//! person has already, which `commands::import` takes; SQL, a clock.

mod draft;
mod foreign;
pub(crate) mod ical;
pub(crate) mod json;
mod todoist;
mod vikunja;

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use events::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{settings::Settings, task::Imported, text::ListName};

/// The largest file that is read, in bytes.
pub(crate) const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;
/// The most tasks of one file.
pub(crate) const MAX_TASKS: usize = 10_000;
/// The most lists of one file.
pub(crate) const MAX_FILE_LISTS: usize = 500;

/// The most notes of each severity that one file gets.
const MAX_NOTES: usize = 500;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// Our own, without loss.
    Json,
    /// Todoist's CSV.
    Todoist,
    /// Vikunja's zip.
    Vikunja,
    /// iCalendar with VTODO.
    Ical,
}

/// What a file says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) lists: Vec<IncomingList>,
    /// In the order in which they are to stand in their lists.
    pub(crate) tasks: Vec<IncomingTask>,
    pub(crate) preferences: Option<Preferences>,
    pub(crate) notes: Notes,
}

/// What is to be said of a file: of each severity so much, and how much more there would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    pub(crate) kept: Vec<Note>,
    pub(crate) left_out: usize,
    /// All that can't be taken.
    pub(crate) refused: usize,
    warnings: usize,
}

/// What a person has set, where the file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) settings: Settings,
    pub(crate) inbox_name: Option<ListName>,
}

/// A list of a file.
#[derive(Clone, Debug)]
pub(crate) struct IncomingList {
    pub(crate) source: Source,
    pub(crate) name: ListName,
    /// The one that everybody has.
    pub(crate) is_inbox: bool,
    /// Whether a list of the same name that is there already is meant.
    pub(crate) joins_same_name: bool,
}

/// A task of a file.
#[derive(Clone, Debug)]
pub(crate) struct IncomingTask {
    pub(crate) at: String,
    pub(crate) source: Source,
    /// Which of the file's lists it is in; none where it names none.
    pub(crate) list: Option<usize>,
    pub(crate) task: Imported,
}

/// What makes a thing the same one when it comes again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    /// Its name where it comes from: the same in each file that has it.
    pub(crate) key: String,
    /// The id that it has here, if it comes from here.
    pub(crate) own: Option<Uuid>,
}

/// Something to be said of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Note {
    /// Where in the file: a line, or a path; empty for the file as a whole.
    #[schema(example = "line 12")]
    pub(crate) at: String,
    pub(crate) severity: Severity,
    /// For a person.
    pub(crate) message: String,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// It is taken, and not all of it as it stood.
    Warning,
    /// It can't be taken.
    Refused,
}

/// What a file's times are read by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    pub(crate) now: DateTime<Utc>,
    /// The person's own zone.
    pub(crate) zone: TimeZone,
}

/// The file as a whole can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(String);

impl Unreadable {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl FromStr for Format {
    type Err = Unreadable;

    fn from_str(name: &str) -> Result<Self, Unreadable> {
        match name {
            "json" => Ok(Self::Json),
            "todoist" => Ok(Self::Todoist),
            "vikunja" => Ok(Self::Vikunja),
            "ical" => Ok(Self::Ical),
            _ => Err(Unreadable::new("is one of json, todoist, vikunja and ical")),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Refused => "refused",
        })
    }
}

impl Format {
    /// What a file looks like; a guess that its parser then confirms or not.
    pub(crate) fn detect(bytes: &[u8]) -> Self {
        if bytes.starts_with(vikunja::MAGIC) {
            return Self::Vikunja;
        }
        match text_of(bytes) {
            Ok(text) if ical::is_likely(text) => Self::Ical,
            Ok(text) if todoist::is_likely(text) => Self::Todoist,
            _ => Self::Json,
        }
    }

    /// Reads a file.
    pub(crate) fn read(self, bytes: &[u8], reader: &Reader) -> Result<Incoming, Unreadable> {
        let incoming = match self {
            Self::Json => json::read(bytes)?,
            Self::Todoist => todoist::read(bytes, reader)?,
            Self::Vikunja => vikunja::read(bytes, reader)?,
            Self::Ical => ical::read(bytes, reader)?,
        };
        at_most(incoming.tasks.len(), MAX_TASKS, "tasks")?;
        at_most(incoming.lists.len(), MAX_FILE_LISTS, "lists")?;
        Ok(incoming)
    }
}

impl Incoming {
    fn warn(&mut self, at: impl Into<String>, message: impl Into<String>) {
        self.note(at, Severity::Warning, message);
    }

    fn refuse(&mut self, at: impl Into<String>, message: impl Into<String>) {
        self.note(at, Severity::Refused, message);
    }

    fn note(&mut self, at: impl Into<String>, severity: Severity, message: impl Into<String>) {
        self.notes.add(at, severity, message);
    }
}

impl Notes {
    pub(crate) fn add(
        &mut self,
        at: impl Into<String>,
        severity: Severity,
        message: impl Into<String>,
    ) {
        let count = match severity {
            Severity::Warning => &mut self.warnings,
            Severity::Refused => &mut self.refused,
        };
        *count += 1;
        if *count > MAX_NOTES {
            self.left_out += 1;
        } else {
            self.kept.push(Note { at: at.into(), severity, message: message.into() });
        }
    }
}

/// Refuses what is too much before it is all in memory.
fn at_most(count: usize, limit: usize, what: &str) -> Result<(), Unreadable> {
    if count > limit {
        return Err(Unreadable::new(format!("has {count} {what}, {limit} are allowed")));
    }
    Ok(())
}

/// What serde says, without the place: it counts from the beginning of the thing.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

/// A text; bytes that are none are named by their place, and never guessed at.
fn text_of(bytes: &[u8]) -> Result<&str, Unreadable> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Unreadable::new(format!("is not UTF-8 (line {line}): save it as UTF-8"))
    })
}

#[cfg(test)]
mod tests;
