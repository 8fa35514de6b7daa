//! What tasks are called and marked with: "rename …", "tag …", "make … urgent", "add a note to …".

use events::Priority;

use crate::{
    command::{Command, Target},
    commands::Clause,
    scan::found::Piece,
    text::grammar::Grammar,
};

impl Clause<'_> {
    pub(crate) fn rename(&self) -> Option<Command> {
        if let Some(next) =
            self.any_words(self.start, "call it|call that|call this one|call that one|name it")
        {
            let idioms = "a day|off|quits|a night|even|in|back";
            let is_idiom = self.any_words(next, idioms).is_some();
            let title = self.text(next, self.end);
            return (!is_idiom && !title.is_empty() && !self.has_marks(next, self.end))
                .then(|| Command::Rename(Target::It, unquoted(title)));
        }
        let (next, joins): (usize, &str) =
            if let Some(next) = self.any_words(self.start, "rename|retitle") {
                (next, "to|as|into")
            } else {
                let led = "change the title of|change the name of|set the title of|change title of|\
        set title of|update the title of|change the text of|edit the title of|\
        change name of|change the wording of";
                (self.any_words(self.start, led)?, "to|into")
            };
        let (at, after) = self.find(next, joins)?;
        let target = self.target(next, at)?;
        let title = self.text(after, self.whole_end());
        (!title.is_empty()).then(|| Command::Rename(target, unquoted(title)))
    }

    /// The clause's end with the signs that a title may end with.
    fn whole_end(&self) -> usize {
        let is_kept = |at: usize| self.phrase.is_any(at, "!|?|)|\"|”");
        (self.end..self.phrase.len())
            .take_while(|at| is_kept(*at))
            .last()
            .map_or(self.end, |at| at + 1)
    }

    pub(crate) fn describe(&self) -> Option<Command> {
        let leads = "add a note to|add note to|add a description to|add description to|add notes to|\
        add a note for|note for|note on|set the description of|change the description of|\
        set the note of|add the note to|add a comment to|add a note on|put a note on|\
        attach a note to|write a note on|update the description of";
        if let Some(next) = self.any_words(self.start, leads) {
            let (at, after) =
                self.find(next, ":|saying that|saying|that says|to|with the text|-|–|that")?;
            let target = self.target(next, at)?;
            let text = self.text(after, self.whole_end());
            return (!text.is_empty()).then(|| Command::Describe(target, unquoted(text)));
        }
        if let Some(next) = self.any_words(self.start, "describe") {
            let (at, after) = self.find(next, "as")?;
            let target = self.target(next, at)?;
            let text = self.text(after, self.whole_end());
            return (!text.is_empty()).then(|| Command::Describe(target, unquoted(text)));
        }
        None
    }

    pub(crate) fn set_priority(&self) -> Option<Command> {
        if let Some(next) = self.any_words(
            self.start,
            "set the priority of|change the priority of|set priority of|change priority of|\
                set the priority for|update the priority of",
        ) {
            let (at, after) = self.rfind(next, "to|as")?;
            let priority = self.whole_priority(after)?;
            return Some(Command::SetPriority(self.target(next, at)?, priority));
        }
        let fixed: [(&str, Priority); 2] = [
            (
                "prioritise|prioritize|raise the priority of|increase the priority of",
                Priority::High,
            ),
            (
                "deprioritise|deprioritize|lower the priority of|decrease the priority of|\
                    reduce the priority of",
                Priority::Low,
            ),
        ];
        for (verbs, priority) in fixed {
            if let Some(next) = self.any_words(self.start, verbs) {
                let (end, priority) = match self.rfind(next, "to") {
                    Some((at, after)) => (at, self.whole_priority(after)?),
                    None => (self.end, priority),
                };
                let target = self.target(next, end)?;
                return self
                    .is_command(&target, next, end)
                    .then_some(Command::SetPriority(target, priority));
            }
        }
        let next =
            self.any_words(self.start, "make|set|mark|give|change|bump|flag|raise|lower|drop")?;
        for at in next + 1..self.end {
            let after =
                self.any_words(at, "to a|to|as a|as|a|an|priority to|priority as|of").unwrap_or(at);
            if let Some(priority) = self.whole_priority(after) {
                return Some(Command::SetPriority(self.target(next, at)?, priority));
            }
        }
        None
    }

    /// A priority that the clause ends with.
    fn whole_priority(&self, at: usize) -> Option<Priority> {
        let words = [
            ("urgent", Priority::High),
            ("important", Priority::High),
            ("a priority", Priority::High),
            ("critical", Priority::High),
            ("very important", Priority::High),
            ("unimportant", Priority::Low),
            ("not important", Priority::Low),
            ("not urgent", Priority::Low),
        ];
        if let Some((_, priority)) =
            words.iter().find(|(words, _)| self.words(at, words) == Some(self.end))
        {
            return Some(*priority);
        }
        let grammar = Grammar::new(self.phrase, self.context);
        let level = grammar.level(at).filter(|_| at + 1 == self.end);
        let phrase = || {
            grammar
                .priority_phrase(at)
                .filter(|(_, end)| *end == self.end)
                .map(|(priority, _)| priority)
        };
        let mark = || match grammar.mark(at, at) {
            Some((Piece::Priority(priority), end)) if end == self.end => Some(priority),
            _ => None,
        };
        level.or_else(phrase).or_else(mark)
    }

    pub(crate) fn tag(&self) -> Option<Command> {
        if let Some(next) = self.any_words(self.start, "tag|label") {
            if self.words(next, "along").is_some() {
                return None;
            }
            let (at, after) =
                self.rfind(next, "with the tags|with the tag|with|as").or_else(|| {
                    let at = (next..self.end).find(|at| self.phrase.is(*at, "#"))?;
                    Some((at, at))
                })?;
            let add = self.tags(after, self.end)?;
            let what = self.target(next, at)?;
            let is_time = self.whole_time(at, self.end).is_some()
                || matches!(what, Target::Words(_)) && self.has_marks(next, at);
            return (!is_time).then_some(Command::Tag { what, add, remove: vec![] });
        }
        if let Some(next) = self.any_words(self.start, "untag") {
            let (at, after) = self.rfind(next, "from").unwrap_or((self.end, self.end));
            if let (Some(remove), Some(what)) = (self.tags(next, at), self.target(after, self.end))
            {
                return Some(Command::Tag { what, add: vec![], remove });
            }
            // "Untag the report #work", "untag the report work".
            let sign = (next..self.end).find(|at| self.phrase.is(*at, "#"));
            let at = sign.or(self.end.checked_sub(1).filter(|at| *at > next))?;
            return Some(Command::Tag {
                what: self.target(next, at)?,
                add: vec![],
                remove: self.tags(at, self.end)?,
            });
        }
        let (is_add, next) = match self.any_words(self.start, "add|put") {
            Some(next) => (true, next),
            None => (false, self.any_words(self.start, "remove|take|drop|delete|strip")?),
        };
        let joins: &'static str = if is_add { "to|on" } else { "from|off" };
        let (at, after) = self.rfind(next, joins)?;
        let start =
            self.any_words(next, "the tags|the tag|tags|tag|a tag|the label").unwrap_or(next);
        // A bare word is a tag only where it is called one.
        if start == next && !self.phrase.is(start, "#") {
            return None;
        }
        let tags = self.tags(start, at)?;
        let what = self.target(after, self.end)?;
        let (add, remove) = if is_add { (tags, vec![]) } else { (vec![], tags) };
        Some(Command::Tag { what, add, remove })
    }

    /// Nothing but tags, with or without `#`: "#calls and #phone", "errands".
    pub(crate) fn tags(&self, start: usize, end: usize) -> Option<Vec<String>> {
        let grammar = Grammar::new(self.phrase, self.context);
        let mut tags = Vec::new();
        let mut at = start;
        while at < end {
            if self.phrase.is_any(at, ",|and|&") {
                at += 1;
                continue;
            }
            if let Some((tag, next)) = grammar.tag(at) {
                tags.push(tag);
                at = next;
            } else if self.phrase.is_word(at) {
                // A word with what is glued to it: "home-office".
                let next = (at + 1..end).find(|next| !self.phrase.is_glued(*next)).unwrap_or(end);
                tags.push(self.text(at, next).to_lowercase());
                at = next;
            } else {
                return None;
            }
        }
        (!tags.is_empty()).then_some(tags)
    }
}

/// Words without the blanks and quotation marks that may stand around them.
pub(crate) fn without_quotes(text: &str) -> &str {
    text.trim_matches(|c: char| matches!(c, '"' | '“' | '”' | '\'' | ' '))
}

/// A text without the quotation marks around it, if it has both.
fn unquoted(text: &str) -> String {
    let pairs = [('"', '"'), ('“', '”'), ('\'', '\''), ('‘', '’'), ('«', '»')];
    let inner = pairs
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))
        .unwrap_or(text);
    inner.trim().to_owned()
}
