//! What is left of a phrase: a task's title.

use crate::{
    scan::found::Found,
    text::token::{Kind, Phrase},
};

/// What merely asks, at the beginning; each at most once, in any order.
const ASKS: &[&str] = &[
    "please|pls|hey|hi|ok|okay|so|oh|and|also|then|now",
    "can you please|could you please|can you|could you|would you please|would you|\
        will you|i want you to|i'd like you to|i would like you to",
    "remind me again to|remind me that i need to|remind me that i have to|remind me that|\
        remind me to|remind me about|remind me of|remind me|set a reminder to|\
        set a reminder for|set a reminder that|set a reminder about|set a reminder|\
        set reminder to|set reminder|create a reminder to|create a reminder for|\
        create a reminder|add a reminder to|add a reminder for|add a reminder|\
        make a reminder to|reminder to|a reminder to|new reminder|reminder",
    "don't let me forget to|don't let me forget about|don't let me forget that|\
        don't let me forget|do not let me forget to|don't forget to|don't forget about|\
        don't forget that|don't forget|do not forget to|do not forget|never forget to|\
        remember to|remember that|make sure to|make sure i|make sure that i|make sure|\
        be sure to",
    "i need to remember to|i need to|i have to|i must|i should|i've got to|i have got to|\
        i gotta|i got to|i want to|i'd like to|i would like to|i ought to|i'll need to|\
        i will need to|need to|have to|gotta|we need to|we have to|i am supposed to|\
        i'm supposed to|i'll|i will|it's time to",
    "add a new task to|add a new task called|add a new task|add a task to|add a task for|\
        add a task called|add a task named|add a task|add task to|add task|add a new to do|\
        add a to do to|add a to do|add to do|add todo|add a todo to|add a todo|add an item|\
        add|create a new task to|create a new task called|create a new task|\
        create a task to|create a task for|create a task called|create a task named|\
        create a task|create task to|create task|create a todo to|create a todo|\
        create a to do|make a task to|make a task for|make a task|make a new task to|\
        make a new task|new task to|new task|new to do|new todo|task to|task for me to|put|\
        i've a task|todo|to do|schedule a task to",
];

/// Asks that need a colon after them: "task: buy milk".
const ASKS_WITH_COLON: &str = "task|note|reminder|note to self|todo|to do|item";

/// What ends an ask that began with "add" or "put".
const LISTS: &str = "to my list|to the list|on my list|on the list|to my to do list|on my to do list|\
    to my todo list|on my todo list|to my tasks|to my task list|on my task list|in my list";

impl<'t> Phrase<'t> {
    /// The title in the tokens from `from` on that nothing has been found in.
    pub(crate) fn title(&self, from: usize, found: &[Found]) -> String {
        let is_found = |at: &usize| found.iter().any(|found| found.tokens.contains(at));
        let left: Vec<usize> = (from..self.len()).filter(|at| !is_found(at)).collect();
        self.join(&self.without_asks(left))
    }

    fn without_asks(&self, left: Vec<usize>) -> Vec<usize> {
        let mut rest = &left[..];
        let mut used = [false; ASKS.len()];
        let (mut is_put, mut is_question) = (false, false);
        loop {
            let start = self.signs(rest);
            let next = ASKS.iter().enumerate().filter(|(kind, _)| !used[*kind]).find_map(
                |(kind, words)| {
                    let length = words
                        .split('|')
                        .filter_map(|words| self.starts_with(&rest[start..], words))
                        .max()?;
                    Some((kind, start + length))
                },
            );
            let colon = || {
                let length = ASKS_WITH_COLON
                    .split('|')
                    .filter_map(|words| self.starts_with(&rest[start..], words))
                    .max()?;
                let colon = *rest.get(start + length)?;
                self.is(colon, ":").then_some((ASKS.len(), start + length + 1))
            };
            let Some((kind, length)) = colon().or(next) else { break };
            // What asks for nothing asks not: "add" alone, "remember" of a title.
            if rest[length..].iter().all(|at| self.kind(*at) == Some(Kind::Sign)) {
                break;
            }
            let words: Vec<&str> = rest[start..length].iter().map(|at| self.lower(*at)).collect();
            is_put |= matches!(words.first(), Some(&"add" | &"put"));
            let needs_list = words == ["put"];
            if needs_list && self.list_at(&rest[length..]).is_none() {
                break;
            }
            if let Some(used) = used.get_mut(kind) {
                *used = true;
            }
            is_question |= words
                .first()
                .is_some_and(|word| matches!(*word, "can" | "could" | "would" | "will"));
            rest = &rest[length..];
        }
        let mut rest = rest.to_vec();
        if is_put && let Some(range) = self.list_at(&rest) {
            rest.drain(range);
        }
        if is_question && rest.last().is_some_and(|at| self.is(*at, "?")) {
            rest.pop();
        }
        rest
    }

    fn list_at(&self, left: &[usize]) -> Option<std::ops::Range<usize>> {
        (0..left.len()).find_map(|start| {
            let length = LISTS
                .split('|')
                .filter_map(|words| self.starts_with(&left[start..], words))
                .max()?;
            Some(start..start + length)
        })
    }

    /// How many of the tokens these words are, signs between them passed over.
    pub(crate) fn starts_with(&self, left: &[usize], words: &'static str) -> Option<usize> {
        let mut at = 0;
        for (index, word) in words.split(' ').enumerate() {
            if index > 0 {
                at += self.commas(&left[at..]);
            }
            if !self.is(*left.get(at)?, word) {
                return None;
            }
            at += 1;
        }
        Some(at)
    }

    fn commas(&self, left: &[usize]) -> usize {
        left.iter().take_while(|at| self.is_any(**at, ",|-")).count()
    }

    pub(crate) fn signs(&self, left: &[usize]) -> usize {
        left.iter().take_while(|at| self.is_any(**at, ",|-|:|.|;|–|—|!")).count()
    }

    pub(crate) fn kind(&self, at: usize) -> Option<Kind> {
        self.get(at).map(|token| token.kind)
    }

    /// The tokens as they stand in the phrase, single blanks for what was between them, without signs at the ends.
    pub(crate) fn join(&self, left: &[usize]) -> String {
        let left = self.trimmed(left);
        let mut title = String::new();
        let mut last: Option<usize> = None;
        for (index, &at) in left.iter().enumerate() {
            let Some(token) = self.get(at) else { continue };
            let follows = last.is_some_and(|last| last + 1 == at);
            if self.is_stranded(left, index, follows) {
                continue;
            }
            if last.is_some() && !(token.is_glued && follows) {
                let closes = token.kind == Kind::Sign
                    && matches!(token.text, "," | "." | ";" | ":" | "!" | "?" | ")")
                    && token.is_glued;
                if !closes {
                    title.push(' ');
                }
            }
            title.push_str(token.text);
            last = Some(at);
        }
        title
    }

    /// A comma or a dash that stood at a time that is gone.
    fn is_stranded(&self, left: &[usize], index: usize, follows: bool) -> bool {
        let at = left[index];
        let next = left.get(index + 1).copied();
        let is_before_gap = next.is_some_and(|next| next != at + 1);
        let is_joint = self.is_any(at, ",|;|:|-|–|—|(|)|[|]");
        is_joint && (!follows || is_before_gap) && (index > 0)
    }

    /// Without signs and small words that lead to nothing at the ends.
    fn trimmed<'l>(&self, left: &'l [usize]) -> &'l [usize] {
        const OPENING: &str = ",|;|:|.|-|–|—|!|/";
        const CLOSING: &str = ",|;|:|.|-|–|—|!|/|&|(|[";
        let mut left = left;
        while let Some((first, rest)) = left.split_first() {
            let is_alone = !rest.is_empty() || self.kind(*first) == Some(Kind::Sign);
            let is_dangling = self.is_any(*first, "and|then|to|)")
                && rest.first() != Some(&(first + 1))
                && is_alone;
            if !(self.is_any(*first, OPENING) || is_dangling) {
                break;
            }
            left = rest;
        }
        while let Some((last, rest)) = left.split_last() {
            let is_small = self.is_any(*last, "and|on|at|by|for|from") && *last + 1 < self.len();
            if !(self.is_any(*last, CLOSING) || is_small) {
                break;
            }
            left = rest;
        }
        left
    }
}
