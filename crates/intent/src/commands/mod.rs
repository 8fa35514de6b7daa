//! What a phrase asks for: the verbs, and what follows each.
//!
//! Many tasks begin like commands ("finish the report", "move to Berlin"). A phrase is a command to a task that is there
//! only if all of it is one; anything else is a task to add.

pub(crate) mod clauses;
pub(crate) mod edit;
pub(crate) mod query;
pub(crate) mod reschedule;
pub(crate) mod state;
pub(crate) mod talk;
pub(crate) mod target;

use crate::{
    Span, SpanKind,
    command::{Command, Target},
    context::Context,
    text::grammar::Grammar,
    text::token::Phrase,
    time::when::When,
};

/// What is said before a command, and says nothing.
const OPENINGS: &str = "please|pls|can you please|could you please|can you|could you|would you|\
    would you please|will you|hey|hi|ok|okay|oops|so|now|and|then|also|actually|i want to|\
    i'd like to|let's|go ahead and|just|well|alright";
/// What is said after a command, and says nothing.
const CLOSINGS: &str = "please|pls|thanks|thank you|for me|now|then|as well|too";

/// The most tokens that a time in a command has.
const MAX_TIME_TOKENS: usize = 20;
/// The most tokens of a command; what is longer is a task to add.
pub(crate) const MAX_COMMAND_TOKENS: usize = 80;

/// The phrase that a command is made of, without what says nothing at its ends.
pub(crate) struct Clause<'c> {
    pub(crate) phrase: &'c Phrase<'c>,
    pub(crate) context: &'c Context,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl<'c> Clause<'c> {
    pub(crate) fn new(phrase: &'c Phrase<'c>, context: &'c Context) -> Self {
        let (mut start, mut end) = (0, phrase.len());
        loop {
            let signs = (start..end).take_while(|at| phrase.is_any(*at, ",|-|.|!|…")).count();
            let next = phrase.any_words(start + signs, OPENINGS).filter(|next| *next < end);
            let Some(next) = next else { break };
            start = next;
        }
        start += (start..end).take_while(|at| phrase.is_any(*at, ",|-|.|!|…")).count();
        loop {
            let is_sign = |at: usize| phrase.is_any(at, "?|!|.|,|;|…");
            if end > start && is_sign(end - 1) {
                end -= 1;
                continue;
            }
            let closing = CLOSINGS.split('|').find_map(|words| {
                let at = end.checked_sub(words.split(' ').count()).filter(|at| *at > start)?;
                (phrase.words(at, words) == Some(end)).then_some(at)
            });
            let Some(at) = closing else { break };
            end = at;
        }
        Self { phrase, context, start, end }
    }

    /// The command to tasks that are there, or a question; `None` for a task to add.
    pub(crate) fn command(&self) -> Option<(Command, Span)> {
        if self.end.saturating_sub(self.start) > MAX_COMMAND_TOKENS {
            return None;
        }
        let rules: [fn(&Self) -> Option<Command>; 16] = [
            Self::answer,
            Self::undo,
            Self::help,
            Self::why,
            Self::list,
            Self::reopen,
            Self::set_priority,
            Self::complete,
            Self::rename,
            Self::describe,
            Self::tag,
            Self::reschedule,
            Self::snooze,
            Self::skip,
            Self::remind,
            Self::delete,
        ];
        let command = rules.iter().find_map(|rule| rule(self))?;
        let first = self.phrase.get(self.start)?;
        let span = Span {
            start: first.char_start,
            end: first.char_start + first.chars,
            kind: SpanKind::Command,
        };
        Some((command, span))
    }

    /// The position after these words, within the clause.
    pub(crate) fn words(&self, at: usize, words: &'static str) -> Option<usize> {
        self.phrase.words(at, words).filter(|end| *end <= self.end)
    }

    pub(crate) fn any_words(&self, at: usize, alternatives: &'static str) -> Option<usize> {
        self.phrase.all_words(at, alternatives).filter(|end| *end <= self.end).max()
    }

    /// Whether the clause is one of these, whole.
    pub(crate) fn is_whole(&self, alternatives: &'static str) -> bool {
        self.any_words(self.start, alternatives) == Some(self.end)
    }

    /// The clause's text between two tokens.
    pub(crate) fn text(&self, start: usize, end: usize) -> &'c str {
        let first = self.phrase.get(start).filter(|_| start < end);
        let last = end.checked_sub(1).and_then(|last| self.phrase.get(last));
        match (first, last) {
            (Some(first), Some(last)) => &self.phrase.text[first.start..last.end()],
            _ => "",
        }
    }

    /// The first place from `at` on where one of these stands, with the position after it.
    pub(crate) fn find(&self, at: usize, alternatives: &'static str) -> Option<(usize, usize)> {
        (at..self.end).find_map(|start| Some((start, self.any_words(start, alternatives)?)))
    }

    pub(crate) fn rfind(&self, at: usize, alternatives: &'static str) -> Option<(usize, usize)> {
        (at..self.end).rev().find_map(|start| Some((start, self.any_words(start, alternatives)?)))
    }

    /// Whether the words of a target are all that was said: with a time, a tag or a priority it is a task to add.
    pub(crate) fn is_command(&self, target: &Target, start: usize, end: usize) -> bool {
        !matches!(target, Target::Words(_)) || !self.has_marks(start, end)
    }

    /// Whether a time, a reminder, a tag or a priority is said.
    pub(crate) fn has_marks(&self, start: usize, end: usize) -> bool {
        let phrase = Phrase::new(self.text(start, end));
        !Grammar::new(&phrase, self.context).understood(0).0.is_empty()
    }

    /// Whether it is called a task: "the gym task", "my dentist reminder".
    pub(crate) fn names_a_task(&self, start: usize, end: usize) -> bool {
        let nouns = "task|tasks|reminder|reminders|todo|item|entry";
        self.phrase.is_any(end.wrapping_sub(1), nouns)
            || self.phrase.is_any(start, nouns)
            || self.phrase.is_any(start + 1, nouns)
    }

    /// Where what the clause ends with begins, if it is one of these.
    pub(crate) fn ending(&self, start: usize, endings: &'static str) -> Option<usize> {
        (start + 1..self.end).find(|at| self.any_words(*at, endings) == Some(self.end))
    }

    /// The time that is all there is between two positions.
    pub(crate) fn whole_time(&self, start: usize, end: usize) -> Option<When> {
        if end.saturating_sub(start) > MAX_TIME_TOKENS {
            return None;
        }
        // What a preposition would lead to stands after "to" here.
        ["", "at ", "on ", "in "].into_iter().find_map(|led| {
            let text = format!("{led}{}", self.text(start, end));
            let phrase = Phrase::new(&text);
            let grammar = Grammar::new(&phrase, self.context);
            // Most places are none where a time begins, and need no further look.
            grammar.time_at_start()?;
            let (found, when) = grammar.understood(0);
            let is_found = |at: usize| found.iter().any(|found| found.tokens.contains(&at));
            let is_whole = (0..phrase.len()).all(|at| !grammar.is_content(at) || is_found(at));
            when.filter(|when| is_whole && when.due.is_some())
        })
    }
}
