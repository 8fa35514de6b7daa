//! Tasks as they are listed: a line each, and how many there are.

use events::{Due, Priority, Status};

use super::{Clock, quoted, rule};
use crate::{
    chat::tools::{arguments::ListTasks, outcome::Shown},
    domain::task::Task,
};

/// The most tasks that a numbered list shows.
pub(crate) const MAX_LISTED: usize = 20;

/// How many there are.
pub(crate) fn counted(asked: &ListTasks, total: i64, clock: &Clock) -> String {
    format!("You have {}.", some(asked, total, clock))
}

/// Tasks, and how many there are.
pub(super) fn list(asked: &ListTasks, tasks: &[Shown], total: i64, clock: &Clock) -> String {
    if tasks.is_empty() {
        return format!("You have {}.", some(asked, 0, clock));
    }
    format!("You have {}:\n{}", some(asked, total, clock), numbered(tasks, total, clock))
}

/// `3 overdue tasks tagged #home`.
fn some(asked: &ListTasks, total: i64, clock: &Clock) -> String {
    let mut kinds = vec![];
    match asked.status {
        _ if asked.overdue => kinds.push("overdue"),
        Some(Status::Done) => kinds.push("done"),
        Some(Status::InProgress) => kinds.push("begun"),
        Some(Status::Todo) | None => {}
    }
    kinds.extend(asked.recurring.then_some("recurring"));
    kinds.extend(asked.priority.map(|priority| match priority {
        Priority::High => "high-priority",
        Priority::Medium => "medium-priority",
        Priority::Low => "low-priority",
    }));
    let days = match (asked.due_from, asked.due_to) {
        (Some(from), Some(to)) if from == to => format!(" due {}", clock.on(from)),
        (Some(from), Some(to)) => {
            format!(" due from {} to {}", clock.date(from), clock.date(to))
        }
        (Some(from), None) => format!(" due from {} on", clock.date(from)),
        (None, Some(to)) => format!(" due until {}", clock.date(to)),
        (None, None) => String::new(),
    };
    if kinds.is_empty() && days.is_empty() && asked.status.is_none() {
        kinds.push("open");
    }
    let number = if total == 0 { "no".to_owned() } else { total.to_string() };
    let plural = if total == 1 { "" } else { "s" };
    let kinds: String = kinds.iter().map(|kind| format!(" {kind}")).collect();
    let mut said = format!("{number}{kinds} task{plural}{days}");
    if !asked.tags.is_empty() {
        said.push_str(&format!(" tagged {}", tags(&asked.tags)));
    }
    if let Some(words) = &asked.words {
        said.push_str(&format!(" with {}", quoted(words)));
    }
    said
}

/// A numbered list, and how many more there are.
pub(crate) fn numbered(tasks: &[Shown], total: i64, clock: &Clock) -> String {
    let shown = tasks.len().min(MAX_LISTED);
    let mut lines: Vec<String> = tasks
        .iter()
        .take(MAX_LISTED)
        .enumerate()
        .map(|(index, task)| format!("{}. {}", index + 1, line(&task.0, clock)))
        .collect();
    let rest = usize::try_from(total).unwrap_or(0).saturating_sub(shown);
    if rest > 0 {
        lines.push(format!("and {rest} more."));
    }
    lines.join("\n")
}

/// `Pay rent – overdue since yesterday at 17:00, high priority, #home`.
pub(crate) fn line(task: &Task, clock: &Clock) -> String {
    let title = task.state.title.split_whitespace().collect::<Vec<_>>().join(" ");
    let about = about(task, clock);
    if about.is_empty() { title } else { format!("{title} – {}", about.join(", ")) }
}

/// When it is due, how it repeats, how much it matters, its tags.
pub(super) fn about(task: &Task, clock: &Clock) -> Vec<String> {
    let state = &task.state;
    let mut about = vec![];
    if task.is_done() {
        about.push("done".to_owned());
    } else {
        about.extend(timing(task, clock));
    }
    match state.priority {
        Priority::High => about.push("high priority".to_owned()),
        Priority::Low => about.push("low priority".to_owned()),
        Priority::Medium => {}
    }
    if state.status == Status::InProgress {
        about.push("begun".to_owned());
    }
    if !state.tags.is_empty() {
        about.push(tags(&state.tags));
    }
    about
}

/// `due tomorrow at 17:00`, `every other Tuesday at 18:00`, `next on Fri 4 Dec`.
pub(super) fn timing(task: &Task, clock: &Clock) -> Vec<String> {
    let Some(due) = task.state.due_date else { return vec![] };
    let Some(recurrence) = &task.state.recurrence else { return vec![clock.due(due)] };
    let rule = rule(recurrence, clock.zone);
    if clock.is_over(due) {
        return vec![rule, clock.due(due)];
    }
    vec![rule, format!("next {}", next(task, clock))]
}

/// The day of the current occurrence, with its time where the rule does not say it.
pub(super) fn next(task: &Task, clock: &Clock) -> String {
    let Some(due) = task.state.due_date else { return String::new() };
    let rule = task.state.recurrence.as_ref();
    let is_where_it_belongs = rule.zip(task.state.occurrence).is_some_and(|(rule, nominal)| {
        !rule.is_finer_than_a_day() && !rule.rrule().contains("BYHOUR") && rule.due(nominal) == due
    });
    match due {
        Due::At(at) if is_where_it_belongs => clock.on(clock.zone.local(at).date()),
        due => clock.when(due),
    }
}

/// `#home #garden`.
pub(super) fn tags(tags: &[String]) -> String {
    tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" ")
}
