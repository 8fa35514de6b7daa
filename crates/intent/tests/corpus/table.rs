//! The table in docs/language.md.

use std::{env, fmt::Write, fs, path::Path};

use events::Due;

use crate::{
    phrases::Phrase,
    score::{Score, understood},
};

const BEGIN: &str = "<!-- scores: begin -->\n";
const END: &str = "<!-- scores: end -->\n";

/// Compares the table with what the corpora give, or writes it anew with `WRITE=1`.
pub(crate) fn check(phrases: &[Phrase], chrono: &[Option<Due>]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/language.md");
    let page = fs::read_to_string(&path).expect("docs/language.md");
    let (before, rest) = page.split_once(BEGIN).expect("where the table begins");
    let (current, after) = rest.split_once(END).expect("where the table ends");
    let table = table(phrases, chrono);
    if env::var_os("WRITE").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).expect("docs/language.md");
        return;
    }
    assert_eq!(current, table, "WRITE=1 cargo test -p intent --test corpus writes it anew");
}

fn table(phrases: &[Phrase], chrono: &[Option<Due>]) -> String {
    let mut table = String::from(
        "| phrases | | all of it right | wrong | due date right | wrong | chrono-node right | wrong |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let mut families: Vec<&str> = Vec::new();
    for phrase in phrases {
        if !families.contains(&phrase.family.as_str()) {
            families.push(&phrase.family);
        }
    }
    for family in families {
        row(&mut table, family, phrases, chrono, |phrase| phrase.family == family);
    }
    row(&mut table, "**one moment**", phrases, chrono, Phrase::is_of_one_moment);
    row(&mut table, "**recurrence**", phrases, chrono, Phrase::is_about_recurrence);
    row(&mut table, "**all**", phrases, chrono, |_| true);
    table
}

fn row(
    table: &mut String,
    name: &str,
    phrases: &[Phrase],
    chrono: &[Option<Due>],
    is_of: impl Fn(&Phrase) -> bool,
) {
    let chosen = || phrases.iter().zip(chrono).filter(|(phrase, _)| is_of(phrase));
    let whole = Score::of(chosen().map(|(phrase, _)| phrase));
    let share = |score: &Score, count: usize| format!("{} %", score.percent(count));
    write!(
        table,
        "| {name} | {} | {} | {} |",
        whole.total(),
        share(&whole, whole.right),
        share(&whole, whole.wrong)
    )
    .expect("a text takes it");
    // A date parser answers one moment, and none of what recurs.
    if chosen().all(|(phrase, _)| phrase.is_of_one_moment()) {
        let ours =
            Score::of_due_dates(chosen().map(|(phrase, _)| (phrase, understood(phrase).due_date)));
        let theirs = Score::of_due_dates(chosen().map(|(phrase, due)| (phrase, *due)));
        let cells = [
            (&ours, ours.right),
            (&ours, ours.wrong),
            (&theirs, theirs.right),
            (&theirs, theirs.wrong),
        ];
        for (score, count) in cells {
            write!(table, " {} |", share(score, count)).expect("a text takes it");
        }
        table.push('\n');
    } else {
        table.push_str(" | | | |\n");
    }
}
