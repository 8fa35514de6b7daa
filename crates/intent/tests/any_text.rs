//! What holds for every text, whatever it is. `make fuzz` looks further, and at the time that it takes.

use chrono::{TimeZone as _, Utc};
use events::TimeZone;
use intent::{Command, Context, MAX_COMMANDS, Parsed, Preferences, parse};
use proptest::prelude::*;

/// Words that the grammar knows, so that random phrases get somewhere.
const KNOWN: &str = "remind me to every each other monday tue fri second third last first day week month year the of on at \
    in by for from until through except after before next this tomorrow today tonight noon midnight half past quarter \
    to five 5 17 30 : . - / , ; ! # @ ( ) ' am pm h march may june 3rd 1st 31 2027 99 0 00 24 christmas easter working \
    days times and a an it them both move make rename delete tag snooze undo why what due overdue high priority p1 urgent \
    completion finish utc berlin time q1 end start mid weekend morning";

fn context(seconds: i64) -> Context {
    Context {
        now: Utc.timestamp_opt(seconds, 0).single().expect("an instant"),
        time_zone: "Europe/Berlin".parse::<TimeZone>().expect("a zone"),
        preferences: Preferences::default(),
    }
}

/// Phrases of known words, of anything, and of both.
fn phrase() -> impl Strategy<Value = String> {
    let known = prop::sample::select(KNOWN.split_whitespace().collect::<Vec<_>>());
    let word = prop_oneof![8 => known.prop_map(str::to_owned), 1 => "\\PC{0,6}", 1 => "[0-9]{1,9}"];
    let glue = prop::sample::select(vec![" ", " ", " ", "", "\n", "-"]);
    let phrase = prop::collection::vec((word, glue), 0..24)
        .prop_map(|words| words.into_iter().map(|(word, glue)| word + glue).collect::<String>());
    prop_oneof![4 => phrase, 1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())]
}

fn check(text: &str, parsed: &Parsed) -> Result<(), TestCaseError> {
    prop_assert!((1..=MAX_COMMANDS).contains(&parsed.commands.len()));
    let chars = text.chars().count();
    let mut end = 0;
    for span in &parsed.spans {
        prop_assert!(span.start >= end && span.start < span.end && span.end <= chars, "{span:?}");
        end = span.end;
    }
    for command in &parsed.commands {
        let Command::Add(task) = command else { continue };
        // What is left is of the phrase, each word in its place.
        let mut rest = text;
        for word in task.title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
        {
            let found = rest.find(word);
            prop_assert!(found.is_some(), "{word:?} of {:?}", task.title);
            rest = &rest[found.unwrap_or(0) + word.len()..];
        }
        prop_assert!(task.recurrence.is_none() || task.due.is_some());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn any_phrase_is_some_command_with_its_words_in_their_places(
        text in phrase(),
        seconds in 1_700_000_000_i64..2_000_000_000,
    ) {
        check(&text, &parse(&text, &context(seconds)))?;
    }

    #[test]
    fn the_same_phrase_says_the_same_again(text in phrase()) {
        let context = context(1_795_512_600);
        prop_assert_eq!(parse(&text, &context), parse(&text, &context));
    }
}

#[test]
fn the_ends_of_the_calendar_are_no_panic() {
    for seconds in [-60_000_000_000, 0, 250_000_000_000] {
        for text in [
            "in 10000 years",
            "10000 years ago",
            "in 9999 weeks and 9999 months",
            "every easter",
            "in 9999 working days",
            "last day of february 2199",
            "next friday",
            "the 31st",
        ] {
            let parsed = parse(text, &context(seconds));
            assert_eq!(parsed.commands.len(), 1, "{text}");
        }
    }
}
