//! What is said where the model did not answer.

use super::Ending;

/// The day's budget is used up.
const BUDGET: &str = "Today's budget for the language model is used up";
/// It went round in circles, or wanted too much.
const LIMIT: &str = "The language model came to no end with it";
/// Anything else.
const AWAY: &str = "I could not reach the language model";

fn why(ending: &Ending) -> &'static str {
    match ending {
        Ending::Limited(model::Limit::Budget) => BUDGET,
        Ending::Limited(model::Limit::Time) | Ending::Failed(_) | Ending::Stopped => AWAY,
        Ending::Limited(_) | Ending::Answered => LIMIT,
    }
}

/// The grammar answers in its place.
pub(super) fn instead(ending: &Ending) -> String {
    format!("{}, so this is what I understand by myself:", why(ending))
}

/// It had done something, and the rest is left.
pub(super) fn broke_off(ending: &Ending, changes: &[&str]) -> String {
    let done = changes.join("\n");
    format!(
        "{} any further. This is done, and you can take it back by “undo”; the rest is not:\n{done}",
        why(ending)
    )
}

/// The answer was lost with the process that was at it.
pub(super) fn lost(changes: &[&str]) -> String {
    if changes.is_empty() {
        return "My answer to this was lost, and nothing was changed. Please say it again."
            .to_owned();
    }
    let done = changes.join("\n");
    format!(
        "My answer to this was lost. This was done, and you can take it back by “undo”; the rest is not:\n{done}"
    )
}
