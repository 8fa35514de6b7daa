//! Tasks as events, for calendars that others subscribe to: hardly any of them shows a VTODO.
//!
//! A series goes from its current occurrence on. Where that was moved, or something was said of its
//! reminders, it is an event of its own (RECURRENCE-ID). A rule that counts from a completion has no later
//! occurrences yet.

use chrono::Timelike as _;
use events::{Basis, Due, Nominal, Offset, RecurrenceRule, ReminderId, ReminderSpec, TimeZone};

use super::{Lines, Writer, nominal, priority, strict_rule, utc};
use crate::domain::task::Task;

/// How often a calendar is to be read again, by its own leave, in minutes.
const REFRESH_MINUTES: u32 = 30;
/// From which year on a zone is told: what goes on is ahead. Without older history hardly any zone needs more
/// than a rule for summer and one for winter, which is all that simple readers understand.
const FIRST_YEAR: i32 = 2000;
/// How many occurrences of a rule that begins later are compared with those that it had.
const COMPARED_OCCURRENCES: usize = 20;

/// Which of a task's reminders an event has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alarms {
    /// All, as they are said of the current occurrence.
    All,
    /// Those that every occurrence has, and those at an instant.
    OfSeries,
    /// Those that count from the occurrence, as they are said of it.
    OfOccurrence,
}

impl Writer {
    /// The beginning of a calendar with a name.
    pub(crate) fn feed_head(&self, name: &str) -> String {
        let mut lines = Lines::begun("-//todo//feed 1//EN");
        lines.text("X-WR-CALNAME", name);
        lines.push(&format!("REFRESH-INTERVAL;VALUE=DURATION:PT{REFRESH_MINUTES}M"));
        lines.0
    }

    /// A calendar has to have something in it.
    pub(crate) fn placeholder(&mut self, zone: TimeZone, out: &mut String) {
        let mut lines = Lines::default();
        self.tell(zone, FIRST_YEAR, &mut lines);
        out.push_str(&lines.0);
    }

    /// A task as an event, and before it the zone that it needs; nothing of what is never due.
    pub(crate) fn event(&mut self, task: &Task, out: &mut String) {
        let state = &task.state;
        let Some(due) = state.due_date else { return };
        let mut lines = Lines::default();
        let rule = state.recurrence.as_ref().filter(|rule| rule.basis() == Basis::DueDate);
        match rule.zip(state.occurrence) {
            Some((rule, current)) => {
                let zone = rule.time_zone();
                if matches!(current, Nominal::Time(_)) && zone != TimeZone::UTC {
                    self.tell(zone, FIRST_YEAR, &mut lines);
                }
                let (start, rrule) = from(rule, current);
                lines.begin_event(task);
                lines.push(&format!("DTSTART{}", nominal(start, zone)));
                lines.push(&format!("RRULE:{rrule}"));
                for exdate in rule.exdates().iter().filter(|exdate| **exdate >= start) {
                    lines.push(&format!("EXDATE{}", nominal(*exdate, zone)));
                }
                lines.end_event(task, due, Alarms::OfSeries);
                if due != rule.due(current) || is_said_of(task) {
                    lines.begin_event(task);
                    lines.push(&format!("RECURRENCE-ID{}", nominal(current, zone)));
                    lines.start(due);
                    lines.end_event(task, due, Alarms::OfOccurrence);
                }
            }
            None => {
                lines.begin_event(task);
                lines.start(due);
                lines.end_event(task, due, Alarms::All);
            }
        }
        out.push_str(&lines.0);
    }
}

impl Lines {
    fn begin_event(&mut self, task: &Task) {
        self.push("BEGIN:VEVENT");
        self.push(&format!("UID:{}", task.state.task_id));
        self.push(&format!("DTSTAMP:{}", utc(task.updated_at)));
        self.push(&format!("CREATED:{}", utc(task.state.created_at)));
        self.push(&format!("LAST-MODIFIED:{}", utc(task.updated_at)));
    }

    fn start(&mut self, due: Due) {
        self.push(&match due {
            Due::At(time) => format!("DTSTART:{}", utc(time)),
            Due::On(day) => format!("DTSTART;VALUE=DATE:{}", day.format("%Y%m%d")),
        });
    }

    fn end_event(&mut self, task: &Task, due: Due, alarms: Alarms) {
        let state = &task.state;
        self.text("SUMMARY", &state.title);
        if let Some(description) = state.description.as_ref().filter(|text| !text.is_empty()) {
            self.text("DESCRIPTION", description);
        }
        self.push(priority(state.priority));
        self.categories(&state.tags);
        // What is due takes nobody's time away.
        self.push("TRANSP:TRANSPARENT");
        for reminder in &state.reminders {
            if let Some(trigger) = trigger(task, reminder, due, alarms) {
                self.alarm_at(&trigger, &state.title);
            }
        }
        self.push("END:VEVENT");
    }
}

/// Where a series begins that goes from its current occurrence on, and the rule for it.
///
/// COUNT is less by what was before. A rule of which something else would come if it began later (by
/// INTERVAL and weeks of the year that two years share) begins where it began.
fn from(rule: &RecurrenceRule, current: Nominal) -> (Nominal, String) {
    begun_later(rule, current)
        .map_or_else(|| (rule.dtstart(), strict_rule(rule)), |later| (current, strict_rule(&later)))
}

fn begun_later(rule: &RecurrenceRule, current: Nominal) -> Option<RecurrenceRule> {
    let (zone, basis) = (rule.time_zone(), rule.basis());
    // What was passed over has counted.
    let whole = RecurrenceRule::new(rule.rrule(), rule.dtstart(), zone, vec![], basis).ok()?;
    let used = whole.occurrences(None).take_while(|occurrence| *occurrence < current);
    let counts = rule.rrule().to_ascii_uppercase().contains("COUNT=");
    let used = if counts { u32::try_from(used.count()).ok()? } else { 0 };
    let later = whole.anchored_at(current, used).ok().flatten()?;
    let first = |rule: &RecurrenceRule| -> Vec<Nominal> {
        rule.occurrences(Some(current)).take(COMPARED_OCCURRENCES).collect()
    };
    (first(&later) == first(&whole)).then_some(later)
}

/// The reminder as it is of the current occurrence.
fn id_of(task: &Task, reminder: &ReminderSpec) -> ReminderId {
    let state = &task.state;
    let named = state.recurrence.as_ref().and(state.occurrence);
    ReminderId::derive(state.task_id, reminder, named)
}

/// Whether a reminder that counts from the current occurrence was put off or dismissed.
fn is_said_of(task: &Task) -> bool {
    let state = &task.state;
    let of_occurrence = state.reminders.iter().filter(|one| matches!(one, ReminderSpec::Offset(_)));
    of_occurrence.map(|reminder| id_of(task, reminder)).any(|id| {
        state.dismissed.contains(&id) || state.snoozes.iter().any(|snooze| snooze.reminder_id == id)
    })
}

/// When an alarm comes; none where it does not, or is another event's.
fn trigger(task: &Task, reminder: &ReminderSpec, due: Due, alarms: Alarms) -> Option<String> {
    let state = &task.state;
    let is_at = matches!(reminder, ReminderSpec::At(_));
    if is_at && alarms == Alarms::OfOccurrence {
        return None;
    }
    // What is said of one occurrence is none of the others'.
    if is_at || alarms != Alarms::OfSeries {
        let id = id_of(task, reminder);
        if state.dismissed.contains(&id) {
            return None;
        }
        if let Some(snooze) = state.snoozes.iter().find(|snooze| snooze.reminder_id == id) {
            return Some(format!("TRIGGER;VALUE=DATE-TIME:{}", utc(snooze.until)));
        }
    }
    match reminder {
        ReminderSpec::At(time) => Some(format!("TRIGGER;VALUE=DATE-TIME:{}", utc(*time))),
        ReminderSpec::Offset(offset) => {
            let from = match due {
                Due::On(_) => i64::from(state.day_time.num_seconds_from_midnight()),
                Due::At(_) => 0,
            };
            let offset = Offset::from_seconds(offset.seconds() + from).ok()?;
            Some(format!("TRIGGER;RELATED=START:{offset}"))
        }
    }
}
