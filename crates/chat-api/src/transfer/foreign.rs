//! What parsers of other programs' files share.

use std::collections::HashMap;

use events::SubtaskId;

use super::Source;
use crate::domain::{
    subtask::GivenSubtask,
    text::{ListName, MAX_LIST_NAME_CHARS},
};

/// A description that grows by paragraphs.
#[derive(Debug, Default)]
pub(super) struct Paragraphs(String);

/// Counts what looks the same in one file, so that each has a name of its own.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, u32>);

impl Paragraphs {
    pub(super) fn add(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if !self.0.is_empty() {
            self.0.push_str("\n\n");
        }
        self.0.push_str(text);
    }

    /// `Label: text`, where there is any.
    pub(super) fn add_named(&mut self, label: &str, text: &str) {
        if !text.trim().is_empty() {
            self.add(&format!("{label}: {}", text.trim()));
        }
    }

    pub(super) fn is_some(&self) -> bool {
        !self.0.is_empty()
    }

    pub(super) fn finish(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }
}

impl Names {
    /// Where a program names nothing, a thing is what it says, and which of those that say it.
    pub(super) fn source(&mut self, said: &str) -> Source {
        let count = self.0.entry(said.to_owned()).or_default();
        *count += 1;
        Source { key: format!("{said}#{count}"), own: None }
    }
}

/// Labels as tags, which have no white space and no `#`; and whether any had to change.
pub(super) fn tags_of(labels: impl IntoIterator<Item = String>) -> (Vec<String>, bool) {
    let mut has_changed = false;
    let tags = labels
        .into_iter()
        .map(|label| {
            let words: Vec<&str> = label
                .split(|c: char| c.is_whitespace() || c == '#')
                .filter(|w| !w.is_empty())
                .collect();
            let tag = words.join("-");
            has_changed |= tag != label;
            tag
        })
        .filter(|tag| !tag.is_empty())
        .collect();
    (tags, has_changed)
}

/// A name as a list can have it, and whether it had to change.
pub(super) fn list_name(name: &str) -> (Option<ListName>, bool) {
    let fitting: String =
        name.trim().chars().filter(|c| *c != '\0').take(MAX_LIST_NAME_CHARS).collect();
    let has_changed = fitting != name.trim();
    (ListName::parse(fitting).ok(), has_changed)
}

pub(super) fn step(title: String, done: bool) -> GivenSubtask {
    GivenSubtask { id: Some(SubtaskId::random()), title, done }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_becomes_a_tag_that_can_be_typed() {
        let (tags, has_changed) = tags_of(["to do".to_owned(), "#x".to_owned(), " ".to_owned()]);
        assert_eq!((tags, has_changed), (vec!["to-do".to_owned(), "x".to_owned()], true));
        assert_eq!(tags_of(["home".to_owned()]), (vec!["home".to_owned()], false));
    }

    #[test]
    fn things_that_look_the_same_have_names_of_their_own() {
        let mut names = Names::default();
        let keys = ["a", "b", "a"].map(|said| names.source(said).key);
        assert_eq!(keys, ["a#1", "b#1", "a#2"]);
    }
}
