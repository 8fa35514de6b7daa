//! What is said, in plain words and in the person's zone. Pure.

pub(crate) mod list;
pub(crate) mod reply;
mod rule;
pub(crate) mod talk;
#[cfg(test)]
mod tests;
mod time;

pub(crate) use rule::rule;
pub(crate) use time::Clock;

/// `1 task`, `3 tasks`.
pub(crate) fn count(number: impl TryInto<u64>, one: &str) -> String {
    let number = number.try_into().unwrap_or(0);
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// A title, or a word of a person's, in quotation marks, on one line.
pub(crate) fn quoted(text: &str) -> String {
    format!("“{}”", text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// `1st`, `2nd`, `23rd`.
fn ordinal(number: u32) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}
