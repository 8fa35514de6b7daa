//! Which tasks a phrase means.

use std::collections::HashMap;

use events::{Status, TaskId};
use intent::{Command, Target};

use super::{Act, OPEN, Turn, given::listing};
use crate::{
    chat::{
        find::{self, Found},
        tools::{
            Use,
            arguments::{ListTasks, Nothing},
            outcome::Shown,
        },
        words::{list, talk},
    },
    commands::bulk::MAX_TASKS,
    error::Failure,
    store,
};

/// What is meant.
pub(super) enum Meant {
    /// These.
    These(Vec<TaskId>),
    /// One of these, or some.
    OneOf(Vec<Shown>),
    /// Nothing has all the words; these have some.
    Perhaps { words: String, tasks: Vec<Shown> },
    /// Nothing has any of the words.
    Nothing { words: String },
    /// None that could be acted on; this is to be said.
    NotSo(String),
}

/// The tasks that a command names, and among which words are looked for.
fn named_by(command: &Command) -> Option<(&Target, &'static [Status])> {
    Some(match command {
        Command::Reopen(target) => (target, &[Status::Done]),
        Command::Delete(target) => (target, &[]),
        Command::Complete(target)
        | Command::Reschedule(target, _)
        | Command::Rename(target, _)
        | Command::SetPriority(target, _)
        | Command::Tag { what: target, .. }
        | Command::Describe(target, _)
        | Command::Snooze(target, _)
        | Command::Skip(target)
        | Command::Remind(target, _) => (target, &OPEN),
        Command::Add(_)
        | Command::List(_)
        | Command::Undo
        | Command::Help
        | Command::Why(_)
        | Command::Answer(_) => return None,
    })
}

impl Turn<'_, '_> {
    /// Locks what several commands of one message are about, in the order of ids as everywhere, before the
    /// first of them has locks that another one waits for. What only becomes clear by what a command before
    /// it does is locked when it is.
    pub(super) async fn lock_ahead(&mut self, commands: &[Command]) -> Result<(), Failure> {
        if commands.len() < 2 {
            return Ok(());
        }
        let mind = self.mind.clone();
        let mut all = vec![];
        for (target, among) in commands.iter().filter_map(named_by) {
            let look = Act { among, ..Act::to_many(Use::Undo(Nothing {})) };
            if let Meant::These(ids) = self.meant(target, &look).await? {
                all.extend(ids);
            }
        }
        self.mind = mind;
        self.tools.lock(self.conn, &all).await
    }

    pub(super) async fn meant(&mut self, target: &Target, act: &Act) -> Result<Meant, Failure> {
        match target {
            Target::Words(words) => self.by_words(words, act).await,
            Target::It => self.spoken_of(false).await,
            Target::Them => self.spoken_of(true).await,
            Target::Places(_) | Target::LastPlace | Target::Both => {
                let shown = self.mind.shown.clone();
                match placed(target, &shown) {
                    Ok(ids) => self.still_there(ids).await,
                    // What was spoken of last, where two were.
                    Err(_) if *target == Target::Both && self.mind.it.len() == 2 => {
                        self.still_there(self.mind.it.clone()).await
                    }
                    Err(said) => Ok(Meant::NotSo(said)),
                }
            }
            Target::Those(query) => {
                let mut asked = listing(query.clone());
                if act.among == [Status::Done] {
                    asked.status = Some(Status::Done);
                }
                self.all_of(&asked).await
            }
        }
    }

    /// The task that somebody was reminded of last, where nothing was spoken of and a reminder is meant.
    pub(super) async fn reminded_of(&mut self, target: Target) -> Result<Target, Failure> {
        if target == Target::It && self.mind.it.is_empty() {
            let last = store::reminders::last_reminded(self.conn, self.user_id).await?;
            self.mind.it.extend(last);
        }
        Ok(target)
    }

    /// Tasks by their ids, in that order; those in the trash are left out.
    pub(super) async fn tasks(&mut self, ids: &[TaskId]) -> Result<Vec<Shown>, Failure> {
        let uuids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
        let found = store::tasks::some(self.conn, self.user_id, &uuids).await?;
        let mut found: HashMap<TaskId, Shown> =
            found.into_iter().map(|task| (task.state.task_id, Shown::new(task))).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    pub(super) async fn by_words(&mut self, words: &str, act: &Act) -> Result<Meant, Failure> {
        // Where any will do, what is open comes before what is done.
        let among: &[&[Status]] = match act.among {
            [] => &[&OPEN, &[Status::Done]],
            among => &[among],
        };
        let mut like = None;
        for statuses in among {
            match find::find(self.conn, self.user_id, words, statuses).await? {
                Found::These(tasks) => {
                    let tasks: Vec<Shown> = tasks.into_iter().map(Shown::new).collect();
                    return Ok(match tasks.as_slice() {
                        [one] => Meant::These(vec![one.id()]),
                        _ => Meant::OneOf(tasks),
                    });
                }
                Found::Like(tasks) => like = like.or(Some(tasks)),
                Found::Nothing => {}
            }
        }
        if let Some(said) = self.is_otherwise(words, act).await? {
            return Ok(Meant::NotSo(said));
        }
        let words = words.to_owned();
        Ok(match like {
            Some(tasks) => {
                Meant::Perhaps { words, tasks: tasks.into_iter().map(Shown::new).collect() }
            }
            None => Meant::Nothing { words },
        })
    }

    /// What is done already, or open anyway, and so was not found.
    async fn is_otherwise(&mut self, words: &str, act: &Act) -> Result<Option<String>, Failure> {
        let statuses: &[Status] = match act.what {
            Use::CompleteTasks(_) => &[Status::Done],
            Use::ReopenTasks(_) => &OPEN,
            _ => return Ok(None),
        };
        let found = find::find(self.conn, self.user_id, words, statuses).await?;
        let Found::These(tasks) = found else { return Ok(None) };
        let [task] = tasks.as_slice() else { return Ok(None) };
        self.mind.it = vec![task.state.task_id];
        Ok(Some(talk::is_so_already(task)))
    }

    /// What was spoken of last: one, or all of it.
    async fn spoken_of(&mut self, is_many: bool) -> Result<Meant, Failure> {
        if is_many && let Some(asked) = self.mind.all.clone() {
            return self.all_of(&asked).await;
        }
        let spoken_of = self.mind.it.clone();
        if spoken_of.is_empty() {
            return Ok(Meant::NotSo(talk::WHICH_ONE.to_owned()));
        }
        let tasks = self.tasks(&spoken_of).await?;
        Ok(match tasks.as_slice() {
            [] => Meant::NotSo(talk::GONE.to_owned()),
            [one] => Meant::These(vec![one.id()]),
            _ if is_many => Meant::These(tasks.iter().map(Shown::id).collect()),
            _ => Meant::OneOf(tasks),
        })
    }

    async fn still_there(&mut self, ids: Vec<TaskId>) -> Result<Meant, Failure> {
        let tasks = self.tasks(&ids).await?;
        Ok(match tasks.as_slice() {
            [] => Meant::NotSo(talk::GONE.to_owned()),
            tasks => Meant::These(tasks.iter().map(Shown::id).collect()),
        })
    }

    /// All that a list would show.
    async fn all_of(&mut self, asked: &ListTasks) -> Result<Meant, Failure> {
        let most = i64::try_from(MAX_TASKS).unwrap_or(i64::MAX);
        let (tasks, total) = self.tools.matching(self.conn, asked, most).await?;
        Ok(match total {
            0 => Meant::NotSo(list::counted(asked, 0, &self.clock)),
            total if total > most => Meant::NotSo(talk::too_many(total, most)),
            _ => Meant::These(tasks.iter().map(|task| task.state.task_id).collect()),
        })
    }
}

/// Which of some tasks are meant by words of theirs.
pub(super) fn named(words: &str, tasks: &[Shown]) -> Vec<TaskId> {
    let telling = find::telling_words(words);
    let meant = tasks.iter().filter(|task| find::has_words(&task.0, &telling));
    meant.map(Shown::id).collect()
}

/// Which of what was shown are meant by their places; or what is to be said.
pub(super) fn placed(target: &Target, shown: &[TaskId]) -> Result<Vec<TaskId>, String> {
    if shown.is_empty() {
        return Err(talk::WHICH_ONE.to_owned());
    }
    match target {
        Target::Places(places) => {
            let mut ids = Vec::with_capacity(places.len());
            for place in places {
                let id = place.checked_sub(1).and_then(|index| shown.get(index));
                let id = *id.ok_or_else(|| talk::no_such_place(*place, shown.len()))?;
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            if ids.is_empty() { Err(talk::WHICH_ONE.to_owned()) } else { Ok(ids) }
        }
        Target::LastPlace => Ok(shown[shown.len() - 1..].to_vec()),
        Target::Both if shown.len() == 2 => Ok(shown.to_vec()),
        Target::Both => Err(talk::not_two(shown.len())),
        Target::It if shown.len() > 1 => Err(talk::WHICH_OF_THEM.to_owned()),
        Target::It | Target::Them => Ok(shown.to_vec()),
        // These are not found by their places.
        Target::Words(_) | Target::Those(_) => Err(talk::WHICH_ONE.to_owned()),
    }
}
