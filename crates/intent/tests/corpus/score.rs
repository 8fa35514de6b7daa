//! Whether a phrase was understood.

use std::fmt;

use events::{Basis, Due, ReminderSpec};
use intent::{Context, Preferences, Understood, UnderstoodQuery, UnderstoodRule};
use serde_json::Value;

use crate::phrases::{Meaning, Phrase, Rule};

/// What became of a phrase.
pub(crate) enum Verdict {
    /// All of it is right: intent, title, due date, rule, reminders, priority and tags.
    Right,
    /// Something is not understood, or a title is not exactly so.
    Missed(String),
    /// Another due date, rule or intent than it says.
    Wrong(String),
}

/// How many phrases became what.
#[derive(Clone, Copy, Default)]
pub(crate) struct Score {
    pub(crate) right: usize,
    pub(crate) missed: usize,
    pub(crate) wrong: usize,
}

impl Score {
    pub(crate) fn of<'p>(phrases: impl Iterator<Item = &'p Phrase>) -> Self {
        let mut score = Self::default();
        for phrase in phrases {
            match verdict(phrase) {
                Verdict::Right => score.right += 1,
                Verdict::Missed(_) => score.missed += 1,
                Verdict::Wrong(_) => score.wrong += 1,
            }
        }
        score
    }

    /// Of due dates alone.
    pub(crate) fn of_due_dates<'p>(
        answers: impl Iterator<Item = (&'p Phrase, Option<Due>)>,
    ) -> Self {
        let mut score = Self::default();
        for (phrase, due) in answers {
            match due {
                due if due == phrase.expect.due_date => score.right += 1,
                None => score.missed += 1,
                Some(_) => score.wrong += 1,
            }
        }
        score
    }

    pub(crate) fn total(&self) -> usize {
        self.right + self.missed + self.wrong
    }

    /// A share of all, in percent to the nearest.
    pub(crate) fn percent(&self, count: usize) -> usize {
        let total = self.total().max(1);
        (count * 100 + total / 2) / total
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { right, missed, wrong } = self;
        write!(f, "{right} right, {missed} missed, {wrong} wrong of {}", self.total())
    }
}

/// What the grammar makes of a phrase.
pub(crate) fn understood(phrase: &Phrase) -> Understood {
    let context = Context {
        now: phrase.now,
        time_zone: phrase.time_zone,
        preferences: Preferences::default(),
    };
    Understood::from(&intent::parse(&phrase.text, &context))
}

pub(crate) fn verdict(phrase: &Phrase) -> Verdict {
    let understood = understood(phrase);
    let expect = &phrase.expect;
    let mut differences = Vec::new();
    let mut is_wrong = false;
    let mut compare = |is_right: bool, is_given: bool, what: String| {
        if !is_right {
            is_wrong |= is_given;
            differences.push(what);
        }
    };
    let is_add = expect.intent == "add";
    compare(expect.intent == understood.intent, true, format!("intent {}", understood.intent));
    let due = understood.due_date;
    if is_add || expect.due_date.is_some() {
        compare(expect.due_date == due, due.is_some(), format!("due {due:?}"));
    }
    if is_add {
        let rule = &understood.recurrence;
        compare(is_same_rule(expect, rule.as_ref()), rule.is_some(), format!("rule {rule:?}"));
        compare(
            is_same_reminders(&expect.reminders, &understood.reminders),
            false,
            format!("reminders {:?}", understood.reminders),
        );
    } else if let Some(target) = &expect.target {
        let is_same = target.as_deref().map(str::to_lowercase)
            == understood.target.as_deref().map(str::to_lowercase);
        compare(is_same, false, format!("target {:?}", understood.target));
    }
    if is_add || expect.title.is_some() {
        compare(expect.title == understood.title, false, format!("title {:?}", understood.title));
    }
    if is_add || expect.priority.is_some() {
        compare(
            expect.priority == understood.priority,
            false,
            format!("priority {:?}", understood.priority),
        );
    }
    if is_add || !expect.tags.is_empty() {
        compare(
            sorted(&expect.tags) == sorted(&understood.tags),
            false,
            format!("tags {:?}", understood.tags),
        );
    }
    if let Some(query) = &expect.query {
        compare(
            is_same_query(query, understood.query.as_ref()),
            false,
            format!("query {:?}", understood.query),
        );
    }
    match (differences.is_empty(), is_wrong) {
        (true, _) => Verdict::Right,
        (false, false) => Verdict::Missed(differences.join(", ")),
        (false, true) => Verdict::Wrong(differences.join(", ")),
    }
}

/// The same parts, in whatever order.
fn is_same_rule(expect: &Meaning, rule: Option<&UnderstoodRule>) -> bool {
    let parts = |rrule: &str| sorted(&rrule.split(';').map(str::to_owned).collect::<Vec<_>>());
    match (&expect.recurrence, rule) {
        (None, None) => true,
        (Some(Rule { rrule, basis }), Some(rule)) => {
            let is_completion = |basis: Basis| basis == Basis::Completion;
            parts(rrule) == parts(&rule.rrule) && is_completion(*basis) == is_completion(rule.basis)
        }
        _ => false,
    }
}

fn is_same_reminders(expect: &[ReminderSpec], reminders: &[ReminderSpec]) -> bool {
    let canonical = |reminders: &[ReminderSpec]| {
        sorted(&reminders.iter().map(ReminderSpec::canonical).collect::<Vec<_>>())
    };
    canonical(expect) == canonical(reminders)
}

/// Whether a list shows the tasks that are expected: what is not expected is not said.
fn is_same_query(expect: &serde_json::Map<String, Value>, query: Option<&UnderstoodQuery>) -> bool {
    let Some(Ok(Value::Object(mut query))) = query.map(serde_json::to_value) else { return false };
    let says_nothing = |value: &Value| {
        matches!(value, Value::Null | Value::Bool(false))
            || value.as_array().is_some_and(Vec::is_empty)
    };
    query.retain(|_, value| !says_nothing(value));
    let mut expect = expect.clone();
    expect.retain(|_, value| !says_nothing(value));
    expect == query
}

fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort();
    texts
}
