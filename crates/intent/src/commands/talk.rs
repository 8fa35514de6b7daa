//! What is said about the conversation itself: answers, "undo", "help", "why did I get this".

use crate::{
    command::{Answer, Command, Target},
    commands::Clause,
};

impl Clause<'_> {
    pub(crate) fn answer(&self) -> Option<Command> {
        const YES: &str = "yes|y|yeah|yep|yup|ya|sure|ok|okay|of course|go ahead|do it|please do|confirm|confirmed|that's right|correct|right|absolutely|definitely|sounds good|fine|go for it|do that|i'm sure|exactly|certainly|yes please|i am sure|make it so|proceed|go|that's fine|all good";
        // What is only said after a yes: alone it is a command.
        const THEN: &str = "delete them|delete it|remove them|complete them|move them|do them|do it please|move it|complete it";
        const NO: &str = "no|n|nope|nah|don't|do not|never mind|nevermind|cancel|stop|not now|leave it|none|\
    none of them|none of these|neither|no thanks|no thank you|forget it|leave them|\
    don't do it|don't do that|no way|not that|rather not|better not|wait|abort|\
    neither of them|not yet";
        let is_chain = |words: &'static str, then: &'static str, end: usize| {
            let mut at = self.start;
            while at < end {
                let and_then = self.any_words(at, then).filter(|_| at > self.start);
                let Some(next) = self.any_words(at, words).or(and_then) else { return false };
                at = (next..end).find(|at| !self.phrase.is_any(*at, ",|.|!|-")).unwrap_or(end);
            }
            end > self.start
        };
        // "Yes, delete them all" says which, too.
        if let Some((all, end)) = self.find(self.start + 1, "delete them all|delete all of them")
            && end == self.end
            && is_chain(YES, "", all)
        {
            return Some(Command::Answer(Answer::These(Target::Them)));
        }
        if is_chain(YES, THEN, self.end) {
            return Some(Command::Answer(Answer::Yes));
        }
        if is_chain(NO, "", self.end) {
            return Some(Command::Answer(Answer::No));
        }
        let start =
            self.any_words(self.start, "yes|i mean|i meant|it's|just").unwrap_or(self.start);
        let start = (start..self.end).find(|at| !self.phrase.is(*at, ",")).unwrap_or(start);
        self.selection(start, self.end)
            .map(|target| Command::Answer(Answer::These(target)))
            .or_else(|| self.named_one())
    }

    pub(crate) fn undo(&self) -> Option<Command> {
        const WHOLE: &str = "take that back|take it back|revert|revert that|revert it|go back|undo|\
    i take that back|put it back|put that back|scratch that|undo undo";
        if self.is_whole(WHOLE) {
            return Some(Command::Undo);
        }
        let next = self.any_words(self.start, "undo|revert")?;
        const OBJECTS: &str = "that|it|this|the last|last|the last one|that last one|that one|the last change|\
    my last change|the last action|my last action|the last thing i did|the last thing|\
    what i just did|what you just did|the last step|that change|the change|what i did|\
    everything i just did|the previous one|the last command|that last change";
        (self.any_words(next, OBJECTS) == Some(self.end)).then_some(Command::Undo)
    }

    pub(crate) fn help(&self) -> Option<Command> {
        const WHOLE: &str = "help|help me|i need help|what can you do|what can i say|what can i ask|\
    what can i do here|how does this work|how do you work|what commands are there|\
    commands|what commands do you know|what do you understand|show help|how do i use this|\
    what can i ask you|what can you help me with|what can i type|what are my options|\
    show me the commands|list commands|how can you help me|what else can you do|\
    how do i use you|show commands|what can i tell you";
        let is_asked = self.any_words(self.start, "how do i|how can i").is_some();
        let is_how = is_asked
            && self.find(self.start, "task|tasks|reminder|reminders|due date|tag|tags").is_some();
        let is_sign = self.start >= self.end
            && self.phrase.tokens.iter().all(|token| token.text == "?")
            && self.phrase.len() > 0;
        (self.is_whole(WHOLE) || is_how || is_sign).then_some(Command::Help)
    }

    pub(crate) fn why(&self) -> Option<Command> {
        let next = self.any_words(self.start, "why|how come|what was|what is|what's")?;
        let is_why = self.phrase.is_any(self.start, "why|how");
        let spoken = "get|got|getting|gotten|remind|reminded|reminding|reminder|reminders|notified|\
        notification|notifications|notify|alert|alerted|receive|received|ping|pinged|told|\
        bothering|see|seeing|hear|fire|fired|buzz|buzzed|sent|send";
        let (said, _) = self.find(next, spoken)?;
        if !is_why {
            let is_about = self.phrase.is_any(said, "reminder|notification|alert")
                && self.phrase.is_any(said.wrapping_sub(1), "that|this|the")
                && self.find(said, "about|for").is_some_and(|(_, end)| end == self.end);
            return is_about.then_some(Command::Why(Target::It));
        }
        let object =
            self.find(said, "of|about|for|to").map(|(_, end)| end).filter(|end| *end < self.end);
        let target = object.map_or(Some(Target::It), |at| self.target(at, self.end))?;
        Some(Command::Why(target))
    }
}
