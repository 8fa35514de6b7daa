//! What tools are called with: shapes, which the schemas tell, and checks, which say what is wrong.

use chrono::{DateTime, NaiveDate, Utc};
use events::{Due, Priority, RecurrenceRule, ReminderSpec, Status, TaskId};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use crate::{
    commands::bulk::MAX_TASKS,
    domain::{
        Refused,
        schedule::{check_due, check_instant, check_recurrence, check_reminders},
        tag::Tags,
        task::NewTask,
        text::{Description, TaskTitle},
    },
};

/// The most tasks that one call lists.
pub(crate) const MAX_LISTED: u16 = 50;
/// How many tasks a call lists that does not say.
pub(crate) const DEFAULT_LISTED: u16 = 20;
/// The longest words that are looked for, in characters.
pub(crate) const MAX_WORDS_CHARS: usize = 500;

/// Which tasks to list; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListTasks {
    /// Words that title, description or tags begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) words: Option<String>,
    /// Tags that they all have, without #.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
    /// How much they matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<Priority>,
    /// How far they are. Left out: all that is not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Status>,
    /// Due on this day or later, in the person's zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_from: Option<NaiveDate>,
    /// Due on this day or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_to: Option<NaiveDate>,
    /// Only those whose due time is over.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) overdue: bool,
    /// Only those that repeat.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) recurring: bool,
    /// How many at the most, 1 to 50; 20 where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_LISTED))]
    pub(crate) limit: Option<u16>,
}

/// One task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneTask {
    pub(crate) task_id: TaskId,
}

/// Some tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SomeTasks {
    /// 1 to 200 different tasks.
    #[schemars(length(min = 1, max = MAX_TASKS))]
    pub(crate) task_ids: Vec<TaskId>,
}

/// A new task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddTask {
    /// What is to be done, 1 to 500 characters.
    pub(crate) title: String,
    /// More about it, Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// MEDIUM where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<Priority>,
    /// Of what repeats where it is left out: the first occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<Due>,
    /// How it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recurrence: Option<RecurrenceRule>,
    /// Left out: one at the due time. Empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reminders: Option<Vec<ReminderSpec>>,
    /// Its tags, without #.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
}

/// Tasks that are to be due at another time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reschedule {
    /// 1 to 200 different tasks.
    #[serde(default)]
    #[schemars(length(min = 1, max = MAX_TASKS))]
    pub(crate) task_ids: Vec<TaskId>,
    /// When they are due instead.
    pub(crate) when: When,
}

/// When tasks are due instead. Of what repeats, this moves the current occurrence only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum When {
    /// At this time.
    To {
        due_date: Due,
        /// What each keeps of the time that it had, where it had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep: Option<Keep>,
    },
    /// So much later, or earlier where negative; by the calendar, then by the clock.
    By {
        #[serde(default)]
        months: i32,
        #[serde(default)]
        days: i64,
        #[serde(default)]
        seconds: i64,
    },
    /// Never.
    Never {},
}

/// A part of a due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Keep {
    /// The day: only the time of day is another.
    Day,
    /// The time of day: only the day is another.
    Time,
}

/// What is to change of tasks; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Update {
    /// 1 to 200 different tasks.
    #[schemars(length(min = 1, max = MAX_TASKS))]
    pub(crate) task_ids: Vec<TaskId>,
    /// 1 to 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    /// Instead of what is there; null removes it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<Option<String>>,
    /// A line that is added to the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<Priority>,
    /// Without #.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) add_tags: Vec<String>,
    /// Without #.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) remove_tags: Vec<String>,
    /// Another rule; null ends the series and leaves the task due.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub(crate) recurrence: Option<Option<RecurrenceRule>>,
    /// Whether a rule of whole days takes over the time of day at which a task is due.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) keep_time: bool,
    /// With a rule: its current occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<Due>,
    /// Instead of those that are there; null is one at the due time, an empty list is none.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub(crate) reminders: Option<Option<Vec<ReminderSpec>>>,
    /// Besides those that are there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) add_reminders: Vec<ReminderSpec>,
}

/// Tasks whose last reminder is to come again, or whose next is to come later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snooze {
    /// 1 to 200 different tasks.
    #[serde(default)]
    #[schemars(length(min = 1, max = MAX_TASKS))]
    pub(crate) task_ids: Vec<TaskId>,
    /// When they remind instead; an hour from now where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<DateTime<Utc>>,
}

/// Nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

fn is_false(value: &bool) -> bool {
    !*value
}

/// What is null and what is left out differ.
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Option::deserialize(deserializer).map(Some)
}

impl ListTasks {
    pub(super) fn check(&self) -> Result<(), Refused> {
        if self.limit.is_some_and(|limit| !(1..=MAX_LISTED).contains(&limit)) {
            return Err(Refused::new(format!("limit is 1 to {MAX_LISTED}")));
        }
        if let Some(words) = &self.words {
            check_words(words)?;
        }
        Tags::parse(self.tags.clone()).map(drop).map_err(|refused| named("tags", refused))?;
        for day in [self.due_from, self.due_to].into_iter().flatten() {
            check_due(Due::On(day)).map_err(|refused| named("due_from and due_to", refused))?;
        }
        Ok(())
    }
}

fn check_words(words: &str) -> Result<(), Refused> {
    if words.contains('\0') || words.chars().count() > MAX_WORDS_CHARS {
        return Err(Refused::new(format!("words have at most {MAX_WORDS_CHARS} characters")));
    }
    Ok(())
}

impl AddTask {
    /// The task, as the domain takes it.
    pub(super) fn into_new(self) -> Result<NewTask, Refused> {
        let of = |field| move |refused| named(field, refused);
        Ok(NewTask {
            title: TaskTitle::parse(self.title).map_err(of("title"))?,
            description: self
                .description
                .map(Description::parse)
                .transpose()
                .map_err(of("description"))?,
            priority: self.priority.unwrap_or_default(),
            status: Status::Todo,
            due_date: self.due_date.map(check_due).transpose().map_err(of("due_date"))?,
            time_zone: None,
            recurrence: self
                .recurrence
                .map(check_recurrence)
                .transpose()
                .map_err(of("recurrence"))?,
            reminders: self.reminders.map(check_reminders).transpose().map_err(of("reminders"))?,
            tags: Tags::parse(self.tags).map_err(of("tags"))?,
            list_id: None,
            subtasks: crate::domain::subtask::Subtasks::default(),
        })
    }
}

impl When {
    pub(super) fn check(&self) -> Result<(), Refused> {
        match self {
            Self::To { due_date, .. } => {
                check_due(*due_date).map(drop).map_err(|refused| named("due_date", refused))
            }
            Self::By { .. } | Self::Never {} => Ok(()),
        }
    }
}

impl Update {
    pub(super) fn check(&self) -> Result<(), Refused> {
        let of = |field| move |refused| named(field, refused);
        let title = self.title.clone().map(TaskTitle::parse).transpose();
        title.map(drop).map_err(of("title"))?;
        for (field, text) in
            [("description", self.description.clone().flatten()), ("note", self.note.clone())]
        {
            text.map(Description::parse).transpose().map(drop).map_err(of(field))?;
        }
        Tags::parse(self.add_tags.clone()).map(drop).map_err(of("add_tags"))?;
        let rule = self.recurrence.clone().flatten().map(check_recurrence).transpose();
        rule.map(drop).map_err(of("recurrence"))?;
        self.due_date.map(check_due).transpose().map(drop).map_err(of("due_date"))?;
        let reminders = self.reminders.clone().flatten().map(check_reminders).transpose();
        reminders.map(drop).map_err(of("reminders"))?;
        check_reminders(self.add_reminders.clone()).map(drop).map_err(of("add_reminders"))?;
        let rest = Self { task_ids: vec![], ..self.clone() };
        if rest == Self::default() {
            return Err(Refused::new("says nothing that is to change"));
        }
        Ok(())
    }
}

impl Snooze {
    pub(super) fn check(&self) -> Result<(), Refused> {
        let until = self.until.map(check_instant).transpose();
        until.map(drop).map_err(|refused| named("until", refused))
    }
}

/// Different tasks, and not too many.
pub(super) fn check_ids(task_ids: &[TaskId]) -> Result<(), Refused> {
    if !(1..=MAX_TASKS).contains(&task_ids.len()) {
        return Err(Refused::new(format!("task_ids has 1 to {MAX_TASKS} tasks")));
    }
    let mut seen = std::collections::HashSet::new();
    if !task_ids.iter().all(|id| seen.insert(id)) {
        return Err(Refused::new("task_ids names a task twice"));
    }
    Ok(())
}

fn named(field: &str, refused: Refused) -> Refused {
    Refused::new(format!("{field} {refused}"))
}
