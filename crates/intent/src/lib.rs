//! Words to command: the grammar for time, recurrence and intent.
//!
//! [`parse`] understands one phrase of English. It owns the language: what a phrase can say, and what each way of
//! saying it means; docs/language.md is the same for people, and the corpora in `corpus/` show it. It promises to end
//! quickly on any text, to drop no word in silence, and to prefer no answer to a wrong one. It never does I/O, and
//! never asks the clock: [`Context`] says when and where.
//!
//! How a phrase is read:
//!
//! 1. `text` takes it apart: letters, digits and signs.
//! 2. `commands` looks whether all of it is a command to tasks that are there, a question, or an answer.
//! 3. Else it is a task to add. `scan` goes from left to right and takes the longest time, reminder, priority or tag
//!    at each place, if what stands around it makes it one. The rules for what may stand there are in `time`,
//!    `recurrence`, `scan::reminder` and `scan::marks`.
//! 4. `time::when` makes one time of what was said in several places, and `recurrence::rule` an RFC 5545 rule.
//! 5. `task` is what comes of it, its title what is left.

mod command;
mod commands;
mod context;
mod recurrence;
mod scan;
mod task;
mod text;
mod time;
mod wire;

pub use command::{Answer, Command, Days, Move, NewTask, Query, Said, Shift, Target};
pub use commands::clauses::MAX_COMMANDS;
pub use context::{Context, DateOrder, Preferences};
pub use wire::{Understood, UnderstoodQuery, UnderstoodRule, UnderstoodSpan};

/// The longest phrase that is understood, in characters; a longer one is a title.
pub const MAX_PHRASE_CHARS: usize = 2_000;

/// What a phrase says.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The commands, in their order; at least one.
    pub commands: Vec<Command>,
    /// Which words said what, in their order.
    pub spans: Vec<Span>,
    /// Why the phrase may mean something else; [`Parsed::commands`] are then the best that can be made of it.
    pub doubt: Option<Doubt>,
}

/// Why a phrase may mean something else than the task that it is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is said to be polite: "hello", "thanks".
    Greeting,
    /// It asks something, or speaks to somebody.
    Question,
    /// It has no title: "tomorrow at 5", "remind me".
    NoTitle,
    /// Words that tell a time are left in its title.
    HalfATime,
    /// It says two times that contradict each other.
    TwoTimes,
    /// It is longer than a task.
    Story,
}

impl Parsed {
    /// Whether all of the phrase was understood.
    #[must_use]
    pub const fn is_understood(&self) -> bool {
        self.doubt.is_none()
    }
}

/// Words of a phrase that say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first character, counted in Unicode characters from 0.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
    /// What the words say.
    pub kind: SpanKind,
}

/// What words say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// What is to be done with which tasks.
    Command,
    /// When.
    Due,
    /// How often.
    Recurrence,
    /// When to remind.
    Reminder,
    /// How important.
    Priority,
    /// A tag.
    Tag,
}

/// Understands a phrase.
#[must_use]
pub fn parse(text: &str, context: &Context) -> Parsed {
    if text.chars().count() > MAX_PHRASE_CHARS {
        let task = NewTask { title: text.trim().to_owned(), ..NewTask::default() };
        return Parsed {
            commands: vec![Command::Add(task)],
            spans: vec![],
            doubt: Some(Doubt::Story),
        };
    }
    commands::clauses::parse(text, context)
}
