//! From commands to acts: which tasks are meant, what is asked back, what is called.

mod answering;
mod given;
mod target;

use events::{Status, TaskId, UserId};
use intent::{Command, Doubt, Parsed, Target};
use sqlx::PgConnection;

use self::{
    given::{add_task, listing, moving},
    target::Meant,
};
use super::{
    Action,
    mind::{Mind, Question},
    tools::{
        CallError, Toolbox, Use,
        arguments::{AddTask, Nothing, OneTask, Snooze, SomeTasks, Update},
        outcome::{Outcome, Shown},
    },
    words::{Clock, list, reply, talk},
};
use crate::{commands::bulk::MAX_TASKS, error::Failure};

/// Tasks that are not done.
const OPEN: [Status; 2] = [Status::Todo, Status::InProgress];

/// A message that is being answered.
pub(super) struct Turn<'t, 'a> {
    conn: &'t mut PgConnection,
    tools: &'t mut Toolbox<'a>,
    user_id: UserId,
    clock: Clock,
    mind: Mind,
    said: Vec<String>,
    actions: Vec<Action>,
    /// What this message has changed, in its order.
    touched: Vec<TaskId>,
}

/// What a message has come to.
pub(super) struct Turned {
    pub(super) reply: String,
    pub(super) actions: Vec<Action>,
    pub(super) mind: Mind,
}

/// What is to be done to tasks that are still to be found.
struct Act {
    what: Use,
    /// Among which tasks words are looked for.
    among: &'static [Status],
    is_for_one: bool,
    /// Whether a task that is not there may be added instead.
    offers: Option<AddTask>,
}

impl Act {
    fn to_many(what: Use) -> Self {
        Self { what, among: &OPEN, is_for_one: false, offers: None }
    }

    fn to_one(what: Use) -> Self {
        Self { is_for_one: true, ..Self::to_many(what) }
    }

    fn or_add(mut self, offered: AddTask) -> Self {
        self.offers = Some(offered);
        self
    }
}

impl<'t, 'a> Turn<'t, 'a> {
    pub(super) fn new(
        conn: &'t mut PgConnection,
        tools: &'t mut Toolbox<'a>,
        user_id: UserId,
        mind: Mind,
    ) -> Self {
        let clock = Clock { now: tools.now(), zone: tools.zone() };
        Self { conn, tools, user_id, clock, mind, said: vec![], actions: vec![], touched: vec![] }
    }

    /// After this was said.
    pub(super) fn after(mut self, said: String) -> Self {
        self.said.push(said);
        self
    }

    /// After these were changed by the same message.
    pub(super) fn touching(mut self, tasks: &[TaskId]) -> Self {
        self.touched.extend_from_slice(tasks);
        self
    }

    /// Does what a message asks for, or asks back.
    pub(super) async fn take(mut self, text: &str, parsed: Parsed) -> Result<Turned, Failure> {
        let is_answered = self.take_question(text, &parsed).await?;
        if !is_answered && !self.take_doubt(&parsed) {
            self.carry_out_all(parsed.commands).await?;
        }
        Ok(self.end())
    }

    /// The same where there is no doubt what is meant: else nothing is done, and what is in mind comes
    /// back with what was understood.
    pub(super) async fn take_if_sure(
        mut self,
        text: &str,
        parsed: Parsed,
    ) -> Result<Result<Turned, (Mind, Parsed)>, Failure> {
        if !self.take_question(text, &parsed).await? {
            // To what nobody asked of whom we know, somebody else may know the question.
            let is_stray = matches!(parsed.commands.as_slice(), [Command::Answer(_)]);
            if is_stray || !parsed.is_understood() {
                return Ok(Err((self.mind, parsed)));
            }
            self.carry_out_all(parsed.commands).await?;
        }
        Ok(Ok(self.end()))
    }

    /// Takes a message for the answer to the question that is open; then it is open no more.
    async fn take_question(&mut self, text: &str, parsed: &Parsed) -> Result<bool, Failure> {
        match self.mind.question.take() {
            Some(question) => self.take_answer(question, text, parsed).await,
            None => Ok(false),
        }
    }

    async fn carry_out_all(&mut self, commands: Vec<Command>) -> Result<(), Failure> {
        self.lock_ahead(&commands).await?;
        for command in commands {
            self.carry_out(command).await?;
        }
        Ok(())
    }

    /// What it has come to.
    pub(super) fn end(mut self) -> Turned {
        if self.touched.len() > 1 {
            self.touched.truncate(MAX_TASKS);
            self.mind.it = self.touched;
        }
        Turned { reply: self.said.join("\n"), actions: self.actions, mind: self.mind }
    }

    /// What is no task is not added as one without asking.
    fn take_doubt(&mut self, parsed: &Parsed) -> bool {
        let [Command::Add(new)] = parsed.commands.as_slice() else { return false };
        match parsed.doubt {
            Some(Doubt::Greeting) => self.say(talk::GREETING),
            Some(Doubt::Question) => {
                self.say(talk::NO_ANSWER);
                self.mind.question = Some(Question::Add(Box::new(add_task(new.clone()))));
            }
            _ => return false,
        }
        true
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), Failure> {
        match command {
            Command::Add(new) => self.add(add_task(new)).await,
            Command::List(query) => self.list(query).await,
            Command::Complete(target) => {
                let act = Act::to_many(Use::CompleteTasks(SomeTasks::default()));
                self.act_on(target, act.or_add(AddTask::default())).await
            }
            Command::Reopen(target) => {
                let act = Act::to_many(Use::ReopenTasks(SomeTasks::default()));
                self.act_on(target, Act { among: &[Status::Done], ..act }).await
            }
            Command::Reschedule(target, to) => {
                let (what, offered) = moving(to);
                self.act_on(target, Act::to_many(what).or_add(offered)).await
            }
            Command::Rename(target, title) => {
                let update = Update { title: Some(title), ..Update::default() };
                self.act_on(target, Act::to_one(Use::UpdateTask(update))).await
            }
            Command::SetPriority(target, priority) => {
                let update = Update { priority: Some(priority), ..Update::default() };
                let offered = AddTask { priority: Some(priority), ..AddTask::default() };
                self.act_on(target, Act::to_many(Use::UpdateTask(update)).or_add(offered)).await
            }
            Command::Tag { what, add, remove } => {
                let offered = AddTask { tags: add.clone(), ..AddTask::default() };
                let update = Update { add_tags: add, remove_tags: remove, ..Update::default() };
                self.act_on(what, Act::to_many(Use::UpdateTask(update)).or_add(offered)).await
            }
            Command::Describe(target, note) => {
                let offered = AddTask { description: Some(note.clone()), ..AddTask::default() };
                let update = Update { note: Some(note), ..Update::default() };
                self.act_on(target, Act::to_one(Use::UpdateTask(update)).or_add(offered)).await
            }
            Command::Delete(target) => {
                let act = Act::to_many(Use::DeleteTasks(SomeTasks::default()));
                self.act_on(target, Act { among: &[], ..act }).await
            }
            Command::Snooze(target, until) => {
                let act = Act::to_many(Use::Snooze(Snooze { task_ids: vec![], until }));
                let target = self.reminded_of(target).await?;
                self.act_on(target, act).await
            }
            Command::Skip(target) => {
                let act = Act::to_many(Use::SkipOccurrence(SomeTasks::default()));
                self.act_on(target, act).await
            }
            Command::Remind(target, specs) => {
                let offered = AddTask { reminders: Some(specs.clone()), ..AddTask::default() };
                let update = Update { add_reminders: specs, ..Update::default() };
                self.act_on(target, Act::to_many(Use::UpdateTask(update)).or_add(offered)).await
            }
            Command::Why(target) => {
                let target = self.reminded_of(target).await?;
                let act =
                    Act::to_one(Use::Why(OneTask { task_id: TaskId::from(uuid::Uuid::nil()) }));
                self.act_on(target, Act { among: &[], ..act }).await
            }
            Command::Undo => self.run(Use::Undo(Nothing {})).await,
            Command::Help => {
                self.say(talk::HELP);
                Ok(())
            }
            Command::Answer(answer) => self.take_stray_answer(answer).await,
        }
    }

    async fn add(&mut self, new: AddTask) -> Result<(), Failure> {
        if new.title.trim().is_empty() {
            self.say(talk::WHAT_TITLE);
            self.mind.question = Some(Question::Title(Box::new(new)));
            return Ok(());
        }
        self.run(Use::AddTask(new)).await
    }

    async fn list(&mut self, query: intent::Query) -> Result<(), Failure> {
        let is_counted = query.count;
        let asked = listing(query);
        if !is_counted {
            return self.run(Use::ListTasks(asked)).await;
        }
        let use_of = Use::ListTasks(asked.clone());
        if let Some(outcome) = self.call(&use_of).await? {
            if let Outcome::Listed { total, .. } = outcome {
                self.say(list::counted(&asked, total, &self.clock));
            }
            // Counted they were, and not shown.
            let shown = std::mem::take(&mut self.mind.shown);
            self.remember(&use_of, &outcome);
            self.mind.shown = shown;
        }
        Ok(())
    }

    /// Finds the tasks that are meant and acts on them, or asks.
    async fn act_on(&mut self, target: Target, act: Act) -> Result<(), Failure> {
        match self.meant(&target, &act).await? {
            Meant::These(ids) if ids.len() > 1 && act.is_for_one => {
                let tasks = self.tasks(&ids).await?;
                self.ask_which(act.what, tasks, true);
                Ok(())
            }
            Meant::These(ids) => self.run(act.what.with_tasks(ids)).await,
            Meant::OneOf(tasks) => {
                self.ask_which(act.what, tasks, act.is_for_one);
                Ok(())
            }
            Meant::Perhaps { words, tasks } => {
                self.say(talk::nothing_like(&words));
                self.ask_which(act.what, tasks, act.is_for_one);
                Ok(())
            }
            Meant::Nothing { words } => {
                self.offer(&words, act.offers);
                Ok(())
            }
            Meant::NotSo(said) => {
                self.say(said);
                Ok(())
            }
        }
    }

    /// Lists what may be meant, and keeps what is to be done.
    fn ask_which(&mut self, act: Use, tasks: Vec<Shown>, is_for_one: bool) {
        self.say(talk::which(&tasks, &self.clock));
        let ids: Vec<TaskId> = tasks.iter().map(Shown::id).collect();
        self.mind.shown.clone_from(&ids);
        self.mind.question = Some(Question::Which { act, tasks: ids, is_for_one });
    }

    /// Says that there is nothing with these words, and offers to add it.
    fn offer(&mut self, words: &str, offered: Option<AddTask>) {
        let Some(mut offered) = offered else {
            self.say(talk::nothing_with(words));
            return;
        };
        words.clone_into(&mut offered.title);
        self.say(talk::add_instead(words, offered.due_date, &self.clock));
        self.mind.question = Some(Question::Add(Box::new(offered)));
    }

    /// Calls a tool, tells what came of it, and remembers what it was about; what is refused is for who
    /// called.
    pub(super) async fn act(&mut self, use_of: &Use) -> Result<Outcome, CallError> {
        let outcome = self.tools.run(self.conn, use_of).await?;
        self.note(use_of, &outcome)?;
        self.tell(use_of, &outcome);
        Ok(outcome)
    }

    /// Asks whether this is to be done.
    pub(super) async fn ask_for_yes(&mut self, use_of: &Use) -> Result<(), Failure> {
        let outcome = self.tools.propose(self.conn, use_of).await?;
        self.note(use_of, &outcome)?;
        self.tell(use_of, &outcome);
        Ok(())
    }

    /// Calls a tool, tells what came of it, and remembers what it was about.
    pub(super) async fn run(&mut self, use_of: Use) -> Result<(), Failure> {
        if let Some(outcome) = self.call(&use_of).await? {
            self.tell(&use_of, &outcome);
        }
        Ok(())
    }

    /// Calls a tool; what it refuses is told.
    async fn call(&mut self, use_of: &Use) -> Result<Option<Outcome>, Failure> {
        match self.tools.run(self.conn, use_of).await {
            Ok(outcome) => {
                self.note(use_of, &outcome)?;
                Ok(Some(outcome))
            }
            Err(CallError::Failed(failure)) => Err(failure),
            Err(CallError::Arguments { reason, .. }) => {
                self.say(talk::refused(&reason));
                Ok(None)
            }
            Err(CallError::UnknownTool(name)) => {
                self.say(talk::refused(&name));
                Ok(None)
            }
        }
    }

    fn note(&mut self, use_of: &Use, outcome: &Outcome) -> Result<(), Failure> {
        self.actions.push(Action {
            tool: use_of.tool().name().to_owned(),
            arguments: use_of.arguments(),
            result: serde_json::to_value(outcome).map_err(Failure::internal)?,
        });
        Ok(())
    }

    fn tell(&mut self, use_of: &Use, outcome: &Outcome) {
        self.say(reply::told(use_of, outcome, &self.clock));
        self.remember(use_of, outcome);
    }

    fn remember(&mut self, use_of: &Use, outcome: &Outcome) {
        if let Outcome::Done(done) = outcome {
            self.touched.extend(done.tasks.iter().map(|task| task.after.id()));
        }
        self.mind.remember(use_of, outcome);
    }

    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.said.push(text.into());
    }
}
