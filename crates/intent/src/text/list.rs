//! Lists of alternatives, "tomorrow|the day after tomorrow", as the rules have them.
//!
//! A rule asks at each place of a phrase whether one of its words stands there, so a list is taken apart once and then
//! found by its address: literals stay where they are, and there are as many lists as the code has.

use std::{cell::RefCell, collections::BTreeMap};

use super::token::Phrase;

/// Alternatives by their first word; each with the words that follow it.
pub(crate) struct List {
    by_first: BTreeMap<&'static str, Vec<Vec<&'static str>>>,
}

thread_local! {
    static LISTS: RefCell<BTreeMap<(usize, usize), &'static List>> = RefCell::default();
}

impl List {
    /// The list that a literal is, its alternatives apart by `|`.
    pub(crate) fn of(literal: &'static str) -> &'static Self {
        let address = (literal.as_ptr() as usize, literal.len());
        LISTS.with_borrow_mut(|lists| {
            let list: &'static Self =
                lists.entry(address).or_insert_with(|| Box::leak(Box::new(Self::new(literal))));
            list
        })
    }

    fn new(literal: &'static str) -> Self {
        let mut by_first: BTreeMap<&str, Vec<Vec<&str>>> = BTreeMap::new();
        for alternative in literal.split('|') {
            // What no phrase has as one token would never be found.
            debug_assert!(
                literal.is_empty()
                    || alternative.split(' ').all(|word| Phrase::new(word).len() == 1),
                "{alternative:?} is not how a phrase is taken apart"
            );
            let mut words = alternative.split(' ');
            if let Some(first) = words.next() {
                by_first.entry(first).or_default().push(words.collect());
            }
        }
        Self { by_first }
    }

    /// What may follow a first word, for each alternative that begins with it.
    pub(crate) fn beginning_with(&self, first: &str) -> &[Vec<&'static str>] {
        self.by_first.get(first).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_found_by_their_first_word() {
        let list = List::of("in|in the|at");
        assert_eq!(list.beginning_with("in"), [vec![], vec!["the"]]);
        assert_eq!(list.beginning_with("at"), [Vec::<&str>::new()]);
        assert!(list.beginning_with("on").is_empty());
    }
}
