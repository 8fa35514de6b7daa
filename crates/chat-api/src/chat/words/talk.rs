//! What is said of what was not done yet: questions, and what is not there.

use events::Due;

use super::{Clock, count, list, listed, quoted};
use crate::{chat::tools::outcome::Shown, domain::task::Task};

/// The most tasks that a question lists.
const MAX_ASKED: usize = 10;

pub(crate) const HELP: &str = "\
Say what is to be done, and when: “water the plants every other Sunday at 6pm”, “call Mum tomorrow, \
remind me an hour before”, “pay rent on the 1st !high #home”.
Ask: “what's due this week”, “what is overdue”, “find dentist”, “how many tasks do I have”.
Then: “done with the dentist”, “move it to Friday”, “push it back a week”, “make it high priority”, \
“rename it to …”, “tag it #home”, “add a note to it: …”, “snooze it for an hour”, “skip this one”, \
“delete both”.
“Undo” takes back what was done last, and “why did I get this” tells what happened.";
pub(crate) const GREETING: &str = "At your service. Say what is to be done, or “help”.";
pub(crate) const NO_ANSWER: &str = "I can't answer that. Shall I add it as a task?";
pub(crate) const WHAT_TITLE: &str = "What is to be done then?";
pub(crate) const WHICH_ONE: &str =
    "I'm not sure which task you mean. Say some words of its title, or ask for a list first.";
pub(crate) const WHICH_OF_THEM: &str = "There are several of them.";
pub(crate) const GONE: &str = "That task is not there any more.";
pub(crate) const NOTHING_CHANGED: &str = "All right, nothing has changed.";
pub(crate) const NOTHING_ASKED: &str = "I have not asked anything. Say “help” for what I can do.";

/// Which of these is meant.
pub(crate) fn which(tasks: &[Shown], clock: &Clock) -> String {
    if let [one] = tasks {
        return format!("Do you mean {}?", quoted(&list::line(&one.0, clock)));
    }
    let total = i64::try_from(tasks.len()).unwrap_or(i64::MAX);
    let listed = list::numbered(&tasks[..tasks.len().min(MAX_ASKED)], total, clock);
    format!("Which one do you mean?\n{listed}")
}

/// There is nothing quite like it.
pub(crate) fn nothing_like(words: &str) -> String {
    format!("I found no task {}.", quoted(words))
}

/// There is nothing with these words.
pub(crate) fn nothing_with(words: &str) -> String {
    format!("I found no task with {}.", quoted(words))
}

/// There is nothing with these words, but there could be.
pub(crate) fn add_instead(words: &str, due: Option<Due>, clock: &Clock) -> String {
    let due = due.map_or_else(String::new, |due| format!(", {}", clock.due(due)));
    format!("I found no open task with {}. Shall I add it{due}?", quoted(words))
}

/// It is done, or open, already.
pub(crate) fn is_so_already(task: &Task) -> String {
    let title = quoted(&task.state.title);
    if task.is_done() { format!("{title} is done already.") } else { format!("{title} is open.") }
}

/// More than can be changed at once.
pub(crate) fn too_many(total: i64, most: i64) -> String {
    format!("That would be {}; I change at most {most} at once.", count(total, "task"))
}

/// There is no such number in the list.
pub(crate) fn no_such_place(place: usize, shown: usize) -> String {
    match shown {
        1 => format!("There is no number {place}: I showed one task."),
        _ => format!("There is no number {place}: I showed {shown} tasks."),
    }
}

/// None of those that were asked about has these words.
pub(crate) fn none_of_them(words: &str) -> String {
    format!("None of them has {}.", quoted(words))
}

/// Both of what is not two.
pub(crate) fn not_two(shown: usize) -> String {
    match shown {
        1 => "There is only one.".to_owned(),
        _ => format!("There are {shown} of them; say which, or all."),
    }
}

/// Tasks were named, and nothing that is to be done.
pub(crate) fn what_with(tasks: &[Shown]) -> String {
    let titles: Vec<String> = tasks.iter().map(|task| quoted(task.title())).collect();
    match titles.as_slice() {
        [] => GONE.to_owned(),
        titles if titles.len() <= MAX_ASKED => {
            format!("What shall I do with {}?", listed(titles))
        }
        titles => format!("What shall I do with these {}?", count(titles.len(), "task")),
    }
}

/// What was asked for can't be.
pub(crate) fn refused(reason: &str) -> String {
    format!("That does not work: {reason}.")
}
