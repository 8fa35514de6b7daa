//! What a caller says that a task must still be.

use events::TaskVersion;

/// The versions at which a command may go ahead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Any.
    #[default]
    None,
    /// One of these.
    OneOf(Vec<i64>),
}

impl Precondition {
    /// Reads an `If-Match` header: `*`, or entity tags of which a weak one or one that is no version
    /// of ours never matches.
    pub(crate) fn parse(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::None;
        }
        let version = |tag: &str| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok();
        Self::OneOf(header.split(',').filter_map(version).collect())
    }

    pub(crate) fn holds(&self, version: TaskVersion) -> bool {
        match self {
            Self::None => true,
            Self::OneOf(versions) => versions.contains(&version.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_strong_tag_with_the_version_matches() {
        let holds = |header| Precondition::parse(header).holds(TaskVersion::from(7));
        for header in ["*", "\"7\"", "\"6\", \"7\"", " \"7\" "] {
            assert!(holds(header), "{header}");
        }
        for header in ["", "7", "\"6\"", "W/\"7\"", "\"\"", "\"seven\""] {
            assert!(!holds(header), "{header}");
        }
    }
}
