//! A phrase as tokens: runs of letters, runs of digits, single signs.
//!
//! Tokens are as fine as that so that "5pm", "3rd", "17h30" and "3/4/2027" need no rules of their own here: what
//! belongs together without a blank is [`Token::is_glued`].

use std::ops::RangeInclusive;

use crate::text::list::List;

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, with apostrophes between them.
    Word,
    /// Decimal digits.
    Number,
    /// One character that is neither, and no white space.
    Sign,
}

/// A piece of a phrase.
#[derive(Clone, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    /// As it stands in the phrase.
    pub(crate) text: &'t str,
    /// In lower case, with straight apostrophes.
    pub(crate) lower: String,
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// Where it begins, in characters.
    pub(crate) char_start: usize,
    /// How many characters it has.
    pub(crate) chars: usize,
    /// Whether there is nothing between this token and the one before.
    pub(crate) is_glued: bool,
}

impl Token<'_> {
    /// One past its last byte.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is a word that begins with a capital.
    pub(crate) fn is_capitalised(&self) -> bool {
        self.kind == Kind::Word && self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

/// The tokens of a phrase. Positions beyond the end are as if there were an empty sign.
#[derive(Clone, Debug)]
pub(crate) struct Phrase<'t> {
    pub(crate) text: &'t str,
    pub(crate) tokens: Vec<Token<'t>>,
}

impl<'t> Phrase<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let mut tokens: Vec<Token<'t>> = Vec::new();
        let mut characters = text.char_indices().enumerate().peekable();
        while let Some((char_start, (start, first))) = characters.next() {
            if first.is_whitespace() {
                continue;
            }
            let kind = kind_of(first);
            let mut end = start + first.len_utf8();
            let mut chars = 1;
            while let Some(&(_, (at, character))) = characters.peek() {
                if !goes_on(kind, character, &text[at + character.len_utf8()..]) {
                    break;
                }
                end = at + character.len_utf8();
                chars += 1;
                characters.next();
            }
            let token = &text[start..end];
            let is_glued = tokens.last().is_some_and(|last| last.end() == start);
            let lower = lower(token);
            tokens.push(Token { kind, text: token, lower, start, char_start, chars, is_glued });
        }
        Self { text, tokens }
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Token<'t>> {
        self.tokens.get(at)
    }

    /// The token in lower case; empty beyond the end.
    pub(crate) fn lower(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.lower)
    }

    pub(crate) fn is_glued(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_glued)
    }

    pub(crate) fn is(&self, at: usize, word: &str) -> bool {
        self.lower(at) == word
    }

    /// Whether the token is one of several, which are apart by `|`.
    pub(crate) fn is_any(&self, at: usize, words: &'static str) -> bool {
        let Some(token) = self.tokens.get(at) else { return false };
        List::of(words).beginning_with(&token.lower).iter().any(Vec::is_empty)
    }

    pub(crate) fn is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Word)
    }

    /// The digits at a position and their number; not more than nine of them.
    pub(crate) fn digits(&self, at: usize) -> Option<(&str, u32)> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Number)?;
        Some((token.text, token.lower.parse().ok().filter(|_| token.text.len() <= 9)?))
    }

    /// The position after these words, if they stand here; hyphens between them are passed over.
    pub(crate) fn words(&self, at: usize, words: &str) -> Option<usize> {
        let mut words = words.split(' ');
        let first = words.next().filter(|first| self.is(at, first));
        first.and_then(|_| words.try_fold(at + 1, |at, word| self.next_word(at, word)))
    }

    /// The position after the longest of several that stands here; they are apart by `|`.
    pub(crate) fn any_words(&self, at: usize, alternatives: &'static str) -> Option<usize> {
        self.all_words(at, alternatives).max()
    }

    /// The number at a position, if it is written with so many digits.
    pub(crate) fn digits_of(&self, at: usize, lengths: RangeInclusive<usize>) -> Option<u32> {
        self.digits(at)
            .filter(|(digits, _)| lengths.contains(&digits.len()))
            .map(|(_, number)| number)
    }

    /// The positions after those of several that stand here.
    pub(crate) fn all_words(
        &self,
        at: usize,
        alternatives: &'static str,
    ) -> impl Iterator<Item = usize> {
        let first = self.lower(at);
        List::of(alternatives)
            .beginning_with(first)
            .iter()
            .filter(move |_| !first.is_empty())
            .filter_map(move |rest| {
                rest.iter().try_fold(at + 1, |at, word| self.next_word(at, word))
            })
    }

    /// The position after a word that follows another; a hyphen between them is passed over.
    fn next_word(&self, at: usize, word: &str) -> Option<usize> {
        let at = if self.is_hyphen(at) && self.is_glued(at) { at + 1 } else { at };
        self.is(at, word).then_some(at + 1)
    }

    /// The position after the longest of these, or the same where none stands here.
    pub(crate) fn skip(&self, at: usize, alternatives: &'static str) -> usize {
        self.any_words(at, alternatives).unwrap_or(at)
    }

    pub(crate) fn is_hyphen(&self, at: usize) -> bool {
        matches!(self.lower(at), "-" | "–" | "—" | "‐" | "‑")
    }
}

fn kind_of(character: char) -> Kind {
    if character.is_ascii_digit() {
        Kind::Number
    } else if character.is_alphabetic() {
        Kind::Word
    } else {
        Kind::Sign
    }
}

/// Whether a token goes on with a character, `rest` being what follows that.
fn goes_on(kind: Kind, character: char, rest: &str) -> bool {
    match kind {
        Kind::Word => {
            // A combining accent belongs to its letter.
            (character.is_alphanumeric() && !character.is_ascii_digit())
                || is_combining(character)
                || (is_apostrophe(character) && rest.starts_with(char::is_alphabetic))
        }
        Kind::Number => character.is_ascii_digit(),
        Kind::Sign => false,
    }
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '’')
}

fn is_combining(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

fn lower(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|character| if is_apostrophe(character) { '\'' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn split(text: &str) -> Vec<String> {
        let phrase = Phrase::new(text);
        let glue = |token: &Token<'_>| if token.is_glued { "+" } else { "" };
        phrase.tokens.iter().map(|token| format!("{}{}", glue(token), token.lower)).collect()
    }

    #[test]
    fn letters_digits_and_signs_are_apart() {
        assert_eq!(
            split("Don’t be late: 5pm, 17h30"),
            ["don't", "be", "late", "+:", "5", "+pm", "+,", "17", "+h", "+30"]
        );
    }

    #[test]
    fn an_apostrophe_at_the_end_is_a_sign() {
        assert_eq!(split("2 weeks' time"), ["2", "weeks", "+'", "time"]);
    }

    #[test]
    fn places_are_counted_in_bytes_and_in_characters() {
        let phrase = Phrase::new("café ☕ 5");
        let last = phrase.get(2).expect("a third token");
        assert_eq!((last.start, last.char_start, last.end()), (10, 7, 11));
    }
}
