//! Priorities and tags: "!high", "p1", "urgent:", "#home".

use events::Priority;

use crate::{
    scan::found::Piece,
    text::grammar::{Grammar, Read},
    text::token::Kind,
};

/// The longest tag, in characters; a longer one stays in the title.
const MAX_TAG_CHARS: usize = 50;

impl Grammar<'_> {
    /// A priority or a tag that is meant as one; `from` is where the phrase's content begins.
    pub(crate) fn mark(&self, at: usize, from: usize) -> Option<Read<Piece>> {
        let leads = "and tag it|and tag|tagged as|tagged with|tagged|tag|with the tag|with tag|with tags|\
        labelled|labeled";
        let led = self.phrase.skip(at, leads);
        if let Some((tag, end)) = self.tag(led).or_else(|| self.tag(at)) {
            return Some((Piece::Tag(tag), end));
        }
        let (priority, end) = self
            .exclamation(at)
            .or_else(|| self.p_number(at, from))
            .or_else(|| self.priority_phrase(at))
            .or_else(|| self.urgent(at, from))?;
        Some((Piece::Priority(priority), end))
    }

    /// Whether a priority or a tag stands here, as far as its form tells.
    pub(crate) fn is_mark(&self, at: usize) -> bool {
        self.tag(at).is_some()
            || self.exclamation(at).is_some()
            || self.p_word(at).is_some()
            || self.priority_phrase(at).is_some()
            || self.urgency(at).is_some_and(|end| self.ends_phrase(end))
    }

    pub(crate) fn mark_starts(&self, at: usize) -> bool {
        self.phrase.is_any(at, "#|!") && self.is_mark(at)
    }

    /// `#home`, `#work/board`, `#team-b_2`.
    pub(crate) fn tag(&self, at: usize) -> Option<Read<String>> {
        let phrase = self.phrase;
        if !phrase.is(at, "#") || self.is_glued_to_word(at) {
            return None;
        }
        let mut tag = String::new();
        let mut end = at + 1;
        while phrase.is_glued(end) && self.is_tag_token(end) {
            tag.push_str(phrase.lower(end));
            end += 1;
        }
        let is_tag = tag.chars().any(char::is_alphabetic) && tag.chars().count() <= MAX_TAG_CHARS;
        is_tag.then_some((tag, end))
    }

    fn is_tag_token(&self, at: usize) -> bool {
        let phrase = self.phrase;
        match phrase.get(at).map(|token| token.kind) {
            Some(Kind::Word | Kind::Number) => true,
            // Between what it joins, not at the end.
            Some(Kind::Sign) => {
                phrase.is_any(at, "-|_|/")
                    && phrase.is_glued(at + 1)
                    && phrase.get(at + 1).is_some_and(|next| next.kind != Kind::Sign)
            }
            None => false,
        }
    }

    fn is_glued_to_word(&self, at: usize) -> bool {
        self.phrase.is_glued(at)
            && at > 0
            && self.phrase.get(at - 1).is_some_and(|before| before.kind != Kind::Sign)
    }

    /// `!high`, `!1`, `!!!`, `!!`.
    fn exclamation(&self, at: usize) -> Option<Read<Priority>> {
        let phrase = self.phrase;
        if !phrase.is(at, "!") || phrase.is_glued(at) {
            return None;
        }
        let mut end = at + 1;
        while phrase.is(end, "!") && phrase.is_glued(end) && end < at + 4 {
            end += 1;
        }
        if end == at + 1 && phrase.is_glued(end) {
            let level = self.level(end).or_else(|| number_level(phrase.digits(end)?.1))?;
            return Some((level, end + 1));
        }
        let priority = match end - at {
            2 => Priority::Medium,
            3 => Priority::High,
            _ => return None,
        };
        (!phrase.is_glued(end)).then_some((priority, end))
    }

    /// `p1`, where it is set apart: "p1 parking" is a place.
    fn p_number(&self, at: usize, from: usize) -> Option<Read<Priority>> {
        let (priority, end) = self.p_word(at)?;
        let is_apart = self.starts_phrase(at, from)
            || self.ends_phrase(end)
            || self.starts_time(end)
            || self.phrase.is_any(end, "remind|on|at|by|in|every|each");
        is_apart.then_some((priority, end))
    }

    fn p_word(&self, at: usize) -> Option<Read<Priority>> {
        let phrase = self.phrase;
        let is_form = phrase.is(at, "p") && phrase.is_glued(at + 1) && !phrase.is_glued(at);
        let number = phrase.digits_of(at + 1, 1..=1)?;
        let is_whole = !phrase.is_glued(at + 2)
            || phrase
                .get(at + 2)
                .is_none_or(|next| next.kind == Kind::Sign && !phrase.is_any(at + 2, "-|/|."));
        (is_form && is_whole).then_some((number_level(number)?, at + 2))
    }

    /// "high priority", "priority: low", "with medium prio".
    pub(crate) fn priority_phrase(&self, at: usize) -> Option<Read<Priority>> {
        let phrase = self.phrase;
        let start = phrase.skip(at, "with a|with|of|at|as");
        let start = phrase.skip(start, "a");
        if start == at && at > 0 && phrase.is_any(at - 1, "a|the|my|our") {
            return None;
        }
        if let Some(priority) = self.level(start) {
            let end = phrase.any_words(self.skip_hyphen(start + 1), "priority|prio")?;
            return Some((priority, end));
        }
        let next = phrase.any_words(start, "priority|prio")?;
        let next = phrase.skip(next, ":|is|=");
        if let Some(priority) = self.level(next) {
            return Some((priority, next + 1));
        }
        let number = phrase.digits_of(next, 1..=1)?;
        Some((number_level(number)?, next + 1))
    }

    /// high, medium, low.
    pub(crate) fn level(&self, at: usize) -> Option<Priority> {
        Some(match self.phrase.lower(at) {
            "high" | "highest" | "top" | "hi" | "urgent" | "critical" => Priority::High,
            "medium" | "med" | "normal" => Priority::Medium,
            "low" | "lowest" | "lo" => Priority::Low,
            _ => return None,
        })
    }

    /// "urgent:", ", asap", "(important)".
    pub(crate) fn urgent(&self, at: usize, from: usize) -> Option<Read<Priority>> {
        let phrase = self.phrase;
        let bracket = match phrase.lower(at) {
            "(" => Some(")"),
            "[" => Some("]"),
            _ => None,
        };
        if let Some(close) = bracket {
            let end = self.urgency(at + 1)?;
            return phrase.is(end, close).then_some((Priority::High, end + 1));
        }
        let end = self.urgency(at)?;
        let is_shouted =
            phrase.get(at).is_some_and(|token| token.text.chars().all(char::is_uppercase));
        let is_leading = self.starts_phrase(at, from)
            && (phrase.is_any(end, ":|,|!|;") || phrase.is_hyphen(end) || is_shouted);
        let is_trailing = self.ends_phrase(end)
            && !(at > 0
                && phrase.is_any(
                    at - 1,
                    "is|are|it's|very|not|and|or|more|so|as|most|something|be|that's|what's",
                ));
        let is_enclosed = at > 0
            && (phrase.is_any(at - 1, ",|;|:") || phrase.is_hyphen(at - 1))
            && phrase.is_any(end, ",|;");
        (is_leading || is_trailing || is_enclosed).then_some((Priority::High, end))
    }

    fn urgency(&self, at: usize) -> Option<usize> {
        self.phrase.any_words(
            at,
            "very urgent|urgent|asap|a . s . a . p|important|very important|as soon as possible|\
                urgently",
        )
    }

    /// Whether only marks and signs stand before this.
    fn starts_phrase(&self, at: usize, from: usize) -> bool {
        let mut before = from;
        while before < at {
            let end = self
                .tag(before)
                .map(|(_, end)| end)
                .or_else(|| self.exclamation(before).map(|(_, end)| end));
            match end {
                Some(end) => before = end,
                None if self.phrase.get(before).is_some_and(|token| token.kind == Kind::Sign) => {
                    before += 1;
                }
                None => return false,
            }
        }
        true
    }

    /// Whether only marks and signs stand from here on.
    fn ends_phrase(&self, at: usize) -> bool {
        let mut after = at;
        while after < self.phrase.len() {
            let end = self
                .tag(after)
                .map(|(_, end)| end)
                .or_else(|| self.exclamation(after).map(|(_, end)| end))
                .or_else(|| self.p_word(after).map(|(_, end)| end));
            match end {
                Some(end) => after = end,
                None if self.phrase.get(after).is_some_and(|token| token.kind == Kind::Sign) => {
                    after += 1;
                }
                None if self.phrase.is(after, "please") => after += 1,
                None => return false,
            }
        }
        true
    }
}

fn number_level(number: u32) -> Option<Priority> {
    Some(match number {
        1 => Priority::High,
        2 => Priority::Medium,
        3 => Priority::Low,
        _ => return None,
    })
}
