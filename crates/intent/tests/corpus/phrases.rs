//! The phrases and what they mean.

use std::{fs, path::Path};

use chrono::{DateTime, Utc};
use events::{Due, Priority, ReminderSpec, TimeZone};
use serde::Deserialize;
use serde_json::Value;

/// A part of the corpora.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// What the grammar is developed with.
    Development,
    /// What nobody reads who develops it.
    HeldBack,
}

/// The files of each part.
const FILES: [&str; 3] = ["times", "recurrence", "sentences"];

/// A phrase and what it means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phrase {
    pub(crate) id: String,
    pub(crate) family: String,
    pub(crate) text: String,
    pub(crate) now: DateTime<Utc>,
    pub(crate) time_zone: TimeZone,
    pub(crate) expect: Meaning,
    /// The file that it is in.
    #[serde(skip)]
    pub(crate) file: &'static str,
}

/// What a phrase means. Of other intents than add, what is left out is not compared.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meaning {
    pub(crate) intent: String,
    pub(crate) title: Option<String>,
    pub(crate) due_date: Option<Due>,
    pub(crate) recurrence: Option<Rule>,
    #[serde(default)]
    pub(crate) reminders: Vec<ReminderSpec>,
    pub(crate) priority: Option<Priority>,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    #[serde(default, deserialize_with = "some")]
    pub(crate) target: Option<Option<String>>,
    pub(crate) query: Option<serde_json::Map<String, Value>>,
}

/// How a task recurs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) rrule: String,
    #[serde(default)]
    pub(crate) basis: events::Basis,
}

impl Phrase {
    pub(crate) fn is_about_recurrence(&self) -> bool {
        self.file == "recurrence"
    }

    /// Whether it says one due time at the most, which is what a date parser answers.
    pub(crate) fn is_of_one_moment(&self) -> bool {
        self.expect.intent == "add" && self.expect.recurrence.is_none() && self.file == "times"
    }
}

/// All phrases of a part.
pub(crate) fn phrases(part: Part) -> Vec<Phrase> {
    let folder = match part {
        Part::Development => "development",
        Part::HeldBack => "held-back",
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
    let mut phrases = Vec::new();
    for file in FILES {
        let text =
            fs::read_to_string(folder.join(format!("{file}.jsonl"))).expect("a file of phrases");
        for (line, text) in (1..).zip(text.lines()) {
            let phrase: Phrase = serde_json::from_str(text)
                .unwrap_or_else(|error| panic!("{file}.jsonl, line {line}: {error}"));
            phrases.push(Phrase { file, ..phrase });
        }
    }
    assert!(phrases.len() > 500, "{} phrases", phrases.len());
    phrases
}

/// What is there, null included, apart from what is left out.
fn some<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}
