//! The tools: what can be done in a conversation, the same for the grammar, for a language model and for
//! whoever else calls them by name.
//!
//! Owns: each tool's name, description, arguments and result. Promises: a tool runs through the same
//! commands and queries as the HTTP API, for one person, within the caller's transaction; arguments that
//! are wrong are refused before anything is done. Never: HTTP; a yes in a person's place. What deletes more
//! than one task, or changes more than [`MAX_UNASKED`], answers what it would do, and only the
//! conversation carries that out, when the person has said so.

pub(crate) mod arguments;
mod change;
mod due;
pub(crate) mod list;
pub(crate) mod outcome;
#[cfg(test)]
mod tests;
mod undo;
mod why;

use chrono::{DateTime, Utc};
use events::{TaskId, TimeZone};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use self::{
    arguments::{AddTask, ListTasks, Nothing, OneTask, Reschedule, Snooze, SomeTasks, Update},
    outcome::{Outcome, Shown},
    undo::Change,
};
use crate::{
    commands::acts::Acts,
    context::{Call, Context},
    domain::{Refused, settings::Settings},
    error::Failure,
    store,
};

/// The most tasks that are changed at once without the person's yes.
pub(crate) const MAX_UNASKED: usize = 10;
/// The most tasks that are deleted at once without the person's yes.
pub(crate) const MAX_DELETED_UNASKED: usize = 1;

macro_rules! tools {
    ($($(#[doc = $doc:literal])+ $tool:ident($arguments:ty) = $name:literal, $effect:ident;)*) => {
        /// A tool.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Tool { $($(#[doc = $doc])+ $tool),* }

        /// A tool with its arguments, whose shape is right.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "tool", content = "arguments", rename_all = "snake_case")]
        pub(crate) enum Use { $($(#[doc = $doc])+ $tool($arguments)),* }

        impl Tool {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$tool),*];

            /// What it is called by.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$tool => $name),* }
            }

            /// What it does, for whoever chooses.
            pub(crate) const fn description(self) -> &'static str {
                match self { $(Self::$tool => concat!($($doc),+).trim_ascii()),* }
            }

            /// What it does to tasks.
            pub(crate) const fn effect(self) -> Effect {
                match self { $(Self::$tool => Effect::$effect),* }
            }

            fn schema(self) -> Value {
                match self { $(Self::$tool => schema::<$arguments>()),* }
            }

            fn read(self, arguments: Value) -> serde_json::Result<Use> {
                Ok(match self {
                    $(Self::$tool => Use::$tool(serde_json::from_value(arguments)?)),*
                })
            }
        }

        impl Use {
            /// Which tool it is.
            pub(crate) const fn tool(&self) -> Tool {
                match self { $(Self::$tool(_) => Tool::$tool),* }
            }

            /// Its arguments.
            pub(crate) fn arguments(&self) -> Value {
                match self {
                    $(Self::$tool(arguments) => serde_json::to_value(arguments)),*
                }
                .unwrap_or_default()
            }
        }
    };
}

tools! {
    /// Lists the person's tasks, what is due first at the top. Without a status, those that are not done.
    ListTasks(ListTasks) = "list_tasks", Reads;
    /// Shows one task whole.
    GetTask(OneTask) = "get_task", Reads;
    /// Makes a task. It reminds at its due time unless other reminders are given.
    AddTask(AddTask) = "add_task", Changes;
    /// Says that tasks are done. One that repeats passes on to its next occurrence.
    CompleteTasks(SomeTasks) = "complete_tasks", Changes;
    /// Says that tasks are not done after all.
    ReopenTasks(SomeTasks) = "reopen_tasks", Changes;
    /// Moves the due time of tasks. Of one that repeats, only the current occurrence is moved.
    RescheduleTasks(Reschedule) = "reschedule_tasks", Changes;
    /// Changes what tasks say: title, description, priority, tags, how they repeat, when they remind.
    UpdateTask(Update) = "update_task", Changes;
    /// Puts tasks into the trash.
    DeleteTasks(SomeTasks) = "delete_tasks", Destroys;
    /// Lets the last reminder of tasks come again later; before any has come, lets the next come later.
    Snooze(Snooze) = "snooze", Changes;
    /// Passes over the current occurrence of tasks that repeat, without doing it.
    SkipOccurrence(SomeTasks) = "skip_occurrence", Changes;
    /// Says what happened to a task: why a reminder came, or did not.
    Why(OneTask) = "why", Reads;
    /// Takes back what was done last in this conversation; called again, what was done before that.
    Undo(Nothing) = "undo", Changes;
}

/// What a tool does to tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Reads,
    /// It changes some.
    Changes,
    /// It takes some away.
    Destroys,
}

/// What a caller has to know of a tool.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    /// JSON Schema (draft 2020-12) of its arguments, an object, without references.
    pub(crate) arguments: Value,
    pub(crate) effect: Effect,
}

/// Why a call is refused; nothing was done then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// There is no such tool.
    #[error("there is no tool {0:?}")]
    UnknownTool(String),
    /// The arguments are not what the tool takes.
    #[error("{}: {reason}", .tool.name())]
    Arguments {
        /// The tool.
        tool: Tool,
        /// What is wrong, for whoever called.
        reason: String,
    },
    /// It could not be carried out.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The tools as one person has them in one conversation, within a transaction.
///
/// Whoever calls tools begins the transaction, locks the conversation, and ends with [`Toolbox::keep`] and
/// the commit: then what was done is told, and may be taken back.
pub(crate) struct Toolbox<'a> {
    call: Call,
    conversation_id: Uuid,
    settings: Settings,
    /// By the database's clock, when the transaction's work began.
    now: DateTime<Utc>,
    acts: Acts<'a>,
    changes: Vec<Change>,
}

/// All tools, in the order of their table.
pub(crate) fn specs() -> Vec<Spec> {
    let spec = |tool: &Tool| Spec {
        name: tool.name(),
        description: tool.description(),
        arguments: tool.schema(),
        effect: tool.effect(),
    };
    Tool::ALL.iter().map(spec).collect()
}

fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        // Callers want an object, even where it has nothing in it.
        object.entry("properties").or_insert_with(|| json!({}));
        object.remove("title");
        object.remove("description");
    }
    schema
}

impl Use {
    /// Reads a call by name.
    pub(crate) fn read(name: &str, arguments: Value) -> Result<Self, CallError> {
        let tool = Tool::ALL.iter().copied().find(|tool| tool.name() == name);
        let tool = tool.ok_or_else(|| CallError::UnknownTool(name.to_owned()))?;
        let refuse = |reason: String| CallError::Arguments { tool, reason };
        let read = tool.read(arguments).map_err(|error| refuse(error.to_string()))?;
        read.check().map_err(|refused| refuse(refused.to_string()))?;
        Ok(read)
    }

    /// What the shape can't say.
    fn check(&self) -> Result<(), Refused> {
        if let Some(task_ids) = self.task_ids() {
            arguments::check_ids(task_ids)?;
        }
        match self {
            Self::ListTasks(asked) => asked.check(),
            Self::AddTask(new) => new.clone().into_new().map(drop),
            Self::RescheduleTasks(Reschedule { when, .. }) => when.check(),
            Self::UpdateTask(update) => update.check(),
            Self::Snooze(snooze) => snooze.check(),
            _ => Ok(()),
        }
    }

    /// The tasks that it is to change, where it names any.
    pub(crate) fn task_ids(&self) -> Option<&[TaskId]> {
        match self {
            Self::CompleteTasks(SomeTasks { task_ids })
            | Self::ReopenTasks(SomeTasks { task_ids })
            | Self::DeleteTasks(SomeTasks { task_ids })
            | Self::SkipOccurrence(SomeTasks { task_ids })
            | Self::RescheduleTasks(Reschedule { task_ids, .. })
            | Self::UpdateTask(Update { task_ids, .. })
            | Self::Snooze(Snooze { task_ids, .. }) => Some(task_ids),
            _ => None,
        }
    }

    /// The same for these tasks.
    pub(crate) fn with_tasks(mut self, ids: Vec<TaskId>) -> Self {
        match &mut self {
            Self::CompleteTasks(SomeTasks { task_ids })
            | Self::ReopenTasks(SomeTasks { task_ids })
            | Self::DeleteTasks(SomeTasks { task_ids })
            | Self::SkipOccurrence(SomeTasks { task_ids })
            | Self::RescheduleTasks(Reschedule { task_ids, .. })
            | Self::UpdateTask(Update { task_ids, .. })
            | Self::Snooze(Snooze { task_ids, .. }) => *task_ids = ids,
            Self::GetTask(one) | Self::Why(one) => {
                if let [task_id] = ids.as_slice() {
                    one.task_id = *task_id;
                }
            }
            Self::ListTasks(_) | Self::AddTask(_) | Self::Undo(_) => {}
        }
        self
    }

    /// Whether it is for the person to say.
    fn needs_confirmation(&self) -> bool {
        let most = match self.tool().effect() {
            Effect::Reads => return false,
            Effect::Changes => MAX_UNASKED,
            Effect::Destroys => MAX_DELETED_UNASKED,
        };
        self.task_ids().is_some_and(|task_ids| task_ids.len() > most)
    }
}

impl<'a> Toolbox<'a> {
    /// The tools for who calls, in a conversation whose row is locked.
    pub(crate) async fn open(
        conn: &mut PgConnection,
        context: &'a Context,
        call: Call,
        conversation_id: Uuid,
    ) -> Result<Self, Failure> {
        let person = store::persons::find(conn, call.user_id).await?;
        let settings = person.ok_or(Failure::NotSignedIn)?.settings;
        let now = messaging::now(conn).await?;
        let acts = Acts::new(context, call);
        Ok(Self { call, conversation_id, settings, now, acts, changes: vec![] })
    }

    /// The person's zone.
    pub(crate) const fn zone(&self) -> TimeZone {
        self.settings.time_zone
    }

    /// What is the person's own choice.
    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Locks tasks that are about to be acted on.
    pub(super) async fn lock(
        &self,
        conn: &mut PgConnection,
        task_ids: &[TaskId],
    ) -> Result<(), Failure> {
        self.acts.lock_all(conn, task_ids).await.map(drop)
    }

    /// Runs a tool, or answers that it is for the person to say.
    pub(crate) async fn run(
        &mut self,
        conn: &mut PgConnection,
        use_of: &Use,
    ) -> Result<Outcome, CallError> {
        let tool = use_of.tool();
        let refuse = |refused: Refused| CallError::Arguments { tool, reason: refused.to_string() };
        use_of.check().map_err(refuse)?;
        if use_of.needs_confirmation() {
            return Ok(self.propose(conn, use_of).await?);
        }
        Ok(self.carry_out(conn, use_of, None).await?)
    }

    /// Does nothing, and answers what it would be done to; of tasks that are all gone, that they are.
    pub(super) async fn propose(
        &mut self,
        conn: &mut PgConnection,
        use_of: &Use,
    ) -> Result<Outcome, Failure> {
        let tasks = self.acts.lock_all(conn, use_of.task_ids().unwrap_or_default()).await?;
        let there = tasks.into_iter().filter(|task| !task.is_deleted());
        let tasks: Vec<Shown> = there.map(Shown::new).collect();
        if tasks.is_empty() {
            return self.carry_out(conn, use_of, None).await;
        }
        Ok(Outcome::NeedsConfirmation { would: use_of.tool(), tasks })
    }

    /// Carries out what the person has said yes to: of these tasks, those that still have the version
    /// that they were asked about.
    pub(super) async fn run_confirmed(
        &mut self,
        conn: &mut PgConnection,
        use_of: &Use,
        asked: &[(TaskId, i64)],
    ) -> Result<Outcome, Failure> {
        self.carry_out(conn, use_of, Some(asked)).await
    }

    async fn carry_out(
        &mut self,
        conn: &mut PgConnection,
        use_of: &Use,
        asked: Option<&[(TaskId, i64)]>,
    ) -> Result<Outcome, Failure> {
        match use_of {
            Use::ListTasks(asked) => self.list(conn, asked).await,
            Use::GetTask(OneTask { task_id }) => self.get(conn, *task_id).await,
            Use::AddTask(new) => self.add(conn, new.clone()).await,
            Use::Why(OneTask { task_id }) => self.tell_story(conn, *task_id).await,
            Use::Undo(Nothing {}) => self.undo(conn).await,
            Use::CompleteTasks(_)
            | Use::ReopenTasks(_)
            | Use::RescheduleTasks(_)
            | Use::UpdateTask(_)
            | Use::DeleteTasks(_)
            | Use::Snooze(_)
            | Use::SkipOccurrence(_) => self.change(conn, use_of, asked).await,
        }
    }

    /// Keeps what may be taken back, under the place of the answer that tells of it, and tells what was
    /// done. The transaction is to be committed next.
    pub(crate) async fn keep(
        &mut self,
        conn: &mut PgConnection,
        place: i32,
    ) -> Result<(), Failure> {
        self.keep_changes(conn, place).await?;
        self.acts.tell(conn).await
    }

    /// Wakes who waits for what was told. To be called after the commit.
    pub(crate) fn wake(&self) {
        self.acts.wake();
    }
}
