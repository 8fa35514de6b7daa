//! What was understood as JSON: what the binary `parse` writes, and `POST /api/v1/parse` answers.

use events::{Basis, Due, Nominal, Priority, ReminderSpec, Status, TimeZone};
use serde::Serialize;

use crate::{Answer, Command, Move, NewTask, Parsed, Query, SpanKind, Target};

/// What was understood. What the first command does not say is null or empty.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Understood {
    /// The first command: add, list, complete, reopen, reschedule, rename, set_priority, tag, describe, delete,
    /// snooze, skip, remind, undo, help, why or answer.
    pub intent: &'static str,
    /// Of a task to add, its title; of a task to rename, the new one.
    pub title: Option<String>,
    /// When the task is due, or until when a reminder is put off: a date for a whole day, an RFC 3339 time otherwise.
    pub due_date: Option<Due>,
    /// How it recurs.
    pub recurrence: Option<UnderstoodRule>,
    /// When it reminds; empty also where nothing is said of it.
    pub reminders: Vec<ReminderSpec>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// Its tags, without `#`.
    pub tags: Vec<String>,
    /// Of other commands than add: some words of the tasks that they are about.
    pub target: Option<String>,
    /// Of a list: which tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<UnderstoodQuery>,
    /// Which words said what.
    pub spans: Vec<UnderstoodSpan>,
    /// Whether all of the phrase was understood.
    pub is_understood: bool,
    /// How many commands follow the first.
    pub further_commands: usize,
}

/// How a task recurs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnderstoodRule {
    /// An RFC 5545 RRULE.
    pub rrule: String,
    /// The zone whose clocks it follows.
    pub time_zone: TimeZone,
    /// The first occurrence, in local time.
    pub dtstart: Nominal,
    /// Where the next occurrence counts from.
    pub basis: Basis,
}

/// Which tasks a list shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnderstoodQuery {
    /// Words that they have.
    pub text: Option<String>,
    /// Tags that they all have.
    pub tags: Vec<String>,
    /// How much they matter.
    pub priority: Option<Priority>,
    /// How far they are.
    pub status: Option<Status>,
    /// The first day that they are due on.
    pub due_from: Option<String>,
    /// The last day that they are due on.
    pub due_to: Option<String>,
    /// Only those whose due time is over.
    pub overdue: bool,
}

/// Words that say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UnderstoodSpan {
    /// The first character, counted in Unicode characters from 0.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
    /// command, due, recurrence, reminder, priority or tag.
    pub kind: &'static str,
}

impl From<&Parsed> for Understood {
    fn from(parsed: &Parsed) -> Self {
        let spans = parsed
            .spans
            .iter()
            .map(|span| UnderstoodSpan { start: span.start, end: span.end, kind: kind(span.kind) })
            .collect();
        let further_commands = parsed.commands.len().saturating_sub(1);
        let blank = Self {
            spans,
            is_understood: parsed.is_understood(),
            further_commands,
            ..Self::nothing()
        };
        match parsed.commands.first() {
            Some(command) => blank.with(command),
            None => blank,
        }
    }
}

impl Understood {
    fn nothing() -> Self {
        Self {
            intent: "add",
            title: None,
            due_date: None,
            recurrence: None,
            reminders: vec![],
            priority: None,
            tags: vec![],
            target: None,
            query: None,
            spans: vec![],
            is_understood: false,
            further_commands: 0,
        }
    }

    fn with(self, command: &Command) -> Self {
        let of = |intent, target: &Target| Self { intent, target: words(target), ..self.clone() };
        match command {
            Command::Add(task) => self.adding(task),
            Command::List(query) => Self { intent: "list", query: Some(query.into()), ..self },
            Command::Complete(target) => of("complete", target),
            Command::Reopen(target) => of("reopen", target),
            Command::Reschedule(target, moved) => Self {
                due_date: match moved {
                    Move::To { due, .. } | Move::Repeat { due, .. } => Some(*due),
                    Move::By(_) | Move::NoRepeat | Move::NoDue => None,
                },
                recurrence: match moved {
                    Move::Repeat { recurrence, .. } => Some((&**recurrence).into()),
                    _ => None,
                },
                ..of("reschedule", target)
            },
            Command::Rename(target, title) => {
                Self { title: Some(title.clone()), ..of("rename", target) }
            }
            Command::SetPriority(target, priority) => {
                Self { priority: Some(*priority), ..of("set_priority", target) }
            }
            Command::Tag { what, add, remove } => {
                Self { tags: add.iter().chain(remove).cloned().collect(), ..of("tag", what) }
            }
            Command::Describe(target, _) => of("describe", target),
            Command::Delete(target) => of("delete", target),
            Command::Snooze(target, until) => {
                Self { due_date: until.map(Due::At), ..of("snooze", target) }
            }
            Command::Skip(target) => of("skip", target),
            Command::Remind(target, reminders) => {
                Self { reminders: reminders.clone(), ..of("remind", target) }
            }
            Command::Undo => Self { intent: "undo", ..self },
            Command::Help => Self { intent: "help", ..self },
            Command::Why(target) => of("why", target),
            Command::Answer(Answer::Yes | Answer::No) => Self { intent: "answer", ..self },
            Command::Answer(Answer::These(target)) => of("answer", target),
        }
    }

    fn adding(self, task: &NewTask) -> Self {
        Self {
            intent: "add",
            title: Some(task.title.clone()),
            due_date: task.due,
            recurrence: task.recurrence.as_ref().map(Into::into),
            reminders: task.reminders.clone().unwrap_or_default(),
            priority: task.priority,
            tags: task.tags.clone(),
            ..self
        }
    }
}

impl From<&events::RecurrenceRule> for UnderstoodRule {
    fn from(rule: &events::RecurrenceRule) -> Self {
        Self {
            rrule: rule.rrule().to_owned(),
            time_zone: rule.time_zone(),
            dtstart: rule.dtstart(),
            basis: rule.basis(),
        }
    }
}

impl From<&Query> for UnderstoodQuery {
    fn from(query: &Query) -> Self {
        let day =
            |day: Option<chrono::NaiveDate>| day.map(|day| day.format("%Y-%m-%d").to_string());
        Self {
            text: query.words.clone(),
            tags: query.tags.clone(),
            priority: query.priority,
            status: query.status,
            due_from: day(query.due.and_then(|days| days.from)),
            due_to: day(query.due.and_then(|days| days.to)),
            overdue: query.overdue,
        }
    }
}

fn words(target: &Target) -> Option<String> {
    match target {
        Target::Words(words) => Some(words.clone()),
        _ => None,
    }
}

const fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Command => "command",
        SpanKind::Due => "due",
        SpanKind::Recurrence => "recurrence",
        SpanKind::Reminder => "reminder",
        SpanKind::Priority => "priority",
        SpanKind::Tag => "tag",
    }
}
