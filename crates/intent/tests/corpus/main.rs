//! How much of the corpora is understood, and how much chrono-node understands of them.
//!
//! A part of the corpora is held back: whoever works on the grammar does not read it, and only the counts of it are
//! printed. corpus/README.md says how the phrases were written.

mod chrono;
mod phrases;
mod score;
mod table;

use crate::{
    phrases::{Part, phrases},
    score::{Score, Verdict, verdict},
};

/// The least that is exactly right of phrases that the grammar has not seen, in percent.
const LEAST_RIGHT: usize = 80;
/// The most that is wrong of them, in percent.
const MOST_WRONG: usize = 5;
/// The least that is exactly right of those about recurrence, in percent.
const LEAST_RIGHT_OF_RECURRENCE: usize = 85;

#[test]
fn every_phrase_that_was_developed_with_is_right() {
    let mistaken: Vec<String> = phrases(Part::Development)
        .iter()
        .filter_map(|phrase| match verdict(phrase) {
            Verdict::Right => None,
            Verdict::Missed(why) | Verdict::Wrong(why) => {
                Some(format!("{} {:?}: {why}", phrase.id, phrase.text))
            }
        })
        .collect();
    assert!(mistaken.is_empty(), "{} mistaken:\n{}", mistaken.len(), mistaken.join("\n"));
}

#[test]
fn most_of_what_was_held_back_is_right_and_hardly_any_wrong() {
    let held_back = phrases(Part::HeldBack);
    let all = Score::of(held_back.iter());
    testing::report(&format!("held back: {all}"));
    assert!(all.right * 100 >= LEAST_RIGHT * all.total(), "{all}");
    assert!(all.wrong * 100 <= MOST_WRONG * all.total(), "{all}");
    let recurrence = Score::of(held_back.iter().filter(|phrase| phrase.is_about_recurrence()));
    testing::report(&format!("held back, recurrence: {recurrence}"));
    assert!(
        recurrence.right * 100 >= LEAST_RIGHT_OF_RECURRENCE * recurrence.total(),
        "{recurrence}"
    );
}

#[test]
fn the_table_in_the_documentation_is_what_the_corpora_give() {
    let held_back = phrases(Part::HeldBack);
    let Some(answers) = chrono::answers(&held_back) else {
        return testing::skipped("needs chrono-node: Node 20, and `npm ci` in tools/chrono");
    };
    table::check(&held_back, &answers);
}
