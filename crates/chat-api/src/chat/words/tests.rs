//! Words for times and rules.

use chrono::{DateTime, Utc};
use events::{Basis, Due, RecurrenceRule, ReminderSpec, TimeZone};

use super::*;
use crate::{
    chat::tools::{
        Use,
        outcome::{Changed, Done, Outcome, Reason, RefusedTask, Shown},
    },
    domain::task::{Task, series_tests::every_day_at_nine},
};

fn zone(name: &str) -> TimeZone {
    name.parse().expect("a zone")
}

/// On Saturday, 28 November 2026, at 13:00 in Berlin.
fn clock() -> Clock {
    let now: DateTime<Utc> = "2026-11-28T12:00:00Z".parse().expect("an instant");
    Clock { now, zone: zone("Europe/Berlin") }
}

fn due(text: &str) -> String {
    let due: Due = text.parse().expect("a due date");
    clock().due(due)
}

#[test]
fn days_have_names_within_a_week_and_else_their_dates() {
    for (given, said) in [
        ("2026-11-28", "due today"),
        ("2026-11-29", "due tomorrow"),
        ("2026-11-30", "due on Monday"),
        ("2026-12-04", "due on Friday"),
        ("2026-12-05", "due on Sat 5 Dec"),
        ("2027-01-02", "due on Sat 2 Jan 2027"),
        ("2026-11-27", "overdue since yesterday"),
        ("2026-11-22", "overdue since Sunday"),
        ("2026-11-21", "overdue since Sat 21 Nov"),
        ("2025-11-21", "overdue since Fri 21 Nov 2025"),
    ] {
        assert_eq!(due(given), said, "{given}");
    }
}

#[test]
fn times_are_the_persons_own() {
    for (given, said) in [
        ("2026-11-28T16:00:00Z", "due today at 17:00"),
        ("2026-11-28T23:30:00Z", "due tomorrow at 00:30"),
        ("2026-11-28T11:59:59Z", "overdue since today at 12:59"),
        ("2026-12-01T08:05:00Z", "due on Tuesday at 09:05"),
        ("2027-07-01T08:00:00Z", "due on Thu 1 Jul 2027 at 10:00"),
    ] {
        assert_eq!(due(given), said, "{given}");
    }
}

#[test]
fn reminders_are_said_by_their_distance() {
    for (given, said) in [
        ("PT0S", "at the due time"),
        ("-PT30M", "30 minutes before"),
        ("-PT1H", "an hour before"),
        ("-PT1M", "a minute before"),
        ("-PT90M", "1 hour and 30 minutes before"),
        ("-P1D", "a day before"),
        ("-P7D", "a week before"),
        ("-P10D", "10 days before"),
        ("PT2H", "2 hours after"),
    ] {
        let spec = ReminderSpec::Offset(given.parse().expect("an offset"));
        assert_eq!(clock().reminder(&spec), said, "{given}");
    }
    let at = ReminderSpec::At("2026-11-29T07:00:00Z".parse().expect("an instant"));
    assert_eq!(clock().reminder(&at), "tomorrow at 08:00");
}

fn said(rrule: &str, dtstart: &str) -> String {
    let start = dtstart.parse().expect("a time");
    let made = RecurrenceRule::new(rrule, start, zone("Europe/Berlin"), vec![], Basis::DueDate);
    rule(&made.unwrap_or_else(|error| panic!("{rrule}: {error}")), zone("Europe/Berlin"))
}

/// Of each rule in docs/language.md, as it is said in reply.
#[test]
fn every_rule_of_the_grammar_has_words() {
    const DAY: &str = "2026-11-29";
    const TIME: &str = "2026-11-29T18:00:00";
    for (rrule, dtstart, words) in [
        ("FREQ=DAILY", DAY, "every day"),
        ("FREQ=DAILY;INTERVAL=2", DAY, "every other day"),
        ("FREQ=DAILY;INTERVAL=3", TIME, "every 3 days at 18:00"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", TIME, "every weekday at 18:00"),
        ("FREQ=WEEKLY;BYDAY=SA,SU", DAY, "every weekend day"),
        ("FREQ=WEEKLY;BYDAY=MO", DAY, "every Monday"),
        ("FREQ=WEEKLY;BYDAY=TH,MO", DAY, "every Monday and Thursday"),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR", TIME, "every Monday, Wednesday and Friday at 18:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", TIME, "every other Tuesday at 18:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH", DAY, "every other week on Tuesday and Thursday"),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TH", DAY, "every 3 weeks on Monday and Thursday"),
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA",
            DAY,
            "every Monday, Tuesday, Wednesday, Thursday, Friday and Saturday",
        ),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", DAY, "every day"),
        ("FREQ=WEEKLY", DAY, "every Sunday"),
        ("FREQ=WEEKLY;INTERVAL=2", DAY, "every other Sunday"),
        ("FREQ=MONTHLY", DAY, "every month on the 29th"),
        ("FREQ=MONTHLY;INTERVAL=2", DAY, "every other month on the 29th"),
        ("FREQ=MONTHLY;INTERVAL=3", DAY, "every 3 months on the 29th"),
        ("FREQ=YEARLY", DAY, "every year on 29 November"),
        ("FREQ=MONTHLY;BYMONTHDAY=15", DAY, "every month on the 15th"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", TIME, "every month on the 1st and 15th at 18:00"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", DAY, "every month on the last day"),
        ("FREQ=MONTHLY;BYDAY=-1FR", DAY, "every month on the last Friday"),
        ("FREQ=MONTHLY;BYDAY=2TU", DAY, "every month on the second Tuesday"),
        ("FREQ=MONTHLY;BYDAY=1MO", DAY, "every month on the first Monday"),
        ("FREQ=MONTHLY;BYDAY=1MO,3MO", DAY, "every month on the first Monday and third Monday"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", DAY, "every month on the last weekday"),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=3", DAY, "every year on 3 March"),
        ("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1", DAY, "every year on 1 January"),
        ("FREQ=YEARLY;BYMONTH=9;BYDAY=1MO", DAY, "every year on the first Monday of September"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", DAY, "every year on the fourth Thursday of November"),
        ("FREQ=YEARLY;INTERVAL=2;BYMONTH=12;BYMONTHDAY=25", DAY, "every other year on 25 December"),
        ("FREQ=HOURLY", TIME, "every hour"),
        ("FREQ=HOURLY;INTERVAL=4", TIME, "every 4 hours"),
        ("FREQ=MINUTELY;INTERVAL=30", TIME, "every 30 minutes"),
        (
            "FREQ=DAILY;BYHOUR=9,21;BYMINUTE=0",
            "2026-11-29T09:00:00",
            "every day at 09:00 and 21:00",
        ),
        ("FREQ=DAILY;UNTIL=20270601", DAY, "every day until 1 Jun 2027"),
        ("FREQ=DAILY;UNTIL=20270601T215959Z", TIME, "every day at 18:00 until 1 Jun 2027"),
        ("FREQ=DAILY;COUNT=10", DAY, "every day, 10 times"),
    ] {
        assert_eq!(said(rrule, dtstart), words, "{rrule}");
    }
}

#[test]
fn a_rule_without_words_is_said_as_it_is() {
    for rrule in [
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=MONTHLY;BYDAY=MO,WE;BYSETPOS=2",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
        "FREQ=HOURLY;BYDAY=MO",
        "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9,21",
        "FREQ=YEARLY;BYMONTH=3,6;BYDAY=FR;BYSETPOS=1",
    ] {
        assert_eq!(said(rrule, "2026-11-29T18:00:00"), format!("by the rule {rrule}"));
    }
}

#[test]
fn another_zone_and_another_basis_are_named() {
    let start = "2026-11-29T18:00:00".parse().expect("a time");
    let made = |basis| {
        RecurrenceRule::new("FREQ=DAILY;INTERVAL=3", start, zone("Asia/Tokyo"), vec![], basis)
            .expect("a rule")
    };
    let own = rule(&made(Basis::Completion), zone("Asia/Tokyo"));
    assert_eq!(own, "every 3 days at 18:00, counted from when it is done");
    let other = rule(&made(Basis::DueDate), zone("Europe/Berlin"));
    assert_eq!(other, "every 3 days at 18:00 (Asia/Tokyo)");
    // The first of June ends there when it is the second in UTC.
    let until = "FREQ=DAILY;UNTIL=20270602T035959Z";
    let new_york = zone("America/New_York");
    let made = RecurrenceRule::new(until, start, new_york, vec![], Basis::DueDate);
    let said = rule(&made.expect("a rule"), new_york);
    assert_eq!(said, "every day at 18:00 until 1 Jun 2027");
}

#[test]
fn numbers_and_lists_read_as_they_are_spoken() {
    assert_eq!(
        [count(0, "task"), count(1, "task"), count(2, "task")],
        ["0 tasks", "1 task", "2 tasks"]
    );
    let items = ["a", "b", "c"].map(str::to_owned);
    assert_eq!(
        [listed(&items[..1]), listed(&items[..2]), listed(&items)],
        ["a", "a and b", "a, b and c"]
    );
    let ordinals = [1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 31].map(ordinal);
    assert_eq!(
        ordinals,
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "31st"]
    );
    assert_eq!(quoted("a\n b"), "“a b”");
}

fn task(title: &str, due: Option<&str>) -> Task {
    let mut task = every_day_at_nine();
    task.state.title = title.to_owned();
    task.state.recurrence = None;
    task.state.occurrence = None;
    task.state.due_date = due.map(|due| due.parse().expect("a due date"));
    task
}

fn told(name: &str, arguments: serde_json::Value, outcome: &Outcome) -> String {
    let ids = serde_json::json!([events::TaskId::random()]);
    let mut arguments = arguments;
    if name != "undo" {
        arguments["task_ids"] = ids;
    }
    let use_of = Use::read(name, arguments).expect("a call");
    reply::told(&use_of, outcome, &clock())
}

#[test]
fn a_line_says_when_how_often_how_important_and_which_tags() {
    let mut low = task("a\nb", Some("2026-11-27"));
    low.state.priority = events::Priority::Low;
    low.state.status = events::Status::InProgress;
    low.state.tags = vec!["x".to_owned(), "y".to_owned()];
    assert_eq!(
        list::line(&low, &clock()),
        "a b – overdue since yesterday, low priority, begun, #x #y"
    );
    assert_eq!(list::line(&task("a", None), &clock()), "a");
    low.state.status = events::Status::Done;
    assert_eq!(list::line(&low, &clock()), "a b – done, low priority, #x #y");
    // Every day at nine in Berlin, from 26 March 2027 on.
    let mut recurring = every_day_at_nine();
    let said = "water the plants – every day at 09:00, next on Fri 26 Mar 2027";
    assert_eq!(list::line(&recurring, &clock()), said);
    recurring.state.due_date = Some("2027-03-26T11:00:00Z".parse().expect("moved"));
    assert_eq!(list::line(&recurring, &clock()), format!("{said} at 12:00"));
    let later = Clock { now: "2027-03-27T12:00:00Z".parse().expect("an instant"), ..clock() };
    assert_eq!(
        list::line(&recurring, &later),
        "water the plants – every day at 09:00, overdue since yesterday at 12:00"
    );
}

#[test]
fn at_most_twenty_lines_are_shown_and_the_rest_is_counted() {
    let tasks: Vec<Shown> = (0..25).map(|_| Shown::new(task("a", None))).collect();
    let said = list::numbered(&tasks, 40, &clock());
    assert_eq!(said.lines().count(), 21);
    assert!(said.starts_with("1. a\n2. a\n") && said.ends_with("\n20. a\nand 20 more."), "{said}");
    assert_eq!(list::numbered(&tasks[..1], 1, &clock()), "1. a");
}

#[test]
fn what_was_refused_is_told_with_its_reason_and_not_without_end() {
    let refused = |title: &str, reason| RefusedTask {
        id: events::TaskId::random(),
        title: Some(title.to_owned()),
        reason,
    };
    for (name, arguments, reason, said) in [
        (
            "skip_occurrence",
            serde_json::json!({}),
            Reason::DoesNotRepeat,
            "“a” does not repeat, so there is nothing to skip.",
        ),
        (
            "snooze",
            serde_json::json!({}),
            Reason::NoReminder,
            "“a” has no reminder that could come later.",
        ),
        (
            "reschedule_tasks",
            serde_json::json!({"when": {"never": {}}}),
            Reason::AlwaysDue,
            "“a” repeats, so it is always due; say that it repeats no more first.",
        ),
        (
            "reschedule_tasks",
            serde_json::json!({"when": {"to": {"due_date": "2026-12-01"}}}),
            Reason::OtherKind,
            "“a” repeats on whole days or at times; say how it is to repeat instead.",
        ),
        ("complete_tasks", serde_json::json!({}), Reason::Gone, "“a” is not there any more."),
        (
            "update_task",
            serde_json::json!({"title": "b"}),
            Reason::Refused("no".to_owned()),
            "“a”: no.",
        ),
    ] {
        let done = Done { tasks: vec![], refused: vec![refused("a", reason)] };
        assert_eq!(told(name, arguments, &Outcome::Done(done)), said);
    }
    let many = (0..8).map(|_| refused("a", Reason::ChangedSince)).collect();
    let done = Outcome::Done(Done { tasks: vec![], refused: many });
    let said = told("delete_tasks", serde_json::json!({}), &done);
    assert_eq!(said.matches("has changed since").count(), 5);
    assert!(said.ends_with("3 others stayed as they are, too."), "{said}");
    let nothing = Outcome::Done(Done::default());
    assert_eq!(told("delete_tasks", serde_json::json!({}), &nothing), "Nothing has changed.");
}

#[test]
fn tasks_that_are_due_at_different_times_after_a_move_are_listed() {
    let changed = |title: &str, due: &str| Changed {
        before: Some(Shown::new(task(title, None))),
        after: Shown::new(task(title, Some(due))),
        changed: true,
    };
    let done = |tasks| Outcome::Done(Done { tasks, refused: vec![] });
    let by = serde_json::json!({"when": {"by": {"days": 1}}});
    let said = told(
        "reschedule_tasks",
        by.clone(),
        &done(vec![changed("a", "2026-11-29"), changed("b", "2026-11-30T08:00:00Z")]),
    );
    assert_eq!(said, "Moved 2 tasks:\n1. a – due tomorrow\n2. b – due on Monday at 09:00");
    let said = told(
        "reschedule_tasks",
        by,
        &done(vec![changed("a", "2026-11-29"), changed("b", "2026-11-29")]),
    );
    assert_eq!(said, "“a” and “b” are now due tomorrow.");
}
