//! Which tasks a person means by their words.
//!
//! An exact title wins over one that begins so, that over all the words, and that over some of them. Only
//! the last is a guess, and never taken for granted.

use std::collections::BTreeMap;

use events::{Status, TaskId, UserId};
use sqlx::PgConnection;

use crate::{
    commands::bulk::MAX_TASKS,
    domain::{
        search::{order_of, search_words},
        task::Task,
    },
    error::Failure,
    store::{
        self,
        task_list::{Column, Filter, Sort},
    },
};

/// Words that say nothing of which task is meant.
const EMPTY_WORDS: [&str; 22] = [
    "a", "an", "about", "and", "any", "at", "for", "in", "item", "my", "of", "on", "one", "ones",
    "task", "tasks", "that", "the", "this", "to", "todo", "with",
];
/// The most tasks with one of the words that are compared.
const MAX_LIKE: i64 = 50;

/// What is found.
#[derive(Debug)]
pub(super) enum Found {
    /// These are meant: they have all the words.
    These(Vec<Task>),
    /// These have most of the words, and may be meant.
    Like(Vec<Task>),
    /// Nothing has any of them.
    Nothing,
}

/// The words of a text that say which task is meant, or all where none does.
pub(super) fn telling_words(text: &str) -> Vec<String> {
    let words = search_words(text);
    let telling: Vec<String> =
        words.iter().filter(|word| !EMPTY_WORDS.contains(&word.as_str())).cloned().collect();
    if telling.is_empty() { words } else { telling }
}

/// Whether a task's title or tags have, for each of these words, one that begins with it.
pub(super) fn has_words(task: &Task, words: &[String]) -> bool {
    let state = &task.state;
    let own = crate::domain::search::words_of(&state.title, None, &state.tags);
    words.iter().all(|word| own.iter().any(|own| own.starts_with(word.as_str())))
}

/// Finds tasks in these states by their words.
pub(super) async fn find(
    conn: &mut PgConnection,
    user_id: UserId,
    text: &str,
    statuses: &[Status],
) -> Result<Found, Failure> {
    let words = telling_words(text);
    if words.is_empty() {
        return Ok(Found::Nothing);
    }
    let most = i64::try_from(MAX_TASKS).unwrap_or(i64::MAX);
    let all = page(conn, user_id, words.clone(), statuses, most).await?;
    if !all.is_empty() {
        return Ok(Found::These(best(all, text)));
    }
    let mut like: BTreeMap<TaskId, (usize, Task)> = BTreeMap::new();
    for word in words {
        for task in page(conn, user_id, vec![word], statuses, MAX_LIKE).await? {
            like.entry(task.state.task_id).or_insert((0, task)).0 += 1;
        }
    }
    let most = like.values().map(|(words, _)| *words).max();
    let like = like.into_values().filter(|(words, _)| Some(*words) == most);
    let mut like: Vec<Task> = like.map(|(_, task)| task).collect();
    like.sort_by_key(|task| order_of(&task.state.title));
    Ok(if like.is_empty() { Found::Nothing } else { Found::Like(like) })
}

/// Those whose title is the text, else begins with it, else all.
fn best(tasks: Vec<Task>, text: &str) -> Vec<Task> {
    let (whole, telling) = (order_of(text), order_of(&telling_phrase(text)));
    let is_title = |title: &str| title == whole || title == telling;
    let begins = |title: &str| title.starts_with(&whole) || title.starts_with(&telling);
    for fits in [&is_title as &dyn Fn(&str) -> bool, &begins] {
        let fitting: Vec<Task> =
            tasks.iter().filter(|task| fits(&order_of(&task.state.title))).cloned().collect();
        if !fitting.is_empty() {
            return fitting;
        }
    }
    tasks
}

/// A text without the words at its ends that say nothing: "the dentist task" is "dentist".
fn telling_phrase(text: &str) -> String {
    let folded = order_of(text);
    let mut words: Vec<&str> = folded.split(' ').collect();
    let is_empty = |word: Option<&&str>| word.is_some_and(|word| EMPTY_WORDS.contains(word));
    while words.len() > 1 && is_empty(words.first()) {
        words.remove(0);
    }
    while words.len() > 1 && is_empty(words.last()) {
        words.pop();
    }
    words.join(" ")
}

async fn page(
    conn: &mut PgConnection,
    user_id: UserId,
    words: Vec<String>,
    statuses: &[Status],
    limit: i64,
) -> Result<Vec<Task>, Failure> {
    let filter = Filter { statuses: statuses.to_vec(), words, ..Filter::default() };
    let sort = Sort { column: Column::DueDate, descending: false };
    let (tasks, _) = store::task_list::page(conn, user_id, &filter, sort, None, limit).await?;
    Ok(tasks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::series_tests::every_day_at_nine;

    fn titled(titles: &[&str]) -> Vec<Task> {
        let titled = |title: &&str| {
            let mut task = every_day_at_nine();
            task.state.title = (*title).to_owned();
            task
        };
        titles.iter().map(titled).collect()
    }

    fn best_of(titles: &[&str], text: &str) -> Vec<String> {
        let best = best(titled(titles), text);
        best.into_iter().map(|task| task.state.title).collect()
    }

    #[test]
    fn an_exact_title_wins_over_a_beginning_and_that_over_all_the_words() {
        let all = ["Dentist", "Dentist bill", "Call the dentist"];
        assert_eq!(best_of(&all, "dentist"), ["Dentist"]);
        assert_eq!(best_of(&all, "the dentist task"), ["Dentist"]);
        assert_eq!(best_of(&all[1..], "dentist"), ["Dentist bill"]);
        assert_eq!(best_of(&all[1..], "bill"), all[1..]);
        assert_eq!(best_of(&["The Task", "x"], "the task"), ["The Task"]);
    }

    #[test]
    fn words_that_say_nothing_are_left_out_unless_there_are_no_others() {
        assert_eq!(telling_words("the dentist one"), ["dentist"]);
        assert_eq!(telling_words("that one"), ["one", "that"]);
    }

    #[test]
    fn a_task_has_words_that_its_own_begin_with() {
        let [task] = titled(&["Call the dentist"]).try_into().expect("one");
        assert!(has_words(&task, &telling_words("the dent one")));
        assert!(!has_words(&task, &telling_words("the dentist bill")));
    }
}
