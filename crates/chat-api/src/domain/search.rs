//! The words that tasks are found by: without case and accents.

use std::collections::BTreeSet;

use deunicode::deunicode;

/// The longest word that is told from others, in bytes; longer ones are cut.
const MAX_WORD_BYTES: usize = 64;
/// The most words of one task.
const MAX_WORDS: usize = 5_000;
/// The most words of one search.
pub(crate) const MAX_SEARCH_WORDS: usize = 16;
/// The longest text that is sorted by, in bytes.
const MAX_ORDER_BYTES: usize = 200;
/// What stands before a tag among the words, and in no word.
const TAG_MARK: char = '#';

/// Letters and digits of ASCII in lower case, the rest as spaces.
fn fold(text: &str) -> String {
    deunicode(text)
        .chars()
        .map(
            |character| {
                if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { ' ' }
            },
        )
        .collect()
}

/// The words of a text, each once.
fn words(text: &str) -> BTreeSet<String> {
    fold(text).split_ascii_whitespace().map(cut).collect()
}

fn cut(word: &str) -> String {
    // ASCII: every byte is a character.
    word[..word.len().min(MAX_WORD_BYTES)].to_owned()
}

/// What a task is found by: its words, and its tags as they are written.
pub(crate) fn words_of(title: &str, description: Option<&str>, tags: &[String]) -> Vec<String> {
    let mut all: BTreeSet<String> = tags.iter().map(|tag| tag_word(tag)).collect();
    all.extend(words(title));
    all.extend(tags.iter().flat_map(|tag| words(tag)));
    all.extend(words(description.unwrap_or_default()));
    all.into_iter().take(MAX_WORDS).collect()
}

/// A tag among the words.
pub(crate) fn tag_word(tag: &str) -> String {
    format!("{TAG_MARK}{tag}")
}

/// What a person looks for: tasks that have, for each of these, a word that begins with it.
pub(crate) fn search_words(text: &str) -> Vec<String> {
    words(text).into_iter().take(MAX_SEARCH_WORDS).collect()
}

/// Where the words end that begin with this one: the first text after them all.
pub(crate) fn end_of_prefix(word: &str) -> String {
    // The byte after z, the last of a word's.
    format!("{word}{{")
}

/// A text as it is sorted by.
pub(crate) fn order_of(text: &str) -> String {
    let mut folded = fold(text).split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    folded.truncate(MAX_ORDER_BYTES);
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_no_case_and_no_accents() {
        let found =
            words_of("Zürich: Café RÉSUMÉ", Some("Straße; Øre, 買う"), &["Büro".to_owned()]);
        for word in ["zurich", "cafe", "resume", "strasse", "ore", "buro", "#Büro"] {
            assert!(found.iter().any(|each| each == word), "{word}: {found:?}");
        }
    }

    #[test]
    fn a_prefix_ends_after_every_word_that_begins_with_it() {
        let end = end_of_prefix("wat");
        assert!("water" < end.as_str() && "watzzzz9" < end.as_str() && "wb" > end.as_str());
        assert!("wat" < end.as_str());
    }

    #[test]
    fn a_flood_of_words_is_cut() {
        let text: String = (0..10_000).map(|number| format!("w{number} ")).collect();
        assert_eq!(words_of("t", Some(&text), &[]).len(), MAX_WORDS);
        assert_eq!(words_of(&"x".repeat(500), None, &[])[0].len(), MAX_WORD_BYTES);
        assert_eq!(search_words(&text).len(), MAX_SEARCH_WORDS);
    }

    #[test]
    fn titles_are_sorted_without_case_and_accents() {
        assert!(order_of("apple") < order_of("Éclair") && order_of("Éclair") < order_of("zebra"));
    }
}
