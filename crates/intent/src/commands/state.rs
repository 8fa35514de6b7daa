//! How far tasks are: "done with …", "reopen …", "delete …", "skip …".

use crate::{
    command::{Command, Target},
    commands::Clause,
};

impl Clause<'_> {
    pub(crate) fn complete(&self) -> Option<Command> {
        let verbs = "done with|i'm done with|i am done with|i've done|i have done|i did|i just did|\
        i've finished|i have finished|i finished|i just finished|i've completed|i completed|\
        i have completed|finished|finished with|i'm finished with|completed|complete|\
        tick off|check off|cross off|mark off|tick|check|i've just done|i've just finished|\
        i've already done|i already did|i already finished|finish|close|done|\
        complete the task|cross out|strike off|strike|close out|resolve";
        let verb = self.any_words(self.start, verbs);
        if let Some(next) = verb {
            let said = self.text(self.start, next).to_lowercase();
            // "tick the milk off", "check it off".
            let is_split = matches!(said.as_str(), "tick" | "check" | "cross" | "mark" | "strike");
            let end = if is_split {
                self.end.checked_sub(1).filter(|at| self.phrase.is_any(*at, "off|out"))?
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
        if let Some(next) = self.any_words(self.start, "mark|set|flag") {
            let states = "as done|done|as complete|as completed|complete|completed|as finished|finished|\
        to done|off|as being done|to completed|to complete";
            let end = self.ending(next, states)?;
            return Some(Command::Complete(self.target(next, end)?));
        }
        let states = "is done|is finished|is complete|is completed|are done|are finished|has been done|\
        is all done|was done|are complete|got done";
        let end = self.ending(self.start, states)?;
        Some(Command::Complete(self.target(self.start, end)?))
    }

    pub(crate) fn reopen(&self) -> Option<Command> {
        if let Some(next) = self
            .any_words(self.start, "reopen|re open|uncheck|untick|uncomplete|un complete|unmark")
        {
            let end = self.ending(next, "as done|as complete").unwrap_or(self.end);
            let target = self.target(next, end)?;
            return self.is_command(&target, next, end).then_some(Command::Reopen(target));
        }
        let next = self.any_words(self.start, "mark|set")?;
        let states = "as not done|not done|as undone|undone|as incomplete|as unfinished|as open|as todo|\
        as to do|to todo|to open|as not complete|as not completed|as not finished|\
        to not done|to to do|as still open|as not done yet";
        let end = self.ending(next, states)?;
        Some(Command::Reopen(self.target(next, end)?))
    }

    pub(crate) fn delete(&self) -> Option<Command> {
        let next = self.any_words(
            self.start,
            "delete|remove|erase|trash|discard|cancel|get rid of|drop|throw away|bin|\
                throw out|clear",
        )?;
        let target = self.target(next, self.end)?;
        let verb = self.text(self.start, next).to_lowercase();
        let is_plain = matches!(verb.as_str(), "delete" | "remove" | "erase");
        let is_words = matches!(target, Target::Words(_));
        if is_words && !is_plain && !self.names_a_task(next, self.end) {
            return None;
        }
        self.is_command(&target, next, self.end).then_some(Command::Delete(target))
    }

    pub(crate) fn skip(&self) -> Option<Command> {
        let next = self.any_words(self.start, "skip|pass on|pass over")?;
        if next == self.end {
            return Some(Command::Skip(Target::It));
        }
        let target = self.target(next, self.end)?;
        self.is_command(&target, next, self.end).then_some(Command::Skip(target))
    }
}
