//! Words to command: the grammar for time, recurrence and intent.

mod command;
mod context;

pub use command::{Answer, Command, Days, Move, NewTask, Query, Said, Shift, Target};
pub use context::{Context, DateOrder, Preferences};

/// What a phrase says.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The commands, in their order; at least one.
    pub commands: Vec<Command>,
    /// Which words said what, in their order.
    pub spans: Vec<Span>,
    /// Whether all of the phrase was understood. Where it was not, [`Parsed::commands`] are the best
    /// that can be made of it.
    pub is_understood: bool,
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
pub fn parse(text: &str, _context: &Context) -> Parsed {
    let task = NewTask { title: text.trim().to_owned(), ..NewTask::default() };
    Parsed { commands: vec![Command::Add(task)], spans: vec![], is_understood: false }
}
