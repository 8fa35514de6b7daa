//! Whether a task to add is all that was meant, or the phrase is better asked about.

use crate::{
    Doubt,
    command::NewTask,
    scan::found::Found,
    text::{token::Phrase, words},
};

/// A longer phrase is a story, not a task.
const MAX_WORDS: usize = 25;

/// What begins a question, or speaks to somebody.
const QUESTIONS: &str = "what|what's|whats|who|who's|how|how's|when|where|which|why|should i|should we|is|are|\
    am i|do i|do you|does|did|can i|can we|could i|may i|have i|has|will i|would it|\
    tell me|show me|give me|help me|suggest|i think|i feel|i'm|i am|let's talk";

/// What is said to be polite, and is no task.
const GREETINGS: &str = "hi|hello|hey|thanks|thank you|good morning|good evening|good afternoon|good night|bye|\
    goodbye|cool|great|nice|awesome|perfect|ok thanks|hello there|hi there|well done";

impl Phrase<'_> {
    /// Why something else may be meant than a task.
    pub(crate) fn doubt_of(&self, task: &NewTask, found: &[Found]) -> Option<Doubt> {
        let is_whole = |words: &str| {
            self.words(0, words).is_some_and(|end| (end..self.len()).all(|at| !self.is_word(at)))
        };
        let ends_with_sign = self.tokens.last().is_some_and(|last| last.text == "?");
        let asks =
            self.any_words(0, QUESTIONS).is_some() || (ends_with_sign && task.title.ends_with('?'));
        let title = task.title.to_lowercase();
        if title.is_empty()
            || matches!(title.as_str(), "remind me" | "add" | "remember" | "task" | "reminder")
        {
            return Some(Doubt::NoTitle);
        }
        if GREETINGS.split('|').any(is_whole) {
            return Some(Doubt::Greeting);
        }
        if asks {
            return Some(Doubt::Question);
        }
        let words = self.tokens.iter().filter(|token| token.chars > 1).count();
        if words > MAX_WORDS {
            return Some(Doubt::Story);
        }
        self.leaves_a_time(task, found).then_some(Doubt::HalfATime)
    }

    /// Whether words that tell a time are left in the title of a task that has none.
    fn leaves_a_time(&self, task: &NewTask, found: &[Found]) -> bool {
        let is_left = |at: usize| !found.iter().any(|found| found.tokens.contains(&at));
        let tells_time = |word: &str| {
            words::weekday(word).is_some_and(|name| !name.is_short)
                || matches!(
                    word,
                    "tomorrow"
                        | "tonight"
                        | "today"
                        | "every"
                        | "each"
                        | "weekly"
                        | "monthly"
                        | "am"
                        | "pm"
                        | "o'clock"
                )
        };
        // "10 minutes before the meeting".
        let counts = |at: usize| {
            let units = "day|days|week|weeks|month|months|hour|hours|minute|minutes";
            self.is_any(at, units) && self.is_any(at + 1, "before|after")
        };
        task.due.is_none()
            && (0..self.len()).any(|at| is_left(at) && (tells_time(self.lower(at)) || counts(at)))
    }
}
