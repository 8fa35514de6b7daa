//! Which tasks a command is about: "it", "the second one", "all overdue tasks", "the dentist".

use crate::{
    command::{Answer, Command, Target},
    commands::{Clause, edit::without_quotes},
    text::grammar::Grammar,
};

impl Clause<'_> {
    /// What all between two positions names; `None` for nothing.
    pub(crate) fn target(&self, start: usize, end: usize) -> Option<Target> {
        if start >= end {
            return None;
        }
        if let Some(target) = self.pronoun(start, end).or_else(|| self.selection(start, end)) {
            return Some(target);
        }
        let begins_filter =
            self.any_words(start, "all of|all|every|everything|any|overdue|the overdue").is_some()
                || self.phrase.is(start, "#");
        if begins_filter && let Some(query) = self.query(start, end) {
            // "All my tasks" are all there are; "all of them" was heard before.
            return Some(Target::Those(query));
        }
        self.target_words(start, end).map(Target::Words)
    }

    pub(crate) fn pronoun(&self, start: usize, end: usize) -> Option<Target> {
        const IT: &str = "it|that|this|this one|that one|this task|that task|the task|the same|the one|\
    that reminder|this reminder|the reminder|the last task|this occurrence|this time|\
    the current one";
        const THEM: &str = "them|those|these|them all|those tasks|these tasks|all of them|all of those|\
    all of these|all these|all those|the tasks";
        if self.any_words(start, IT) == Some(end) {
            return Some(Target::It);
        }
        (self.any_words(start, THEM) == Some(end)).then_some(Target::Them)
    }

    /// Places in a list: "the second one", "both", "1 and 3", "the first two", "all of them", "the dentist one".
    pub(crate) fn selection(&self, start: usize, end: usize) -> Option<Target> {
        if start >= end {
            return None;
        }
        if self.any_words(
            start,
            "both|both of them|both of those|both tasks|them both|the two|both of these|\
                the two of them",
        ) == Some(end)
        {
            return Some(Target::Both);
        }
        if self.any_words(
            start,
            "all|all of them|everything|them all|all of those|all of these|every one|\
                every one of them|each of them|the lot",
        ) == Some(end)
        {
            return Some(Target::Them);
        }
        if self.any_words(start, "the last one|the last|last one|last|the bottom one|the final one")
            == Some(end)
        {
            return Some(Target::LastPlace);
        }
        if let Some(target) = self.first_few(start, end) {
            return Some(target);
        }
        let mut places = Vec::new();
        let mut at = start;
        while at < end {
            if !places.is_empty() {
                let next = self.any_words(at, "and|,|&").unwrap_or(at);
                if next == at {
                    return None;
                }
                at = self.any_words(next, "and").unwrap_or(next);
            }
            let (place, next) = self.place(at)?;
            places.push(place);
            at = next;
        }
        Some(Target::Places(places))
    }

    /// "the first two", "the first 3".
    fn first_few(&self, start: usize, end: usize) -> Option<Target> {
        let next = self.any_words(start, "the first|first")?;
        let grammar = Grammar::new(self.phrase, self.context);
        let (number, next) =
            grammar.cardinal(next).filter(|(number, _)| (2..=20).contains(number))?;
        let next = self.any_words(next, "ones|tasks|of them").unwrap_or(next);
        (next == end).then(|| Target::Places((1..=number as usize).collect()))
    }

    /// "the second one", "number 2", "#2", "2".
    pub(crate) fn place(&self, at: usize) -> Option<(usize, usize)> {
        const FIRSTS: &str = "the top one|the top task";
        if let Some(next) = self.any_words(at, FIRSTS) {
            return Some((1, next));
        }
        let grammar = Grammar::new(self.phrase, self.context);
        let start = self.any_words(at, "the|number|no|#|task|option|the number").unwrap_or(at);
        let (number, next) = grammar.ordinal(start).or_else(|| grammar.cardinal(start))?;
        let next = self.any_words(next, "one|task|of them|one of them").unwrap_or(next);
        let place = usize::try_from(number).ok().filter(|place| (1..=100).contains(place))?;
        Some((place, next))
    }

    /// The words that a task is named by, without what merely says that it is one.
    fn target_words(&self, start: usize, end: usize) -> Option<String> {
        let (mut start, mut end) = (start, end);
        let leads = "the task called|the task named|the task about|the task to|the task for|the task|\
        the reminder for|the reminder about|the reminder to|the reminder of|my reminder to|\
        my reminder for|my reminder about|task|the one about|the one with|the one for|\
        the one called|the to do|the todo|the item|a reminder for|the|my|our|that|this|\
        today's|tomorrow's|the next|tonight's";
        if let Some(next) = self.any_words(start, leads).filter(|next| *next < end) {
            start = next;
        }
        while end > start + 1
            && self
                .phrase
                .is_any(end - 1, "task|reminder|todo|one|item|:|,|tasks|from|off|on|my|the|list")
        {
            let is_noun = self.phrase.is_any(end - 1, "task|reminder|todo|one|item|:|,|tasks");
            let is_list = self.any_words(
                end.saturating_sub(3),
                "from my list|off my list|on my list|from the list|off the list",
            ) == Some(end);
            if is_list && end > start + 3 {
                end -= 3;
            } else if is_noun {
                end -= 1;
            } else {
                break;
            }
        }
        let text = without_quotes(self.text(start, end));
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// "the dentist one", in answer to a question.
    pub(crate) fn named_one(&self) -> Option<Command> {
        let start = self.any_words(
            self.start,
            "the one about|the one with|the one for|the one called|the one to",
        );
        if let Some(start) = start.filter(|start| *start < self.end) {
            let words = self.target_words(start, self.end)?;
            return Some(Command::Answer(Answer::These(Target::Words(words))));
        }
        let next = self.any_words(self.start, "the")?;
        let is_one = self.phrase.is(self.end - 1, "one") && self.end > next + 1;
        let words = self.target_words(next, self.end - 1).filter(|_| is_one)?;
        Some(Command::Answer(Answer::These(Target::Words(words))))
    }
}
