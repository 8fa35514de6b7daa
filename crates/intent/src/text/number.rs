//! Numbers in words and digits: "twenty-five", "3rd", "the twenty-first", "a couple of".

use crate::{
    text::grammar::{Grammar, Read},
    text::words,
};

impl Grammar<'_> {
    /// A whole number: `12`, "twelve", "twenty-five".
    pub(crate) fn cardinal(&self, at: usize) -> Option<Read<u32>> {
        if let Some((_, number)) = self.phrase.digits(at) {
            return Some((number, at + 1));
        }
        let number = words::cardinal(self.phrase.lower(at))?;
        if number < 20 {
            return Some((number, at + 1));
        }
        let next = self.skip_hyphen(at + 1);
        match words::cardinal(self.phrase.lower(next)) {
            Some(ones @ 1..=9) => Some((number + ones, next + 1)),
            _ => Some((number, at + 1)),
        }
    }

    /// A place in an order: `3rd`, "third", "twenty-first".
    pub(crate) fn ordinal(&self, at: usize) -> Option<Read<u32>> {
        if let Some((_, number)) = self.phrase.digits(at) {
            let is_suffix =
                self.phrase.is_glued(at + 1) && self.phrase.is_any(at + 1, "st|nd|rd|th");
            return is_suffix.then_some((number, at + 2));
        }
        let word = self.phrase.lower(at);
        if let Some(number) = words::ordinal(word) {
            return Some((number, at + 1));
        }
        let tens = words::cardinal(word).filter(|tens| *tens >= 20)?;
        let next = self.skip_hyphen(at + 1);
        let ones = words::ordinal(self.phrase.lower(next)).filter(|ones| *ones <= 9)?;
        Some((tens + ones, next + 1))
    }

    /// How many of something: a number, "a", "an", "a couple of", "a few".
    pub(crate) fn quantity(&self, at: usize) -> Option<Read<u32>> {
        if let Some(next) = self.phrase.any_words(at, "a couple of|a couple|couple of") {
            return Some((2, next));
        }
        if let Some(next) = self.phrase.words(at, "a few") {
            return Some((3, next));
        }
        if self.phrase.is_any(at, "a|an") {
            return Some((1, at + 1));
        }
        self.cardinal(at)
    }

    /// Past a hyphen that joins two words.
    pub(crate) fn skip_hyphen(&self, at: usize) -> usize {
        let joins =
            self.phrase.is_hyphen(at) && self.phrase.is_glued(at) && self.phrase.is_glued(at + 1);
        if joins { at + 1 } else { at }
    }
}
