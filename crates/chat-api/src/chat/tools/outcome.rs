//! What tools answer: typed, for whoever words it, and as JSON, for whoever called.

use chrono::{DateTime, Utc};
use events::{Due, TaskId};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::Tool;
use crate::domain::{
    subtask::MAX_SUBTASKS,
    task::{Refusal, Task},
};

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Tasks, in their order.
    Listed {
        tasks: Vec<Shown>,
        /// How many there are, these among them; counted up to [`super::list::MAX_COUNTED`].
        total: i64,
    },
    /// One task whole.
    Found { task: Detail },
    /// What was done.
    Done(Done),
    /// Nothing was done: it is for the person to say whether it is to be.
    NeedsConfirmation {
        /// What would be done to these.
        would: Tool,
        tasks: Vec<Shown>,
    },
    /// What happened to a task, oldest first.
    Told { task: Shown, lines: Vec<Line> },
    /// What was taken back, and what could not be.
    TakenBack { tasks: Vec<TakenBack>, refused: Vec<RefusedTask> },
    /// There is nothing to take back.
    NothingToUndo,
}

/// What was done to tasks, each for itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Done {
    /// Those that are as was asked now.
    pub(crate) tasks: Vec<Changed>,
    /// Those that are not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) refused: Vec<RefusedTask>,
}

/// A task after an act.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Changed {
    /// Before; none of a new one.
    #[serde(skip)]
    pub(crate) before: Option<Shown>,
    #[serde(flatten)]
    pub(crate) after: Shown,
    /// Whether it was otherwise before.
    pub(crate) changed: bool,
}

/// A task that was left as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RefusedTask {
    pub(crate) id: TaskId,
    /// None where there is no such task.
    pub(crate) title: Option<String>,
    pub(crate) reason: Reason,
}

/// Why a task was left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is not there, or in the trash.
    Gone,
    /// It has changed since the person was asked, or since the act that is to be taken back.
    ChangedSince,
    /// It does not repeat.
    DoesNotRepeat,
    /// It has no reminder that stands or has come.
    NoReminder,
    /// It is due on a whole day where a time is wanted, or the other way, by its rule.
    OtherKind,
    /// What repeats is always due.
    AlwaysDue,
    /// What is asked for does not go with the task.
    Refused(String),
}

/// A task that was taken back, and what had been done to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TakenBack {
    pub(crate) tool: Tool,
    #[serde(flatten)]
    pub(crate) task: Shown,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Line {
    pub(crate) at: DateTime<Utc>,
    pub(crate) text: String,
}

/// A task as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown(pub(crate) Box<Task>);

/// A task as it is shown alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Detail(pub(crate) Box<Task>);

impl Shown {
    pub(crate) fn new(task: Task) -> Self {
        Self(Box::new(task))
    }

    pub(crate) fn id(&self) -> TaskId {
        self.0.state.task_id
    }

    pub(crate) fn title(&self) -> &str {
        &self.0.state.title
    }

    pub(crate) fn due(&self) -> Option<Due> {
        self.0.state.due_date
    }
}

fn brief(task: &Task) -> Value {
    let state = &task.state;
    json!({
        "id": state.task_id,
        "title": state.title,
        "status": state.status,
        "priority": state.priority,
        "due_date": state.due_date,
        "recurrence": state.recurrence,
        "tags": state.tags,
        "version": state.version.get(),
    })
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        brief(&self.0).serialize(serializer)
    }
}

impl Serialize for Detail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let state = &self.0.state;
        let mut detail = brief(&self.0);
        let subtasks = state.subtasks.iter().take(MAX_SUBTASKS);
        let subtasks =
            subtasks.map(|subtask| json!({"title": subtask.title, "done": subtask.done}));
        detail["description"] = json!(state.description);
        detail["time_zone"] = json!(state.time_zone);
        detail["occurrence"] = json!(state.occurrence);
        detail["reminders"] = json!(state.reminders);
        detail["subtasks"] = subtasks.collect();
        detail["created_at"] = json!(state.created_at);
        detail["completed_at"] = json!(self.0.completed_at);
        detail.serialize(serializer)
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Gone => "is not there",
            Self::ChangedSince => "has changed since",
            Self::DoesNotRepeat => "does not repeat",
            Self::NoReminder => "has no reminder",
            Self::OtherKind => "repeats by days where a time is given, or the other way round",
            Self::AlwaysDue => "repeats, and so is always due",
            Self::Refused(reason) => reason,
        })
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::Gone,
            Refusal::ReminderGone => Self::NoReminder,
            Refusal::ChangedSince => Self::ChangedSince,
            Refusal::OccurrenceRequired => Self::DoesNotRepeat,
            Refusal::Field { field: "occurrence", .. } => Self::DoesNotRepeat,
            Refusal::Field { field: "until", reason } => {
                Self::Refused(format!("that time {reason}"))
            }
            Refusal::Field { field, reason } => Self::Refused(format!("{field} {reason}")),
        }
    }
}
