//! A calendar out of tasks.

mod event;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use events::{Due, Nominal, Offset, Priority, RecurrenceRule, ReminderSpec, Status, TimeZone};

use super::{WHOLE_DAY_REMINDS_SECS, until, zone};
use crate::domain::task::Task;

/// The longest line, in bytes without its end; what is longer is folded.
const MAX_LINE_BYTES: usize = 75;

/// Nothing is due before this year.
const FIRST_YEAR: i32 = 1970;

/// The end of a file.
pub(crate) const END: &str = "END:VCALENDAR\r\n";

/// Writes tasks one after the other.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// The zones that the file has told already.
    told: HashSet<TimeZone>,
}

/// The lines of a file.
#[derive(Default)]
struct Lines(String);

impl Writer {
    /// The beginning of a file.
    pub(crate) fn head(&self) -> String {
        Lines::begun("-//todo//export 1//EN").0
    }

    /// A task with its steps, and before it the zone that it needs; none of what is in the trash.
    pub(crate) fn task(&mut self, task: &Task, out: &mut String) {
        if task.is_deleted() {
            return;
        }
        let mut lines = Lines::default();
        let state = &task.state;
        if let Some(rule) = &state.recurrence
            && matches!(rule.dtstart(), Nominal::Time(_))
            && rule.time_zone() != TimeZone::UTC
        {
            self.tell(rule.time_zone(), FIRST_YEAR, &mut lines);
        }
        lines.push("BEGIN:VTODO");
        lines.push(&format!("UID:{}", state.task_id));
        lines.push(&format!("DTSTAMP:{}", utc(task.updated_at)));
        lines.push(&format!("CREATED:{}", utc(state.created_at)));
        lines.push(&format!("LAST-MODIFIED:{}", utc(task.updated_at)));
        lines.text("SUMMARY", &state.title);
        if let Some(description) = state.description.as_ref().filter(|text| !text.is_empty()) {
            lines.text("DESCRIPTION", description);
        }
        lines.push(priority(state.priority));
        lines.push(match state.status {
            Status::Todo => "STATUS:NEEDS-ACTION",
            Status::InProgress => "STATUS:IN-PROCESS",
            Status::Done => "STATUS:COMPLETED",
        });
        if let Some(completed_at) = task.completed_at {
            lines.push(&format!("COMPLETED:{}", utc(completed_at)));
        }
        lines.categories(&state.tags);
        match (&state.recurrence, state.due_date) {
            (Some(rule), _) => lines.series(rule, state.occurrence),
            (None, Some(Due::At(time))) => lines.push(&format!("DUE:{}", utc(time))),
            (None, Some(Due::On(day))) => {
                lines.push(&format!("DUE;VALUE=DATE:{}", day.format("%Y%m%d")));
            }
            (None, None) => {}
        }
        for reminder in &state.reminders {
            lines.alarm(task, reminder);
        }
        lines.push("END:VTODO");
        for subtask in &state.subtasks {
            lines.push("BEGIN:VTODO");
            lines.push(&format!("UID:{}.{}", state.task_id, subtask.subtask_id));
            lines.push(&format!("DTSTAMP:{}", utc(task.updated_at)));
            lines.text("SUMMARY", &subtask.title);
            lines.push(if subtask.done { "STATUS:COMPLETED" } else { "STATUS:NEEDS-ACTION" });
            lines.push(&format!("RELATED-TO;RELTYPE=PARENT:{}", state.task_id));
            lines.push("END:VTODO");
        }
        out.push_str(&lines.0);
    }

    /// A zone, where the file has not told it yet.
    fn tell(&mut self, zone: TimeZone, from_year: i32, lines: &mut Lines) {
        if self.told.insert(zone) {
            for line in zone::lines(zone, from_year) {
                lines.push(&line);
            }
        }
    }
}

impl Lines {
    /// What every file begins with.
    fn begun(product: &str) -> Self {
        let mut lines = Self::default();
        for line in ["BEGIN:VCALENDAR", "VERSION:2.0"] {
            lines.push(line);
        }
        lines.push(&format!("PRODID:{product}"));
        lines.push("CALSCALE:GREGORIAN");
        lines
    }

    /// A line, folded where it is too long; never within a character.
    fn push(&mut self, line: &str) {
        let mut width = 0;
        for character in line.chars() {
            if width + character.len_utf8() > MAX_LINE_BYTES {
                self.0.push_str("\r\n ");
                width = 1;
            }
            self.0.push(character);
            width += character.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.push(&format!("{name}:{}", escaped(text)));
    }

    fn categories(&mut self, tags: &[String]) {
        if !tags.is_empty() {
            let tags: Vec<String> = tags.iter().map(|tag| escaped(tag)).collect();
            self.push(&format!("CATEGORIES:{}", tags.join(",")));
        }
    }

    /// A rule from the current occurrence on: what was before is done. With a COUNT it begins where it
    /// began, or there would be more of it.
    fn series(&mut self, rule: &RecurrenceRule, occurrence: Option<Nominal>) {
        let current = occurrence.filter(|_| !rule.rrule().to_ascii_uppercase().contains("COUNT="));
        let zone = rule.time_zone();
        self.push(&format!("DTSTART{}", nominal(current.unwrap_or(rule.dtstart()), zone)));
        self.push(&format!("RRULE:{}", strict_rule(rule)));
        for exdate in rule.exdates() {
            self.push(&format!("EXDATE{}", nominal(*exdate, zone)));
        }
    }

    fn alarm(&mut self, task: &Task, reminder: &ReminderSpec) {
        let state = &task.state;
        let trigger = match (reminder, state.due_date) {
            (ReminderSpec::At(time), _) => format!("TRIGGER;VALUE=DATE-TIME:{}", utc(*time)),
            // It counts from a time that is not there.
            (ReminderSpec::Offset(_), None) => return,
            (ReminderSpec::Offset(offset), Some(due)) => {
                let from = if matches!(due, Due::On(_)) { WHOLE_DAY_REMINDS_SECS } else { 0 };
                // A series has a beginning, a single task an end.
                let related = if state.recurrence.is_some() { "START" } else { "END" };
                let Ok(offset) = Offset::from_seconds(offset.seconds() + from) else { return };
                format!("TRIGGER;RELATED={related}:{offset}")
            }
        };
        self.alarm_at(&trigger, &state.title);
    }

    fn alarm_at(&mut self, trigger: &str, title: &str) {
        for line in ["BEGIN:VALARM", "ACTION:DISPLAY"] {
            self.push(line);
        }
        self.text("DESCRIPTION", title);
        self.push(trigger);
        self.push("END:VALARM");
    }
}

const fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "PRIORITY:1",
        Priority::Medium => "PRIORITY:5",
        Priority::Low => "PRIORITY:9",
    }
}

fn utc(time: DateTime<Utc>) -> String {
    time.format("%Y%m%dT%H%M%SZ").to_string()
}

/// What follows the name of a property whose value is an occurrence.
fn nominal(nominal: Nominal, zone: TimeZone) -> String {
    match nominal {
        Nominal::Day(day) => format!(";VALUE=DATE:{}", day.format("%Y%m%d")),
        Nominal::Time(local) if zone == TimeZone::UTC => format!(":{}", utc(local.and_utc())),
        Nominal::Time(local) => format!(";TZID={}:{}", zone.name(), local.format("%Y%m%dT%H%M%S")),
    }
}

/// The rule with an UNTIL as the standard has it: a day for days, else an instant.
fn strict_rule(rule: &RecurrenceRule) -> String {
    until::rewritten(rule.rrule(), |given| match rule.dtstart() {
        Nominal::Day(_) => given.get(..8).map(str::to_owned),
        Nominal::Time(_) => until::instant(given, rule.time_zone()).map(utc),
    })
}

/// A text; of characters that control something only line ends and tabs have a place.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' | ';' | ',' => out.extend(['\\', character]),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => out.push_str("\\n"),
            '\t' => out.push('\t'),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
