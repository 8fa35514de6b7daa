//! What a phrase asks for.
//!
//! A command names tasks as the phrase does: by words, by a pronoun, by a place in a list. Whoever
//! knows the tasks finds out which are meant.

use std::ops::Neg;

use chrono::{DateTime, NaiveDate, Utc};
use events::{Due, Priority, RecurrenceRule, ReminderSpec, Status};

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make a task.
    Add(NewTask),
    /// Show tasks, or find some.
    List(Query),
    /// These are done.
    Complete(Target),
    /// These are not done after all.
    Reopen(Target),
    /// These are due at another time, or repeat otherwise.
    Reschedule(Target, Move),
    /// This has another title.
    Rename(Target, String),
    /// These matter so much.
    SetPriority(Target, Priority),
    /// These get tags and lose others.
    Tag {
        /// Which tasks.
        what: Target,
        /// Tags to add, without `#`.
        add: Vec<String>,
        /// Tags to take off, without `#`.
        remove: Vec<String>,
    },
    /// This has a note.
    Describe(Target, String),
    /// These are to go.
    Delete(Target),
    /// These are to remind again later.
    Snooze(Target, Option<DateTime<Utc>>),
    /// The current occurrence of these is passed over.
    Skip(Target),
    /// These are to remind at other times as well.
    Remind(Target, Vec<ReminderSpec>),
    /// Take back what was done last.
    Undo,
    /// Say what can be said.
    Help,
    /// Say why a reminder came, or did not.
    Why(Target),
    /// The answer to a question.
    Answer(Answer),
}

/// A task as a phrase describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTask {
    /// The words that are left; may be empty.
    pub title: String,
    /// When it is due; of what recurs, the first occurrence.
    pub due: Option<Due>,
    /// How it recurs.
    pub recurrence: Option<RecurrenceRule>,
    /// When it reminds; `None` where the phrase does not say, empty where it says never.
    pub reminders: Option<Vec<ReminderSpec>>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// Its tags, without `#`, in lower case, each once.
    pub tags: Vec<String>,
}

/// Which tasks a phrase speaks of.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Those with these words: "the dentist task".
    Words(String),
    /// The one spoken of last: it, that, this one.
    It,
    /// Those spoken of last: them, those, all of them.
    Them,
    /// By place in what was shown last, counted from 1: the second one, 1 and 3.
    Places(Vec<usize>),
    /// The last of what was shown last.
    LastPlace,
    /// Both of the two that were shown last.
    Both,
    /// What a list of these would show: all overdue tasks, everything tagged work.
    Those(Query),
}

/// Which tasks to show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Words that they have.
    pub words: Option<String>,
    /// Tags that they all have, without `#`.
    pub tags: Vec<String>,
    /// How much they matter.
    pub priority: Option<Priority>,
    /// How far they are; what is not said means not done.
    pub status: Option<Status>,
    /// When they are due, in days of the person's zone.
    pub due: Option<Days>,
    /// Only those whose due time is over.
    pub overdue: bool,
    /// Only those that recur.
    pub recurring: bool,
    /// How many there are, more than which.
    pub count: bool,
}

/// Days from one to another, both included; open where an end is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: Option<NaiveDate>,
    /// The last.
    pub to: Option<NaiveDate>,
}

/// How a task's time changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// To another time; see [`Said`] for what of it the phrase names.
    To {
        /// The time, with what was left open filled in from now.
        due: Due,
        /// What the phrase names.
        said: Said,
    },
    /// By so much: later, or earlier where negative.
    By(Shift),
    /// To a rule; `due` is its first occurrence.
    Repeat {
        /// The rule.
        recurrence: Box<RecurrenceRule>,
        /// Its first occurrence.
        due: Due,
    },
    /// Repeats no more.
    NoRepeat,
    /// Due no more.
    NoDue,
}

/// Which parts of a time a phrase names: what it leaves open, a task that is moved keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The day.
    Day,
    /// The time of day.
    Time,
    /// Both.
    Both,
}

/// A distance in time, by the calendar and by the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// Months.
    pub months: i32,
    /// Days.
    pub days: i64,
    /// Seconds.
    pub seconds: i64,
}

impl Neg for Shift {
    type Output = Self;

    fn neg(self) -> Self {
        Self { months: -self.months, days: -self.days, seconds: -self.seconds }
    }
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Do it.
    Yes,
    /// Do not.
    No,
    /// These of those that were asked about: [`Target::Places`], [`Target::LastPlace`],
    /// [`Target::Both`] or [`Target::Them`].
    These(Target),
}
