//! The order by hand: between two positions there is always a third, so that moving one thing changes
//! nothing else.

use fractional_index::FractionalIndex;

/// A place in an order, compared byte by byte as a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(String);

impl Position {
    /// A position between two, or before or after all where there is none. Of two that are the same,
    /// it is the place behind both.
    pub(crate) fn between(after: Option<&str>, before: Option<&str>) -> Self {
        let [after, before] = [after, before].map(|text| text.and_then(parse));
        let between = match (&after, &before) {
            (Some(after), Some(before)) => FractionalIndex::new_between(after, before)
                .unwrap_or_else(|| FractionalIndex::new_after(after)),
            (Some(after), None) => FractionalIndex::new_after(after),
            (None, Some(before)) => FractionalIndex::new_before(before),
            (None, None) => FractionalIndex::default(),
        };
        Self(between.to_string())
    }

    /// The text itself.
    pub(crate) fn into_inner(self) -> String {
        self.0
    }
}

fn parse(text: &str) -> Option<FractionalIndex> {
    FractionalIndex::from_string(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_place_between_two() {
        let mut before = Position::between(None, None).into_inner();
        assert_eq!(before, "80", "the first, as the schema has it");
        let after = Position::between(Some(&before), None).into_inner();
        for _ in 0..200 {
            let between = Position::between(Some(&before), Some(&after)).into_inner();
            assert!(before < between && between < after, "{before} {between} {after}");
            before = between;
        }
    }

    #[test]
    fn the_end_grows_slowly() {
        let mut last = Position::between(None, None).into_inner();
        for _ in 0..10_000 {
            let next = Position::between(Some(&last), None).into_inner();
            assert!(next > last);
            last = next;
        }
        assert!(last.len() < 200, "{} characters", last.len());
    }

    #[test]
    fn two_that_are_the_same_have_a_place_behind_them() {
        assert!(Position::between(Some("80"), Some("80")).into_inner().as_str() > "80");
    }
}
