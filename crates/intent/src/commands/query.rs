//! Which tasks to show: "what's due this week", "overdue", "high priority with #work".

use chrono::NaiveDate;
use events::{Priority, Status};

use crate::{
    command::{Command, Days, Query},
    commands::{Clause, edit::without_quotes},
    scan::found::Piece,
    text::grammar::{Grammar, Read, plus_days},
    text::token::Kind,
    time::day::Day,
};

/// What tasks are called.
const NOUNS: &str = "task|tasks|todo|todos|to dos|to do|item|items|thing|things|everything|anything|\
    something|reminders|stuff|list|agenda|plate|to do list|todo list|task list|chores|\
    schedule|all tasks";

/// What joins the words of a question, and asks for nothing.
const FILLERS: &str = "what|what's|whats|what i have|whatever|my|all|all of|the|me|of|that|which|are|is|\
    is there|were|have|has|do|i|got|to|on|in|with|there|still|left|for|any|a|an|it|we|by|\
    coming up|who|am|this|was|at|should|need|must|can|be|been|out|up|and|or|a list of|so|\
    far|yet|else|now|right now|remaining|you|did|does|will|going|planned|scheduled|please|\
    get|to be|list of";

/// What leads to words that tasks have.
const ABOUTS: &str = "about|containing|mentioning|called|named|regarding|that mention|that contain|\
    with the word|with the words|matching|related to|like|concerning";

/// What asks for tasks. The first group needs tasks to be named.
const ASKS: &str = "what should i focus on|what should i work on|what do i have to do|what is there to do|\
    what can i do|list|show me|show|display|view|give me|tell me|what's|whats|what is|\
    what are|what do i have|what have i|what tasks|which|what do i need to do|\
    what should i do|what must i do|what|find|search for|search|look up|look for|how many|\
    is there|are there|anything|do i have|have i got|see|open|read me|get|count|\
    do i still have|when is|filter|let me see|list out|who|bring up|pull up|read out|\
    go through|summarise|summarize";

impl Clause<'_> {
    /// A question about tasks.
    pub(crate) fn list(&self) -> Option<Command> {
        if let Some(words) = self.search() {
            return Some(Command::List(Query { words: Some(words), ..Query::default() }));
        }
        if self.is_whole(
            "what's next|what is next|what's up next|what next|what's coming up|what's up|next up",
        ) {
            let today = Grammar::new(self.phrase, self.context).today;
            let due = Some(Days { from: Some(today), to: None });
            return Some(Command::List(Query { due, ..Query::default() }));
        }
        let next = self.any_words(self.start, ASKS).unwrap_or(self.start);
        let is_asked = next > self.start;
        let verb = self.text(self.start, next).to_lowercase();
        let mut query = self.query(next, self.end)?;
        query.count = verb == "how many" || verb == "count";
        let names_tasks = self.find(self.start, NOUNS).is_some();
        let is_question = verb.starts_with("what")
            || matches!(
                verb.as_str(),
                "how many"
                    | "which"
                    | "is there"
                    | "are there"
                    | "anything"
                    | "do i have"
                    | "have i got"
                    | "do i still have"
            );
        if !is_asked {
            // "Overdue", "my tasks", "tasks due tomorrow", "today's agenda".
            let is_filter = query.overdue
                || names_tasks
                || matches!(
                    self.text(self.start, self.end).to_lowercase().as_str(),
                    "agenda" | "todos"
                );
            return (is_filter && !self.begins_with_verb()).then_some(Command::List(query));
        }
        // "Show" and "list" alone show all; "open" and "get" need to be told that tasks are meant.
        let is_plain =
            matches!(verb.as_str(), "list" | "show" | "show me" | "display" | "view" | "list out");
        let has_filter = Query { count: false, ..query.clone() } != Query::default();
        let is_meant = is_question
            || names_tasks
            || (is_plain
                && (has_filter
                    || next == self.end
                    || self.is_whole("show all|list all|show me all|show everything")));
        is_meant.then_some(Command::List(query))
    }

    fn begins_with_verb(&self) -> bool {
        let nouns = "task|tasks|todo|todos|overdue|my|all|everything|open|done|completed|finished|high|\
        low|medium|today's|today|tomorrow's|tomorrow|this|next|urgent|agenda|#|unfinished|\
        upcoming|pending|things|to|the|important|recurring|reminders|p|anything|past|\
        incomplete|outstanding|weekend";
        !self.phrase.is_any(self.start, nouns)
    }

    /// Words to search for: "find dentist", "search for rent"; "find a plumber" is a task.
    fn search(&self) -> Option<String> {
        // "When is yoga?"
        if let Some(next) = self.any_words(self.start, "when is|when's|when are|when do i have") {
            let end = self.ending(next, "due|due again|next|again").unwrap_or(self.end);
            let is_pronoun = self.pronoun(next, end).is_some();
            return self.search_words(next, end).filter(|_| !is_pronoun);
        }
        let next = self.any_words(
            self.start,
            "find|search for|search my tasks for|search tasks for|look up|find me|search|\
                look for",
        )?;
        let is_for = self.phrase.is(next - 1, "for") && !self.phrase.is(self.start, "look");
        let start = self.any_words(
            next,
            "tasks about|tasks with|tasks containing|tasks named|tasks called|tasks for|\
                everything about|all tasks about|anything about|task about|the task about|\
                tasks that mention|my tasks about|anything with|everything with|\
                tasks mentioning|tasks matching|things about|anything to do with",
        );
        if let Some(start) = start {
            return self.search_words(start, self.end);
        }
        let is_thing = self.phrase.is_any(
            next,
            "a|an|my|new|out|time|some|the|someone|somebody|another|our|good|better|cheap|\
                your|his|her|their|all|any|two|where|how|who|what",
        );
        let names_a_task = self.phrase.is_any(self.end - 1, "task|tasks");
        if is_thing && !is_for && !names_a_task {
            return None;
        }
        // With a filter of tasks it is a list.
        if self.query(next, self.end).is_some_and(|query| query.words.is_none()) {
            return None;
        }
        let is_one_thing = is_for || names_a_task || self.end - next <= 3;
        let words = self.search_words(next, self.end).filter(|_| is_one_thing)?;
        (!self.has_marks(next, self.end)).then_some(words)
    }

    fn search_words(&self, start: usize, end: usize) -> Option<String> {
        let text = without_quotes(self.text(start, end));
        let text = text.strip_prefix("the ").unwrap_or(text);
        let text =
            text.strip_suffix(" tasks").or_else(|| text.strip_suffix(" task")).unwrap_or(text);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// What all between two positions asks for; `None` where words are left that ask for nothing known.
    pub(crate) fn query(&self, start: usize, end: usize) -> Option<Query> {
        let grammar = Grammar::new(self.phrase, self.context);
        let mut query = Query::default();
        let mut at = start;
        while at < end {
            at = self.query_piece(&grammar, &mut query, at, end)?;
            if at > end {
                return None;
            }
        }
        Some(query)
    }

    fn query_piece(
        &self,
        grammar: &Grammar<'_>,
        query: &mut Query,
        at: usize,
        end: usize,
    ) -> Option<usize> {
        if let Some((tag, next)) = self.query_tag(grammar, at, end) {
            query.tags.push(tag);
            return Some(next);
        }
        if let Some((priority, next)) = self.query_priority(grammar, at) {
            query.priority = Some(priority);
            return Some(next);
        }
        if let Some(next) = self.query_state(query, at) {
            return Some(next);
        }
        if let Some(next) = self.any_words(at, ABOUTS) {
            let stop = self.words_end(grammar, next, end);
            query.words = Some(self.search_words(next, stop)?);
            return Some(stop);
        }
        if let Some((days, next)) = self.days(grammar, at, end) {
            if query.due.replace(days).is_some() {
                return None;
            }
            return Some(next);
        }
        if let Some(next) =
            self.any_words(at, "due|deadline|deadlines").or_else(|| self.any_words(at, NOUNS))
        {
            return Some(next);
        }
        if let Some(next) = self.any_words(at, FILLERS) {
            return Some(next);
        }
        let token = self.phrase.get(at)?;
        if token.kind == Kind::Sign && !matches!(token.text, "#" | "\"" | "“") {
            return Some(at + 1);
        }
        self.named_tasks(query, at, end)
    }

    /// "insurance tasks": words before what tasks are called.
    fn named_tasks(&self, query: &mut Query, at: usize, end: usize) -> Option<usize> {
        let noun = (at + 1..end.min(at + 4))
            .find(|next| self.phrase.is_any(*next, "task|tasks|todos|items"))?;
        let is_plain = (at..noun).all(|word| self.phrase.is_word(word));
        let words = self.search_words(at, noun).filter(|_| is_plain && query.words.is_none())?;
        query.words = Some(words);
        Some(noun)
    }

    /// Where words to search for end: at what is understood otherwise.
    fn words_end(&self, grammar: &Grammar<'_>, start: usize, end: usize) -> usize {
        (start + 1..end)
            .find(|at| {
                self.phrase.is_any(*at, "due|that|tagged")
                    || self.phrase.is(*at, "#")
                    || grammar.tag(*at).is_some()
                    || self.days(grammar, *at, end).is_some_and(|(_, next)| next == end)
            })
            .unwrap_or(end)
    }

    fn query_tag(&self, grammar: &Grammar<'_>, at: usize, end: usize) -> Option<Read<String>> {
        if let Some(read) = grammar.tag(at) {
            return Some(read);
        }
        let leads = "tagged with|tagged as|tagged|with the tag|with tag|labelled|labeled|with the label|\
        in the category|under";
        let next = self.any_words(at, leads).filter(|next| *next < end)?;
        if let Some(read) = grammar.tag(next) {
            return Some(read);
        }
        let stop = (next + 1..end).find(|at| !self.phrase.is_glued(*at)).unwrap_or(end);
        Some((self.text(next, stop).to_lowercase(), stop))
    }

    fn query_priority(&self, grammar: &Grammar<'_>, at: usize) -> Option<Read<Priority>> {
        if let Some(read) = grammar.priority_phrase(at) {
            return Some(read);
        }
        if let Some(next) = self.any_words(at, "urgent|important|most important|most urgent|top") {
            return Some((Priority::High, next));
        }
        match grammar.mark(at, at) {
            Some((Piece::Priority(priority), next)) => Some((priority, next)),
            _ => None,
        }
    }

    fn query_state(&self, query: &mut Query, at: usize) -> Option<usize> {
        if let Some(next) = self.any_words(
            at,
            "overdue|over due|past due|late|missed|behind|behind on|past their due date|\
                past the due date",
        ) {
            query.overdue = true;
            return Some(next);
        }
        if let Some(next) =
            self.any_words(at, "in progress|started|ongoing|underway|under way|working on|begun")
        {
            query.status = Some(Status::InProgress);
            return Some(next);
        }
        if let Some(next) = self.any_words(
            at,
            "not done|not finished|not completed|unfinished|undone|open|pending|outstanding|\
                incomplete|to be done|not yet done",
        ) {
            query.status = Some(Status::Todo);
            return Some(next);
        }
        if let Some(next) = self.any_words(
            at,
            "done|completed|finished|complete|accomplished|ticked off|checked off|finish|\
                get done",
        ) {
            query.status = Some(Status::Done);
            return Some(next);
        }
        let next = self.any_words(at, "recurring|repeating|that repeat|that recur")?;
        query.recurring = true;
        Some(next)
    }

    /// Days that tasks are due on.
    pub(crate) fn days(&self, grammar: &Grammar<'_>, at: usize, end: usize) -> Option<Read<Days>> {
        self.range_of_days(grammar, at)
            .filter(|(_, next)| *next <= end)
            .or_else(|| self.bounded_days(grammar, at))
            .filter(|(_, next)| *next <= end)
    }

    fn range_of_days(&self, grammar: &Grammar<'_>, at: usize) -> Option<Read<Days>> {
        let (first, last, end) = self.day_range(grammar, at)?;
        Some((Days { from: Some(first.first), to: Some(last.last) }, end))
    }

    fn bounded_days(&self, grammar: &Grammar<'_>, at: usize) -> Option<Read<Days>> {
        let whole = |day: &Day| Days { from: Some(day.first), to: Some(day.last) };
        if let Some(next) = self.any_words(at, "before") {
            let (day, end) = grammar.day(next)?;
            return Some((Days { from: None, to: Some(plus_days(day.first, -1)) }, end));
        }
        if let Some(next) =
            self.any_words(at, "by the end of|by|until|till|up to|no later than|through")
        {
            let by = if self.words(at, "by the end of").is_some() { at + 1 } else { next };
            let (day, end) = grammar.day(by).or_else(|| grammar.day(next))?;
            return Some((Days { from: None, to: Some(day.last) }, end));
        }
        if let Some(next) = self.any_words(at, "after") {
            let (day, end) = grammar.day(next)?;
            return Some((Days { from: Some(plus_days(day.last, 1)), to: None }, end));
        }
        if let Some(next) = self.any_words(at, "since|from|starting") {
            let (day, end) = grammar.day(next)?;
            return Some((Days { from: Some(day.first), to: None }, end));
        }
        if let Some(read) = self.next_days(grammar, at) {
            return Some(read);
        }
        if let Some(next) = self.any_words(at, "upcoming|coming up") {
            return Some((Days { from: Some(grammar.today), to: None }, next));
        }
        let next = self.any_words(at, "on|in|at|for|over|during|of").unwrap_or(at);
        if self.any_words(next, "tonight|this evening|this morning|this afternoon").is_some() {
            let (_, end) = grammar.part(next)?;
            return Some((whole(&Day::once(grammar.today)), end));
        }
        let possessive = [("today's", 0), ("tomorrow's", 1), ("yesterday's", -1)];
        if let Some((_, days)) = possessive.iter().find(|(word, _)| self.phrase.is(next, word)) {
            return Some((whole(&Day::once(plus_days(grammar.today, *days))), next + 1));
        }
        let (day, end) = grammar.day(next)?;
        let end = match grammar.part(end) {
            Some((_, after)) => after,
            None => end,
        };
        Some((whole(&day), end))
    }

    /// "between Monday and Wednesday", "from the 1st to the 10th of June", "June 3 to 5".
    pub(crate) fn day_range(&self, grammar: &Grammar<'_>, at: usize) -> Option<(Day, Day, usize)> {
        let is_between = self.words(at, "between").is_some();
        let start = self.any_words(at, "between|from").unwrap_or(at);
        let (first, next) = grammar.day(start)?;
        let next = self
            .any_words(next, if is_between { "and" } else { "to|until|till|through|thru|-|–" })?;
        let (last, end) = grammar.day(next)?;
        // "From the 1st to the 10th of June" is of June too.
        let first = match (first.pattern, last.pattern) {
            (
                crate::time::pattern::Pattern::DayOfMonth(day),
                crate::time::pattern::Pattern::DayOfYear { month, .. },
            ) => Day::next(crate::time::pattern::Pattern::DayOfYear { month, day }, grammar.today)?,
            _ => first,
        };
        Some((first, last, end))
    }

    /// "in the next 7 days", "over the next two weeks".
    fn next_days(&self, grammar: &Grammar<'_>, at: usize) -> Option<Read<Days>> {
        let next = self.any_words(
            at,
            "in the next|over the next|within the next|the next|next|in the coming|within",
        )?;
        let (distance, end) =
            grammar.duration(next).filter(|(distance, _)| distance.is_whole_days())?;
        let last: NaiveDate = distance.after(grammar.today);
        Some((Days { from: Some(grammar.today), to: Some(last) }, end))
    }
}
