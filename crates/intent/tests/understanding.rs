//! What the corpora do not show: preferences, spans, several commands in one phrase, and what is not understood.

use chrono::{NaiveTime, Weekday};
use events::{Due, Priority, ReminderSpec, Status};
use intent::{
    Answer, Command, Context, DateOrder, Days, Move, Preferences, Query, Said, Shift, Span,
    SpanKind, Target, parse,
};

/// Tuesday, 24 November 2026, 10:30 in Berlin.
fn context() -> Context {
    Context {
        now: "2026-11-24T09:30:00Z".parse().expect("an instant"),
        time_zone: "Europe/Berlin".parse().expect("a zone"),
        preferences: Preferences::default(),
    }
}

fn preferring(preferences: Preferences) -> Context {
    Context { preferences, ..context() }
}

fn command(text: &str) -> Command {
    let mut parsed = parse(text, &context());
    assert_eq!(parsed.commands.len(), 1, "{text}: {:?}", parsed.commands);
    parsed.commands.remove(0)
}

fn due(text: &str, context: &Context) -> Option<Due> {
    match &parse(text, context).commands[..] {
        [Command::Add(task)] => task.due,
        other => panic!("{text}: {other:?}"),
    }
}

fn day(text: &str) -> Option<Due> {
    Some(text.parse().expect("a due date"))
}

#[test]
fn a_slashed_date_is_as_the_person_writes_it_and_a_dotted_one_day_first() {
    let day_first =
        preferring(Preferences { date_order: DateOrder::DayFirst, ..Preferences::default() });
    assert_eq!(due("dentist on 3/4", &context()), day("2027-03-04"));
    assert_eq!(due("dentist on 3/4", &day_first), day("2027-04-03"));
    assert_eq!(due("dentist on 3.4.2027", &context()), day("2027-04-03"));
    // Where that is no date, the other way round.
    assert_eq!(due("dentist on 23/4", &context()), day("2027-04-23"));
    assert_eq!(due("dentist on 4/23", &day_first), day("2027-04-23"));
}

#[test]
fn a_week_begins_where_the_person_says() {
    let sunday = preferring(Preferences { week_start: Weekday::Sun, ..Preferences::default() });
    assert_eq!(due("plan next week", &context()), day("2026-11-30"));
    assert_eq!(due("plan next week", &sunday), day("2026-11-29"));
    assert_eq!(due("call Ann next sunday", &context()), day("2026-12-06"));
    assert_eq!(due("call Ann next sunday", &sunday), day("2026-11-29"));
}

#[test]
fn the_parts_of_the_day_are_the_persons() {
    let at = |hour| NaiveTime::from_hms_opt(hour, 30, 0).expect("a time");
    let late = preferring(Preferences {
        morning: at(10),
        afternoon: at(14),
        evening: at(19),
        night: at(22),
        end_of_day: at(18),
        ..Preferences::default()
    });
    for (text, expected) in [
        ("run tomorrow morning", "2026-11-25T09:30:00Z"),
        ("run tomorrow afternoon", "2026-11-25T13:30:00Z"),
        ("run tomorrow evening", "2026-11-25T18:30:00Z"),
        ("run tonight", "2026-11-24T21:30:00Z"),
        ("run by end of day", "2026-11-24T17:30:00Z"),
    ] {
        assert_eq!(due(text, &late), day(expected), "{text}");
    }
}

#[test]
fn a_time_that_the_clocks_skip_takes_the_offset_from_before() {
    let before = Context { now: "2027-03-27T09:00:00Z".parse().expect("an instant"), ..context() };
    assert_eq!(due("feed the cat tomorrow at 02:30", &before), day("2027-03-28T01:30:00Z"));
}

#[test]
fn spans_say_which_characters_said_what() {
    let text = "café ☕ with Ann on Friday at 5, every week, !high #home";
    let parsed = parse(text, &context());
    let said: Vec<(String, SpanKind)> = parsed
        .spans
        .iter()
        .map(|Span { start, end, kind }| {
            (text.chars().skip(*start).take(end - start).collect(), *kind)
        })
        .collect();
    let expected = [
        ("on Friday", SpanKind::Due),
        ("at 5", SpanKind::Due),
        ("every week", SpanKind::Recurrence),
        ("!high", SpanKind::Priority),
        ("#home", SpanKind::Tag),
    ];
    assert_eq!(said, expected.map(|(text, kind)| (text.to_owned(), kind)));
}

#[test]
fn a_phrase_may_say_several_things() {
    for (text, titles) in [
        ("buy milk tomorrow and call Mum on Friday", vec!["buy milk", "call Mum"]),
        ("buy milk; call Mum on Friday", vec!["buy milk", "call Mum"]),
        ("buy milk\ncall Mum on Friday\n", vec!["buy milk", "call Mum"]),
        ("buy milk and eggs tomorrow", vec!["buy milk and eggs"]),
        ("dentist on Friday at 3; remind me an hour before", vec!["dentist"]),
    ] {
        let parsed = parse(text, &context());
        let found: Vec<&str> = parsed
            .commands
            .iter()
            .map(|command| match command {
                Command::Add(task) => task.title.as_str(),
                other => panic!("{text}: {other:?}"),
            })
            .collect();
        assert_eq!(found, titles, "{text}");
    }
    let both = parse("mark milk as done and move rent to Friday", &context()).commands;
    assert_eq!(both[0], Command::Complete(Target::Words("milk".to_owned())));
    assert!(
        matches!(&both[1], Command::Reschedule(Target::Words(words), Move::To { .. }) if words == "rent")
    );
}

#[test]
fn blank_lines_say_nothing_and_there_are_no_more_commands_than_the_limit() {
    let titles = |text: &str| parse(text, &context()).commands.len();
    assert_eq!(titles("\nbuy milk"), 1);
    assert_eq!(titles("buy milk\n\ncall Mum on Friday\n"), 2);
    assert_eq!(titles(&"add tea and ".repeat(30)), 1);
}

#[test]
fn what_does_not_go_together_is_no_time() {
    for text in [
        "call in 2 hours in the evening",
        "call in 2 hours on Monday and Tuesday",
        "call in 3 working days and 2 hours",
    ] {
        assert_eq!(due(text, &context()), None, "{text}");
    }
    assert_eq!(due("call Bob Friday very urgent", &context()), day("2026-11-27"));
    assert_eq!(due("pay on the 0th day of the month", &context()), None);
    // A step from a beginning that is past begins ahead.
    assert_eq!(
        due("drink every 4 hours starting yesterday at 8am", &context()),
        day("2026-11-25T07:00:00Z")
    );
}

#[test]
fn an_edge_of_a_period_that_has_passed_is_that_of_the_next() {
    for (text, date) in [
        ("party at the beginning of November", "2027-11-01"),
        ("party mid-November", "2027-11-15"),
        ("party mid-November 2028", "2028-11-15"),
        ("party at the end of November", "2026-11-30"),
        ("party at the beginning of the month", "2026-12-01"),
        ("party in the middle of the month", "2026-12-15"),
        ("party mid-December", "2026-12-15"),
    ] {
        assert_eq!(due(text, &context()), day(date), "{text}");
    }
}

#[test]
fn tasks_are_named_by_words_pronouns_places_and_filters() {
    for (text, target) in [
        ("delete it", Target::It),
        ("delete them", Target::Them),
        ("delete the second one", Target::Places(vec![2])),
        ("delete 1, 2 and 4", Target::Places(vec![1, 2, 4])),
        ("delete the first three", Target::Places(vec![1, 2, 3])),
        ("delete the last one", Target::LastPlace),
        ("delete both", Target::Both),
        ("delete all of them", Target::Them),
        ("delete all my tasks", Target::Those(Query::default())),
        ("delete the gym task", Target::Words("gym".to_owned())),
        (
            "delete all overdue tasks tagged work",
            Target::Those(Query {
                overdue: true,
                tags: vec!["work".to_owned()],
                ..Query::default()
            }),
        ),
        (
            "delete all completed tasks",
            Target::Those(Query { status: Some(Status::Done), ..Query::default() }),
        ),
    ] {
        assert_eq!(command(text), Command::Delete(target), "{text}");
    }
}

#[test]
fn a_move_says_what_stays() {
    let to = |due: &str, said| Move::To { due: due.parse().expect("a due date"), said };
    for (text, expected) in [
        ("move it to Friday", to("2026-11-27", Said::Day)),
        ("it should be at 8 instead", to("2026-11-24T19:00:00Z", Said::Time)),
        ("move it to 5pm", to("2026-11-24T16:00:00Z", Said::Time)),
        ("move it to Friday at 5pm", to("2026-11-27T16:00:00Z", Said::Both)),
        ("put off it for an hour", Move::By(Shift { seconds: 3600, ..Shift::default() })),
        ("postpone it by 2 days", Move::By(Shift { days: 2, ..Shift::default() })),
        ("move it forward by an hour", Move::By(Shift { seconds: -3600, ..Shift::default() })),
        ("stop repeating it", Move::NoRepeat),
        ("remove the due date from it", Move::NoDue),
    ] {
        assert_eq!(command(text), Command::Reschedule(Target::It, expected), "{text}");
    }
    let Command::Reschedule(Target::It, Move::Repeat { recurrence, due }) =
        command("make it repeat every Monday")
    else {
        panic!("no rule");
    };
    assert_eq!((recurrence.rrule(), Some(due)), ("FREQ=WEEKLY;BYDAY=MO", day("2026-11-30")));
}

#[test]
fn what_is_not_a_task_is_not_understood_as_one() {
    for text in [
        "hello",
        "thanks!",
        "what is the capital of France?",
        "how do you feel about Mondays?",
        "prepare Monday presentation",
        "tomorrow at 5",
        "",
        "remind me 10 minutes before the meeting",
    ] {
        assert!(!parse(text, &context()).is_understood(), "{text}");
    }
    for text in
        ["buy milk", "call Mum tomorrow at 5", "delete it", "what's due today?", "undo", "yes"]
    {
        assert!(parse(text, &context()).is_understood(), "{text}");
    }
}

#[test]
fn answers_and_questions_are_no_tasks() {
    assert_eq!(command("yes please"), Command::Answer(Answer::Yes));
    assert_eq!(command("nope, leave it"), Command::Answer(Answer::No));
    assert_eq!(command("yes, delete them"), Command::Answer(Answer::Yes));
    for text in ["yes, delete them all", "all of them", "yes, all of them"] {
        assert_eq!(command(text), Command::Answer(Answer::These(Target::Them)), "{text}");
    }
    assert_eq!(command("all good"), Command::Answer(Answer::Yes));
    assert_eq!(command("the second one"), Command::Answer(Answer::These(Target::Places(vec![2]))));
    assert_eq!(
        command("the dentist one"),
        Command::Answer(Answer::These(Target::Words("dentist".to_owned())))
    );
    assert_eq!(command("why did I get this?"), Command::Why(Target::It));
    let from_to = |from: &str, to: &str| {
        let day = |text: &str| Some(text.parse().expect("a day"));
        Query { due: Some(Days { from: day(from), to: day(to) }), ..Query::default() }
    };
    assert_eq!(
        command("what's due this week?"),
        Command::List(from_to("2026-11-23", "2026-11-29"))
    );
    let urgent = Query { priority: Some(Priority::High), ..Query::default() };
    assert_eq!(command("anything urgent?"), Command::List(urgent));
}

#[test]
fn no_reminder_is_something_else_than_nothing_said_of_one() {
    let reminders = |text: &str| match command(text) {
        Command::Add(task) => task.reminders,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(reminders("gym at 6pm"), None);
    assert_eq!(reminders("gym at 6pm, no reminder"), Some(vec![]));
    assert_eq!(reminders("buy milk, remind me an hour before"), None);
    let in_new_york: ReminderSpec =
        serde_json::from_str(r#"{"at":"2026-11-26T22:00:00Z"}"#).expect("a reminder");
    assert_eq!(
        reminders("gym on Friday, remind me on Thursday at 5pm EST"),
        Some(vec![in_new_york])
    );
    let hour_before: ReminderSpec =
        serde_json::from_str(r#"{"offset":"-PT1H"}"#).expect("a reminder");
    assert_eq!(reminders("gym at 6pm, remind me an hour before"), Some(vec![hour_before]));
}

#[test]
fn a_text_beyond_the_limit_is_a_title_and_nothing_else() {
    let text = format!("tomorrow {}", "x".repeat(intent::MAX_PHRASE_CHARS));
    let parsed = parse(&text, &context());
    assert!(!parsed.is_understood());
    assert!(
        matches!(&parsed.commands[..], [Command::Add(task)] if task.title == text && task.due.is_none())
    );
}
