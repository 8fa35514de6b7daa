//! A phrase that says several things: "buy milk tomorrow and call Mum on Friday".

use crate::{
    Doubt, Parsed, Span,
    command::Command,
    commands::{Clause, MAX_COMMAND_TOKENS},
    context::Context,
    text::grammar::Grammar,
    text::token::Phrase,
};

/// The most commands of one phrase.
pub const MAX_COMMANDS: usize = 20;

/// At how many places a sentence is looked at for a second command.
const MAX_SPLITS: usize = 6;

/// Understands a phrase of one or several clauses.
pub(crate) fn parse(text: &str, context: &Context) -> Parsed {
    let mut parsed: Option<Parsed> = None;
    let mut chars = 0;
    for line in text.split_inclusive(['\n', ';']) {
        if line.trim().is_empty() {
            chars += line.chars().count();
            continue;
        }
        let mut part = sentence(line, context);
        shift(&mut part, chars);
        chars += line.chars().count();
        parsed = Some(match parsed {
            None => part,
            Some(_) if !stands_alone(&part) => return whole(text, context),
            Some(before) => joined(before, part),
        });
        if parsed.as_ref().is_some_and(|parsed| parsed.commands.len() > MAX_COMMANDS) {
            return whole(text, context);
        }
    }
    parsed.unwrap_or_else(|| whole("", context))
}

/// The phrase as one command.
fn whole(text: &str, context: &Context) -> Parsed {
    let phrase = Phrase::new(text);
    one(&phrase, context).0
}

/// Whether what follows a semicolon or a line's end is a command of its own: "; remind me an hour before" is none.
fn stands_alone(part: &Parsed) -> bool {
    part.commands.iter().all(|command| match command {
        Command::Add(task) => !task.title.is_empty(),
        Command::Remind(..) => false,
        _ => true,
    })
}

/// A sentence, apart at "and" where both sides say something of their own.
fn sentence(text: &str, context: &Context) -> Parsed {
    let phrase = Phrase::new(text);
    let (parsed, is_contradictory) = one(&phrase, context);
    let is_command = !matches!(parsed.commands[..], [Command::Add(_)]);
    if is_command || phrase.len() > MAX_COMMAND_TOKENS {
        return parsed;
    }
    let mut looked = 0;
    for at in 1..phrase.len().saturating_sub(1) {
        if looked == MAX_SPLITS {
            break;
        }
        let Some(next) = phrase.any_words(at, "and then|and also|and|then") else {
            continue;
        };
        let (Some(left), Some(right)) = (phrase.get(at), phrase.get(next)) else { continue };
        let (left, right) = (&text[..left.start], (&text[right.start..], right.char_start));
        looked += 1;
        if let Some(parsed) = apart(left, right, context, is_contradictory) {
            return parsed;
        }
    }
    parsed
}

/// Two clauses as two commands, if they are.
fn apart(
    left: &str,
    (right, chars): (&str, usize),
    context: &Context,
    is_contradictory: bool,
) -> Option<Parsed> {
    let right_phrase = Phrase::new(right);
    let asks = right_phrase
        .any_words(
            0,
            "remind me to|remind me on|remind me at|remind me tomorrow|add a task|add|\
                create a task",
        )
        .is_some();
    let left_phrase = Phrase::new(left);
    let before = one(&left_phrase, context).0;
    let after = one(&right_phrase, context).0;
    let (Some(first), Some(second)) = (before.commands.first(), after.commands.first()) else {
        return None;
    };
    let is_apart = match (first, second) {
        (Command::Answer(_), _) | (_, Command::Answer(_)) => false,
        // Two times that contradict each other are of two tasks.
        (Command::Add(a), Command::Add(b)) => {
            let is_whole =
                a.due.is_some() && b.due.is_some() && !a.title.is_empty() && !b.title.is_empty();
            let are_two = asks && !a.title.is_empty() && !b.title.is_empty();
            (is_contradictory && is_whole) || are_two
        }
        (Command::Add(_), _) | (_, Command::Add(_)) => false,
        _ => true,
    };
    if !is_apart {
        return None;
    }
    // What follows may be several again; only now is it worth a look.
    let mut after = sentence(right, context);
    shift(&mut after, chars);
    Some(joined(before, after))
}

/// A phrase as one command, and whether it says two times that contradict each other.
fn one(phrase: &Phrase<'_>, context: &Context) -> (Parsed, bool) {
    if let Some((command, span)) = Clause::new(phrase, context).command() {
        return (Parsed { commands: vec![command], spans: vec![span], doubt: None }, false);
    }
    let grammar = Grammar::new(phrase, context);
    let read = grammar.new_task(0);
    let doubt = if read.is_contradictory {
        Some(Doubt::TwoTimes)
    } else {
        phrase.doubt_of(&read.task, &read.found)
    };
    let spans = grammar.spans(&read.found);
    (Parsed { commands: vec![Command::Add(read.task)], spans, doubt }, read.is_contradictory)
}

fn joined(mut before: Parsed, after: Parsed) -> Parsed {
    before.commands.extend(after.commands);
    before.spans.extend(after.spans);
    before.doubt = before.doubt.or(after.doubt);
    before
}

fn shift(parsed: &mut Parsed, chars: usize) {
    for Span { start, end, .. } in &mut parsed.spans {
        *start += chars;
        *end += chars;
    }
}
