//! What a tool has done, as it is told to the person.

use events::{Priority, ReminderSpec};

use super::{
    Clock, count,
    list::{about, line, list, next, numbered, tags, timing},
    listed, quoted,
};
use crate::{
    chat::tools::{
        Tool, Use,
        arguments::Update,
        outcome::{Changed, Done, Outcome, Reason, RefusedTask, Shown, TakenBack},
    },
    domain::task::Task,
};

/// The most tasks that are named one by one in a sentence.
const MAX_NAMED: usize = 5;
/// What came of a tool.
pub(crate) fn told(use_of: &Use, outcome: &Outcome, clock: &Clock) -> String {
    match outcome {
        Outcome::Listed { tasks, total } => match use_of {
            Use::ListTasks(asked) => list(asked, tasks, *total, clock),
            _ => numbered(tasks, *total, clock),
        },
        Outcome::Found { task } => line(&task.0, clock),
        Outcome::Done(done) => done_told(use_of, done, clock),
        Outcome::NeedsConfirmation { would, tasks } => confirmation(*would, tasks, clock),
        Outcome::Told { task, lines } => {
            let lines = lines.iter().map(|line| format!("- {}: {}", clock.at(line.at), line.text));
            let lines: Vec<String> = lines.collect();
            format!("What happened to {}:\n{}", quoted(task.title()), lines.join("\n"))
        }
        Outcome::TakenBack { tasks, refused } => taken_back(tasks, refused, clock),
        Outcome::NothingToUndo => "There is nothing left to undo in this conversation.".to_owned(),
    }
}

fn titles<'t>(all: impl IntoIterator<Item = &'t Shown>) -> String {
    let all: Vec<&Shown> = all.into_iter().collect();
    if all.len() > MAX_NAMED {
        return count(all.len(), "task");
    }
    listed(&all.iter().map(|task| quoted(task.title())).collect::<Vec<_>>())
}

fn done_told(use_of: &Use, done: &Done, clock: &Clock) -> String {
    let (changed, same): (Vec<&Changed>, Vec<&Changed>) =
        done.tasks.iter().partition(|task| task.changed);
    let mut said = vec![];
    if !changed.is_empty() {
        said.push(changed_told(use_of, &changed, clock));
    }
    if !same.is_empty() {
        said.push(same_told(use_of, &same));
    }
    said.extend(refused_told(use_of.tool(), &done.refused));
    if said.is_empty() { "Nothing has changed.".to_owned() } else { said.join(" ") }
}

fn changed_told(use_of: &Use, changed: &[&Changed], clock: &Clock) -> String {
    let all = || titles(changed.iter().map(|task| &task.after));
    let one = match changed {
        [one] => Some(&*one.after.0),
        _ => None,
    };
    match (use_of, one) {
        (Use::AddTask(_), Some(task)) => added(task, clock),
        (Use::CompleteTasks(_), Some(task)) => completed(task, clock),
        (Use::CompleteTasks(_) | Use::AddTask(_), None) => format!("Done: {}.", all()),
        (Use::ReopenTasks(_), _) => format!("{} {} open again.", all(), is(changed.len())),
        (Use::RescheduleTasks(_), _) => rescheduled(changed, clock),
        (Use::UpdateTask(update), _) => updated(update, changed, clock),
        (Use::DeleteTasks(_), _) => {
            let them = if changed.len() == 1 { "it" } else { "them" };
            format!("Deleted {}. Say “undo” to bring {them} back.", all())
        }
        (Use::Snooze(_), _) => snoozed(changed, clock),
        (Use::SkipOccurrence(_), Some(task)) if task.is_done() => {
            format!("Skipped {}. That was the last time.", all())
        }
        (Use::SkipOccurrence(_), Some(task)) => {
            format!("Skipped {}, next {}.", all(), next(task, clock))
        }
        (Use::SkipOccurrence(_), None) => format!("Skipped {}.", all()),
        (Use::ListTasks(_) | Use::GetTask(_) | Use::Why(_) | Use::Undo(_), _) => String::new(),
    }
}

fn is(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

fn added(task: &Task, clock: &Clock) -> String {
    let about = about(task, clock);
    let mut said = format!("Added {}", quoted(&task.state.title));
    for part in about {
        said.push_str(", ");
        said.push_str(&part);
    }
    said.push('.');
    match task.state.reminders.as_slice() {
        [ReminderSpec::Offset(offset)] if offset.seconds() == 0 => {}
        [] => said.push_str(" It has no reminder."),
        specs => said.push_str(&format!(" I'll remind you {}.", reminders(specs, clock))),
    }
    said
}

fn reminders(specs: &[ReminderSpec], clock: &Clock) -> String {
    listed(&specs.iter().map(|spec| clock.reminder(spec)).collect::<Vec<_>>())
}

fn completed(task: &Task, clock: &Clock) -> String {
    let title = quoted(&task.state.title);
    match (&task.state.recurrence, task.is_done()) {
        (Some(_), true) => format!("Done: {title}. That was the last time."),
        (Some(_), false) => {
            let due = task.state.due_date.map_or_else(String::new, |due| clock.when(due));
            format!("Done: {title}. It comes again {due}.")
        }
        (None, _) => format!("Done: {title}."),
    }
}

fn rescheduled(changed: &[&Changed], clock: &Clock) -> String {
    let dues: Vec<_> = changed.iter().map(|task| task.after.due()).collect();
    let names = titles(changed.iter().map(|task| &task.after));
    let is = is(changed.len());
    if dues.iter().any(|due| *due != dues[0]) {
        let tasks: Vec<Shown> = changed.iter().map(|task| task.after.clone()).collect();
        let total = i64::try_from(tasks.len()).unwrap_or(i64::MAX);
        return format!(
            "Moved {}:\n{}",
            count(tasks.len(), "task"),
            numbered(&tasks, total, clock)
        );
    }
    match dues[0] {
        Some(due) => format!("{names} {is} now {}.", clock.due(due)),
        None => format!("{names} {is} no longer due."),
    }
}

fn updated(update: &Update, changed: &[&Changed], clock: &Clock) -> String {
    let names = titles(changed.iter().map(|task| &task.after));
    let [first, ..] = changed else { return String::new() };
    let (state, many) = (&first.after.0.state, changed.len() > 1);
    let has = if many { "have" } else { "has" };
    let is = is(changed.len());
    let mut said = vec![];
    if update.title.is_some() {
        let old = first.before.as_ref().map_or("it", |before| before.title());
        said.push(format!("Renamed {} to {}.", quoted(old), quoted(&state.title)));
    }
    match &update.recurrence {
        Some(Some(_)) => said.push(format!(
            "{names} now repeat{} {}.",
            if many { "" } else { "s" },
            timing(&first.after.0, clock).join(", ")
        )),
        Some(None) => {
            said.push(format!("{names} no longer repeat{}.", if many { "" } else { "s" }));
        }
        None => {}
    }
    if let Some(priority) = update.priority {
        let priority = match priority {
            Priority::High => "high",
            Priority::Medium => "medium",
            Priority::Low => "low",
        };
        said.push(format!("{names} {has} {priority} priority now."));
    }
    if !update.add_tags.is_empty() || !update.remove_tags.is_empty() {
        said.push(match (update.add_tags.is_empty(), many, state.tags.is_empty()) {
            (false, true, _) => format!("{names} {is} tagged {} now.", tags(&update.add_tags)),
            (true, true, _) => {
                format!("{names} {is} no longer tagged {}.", tags(&update.remove_tags))
            }
            (_, false, true) => format!("{names} has no tags now."),
            (_, false, false) => format!("{names} is tagged {} now.", tags(&state.tags)),
        });
    }
    if update.description.is_some() || update.note.is_some() {
        said.push(format!("Noted in {names}."));
    }
    if update.reminders.is_some() || !update.add_reminders.is_empty() {
        said.push(match state.reminders.as_slice() {
            [] => format!("{names} {has} no reminder now."),
            specs => format!("I'll remind you of {names} {}.", reminders(specs, clock)),
        });
    }
    said.join(" ")
}

fn snoozed(changed: &[&Changed], clock: &Clock) -> String {
    let until = changed.iter().filter_map(|task| {
        let before = task.before.as_ref().map(|before| &before.0.state.snoozes);
        let is_new = |snooze: &&events::Snooze| before.is_none_or(|all| !all.contains(snooze));
        task.after.0.state.snoozes.iter().find(is_new)
    });
    let until = until.map(|snooze| snooze.until).max();
    let names = titles(changed.iter().map(|task| &task.after));
    match until {
        Some(until) => format!("I'll remind you of {names} again {}.", clock.at(until)),
        None => format!("{names} will remind later."),
    }
}

fn same_told(use_of: &Use, same: &[&Changed]) -> String {
    let names = titles(same.iter().map(|task| &task.after));
    let is = is(same.len());
    match use_of.tool() {
        Tool::CompleteTasks => {
            format!("{names} {} done already.", if same.len() == 1 { "was" } else { "were" })
        }
        Tool::ReopenTasks => format!("{names} {is} open anyway."),
        Tool::SkipOccurrence => format!("{names} {is} done already."),
        _ => format!("{names} {is} that way already."),
    }
}

/// Why some were left as they are.
fn refused_told(tool: Tool, refused: &[RefusedTask]) -> Vec<String> {
    let told = |refused: &RefusedTask| {
        let name = refused.title.as_deref().map_or_else(|| "One of them".to_owned(), quoted);
        match &refused.reason {
            Reason::Gone => format!("{name} is not there any more."),
            Reason::ChangedSince => format!("{name} has changed since, so I left it as it is."),
            Reason::DoesNotRepeat if tool == Tool::SkipOccurrence => {
                format!("{name} does not repeat, so there is nothing to skip.")
            }
            Reason::DoesNotRepeat => format!("{name} does not repeat."),
            Reason::NoReminder => format!("{name} has no reminder that could come later."),
            Reason::OtherKind => {
                format!(
                    "{name} repeats on whole days or at times; say how it is to repeat instead."
                )
            }
            Reason::AlwaysDue => {
                format!("{name} repeats, so it is always due; say that it repeats no more first.")
            }
            Reason::Refused(reason) => format!("{name}: {reason}."),
        }
    };
    let mut said: Vec<String> = refused.iter().take(MAX_NAMED).map(told).collect();
    if refused.len() > MAX_NAMED {
        let rest = refused.len() - MAX_NAMED;
        said.push(format!("{} stayed as they are, too.", count(rest, "other")));
    }
    said
}

/// What it would do, and whether it shall.
fn confirmation(would: Tool, tasks: &[Shown], clock: &Clock) -> String {
    let verb = match would {
        Tool::DeleteTasks => "delete",
        Tool::CompleteTasks => "complete",
        Tool::ReopenTasks => "reopen",
        Tool::RescheduleTasks => "move",
        Tool::Snooze => "put off",
        Tool::SkipOccurrence => "skip",
        _ => "change",
    };
    let total = i64::try_from(tasks.len()).unwrap_or(i64::MAX);
    let number = count(tasks.len(), "task");
    let list = numbered(tasks, total, clock);
    format!("That would {verb} {number}:\n{list}\nShall I? (yes or no)")
}

fn taken_back(tasks: &[TakenBack], refused: &[RefusedTask], clock: &Clock) -> String {
    let mut said = vec![];
    if let [first, others @ ..] = tasks {
        let is_alike = others.iter().all(|other| other.tool == first.tool);
        said.push(match (is_alike, others.is_empty()) {
            (true, true) => format!("Undone: {}.", one_back(first, clock)),
            (true, false) => format!("Undone: {}.", many_back(first.tool, tasks)),
            (false, _) => {
                let each: Vec<String> = tasks.iter().map(|task| one_back(task, clock)).collect();
                format!("Undone: {}.", each.join("; "))
            }
        });
    } else {
        said.push("That could not be undone.".to_owned());
    }
    said.extend(refused_told(Tool::Undo, refused));
    said.join(" ")
}

fn one_back(taken: &TakenBack, clock: &Clock) -> String {
    let title = quoted(taken.task.title());
    let due = taken.task.due();
    match (taken.tool, due) {
        (Tool::AddTask, _) => format!("{title} is gone again"),
        (Tool::DeleteTasks, _) => format!("{title} is back"),
        (Tool::ReopenTasks, _) => format!("{title} is done again"),
        (Tool::CompleteTasks, _) if taken.task.0.state.recurrence.is_none() => {
            format!("{title} is open again")
        }
        (Tool::CompleteTasks | Tool::SkipOccurrence | Tool::RescheduleTasks, Some(due)) => {
            format!("{title} is {} again", clock.due(due))
        }
        (Tool::RescheduleTasks, None) => format!("{title} is no longer due"),
        (Tool::Snooze, _) => format!("{title} reminds as before"),
        _ => format!("{title} is as it was"),
    }
}

fn many_back(tool: Tool, tasks: &[TakenBack]) -> String {
    let names = titles(tasks.iter().map(|task| &task.task));
    match tool {
        Tool::AddTask => format!("{names} are gone again"),
        Tool::DeleteTasks => format!("{names} are back"),
        Tool::ReopenTasks => format!("{names} are done again"),
        Tool::CompleteTasks => format!("{names} are open again"),
        _ => format!("{names} are as they were"),
    }
}
