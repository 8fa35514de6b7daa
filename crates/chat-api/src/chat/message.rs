//! What a person says in one message.

use crate::domain::{Refused, text::checked};

/// The longest message, in characters.
pub(crate) const MAX_MESSAGE_CHARS: usize = 4_000;
/// The longest title that a conversation gets from its first message, in characters.
const MAX_TITLE_CHARS: usize = 80;

/// A message: 1 to [`MAX_MESSAGE_CHARS`], not blank, without NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message(String);

impl Message {
    /// Checks a text.
    pub(crate) fn parse(text: String) -> Result<Self, Refused> {
        checked(&text, MAX_MESSAGE_CHARS)?;
        if text.trim().is_empty() {
            return Err(Refused::new("must not be blank"));
        }
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What a conversation is called that begins with it: its first line, or as much of it as there is
    /// room for.
    pub(super) fn title(&self) -> String {
        let line = self.0.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        let line = words.join(" ");
        if line.chars().count() <= MAX_TITLE_CHARS {
            return line;
        }
        let cut: String = line.chars().take(MAX_TITLE_CHARS - 1).collect();
        let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
        format!("{cut}…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_words_and_a_limit() {
        for text in ["x", &"ü".repeat(MAX_MESSAGE_CHARS)] {
            assert!(Message::parse(text.to_owned()).is_ok());
        }
        for text in ["", " \n", "a\0b", &"ü".repeat(MAX_MESSAGE_CHARS + 1)] {
            assert!(Message::parse(text.to_owned()).is_err());
        }
    }

    #[test]
    fn a_conversation_is_called_by_the_first_line_of_its_first_message() {
        let title = |text: &str| Message::parse(text.to_owned()).expect("a message").title();
        assert_eq!(title("\n  water  the plants \nand more"), "water the plants");
        let long = title(&"water ".repeat(40));
        assert!(long.ends_with("water…") && long.chars().count() <= MAX_TITLE_CHARS, "{long}");
        assert_eq!(title(&"ü".repeat(200)).chars().count(), MAX_TITLE_CHARS);
    }
}
