//! What a message answers that was asked before it.

use events::TaskId;
use intent::{Answer, Command, NewTask, Parsed, Target};

use super::{Turn, add_task, target::placed};
use crate::{
    chat::{
        find::{has_words, telling_words},
        mind::Question,
        tools::{Use, arguments::AddTask, outcome::Shown},
        words::talk,
    },
    error::Failure,
};

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
                let one_of = (tasks.as_slice(), is_for_one);
                self.take_choice(act, one_of, answer).await?;
                Ok(true)
            }
            (Question::Which { act, tasks, is_for_one }, Command::Add(new)) => {
                self.take_words(act, (tasks.as_slice(), is_for_one), text, new).await
            }
            (Question::Confirm { act, tasks }, Command::Answer(answer)) => {
                self.take_confirmation(act, &tasks, answer).await?;
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
        match placed(&target, &self.mind.shown) {
            Ok(ids) => {
                let tasks = self.tasks(&ids).await?;
                self.mind.it = tasks.iter().map(Shown::id).collect();
                self.say(talk::what_with(&tasks));
            }
            Err(said) => self.say(said),
        }
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
            // "It" where several were asked about is no choice.
            Answer::These(Target::It) if tasks.len() > 1 => tasks.to_vec(),
            Answer::These(target) => match placed(target, tasks) {
                Ok(ids) => ids,
                Err(said) => {
                    self.say(said);
                    return self.ask_again(act, tasks, is_for_one).await;
                }
            },
        };
        let is_choice = !matches!(answer, Answer::Yes | Answer::These(Target::It));
        if chosen.len() > 1 && (is_for_one || !is_choice) {
            return self.ask_again(act, tasks, is_for_one).await;
        }
        self.run(act.with_tasks(chosen)).await
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
        let words = telling_words(text);
        let asked_about = self.tasks(tasks).await?;
        let meant: Vec<Shown> =
            asked_about.into_iter().filter(|task| has_words(&task.0, &words)).collect();
        match meant.as_slice() {
            [] => Ok(false),
            [one] => {
                let ids = vec![one.id()];
                self.run(act.with_tasks(ids)).await?;
                Ok(true)
            }
            _ => {
                self.ask_which(act, meant, is_for_one);
                Ok(true)
            }
        }
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
            Answer::These(target) => match placed(target, &all) {
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
