//! Texts that a person writes: a title, a description, a token's name.

use super::Refused;

/// The longest title, in characters.
pub(crate) const MAX_TITLE_CHARS: usize = 500;
/// The longest description, in characters.
pub(crate) const MAX_DESCRIPTION_CHARS: usize = 20_000;
/// The longest name of a list, in characters.
pub(crate) const MAX_LIST_NAME_CHARS: usize = 100;
/// The longest name of a calendar feed, in characters.
pub(crate) const MAX_FEED_NAME_CHARS: usize = 100;
/// The longest name of an API token, in characters.
pub(crate) const MAX_TOKEN_NAME_CHARS: usize = 100;

/// Refuses NUL, which PostgreSQL has no place for, and what is too long.
pub(crate) fn checked(text: &str, max_chars: usize) -> Result<(), Refused> {
    if text.contains('\0') {
        return Err(Refused::new("must not contain NUL"));
    }
    if text.chars().count() > max_chars {
        return Err(Refused::new(format!("has at most {max_chars} characters")));
    }
    Ok(())
}

fn checked_line(text: String, max_chars: usize) -> Result<String, Refused> {
    checked(&text, max_chars)?;
    if text.trim().is_empty() {
        return Err(Refused::new("must not be blank"));
    }
    Ok(text)
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(String);

        impl $name {
            /// Checks a text.
            pub(crate) fn parse(text: String) -> Result<Self, Refused> {
                $parse(text).map(Self)
            }

            /// The text itself.
            pub(crate) fn into_inner(self) -> String {
                self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text!(
    /// What is to be done: 1 to [`MAX_TITLE_CHARS`], not blank.
    TaskTitle,
    |text| checked_line(text, MAX_TITLE_CHARS)
);
text!(
    /// More about a task: at most [`MAX_DESCRIPTION_CHARS`].
    Description,
    |text: String| checked(&text, MAX_DESCRIPTION_CHARS).map(|()| text)
);
text!(
    /// What a person calls an API token: 1 to [`MAX_TOKEN_NAME_CHARS`], not blank.
    TokenName,
    |text| checked_line(text, MAX_TOKEN_NAME_CHARS)
);

text!(
    /// What a person calls a calendar feed: 1 to [`MAX_FEED_NAME_CHARS`], not blank.
    FeedName,
    |text| checked_line(text, MAX_FEED_NAME_CHARS)
);

text!(
    /// What a person calls a list: 1 to [`MAX_LIST_NAME_CHARS`], not blank.
    ListName,
    |text| checked_line(text, MAX_LIST_NAME_CHARS)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_has_one_to_five_hundred_characters_and_no_nul() {
        for title in ["x", "water the plants", &"ü".repeat(MAX_TITLE_CHARS)] {
            assert!(TaskTitle::parse(title.to_owned()).is_ok(), "{title}");
        }
        for title in ["", "  \n", "a\0b", &"ü".repeat(MAX_TITLE_CHARS + 1)] {
            assert!(TaskTitle::parse(title.to_owned()).is_err(), "{title}");
        }
    }

    #[test]
    fn a_description_may_be_empty_and_long_but_holds_no_nul() {
        for text in ["", &"ü".repeat(MAX_DESCRIPTION_CHARS)] {
            assert!(Description::parse(text.to_owned()).is_ok());
        }
        for text in ["\0", &"ü".repeat(MAX_DESCRIPTION_CHARS + 1)] {
            assert!(Description::parse(text.to_owned()).is_err());
        }
    }
}
