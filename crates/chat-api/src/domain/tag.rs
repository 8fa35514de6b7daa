//! The tags of a task.

use super::{Refused, text::checked};

/// The longest tag, in characters.
pub(crate) const MAX_TAG_CHARS: usize = 50;
/// The most tags of one task.
pub(crate) const MAX_TAGS: usize = 50;

/// A task's tags, each once, in the order in which they were given; without `#` and white space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags(Vec<String>);

impl Tags {
    /// Checks each tag and drops what is said twice.
    pub(crate) fn parse(given: Vec<String>) -> Result<Self, Refused> {
        if given.len() > MAX_TAGS {
            return Err(Refused::new(format!("a task has at most {MAX_TAGS} tags")));
        }
        let mut tags: Vec<String> = Vec::with_capacity(given.len());
        for tag in given {
            checked(&tag, MAX_TAG_CHARS)?;
            if tag.is_empty() {
                return Err(Refused::new("a tag must not be empty"));
            }
            if tag.contains(|character: char| character == '#' || character.is_whitespace()) {
                return Err(Refused::new("a tag has no # and no white space"));
            }
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        Ok(Self(tags))
    }

    pub(crate) fn into_inner(self) -> Vec<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(tags: &[&str]) -> Result<Tags, Refused> {
        Tags::parse(tags.iter().map(|tag| (*tag).to_owned()).collect())
    }

    #[test]
    fn a_tag_is_kept_once_in_its_place() {
        let tags = parse(&["garden", "home", "garden"]).expect("tags");
        assert_eq!(tags.into_inner(), ["garden", "home"]);
    }

    #[test]
    fn a_tag_that_could_not_be_typed_as_one_is_refused() {
        let long = "x".repeat(MAX_TAG_CHARS + 1);
        for tag in ["", "#garden", "two words", "tab\there", "nul\0", &long] {
            assert!(parse(&[tag]).is_err(), "{tag:?}");
        }
        let many: Vec<String> = (0..=MAX_TAGS).map(|number| number.to_string()).collect();
        assert!(Tags::parse(many).is_err());
    }
}
