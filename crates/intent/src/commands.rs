//! What a phrase asks for: the verbs, and what follows each.
//!
//! Many tasks begin like commands ("finish the report", "move to Berlin"). A phrase is a command to a task that is there
//! only if all of it is one; anything else is a task to add.

use events::{Due, Priority, ReminderSpec};

use crate::{
    Span, SpanKind,
    command::{Answer, Command, Move, Shift, Target},
    context::Context,
    found::{Piece, Time},
    grammar::Grammar,
    token::{Kind, Phrase},
    when::When,
};

/// What is said before a command, and says nothing.
const OPENINGS: [&str; 27] = [
    "please", "pls", "can you please", "could you please", "can you", "could you", "would you", "would you please", "will you",
    "hey", "hi", "ok", "okay", "oops", "so", "now", "and", "then", "also", "actually", "i want to", "i'd like to", "let's",
    "go ahead and", "just", "well", "alright",
];
/// What is said after a command, and says nothing.
const CLOSINGS: [&str; 9] =
    ["please", "pls", "thanks", "thank you", "for me", "now", "then", "as well", "too"];

/// The most tokens that a time in a command has.
const MAX_TIME_TOKENS: usize = 20;
/// The most tokens of a command; what is longer is a task to add.
const MAX_COMMAND_TOKENS: usize = 80;

/// A command that was read, and whether any of its words is left over.
pub(crate) struct ReadCommand {
    pub(crate) command: Command,
    /// The tokens that say what is to be done, for the spans.
    pub(crate) span: Option<Span>,
}

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
            let signs = (start..end).take_while(|at| phrase.is_any(*at, &[",", "-", ".", "!", "…"])).count();
            let next = phrase.any_words(start + signs, &OPENINGS).filter(|next| *next < end);
            let Some(next) = next else { break };
            start = next;
        }
        start += (start..end).take_while(|at| phrase.is_any(*at, &[",", "-", ".", "!", "…"])).count();
        loop {
            let is_sign = |at: usize| phrase.is_any(at, &["?", "!", ".", ",", ";", "…"]);
            if end > start && is_sign(end - 1) {
                end -= 1;
                continue;
            }
            let closing = CLOSINGS.iter().find_map(|words| {
                let at = end.checked_sub(words.split(' ').count()).filter(|at| *at > start)?;
                (phrase.words(at, words) == Some(end)).then_some(at)
            });
            let Some(at) = closing else { break };
            end = at;
        }
        Self { phrase, context, start, end }
    }

    /// The command to tasks that are there, or a question; `None` for a task to add.
    pub(crate) fn command(&self) -> Option<ReadCommand> {
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
        let span = Span { start: first.char_start, end: first.char_start + first.chars, kind: SpanKind::Command };
        Some(ReadCommand { command, span: Some(span) })
    }

    /// The position after these words, within the clause.
    pub(crate) fn words(&self, at: usize, words: &str) -> Option<usize> {
        self.phrase.words(at, words).filter(|end| *end <= self.end)
    }

    pub(crate) fn any_words(&self, at: usize, alternatives: &[&str]) -> Option<usize> {
        alternatives.iter().filter_map(|words| self.words(at, words)).max()
    }

    /// Whether the clause is one of these, whole.
    pub(crate) fn is_whole(&self, alternatives: &[&str]) -> bool {
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
    pub(crate) fn find(&self, at: usize, alternatives: &[&str]) -> Option<(usize, usize)> {
        (at..self.end).find_map(|start| Some((start, self.any_words(start, alternatives)?)))
    }

    fn rfind(&self, at: usize, alternatives: &[&str]) -> Option<(usize, usize)> {
        (at..self.end).rev().find_map(|start| Some((start, self.any_words(start, alternatives)?)))
    }

    fn answer(&self) -> Option<Command> {
        const YES: [&str; 44] = [
            "delete them", "delete it", "remove them", "complete them", "move them", "do them", "all of them", "delete them all", "do it please", "delete all of them",
            "yes", "y", "yeah", "yep", "yup", "ya", "sure", "ok", "okay", "of course", "go ahead", "do it", "please do", "confirm", "confirmed",
            "that's right", "correct", "right", "absolutely", "definitely", "sounds good", "fine", "go for it", "do that", "i'm sure", "exactly", "certainly", "yes please",
            "i am sure", "make it so", "proceed", "go", "that's fine", "all good",
        ];
        const NO: [&str; 30] = [
            "no", "n", "nope", "nah", "don't", "do not", "never mind", "nevermind", "cancel", "stop", "not now", "leave it", "none", "none of them", "none of these", "neither",
            "no thanks", "no thank you", "forget it", "leave them", "don't do it", "don't do that", "no way", "not that", "rather not", "better not", "wait", "abort", "neither of them", "not yet",
        ];
        let is_chain = |words: &[&str]| {
            let mut at = self.start;
            while at < self.end {
                let Some(next) = self.any_words(at, words) else { return false };
                at = (next..self.end).find(|at| !self.phrase.is_any(*at, &[",", ".", "!", "-"])).unwrap_or(self.end);
            }
            self.end > self.start
        };
        if is_chain(&YES) {
            return Some(Command::Answer(Answer::Yes));
        }
        if is_chain(&NO) {
            return Some(Command::Answer(Answer::No));
        }
        let start = self.any_words(self.start, &["yes", "i mean", "i meant", "it's", "just"]).unwrap_or(self.start);
        let start = (start..self.end).find(|at| !self.phrase.is(*at, ",")).unwrap_or(start);
        self.selection(start, self.end)
            .map(|target| Command::Answer(Answer::These(target)))
            .or_else(|| self.named_one())
    }

    fn undo(&self) -> Option<Command> {
        const WHOLE: [&str; 12] = [
            "take that back", "take it back", "revert", "revert that", "revert it", "go back", "undo", "i take that back", "put it back",
            "put that back", "scratch that", "undo undo",
        ];
        if self.is_whole(&WHOLE) {
            return Some(Command::Undo);
        }
        let next = self.any_words(self.start, &["undo", "revert"])?;
        const OBJECTS: [&str; 24] = [
            "that", "it", "this", "the last", "last", "the last one", "that last one", "that one", "the last change", "my last change", "the last action", "my last action",
            "the last thing i did", "the last thing", "what i just did", "what you just did", "the last step", "that change", "the change", "what i did", "everything i just did", "the previous one", "the last command", "that last change",
        ];
        (self.any_words(next, &OBJECTS) == Some(self.end)).then_some(Command::Undo)
    }

    fn help(&self) -> Option<Command> {
        const WHOLE: [&str; 26] = [
            "help", "help me", "i need help", "what can you do", "what can i say", "what can i ask", "what can i do here", "how does this work", "how do you work", "what commands are there", "commands",
            "what commands do you know", "what do you understand", "show help", "how do i use this", "what can i ask you", "what can you help me with", "what can i type", "what are my options", "show me the commands", "list commands",
            "how can you help me", "what else can you do", "how do i use you", "show commands", "what can i tell you",
        ];
        let is_asked = self.any_words(self.start, &["how do i", "how can i"]).is_some();
        let is_how = is_asked && self.find(self.start, &["task", "tasks", "reminder", "reminders", "due date", "tag", "tags"]).is_some();
        let is_sign = self.start >= self.end && self.phrase.tokens.iter().all(|token| token.text == "?") && self.phrase.len() > 0;
        (self.is_whole(&WHOLE) || is_how || is_sign).then_some(Command::Help)
    }

    fn why(&self) -> Option<Command> {
        let next = self.any_words(self.start, &["why", "how come", "what was", "what is", "what's"])?;
        let is_why = self.phrase.is_any(self.start, &["why", "how"]);
        let spoken = [
            "get", "got", "getting", "gotten", "remind", "reminded", "reminding", "reminder", "reminders", "notified", "notification", "notifications", "notify", "alert",
            "alerted", "receive", "received", "ping", "pinged", "told", "bothering", "see", "seeing", "hear", "fire", "fired", "buzz", "buzzed", "sent", "send",
        ];
        let (said, _) = self.find(next, &spoken)?;
        if !is_why {
            let is_about = self.phrase.is_any(said, &["reminder", "notification", "alert"]) && self.phrase.is_any(said.wrapping_sub(1), &["that", "this", "the"])
                && self.find(said, &["about", "for"]).is_some_and(|(_, end)| end == self.end);
            return is_about.then_some(Command::Why(Target::It));
        }
        let object = self.find(said, &["of", "about", "for", "to"]).map(|(_, end)| end).filter(|end| *end < self.end);
        let target = object.map_or(Some(Target::It), |at| self.target(at, self.end))?;
        Some(Command::Why(target))
    }

    fn complete(&self) -> Option<Command> {
        let verbs = [
            "done with", "i'm done with", "i am done with", "i've done", "i have done", "i did", "i just did", "i've finished", "i have finished", "i finished", "i just finished",
            "i've completed", "i completed", "i have completed", "finished", "finished with", "i'm finished with", "completed", "complete", "tick off", "check off", "cross off", "mark off", "tick", "check",
            "i've just done", "i've just finished", "i've already done", "i already did", "i already finished", "finish", "close", "done", "complete the task", "cross out", "strike off", "strike", "close out", "resolve",
        ];
        let verb = self.any_words(self.start, &verbs);
        if let Some(next) = verb {
            let said = self.text(self.start, next).to_lowercase();
            // "tick the milk off", "check it off".
            let is_split = matches!(said.as_str(), "tick" | "check" | "cross" | "mark" | "strike");
            let end = if is_split {
                self.end.checked_sub(1).filter(|at| self.phrase.is_any(*at, &["off", "out"]))?
            } else {
                self.end
            };
            let target = self.target(next, end)?;
            let is_pronoun = !matches!(target, Target::Words(_));
            // "Finish the report" is a task; "finish it" is not.
            let needs_pronoun = matches!(said.as_str(), "finish" | "close" | "done" | "resolve");
            let is_task = self.names_a_task(next, end);
            if needs_pronoun && !is_pronoun && !is_task {
                return None;
            }
            return self.is_command(&target, next, end).then_some(Command::Complete(target));
        }
        if let Some(next) = self.any_words(self.start, &["mark", "set", "flag"]) {
            let states = ["as done", "done", "as complete", "as completed", "complete", "completed", "as finished", "finished", "to done", "off", "as being done", "to completed", "to complete"];
            let end = self.ending(next, &states)?;
            return Some(Command::Complete(self.target(next, end)?));
        }
        let states = ["is done", "is finished", "is complete", "is completed", "are done", "are finished", "has been done", "is all done", "was done", "are complete", "got done"];
        let end = self.ending(self.start, &states)?;
        Some(Command::Complete(self.target(self.start, end)?))
    }

    fn reopen(&self) -> Option<Command> {
        if let Some(next) = self.any_words(self.start, &["reopen", "re open", "uncheck", "untick", "uncomplete", "un complete", "unmark"]) {
            let end = self.ending(next, &["as done", "as complete"]).unwrap_or(self.end);
            let target = self.target(next, end)?;
            return self.is_command(&target, next, end).then_some(Command::Reopen(target));
        }
        let next = self.any_words(self.start, &["mark", "set"])?;
        let states = [
            "as not done", "not done", "as undone", "undone", "as incomplete", "as unfinished", "as open", "as todo", "as to do", "to todo", "to open", "as not complete", "as not completed", "as not finished", "to not done", "to to do", "as still open", "as not done yet",
        ];
        let end = self.ending(next, &states)?;
        Some(Command::Reopen(self.target(next, end)?))
    }

    fn rename(&self) -> Option<Command> {
        if let Some(next) = self.any_words(self.start, &["call it", "call that", "call this one", "call that one", "name it"]) {
            let idioms = ["a day", "off", "quits", "a night", "even", "in", "back"];
            let is_idiom = self.any_words(next, &idioms).is_some();
            let title = self.text(next, self.end);
            return (!is_idiom && !title.is_empty() && !self.has_time(next, self.end))
                .then(|| Command::Rename(Target::It, unquoted(title)));
        }
        let (next, joins): (usize, &[&str]) = if let Some(next) = self.any_words(self.start, &["rename", "retitle"]) {
            (next, &["to", "as", "into"])
        } else {
            let led = [
                "change the title of", "change the name of", "set the title of", "change title of", "set title of", "update the title of", "change the text of", "edit the title of", "change name of", "change the wording of",
            ];
            (self.any_words(self.start, &led)?, &["to", "into"])
        };
        let (at, after) = self.find(next, joins)?;
        let target = self.target(next, at)?;
        let title = self.text(after, self.whole_end());
        (!title.is_empty()).then(|| Command::Rename(target, unquoted(title)))
    }

    /// The clause's end with the signs that a title may end with.
    fn whole_end(&self) -> usize {
        let is_kept = |at: usize| self.phrase.is_any(at, &["!", "?", ")", "\"", "”"]);
        (self.end..self.phrase.len()).take_while(|at| is_kept(*at)).last().map_or(self.end, |at| at + 1)
    }

    fn describe(&self) -> Option<Command> {
        let leads = [
            "add a note to", "add note to", "add a description to", "add description to", "add notes to", "add a note for", "note for", "note on", "set the description of", "change the description of",
            "set the note of", "add the note to", "add a comment to", "add a note on", "put a note on", "attach a note to", "write a note on", "update the description of",
        ];
        if let Some(next) = self.any_words(self.start, &leads) {
            let (at, after) = self.find(next, &[":", "saying that", "saying", "that says", "to", "with the text", "-", "–", "that"])?;
            let target = self.target(next, at)?;
            let text = self.text(after, self.whole_end());
            return (!text.is_empty()).then(|| Command::Describe(target, unquoted(text)));
        }
        if let Some(next) = self.any_words(self.start, &["describe"]) {
            let (at, after) = self.find(next, &["as"])?;
            let target = self.target(next, at)?;
            let text = self.text(after, self.whole_end());
            return (!text.is_empty()).then(|| Command::Describe(target, unquoted(text)));
        }
        None
    }

    fn set_priority(&self) -> Option<Command> {
        if let Some(next) = self.any_words(self.start, &["set the priority of", "change the priority of", "set priority of", "change priority of", "set the priority for", "update the priority of"]) {
            let (at, after) = self.rfind(next, &["to", "as"])?;
            let priority = self.whole_priority(after)?;
            return Some(Command::SetPriority(self.target(next, at)?, priority));
        }
        let fixed: [(&[&str], Priority); 2] = [
            (&["prioritise", "prioritize", "raise the priority of", "increase the priority of"], Priority::High),
            (&["deprioritise", "deprioritize", "lower the priority of", "decrease the priority of", "reduce the priority of"], Priority::Low),
        ];
        for (verbs, priority) in fixed {
            if let Some(next) = self.any_words(self.start, verbs) {
                let (end, priority) = match self.rfind(next, &["to"]) {
                    Some((at, after)) => (at, self.whole_priority(after)?),
                    None => (self.end, priority),
                };
                let target = self.target(next, end)?;
                return self.is_command(&target, next, end).then_some(Command::SetPriority(target, priority));
            }
        }
        let next = self.any_words(self.start, &["make", "set", "mark", "give", "change", "bump", "flag", "raise", "lower", "drop"])?;
        for at in next + 1..self.end {
            let after = self.any_words(at, &["to a", "to", "as a", "as", "a", "an", "priority to", "priority as", "'s priority to", "of"]).unwrap_or(at);
            if let Some(priority) = self.whole_priority(after) {
                return Some(Command::SetPriority(self.target(next, at)?, priority));
            }
        }
        None
    }

    /// A priority that the clause ends with.
    fn whole_priority(&self, at: usize) -> Option<Priority> {
        let words = [
            ("urgent", Priority::High), ("important", Priority::High), ("a priority", Priority::High), ("critical", Priority::High), ("very important", Priority::High), ("unimportant", Priority::Low), ("not important", Priority::Low), ("not urgent", Priority::Low),
        ];
        if let Some((_, priority)) = words.iter().find(|(words, _)| self.words(at, words) == Some(self.end)) {
            return Some(*priority);
        }
        let grammar = Grammar::new(self.phrase, self.context);
        let level = grammar.level(at).filter(|_| at + 1 == self.end);
        let phrase = || grammar.priority_phrase(at).filter(|(_, end)| *end == self.end).map(|(priority, _)| priority);
        let mark = || match grammar.mark(at, at) {
            Some((Piece::Priority(priority), end)) if end == self.end => Some(priority),
            _ => None,
        };
        level.or_else(phrase).or_else(mark)
    }

    fn tag(&self) -> Option<Command> {
        if let Some(next) = self.any_words(self.start, &["tag", "label"]) {
            if self.words(next, "along").is_some() {
                return None;
            }
            let (at, after) = self.rfind(next, &["with the tags", "with the tag", "with", "as"]).or_else(|| {
                let at = (next..self.end).find(|at| self.phrase.is(*at, "#"))?;
                Some((at, at))
            })?;
            let add = self.tags(after, self.end)?;
            let what = self.target(next, at)?;
            let is_time = self.whole_time(at, self.end).is_some() || matches!(what, Target::Words(_)) && self.has_time(next, at);
            return (!is_time).then_some(Command::Tag { what, add, remove: vec![] });
        }
        if let Some(next) = self.any_words(self.start, &["untag"]) {
            let (at, after) = self.rfind(next, &["from"]).unwrap_or((self.end, self.end));
            if let (Some(remove), Some(what)) = (self.tags(next, at), self.target(after, self.end)) {
                return Some(Command::Tag { what, add: vec![], remove });
            }
            let at = (next..self.end).find(|at| self.phrase.is(*at, "#"))?;
            return Some(Command::Tag { what: self.target(next, at)?, add: vec![], remove: self.tags(at, self.end)? });
        }
        let (is_add, next) = match self.any_words(self.start, &["add", "put"]) {
            Some(next) => (true, next),
            None => (false, self.any_words(self.start, &["remove", "take", "drop", "delete", "strip"])?),
        };
        let joins: &[&str] = if is_add { &["to", "on"] } else { &["from", "off"] };
        let (at, after) = self.rfind(next, joins)?;
        let start = self.any_words(next, &["the tags", "the tag", "tags", "tag", "a tag", "the label"]).unwrap_or(next);
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
    fn tags(&self, start: usize, end: usize) -> Option<Vec<String>> {
        let grammar = Grammar::new(self.phrase, self.context);
        let mut tags = Vec::new();
        let mut at = start;
        while at < end {
            if self.phrase.is_any(at, &[",", "and", "&"]) {
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

    fn reschedule(&self) -> Option<Command> {
        self.move_of_due_date()
            .or_else(|| self.make_due())
            .or_else(|| self.stop_repeating())
            .or_else(|| self.repeat())
            .or_else(|| self.move_to())
    }

    /// "change the due date of X to June 5", "clear the due date of X".
    fn move_of_due_date(&self) -> Option<Command> {
        let leads = [
            "change the due date of", "set the due date of", "change the date of", "change the deadline of", "change the time of", "set the deadline of", "set the deadline for", "move the due date of", "set the due date for", "change the due date for", "move the deadline of", "update the due date of", "set the date of", "set the time of", "move the deadline for", "change the deadline for", "extend the deadline of", "extend the deadline for",
        ];
        if let Some(next) = self.any_words(self.start, &leads) {
            let (at, after) = self.rfind(next, &["to", "until", "by"])?;
            let moved = self.moved(after, self.end)?;
            return Some(Command::Reschedule(self.target(next, at)?, moved));
        }
        let clears = ["remove the due date from", "clear the due date of", "remove the due date of", "remove the date from", "clear the date of", "remove the deadline from", "delete the due date of", "unschedule", "clear the due date from"];
        let next = self.any_words(self.start, &clears)?;
        Some(Command::Reschedule(self.target(next, self.end)?, Move::NoDue))
    }

    /// "make the invoice due tomorrow", "set it for Friday".
    fn make_due(&self) -> Option<Command> {
        let next = self.any_words(self.start, &["make", "set"])?;
        let (at, after) = self.find(next, &["due on", "due by", "due at", "due to", "due", "for"])?;
        let moved = self.moved(after, self.end)?;
        let target = self.target(next, at)?;
        let is_for = self.phrase.is(at, "for");
        (!is_for || !matches!(target, Target::Words(_))).then_some(Command::Reschedule(target, moved))
    }

    fn stop_repeating(&self) -> Option<Command> {
        if let Some(next) = self.any_words(self.start, &["stop repeating", "don't repeat", "do not repeat"]) {
            return Some(Command::Reschedule(self.target(next, self.end)?, Move::NoRepeat));
        }
        let next = self.any_words(self.start, &["stop", "make"])?;
        let end = self.ending(next, &["from repeating", "repeating", "recurring", "not repeat", "non recurring", "not recurring", "a one off"])?;
        Some(Command::Reschedule(self.target(next, end)?, Move::NoRepeat))
    }

    /// "make it repeat every Monday", "repeat it daily", "make the gym every Tuesday at 7".
    fn repeat(&self) -> Option<Command> {
        let next = self.any_words(self.start, &["make", "repeat", "set", "let", "have"])?;
        let is_repeat = self.phrase.is(self.start, "repeat");
        for at in next + 1..self.end {
            let after = self.any_words(at, &["to repeat", "repeat", "recur", "to recur", "repeating", "recurring", "happen", "to"]).unwrap_or(at);
            let Some(when) = self.whole_time(after, self.end) else { continue };
            let (Some(recurrence), Some(due)) = (when.recurrence, when.due) else { continue };
            let target = self.target(next, at)?;
            let is_said = is_repeat || after > at || !matches!(target, Target::Words(_));
            return is_said.then(|| {
                Command::Reschedule(target, Move::Repeat { recurrence: Box::new(recurrence), due })
            });
        }
        None
    }

    /// "move X to Friday", "push X back a day", "postpone X by a week".
    fn move_to(&self) -> Option<Command> {
        let verbs = [
            "move", "reschedule", "postpone", "push back", "push", "shift", "delay", "defer", "bring forward", "bring", "bump", "put off", "change", "put", "switch", "schedule", "pull",
        ];
        let next = self.any_words(self.start, &verbs)?;
        let verb = self.text(self.start, next).to_lowercase();
        let is_back = |at: usize| self.phrase.is_any(at, &["forward", "earlier", "up", "ahead"]) || verb.contains("forward");
        for at in next + 1..self.end {
            if let Some(after) = self.any_words(at, &["back by", "forward by", "by", "back", "forward", "up by", "ahead by", "up", "out by", "out", "on by"])
                && let Some(shift) = self.shift(after)
            {
                let shift = if is_back(at) || self.phrase.is(self.end - 1, "earlier") { back(shift) } else { shift };
                return Some(Command::Reschedule(self.target(next, at)?, Move::By(shift)));
            }
            if let Some(after) = self.any_words(at, &["back to", "back until", "forward to", "up to", "ahead to", "off until", "off till", "off to", "over to", "to", "until", "till", "for"])
                && let Some(moved) = self.moved(after, self.end)
            {
                let is_for = self.phrase.is(at, "for") && !matches!(verb.as_str(), "reschedule" | "schedule");
                let target = self.target(next, at)?;
                let is_vague = !self.phrase.is_any(at, &["forward", "back", "up", "ahead", "off"]) && matches!(verb.as_str(), "put" | "schedule" | "bring" | "pull") && matches!(target, Target::Words(_)) && !self.names_a_task(next, at);
                return (!is_for && !is_vague).then_some(Command::Reschedule(target, moved));
            }
            // "postpone it a week", "move it a day later".
            if matches!(verb.as_str(), "postpone" | "delay" | "defer" | "push" | "move" | "shift" | "push back")
                && let Some(shift) = self.shift(at)
            {
                let target = self.target(next, at)?;
                let is_earlier = self.phrase.is_any(self.end - 1, &["earlier", "forward", "sooner"]);
                return Some(Command::Reschedule(target, Move::By(if is_earlier { back(shift) } else { shift })));
            }
        }
        None
    }

    /// A distance that the clause ends with.
    fn shift(&self, at: usize) -> Option<Shift> {
        let at = self.any_words(at, &["another"]).map_or(at, |_| at);
        let grammar = Grammar::new(self.phrase, self.context);
        let (distance, end) = match self.words(at, "another") {
            Some(next) => {
                let (unit, end) = grammar.unit(next)?;
                (crate::duration::Distance::of(1, unit)?, end)
            }
            None => grammar.duration(at)?,
        };
        let end = self.any_words(end, &["later", "earlier", "back", "forward", "sooner"]).unwrap_or(end);
        (end == self.end && distance.working_days == 0).then_some(distance.shift)
    }

    /// The time that all between two positions says.
    fn moved(&self, start: usize, end: usize) -> Option<Move> {
        let when = self.whole_time(start, end)?;
        let due = when.due?;
        Some(match when.recurrence {
            Some(recurrence) => Move::Repeat { recurrence: Box::new(recurrence), due },
            None => Move::To { due, said: when.said? },
        })
    }

    fn snooze(&self) -> Option<Command> {
        if let Some(next) = self.any_words(self.start, &["snooze"]) {
            let (at, after) = match self.find(next, &["for", "until", "till", "to", "by"]) {
                Some((at, after)) => (at, Some(after)),
                None => (self.end, None),
            };
            // "Snooze 10 minutes", "snooze it an hour".
            let (at, after) = match after {
                None => match (next..self.end).find(|at| self.shift(*at).is_some()) {
                    Some(at) => (at, Some(at)),
                    None => (at, None),
                },
                after => (at, after),
            };
            let target = if at == next { Target::It } else { self.target(next, at)? };
            let until = match after {
                Some(after) => Some(self.later(after)?),
                None => None,
            };
            return Some(Command::Snooze(target, until));
        }
        if self.is_whole(&["later", "not now", "remind me later", "remind me again later"]) {
            return Some(Command::Snooze(Target::It, None));
        }
        let next = self.any_words(self.start, &["remind me again", "remind me about it again", "remind me of it again", "ask me again", "remind me about this again"])?;
        Some(Command::Snooze(Target::It, Some(self.later(next)?)))
    }

    /// The instant that all from a position on says: "an hour", "tomorrow morning", "in 10 minutes".
    fn later(&self, at: usize) -> Option<chrono::DateTime<chrono::Utc>> {
        let grammar = Grammar::new(self.phrase, self.context);
        if let Some(shift) = self.shift(at) {
            let distance = crate::duration::Distance { shift, working_days: 0 };
            return Some(grammar.from_now(&distance));
        }
        match self.whole_time(at, self.end)?.due? {
            Due::At(instant) => Some(instant),
            Due::On(day) => {
                Some(self.context.time_zone.instant(day.and_time(self.context.preferences.morning)))
            }
        }
    }

    fn skip(&self) -> Option<Command> {
        let next = self.any_words(self.start, &["skip", "pass on", "pass over"])?;
        if next == self.end {
            return Some(Command::Skip(Target::It));
        }
        let target = self.target(next, self.end)?;
        self.is_command(&target, next, self.end).then_some(Command::Skip(target))
    }

    /// "remind me about it an hour before", "add a reminder to X the day before".
    fn remind(&self) -> Option<Command> {
        let next = self.any_words(self.start, &["remind me about", "remind me of", "add a reminder to", "add a reminder for", "set a reminder for"])?;
        for at in next + 1..self.end {
            let text = format!("remind me {}", self.text(at, self.end));
            let phrase = Phrase::new(&text);
            let grammar = Grammar::new(&phrase, self.context);
            let Some((said, end)) = grammar.reminder_clause(0, 0) else { continue };
            if end != phrase.len() {
                continue;
            }
            let offsets: Option<Vec<ReminderSpec>> = said.iter().map(|reminder| grammar.offset_of(*reminder)).collect();
            return Some(Command::Remind(self.target(next, at)?, offsets?));
        }
        None
    }

    fn delete(&self) -> Option<Command> {
        let next = self.any_words(self.start, &["delete", "remove", "erase", "trash", "discard", "cancel", "get rid of", "drop", "throw away", "bin", "throw out", "clear"])?;
        let target = self.target(next, self.end)?;
        let verb = self.text(self.start, next).to_lowercase();
        let is_plain = matches!(verb.as_str(), "delete" | "remove" | "erase");
        let is_words = matches!(target, Target::Words(_));
        if is_words && !is_plain && !self.names_a_task(next, self.end) {
            return None;
        }
        self.is_command(&target, next, self.end).then_some(Command::Delete(target))
    }

    /// Whether the words of a target are all that was said: with a time, a tag or a priority it is a task to add.
    fn is_command(&self, target: &Target, start: usize, end: usize) -> bool {
        !matches!(target, Target::Words(_)) || !self.has_time(start, end)
    }

    fn has_time(&self, start: usize, end: usize) -> bool {
        let phrase = Phrase::new(self.text(start, end));
        let grammar = Grammar::new(&phrase, self.context);
        let (found, _) = grammar.understood(0);
        found.iter().any(|found| !matches!(&found.piece, Piece::Time(Time::Times(_) | Time::For(_))))
    }

    /// Whether it is called a task: "the gym task", "my dentist reminder".
    fn names_a_task(&self, start: usize, end: usize) -> bool {
        let nouns = ["task", "tasks", "reminder", "reminders", "todo", "item", "entry"];
        self.phrase.is_any(end.wrapping_sub(1), &nouns) || self.phrase.is_any(start, &nouns) || self.phrase.is_any(start + 1, &nouns)
    }

    /// Where what the clause ends with begins, if it is one of these.
    fn ending(&self, start: usize, endings: &[&str]) -> Option<usize> {
        (start + 1..self.end).find(|at| self.any_words(*at, endings) == Some(self.end))
    }

    /// The time that is all there is between two positions.
    pub(crate) fn whole_time(&self, start: usize, end: usize) -> Option<When> {
        if end.saturating_sub(start) > MAX_TIME_TOKENS {
            return None;
        }
        let phrase = Phrase::new(self.text(start, end));
        let grammar = Grammar::new(&phrase, self.context);
        // What a preposition would lead to stands after "to" here.
        for led in ["", "at ", "on ", "in "] {
            let text = format!("{led}{}", phrase.text);
            let phrase = Phrase::new(&text);
            let inner = Grammar::new(&phrase, grammar.context);
            let (found, when) = inner.understood(0);
            let is_whole = phrase
                .tokens
                .iter()
                .enumerate()
                .all(|(at, token)| token.kind == Kind::Sign || found.iter().any(|found| found.tokens.contains(&at)));
            if is_whole && let Some(when) = when.filter(|when| when.due.is_some()) {
                return Some(when);
            }
        }
        None
    }
}

fn back(shift: Shift) -> Shift {
    Shift { months: -shift.months, days: -shift.days, seconds: -shift.seconds }
}

/// A text without the quotation marks around it.
fn unquoted(text: &str) -> String {
    let pairs = [('"', '"'), ('“', '”'), ('\'', '\''), ('‘', '’'), ('«', '»')];
    let inner = pairs
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))
        .unwrap_or(text);
    inner.trim().to_owned()
}
