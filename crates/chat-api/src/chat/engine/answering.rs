//! What a message answers that was asked before it.

use events::TaskId;
use intent::{Answer, Command, NewTask, Parsed, Target};

use super::{
    Act, Turn,
    given::add_task,
    target::{Meant, named, placed},
};
use crate::{
    chat::{
        mind::Question,
        tools::{
            Use,
            arguments::{AddTask, Nothing},
            outcome::Shown,
        },
        words::talk,
    },
    error::Failure,
};

/// Whether a command is the very act that was asked about: "delete them".
fn is_that(act: &Use, command: &Command) -> bool {
    let is_these = |target: &Target| matches!(target, Target::It | Target::Them);
    match (act, command) {
        (Use::DeleteTasks(_), Command::Delete(target))
        | (Use::CompleteTasks(_), Command::Complete(target))
        | (Use::ReopenTasks(_), Command::Reopen(target))
        | (Use::SkipOccurrence(_), Command::Skip(target)) => is_these(target),
        _ => false,
    }
}

impl Turn<'_, '_> {
    /// Takes a message for the answer to a question. `false` where it is a new command: then the question
    /// is dropped.
    pub(super) async fn take_answer(
        &mut self,
        question: Question,
        text: &str,
        parsed: &Parsed,
    ) -> Result<bool, Failure> {
        let [command] = parsed.commands.as_slice() else { return Ok(false) };
        match (question, command) {
            (Question::Title(new), command) => self.take_title(*new, command).await,
            (Question::Add(new), Command::Answer(Answer::Yes)) => {
                self.add(*new).await?;
                Ok(true)
            }
            (Question::Which { act, tasks, is_for_one }, Command::Answer(answer)) => {
                self.take_choice(act, (tasks.as_slice(), is_for_one), answer).await?;
                Ok(true)
            }
            (Question::Which { act, tasks, is_for_one }, Command::Add(new)) => {
                self.take_words(act, (tasks.as_slice(), is_for_one), text, new).await
            }
            (Question::Confirm { act, tasks }, Command::Answer(answer)) => {
                self.take_confirmation(act, &tasks, answer).await?;
                Ok(true)
            }
            (Question::Confirm { act, tasks }, command) if is_that(&act, command) => {
                self.take_confirmation(act, &tasks, &Answer::Yes).await?;
                Ok(true)
            }
            (_, Command::Answer(Answer::No)) => {
                self.say(talk::NOTHING_CHANGED);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// An answer to nothing that was asked.
    pub(super) async fn take_stray_answer(&mut self, answer: Answer) -> Result<(), Failure> {
        let target = match answer {
            Answer::Yes | Answer::No => {
                self.say(talk::NOTHING_ASKED);
                return Ok(());
            }
            Answer::These(target) => target,
        };
        // As if it were looked at.
        let look = Act { among: &[], ..Act::to_one(Use::Undo(Nothing {})) };
        let tasks = match self.meant(&target, &look).await? {
            Meant::These(ids) => self.tasks(&ids).await?,
            Meant::OneOf(tasks) | Meant::Perhaps { tasks, .. } => tasks,
            Meant::Nothing { words } => {
                self.say(talk::nothing_with(&words));
                return Ok(());
            }
            Meant::NotSo(said) => {
                self.say(said);
                return Ok(());
            }
        };
        self.mind.it = tasks.iter().map(Shown::id).collect();
        self.say(talk::what_with(&tasks));
        Ok(())
    }

    async fn take_title(&mut self, asked: AddTask, command: &Command) -> Result<bool, Failure> {
        match command {
            Command::Add(new) if !new.title.trim().is_empty() => {
                let given = add_task(new.clone());
                self.add(AddTask {
                    title: given.title,
                    description: None,
                    priority: given.priority.or(asked.priority),
                    due_date: given.due_date.or(asked.due_date),
                    recurrence: given.recurrence.or(asked.recurrence),
                    reminders: given.reminders.or(asked.reminders),
                    tags: if given.tags.is_empty() { asked.tags } else { given.tags },
                })
                .await?;
                Ok(true)
            }
            Command::Answer(Answer::No) => {
                self.say(talk::NOTHING_CHANGED);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn take_choice(
        &mut self,
        act: Use,
        (tasks, is_for_one): (&[TaskId], bool),
        answer: &Answer,
    ) -> Result<(), Failure> {
        let chosen = match answer {
            Answer::No => {
                self.say(talk::NOTHING_CHANGED);
                return Ok(());
            }
            Answer::Yes => tasks.to_vec(),
            Answer::These(target) => match self.chosen(target, tasks).await? {
                Ok(ids) => ids,
                Err(said) => {
                    self.say(said);
                    return self.ask_again(act, tasks, is_for_one).await;
                }
            },
        };
        // Yes to several, and words that several have, are no choice.
        let is_choice =
            matches!(answer, Answer::These(target) if !matches!(target, Target::Words(_)));
        if chosen.len() > 1 && (is_for_one || !is_choice) {
            return self.ask_again(act, &chosen, is_for_one).await;
        }
        self.run(act.with_tasks(chosen)).await
    }

    /// Which of those that were asked about are chosen; or what is to be said.
    async fn chosen(
        &mut self,
        target: &Target,
        tasks: &[TaskId],
    ) -> Result<Result<Vec<TaskId>, String>, Failure> {
        let Target::Words(words) = target else { return Ok(placed(target, tasks)) };
        let meant = named(words, &self.tasks(tasks).await?);
        Ok(if meant.is_empty() { Err(talk::none_of_them(words)) } else { Ok(meant) })
    }

    async fn ask_again(
        &mut self,
        act: Use,
        tasks: &[TaskId],
        is_for_one: bool,
    ) -> Result<(), Failure> {
        let tasks = self.tasks(tasks).await?;
        if tasks.is_empty() {
            self.say(talk::GONE);
        } else {
            self.ask_which(act, tasks, is_for_one);
        }
        Ok(())
    }

    /// "The dentist one": no command by itself, and words of some of those that were asked about.
    async fn take_words(
        &mut self,
        act: Use,
        (tasks, is_for_one): (&[TaskId], bool),
        text: &str,
        new: &NewTask,
    ) -> Result<bool, Failure> {
        // Whoever says when, wants a task to be made.
        let bare = NewTask { title: new.title.clone(), ..NewTask::default() };
        if *new != bare {
            return Ok(false);
        }
        let meant = named(text, &self.tasks(tasks).await?);
        match meant.as_slice() {
            [] => return Ok(false),
            [_] => self.run(act.with_tasks(meant)).await?,
            _ => self.ask_again(act, &meant, is_for_one).await?,
        }
        Ok(true)
    }

    async fn take_confirmation(
        &mut self,
        act: Use,
        asked: &[(TaskId, i64)],
        answer: &Answer,
    ) -> Result<(), Failure> {
        let all: Vec<TaskId> = asked.iter().map(|(id, _)| *id).collect();
        let ids = match answer {
            Answer::No => {
                self.say(talk::NOTHING_CHANGED);
                return Ok(());
            }
            Answer::Yes => all,
            Answer::These(target) => match self.chosen(target, &all).await? {
                Ok(ids) => ids,
                Err(said) => {
                    self.say(said);
                    self.mind.question = Some(Question::Confirm { act, tasks: asked.to_vec() });
                    return Ok(());
                }
            },
        };
        let act = act.with_tasks(ids);
        let outcome = self.tools.run_confirmed(self.conn, &act, asked).await?;
        self.note(&act, &outcome)?;
        self.tell(&act, &outcome);
        Ok(())
    }
}
