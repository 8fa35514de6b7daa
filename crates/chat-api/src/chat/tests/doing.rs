//! What commands do, and what "it", "both" and "the second one" mean then.

use intent::{Answer as Answering, Days, Move, Said, Shift};

use super::*;

#[tokio::test]
async fn what_is_added_is_it_and_can_be_moved_tagged_and_done() {
    let mut talk = Talk::begin().await;
    let task = NewTask {
        title: "call the dentist".to_owned(),
        due: Some(day(FAR)),
        priority: Some(Priority::High),
        tags: vec!["health".to_owned()],
        ..NewTask::default()
    };
    let added = talk.say("call the dentist …", Command::Add(task)).await;
    assert_eq!(
        added.reply,
        "Added “call the dentist”, due on Mon 1 Jun 2099, high priority, #health."
    );
    assert_eq!((added.engine.as_str(), added.actions[0].tool.as_str()), ("grammar", "add_task"));
    let to = Move::To { due: day("2099-06-02"), said: Said::Day };
    let moved = talk.reply(Command::Reschedule(Target::It, to)).await;
    assert_eq!(moved, "“call the dentist” is now due on Tue 2 Jun 2099.");
    let by = Move::By(Shift { days: 7, ..Shift::default() });
    let moved = talk.reply(Command::Reschedule(Target::It, by)).await;
    assert_eq!(moved, "“call the dentist” is now due on Tue 9 Jun 2099.");
    let tag = Command::Tag {
        what: Target::It,
        add: vec!["soon".to_owned()],
        remove: vec!["health".to_owned()],
    };
    assert_eq!(talk.reply(tag).await, "“call the dentist” is tagged #soon now.");
    let renamed = Command::Rename(Target::It, "ring the dentist".to_owned());
    assert_eq!(talk.reply(renamed).await, "Renamed “call the dentist” to “ring the dentist”.");
    for note in ["ask for Ada", "and the bill"] {
        let noted = talk.reply(Command::Describe(Target::It, note.to_owned())).await;
        assert_eq!(noted, "Noted in “ring the dentist”.");
    }
    let described = talk.task("ring the dentist").await.state.description;
    assert_eq!(described.as_deref(), Some("ask for Ada\nand the bill"));
    let done = talk.reply(Command::Complete(Target::It)).await;
    assert_eq!(done, "Done: “ring the dentist”.");
    let again = talk.reply(Command::Complete(Target::It)).await;
    assert_eq!(again, "“ring the dentist” was done already.");
    assert_eq!(talk.reply(Command::Reopen(Target::It)).await, "“ring the dentist” is open again.");
    talk.end().await;
}

#[tokio::test]
async fn what_was_shown_is_meant_by_its_place_also_after_an_act_on_one_of_them() {
    let mut talk = Talk::begin().await;
    talk.add(&["a", "b", "c", "d"]).await;
    let listed = talk.reply(Command::List(everything())).await;
    assert!(listed.starts_with("You have 4 open tasks:\n1. "), "{listed}");
    let shown = ids(&talk.say("list", Command::List(everything())).await);
    let order = talk.titles(&shown).await;
    let done = talk.reply(Command::Complete(Target::Places(vec![2]))).await;
    assert_eq!(done, format!("Done: “{}”.", order[1]));
    let done = talk.reply(Command::Complete(Target::LastPlace)).await;
    assert_eq!(done, format!("Done: “{}”.", order[3]));
    let reopened = talk.reply(Command::Reopen(Target::It)).await;
    assert_eq!(reopened, format!("“{}” is open again.", order[3]));
    let none = talk.reply(Command::Complete(Target::Places(vec![5]))).await;
    assert_eq!(none, "There is no number 5: I showed 4 tasks.");
    let both = talk.reply(Command::Complete(Target::Both)).await;
    assert_eq!(both, "There are 4 of them; say which, or all.");
    talk.end().await;
}

#[tokio::test]
async fn what_is_only_counted_or_not_there_leaves_what_was_shown_in_mind() {
    let mut talk = Talk::begin().await;
    talk.add(&["a", "b"]).await;
    let shown = ids(&talk.say("list", Command::List(everything())).await);
    let order = talk.titles(&shown).await;
    let counted = Query { count: true, ..everything() };
    assert_eq!(talk.reply(Command::List(counted)).await, "You have 2 open tasks.");
    assert_eq!(talk.reply(Command::List(high())).await, "You have no high-priority tasks.");
    let done = talk.reply(Command::Complete(Target::LastPlace)).await;
    assert_eq!(done, format!("Done: “{}”.", order[1]));
    let again = talk.reply(Command::Reopen(Target::It)).await;
    assert_eq!(again, format!("“{}” is open again.", order[1]));
    talk.end().await;
}

#[tokio::test]
async fn them_and_both_are_all_that_was_spoken_of() {
    let mut talk = Talk::begin().await;
    talk.add(&["a", "b"]).await;
    let both = [Command::Add(new("c")), Command::Add(new("d"))];
    let added = talk.try_say("c and d", &both).await.expect("an answer");
    talk.conversation_id = Some(added.conversation_id);
    assert_eq!(added.reply, "Added “c”.\nAdded “d”.");
    assert_eq!(talk.reply(Command::Complete(Target::Both)).await, "Done: “c” and “d”.");
    talk.reply(Command::List(everything())).await;
    let high = talk.reply(Command::SetPriority(Target::Them, Priority::High)).await;
    assert!(high.ends_with("have high priority now."), "{high}");
    assert_eq!(
        talk.tasks().await.iter().filter(|task| task.state.priority == Priority::High).count(),
        2
    );
    talk.end().await;
}

#[tokio::test]
async fn without_anything_spoken_of_it_is_asked_what_is_meant() {
    let mut talk = Talk::begin().await;
    talk.add(&["a"]).await;
    talk.conversation_id = None;
    for target in [Target::It, Target::Them, Target::Both, Target::LastPlace] {
        let asked = talk.reply(Command::Delete(target)).await;
        assert!(asked.starts_with("I'm not sure which task you mean."), "{asked}");
    }
    assert_eq!(talk.open().await, ["a"]);
    talk.end().await;
}

#[tokio::test]
async fn what_recurs_is_done_by_its_current_occurrence_and_skipped() {
    let mut talk = Talk::begin().await;
    let recurrence = Some(rule("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", "2099-06-07T18:00:00"));
    let task = NewTask { recurrence, due: Some(day("2099-06-07T16:00:00Z")), ..new("water") };
    let added = talk.reply(Command::Add(task)).await;
    assert_eq!(added, "Added “water”, every other Sunday at 18:00, next on Sun 7 Jun 2099.");
    let done = talk.reply(Command::Complete(words("water"))).await;
    assert_eq!(done, "Done: “water”. It comes again on Sun 21 Jun 2099 at 18:00.");
    let skipped = talk.reply(Command::Skip(Target::It)).await;
    assert_eq!(skipped, "Skipped “water”, next on Sun 5 Jul 2099.");
    let never = talk.reply(Command::Reschedule(Target::It, Move::NoDue)).await;
    assert!(never.contains("always due"), "{never}");
    let no_more = talk.reply(Command::Reschedule(Target::It, Move::NoRepeat)).await;
    assert_eq!(no_more, "“water” no longer repeats.");
    let skipped = talk.reply(Command::Skip(Target::It)).await;
    assert_eq!(skipped, "“water” does not repeat, so there is nothing to skip.");
    talk.end().await;
}

#[tokio::test]
async fn a_rule_of_days_takes_over_the_time_that_a_task_has_and_its_day_where_it_names_none() {
    let mut talk = Talk::begin().await;
    let task = NewTask { due: Some(day("2099-06-01T15:00:00Z")), ..new("run") };
    talk.reply(Command::Add(task)).await;
    let repeat = Move::Repeat {
        recurrence: Box::new(rule("FREQ=WEEKLY;BYDAY=FR", "2099-06-05")),
        due: day("2099-06-05"),
    };
    let said = talk.reply(Command::Reschedule(Target::It, repeat)).await;
    assert_eq!(said, "“run” now repeats every Friday at 17:00, next on Fri 5 Jun 2099.");
    talk.reply(Command::Undo).await;
    // Every month, from today on, as nothing says from when.
    let zone: events::TimeZone = "Europe/Berlin".parse().expect("a zone");
    let today = zone.local(chrono_now(&talk).await).date().to_string();
    let monthly =
        Move::Repeat { recurrence: Box::new(rule("FREQ=MONTHLY", &today)), due: day(&today) };
    let said = talk.reply(Command::Reschedule(Target::It, monthly)).await;
    assert_eq!(said, "“run” now repeats every month on the 1st at 17:00, next on Mon 1 Jun 2099.");
    talk.end().await;
}

/// By the database's clock.
async fn chrono_now(talk: &Talk) -> chrono::DateTime<chrono::Utc> {
    sqlx::query_scalar("select now()").fetch_one(&talk.admin).await.expect("now")
}

#[tokio::test]
async fn a_reminder_is_put_off_and_the_last_one_is_meant_where_nothing_was_spoken_of() {
    let mut talk = Talk::begin().await;
    let until = "2099-06-01T08:00:00Z".parse().expect("an instant");
    let task = NewTask { due: Some(day("2020-06-01T15:00:00Z")), ..new("run") };
    talk.reply(Command::Add(task)).await;
    let put_off = talk.reply(Command::Snooze(Target::It, None)).await;
    assert!(put_off.starts_with("I'll remind you of “run” again "), "{put_off}");
    let far = talk.reply(Command::Snooze(Target::It, Some(until))).await;
    assert!(far.contains("366 days"), "{far}");
    talk.add(&["no reminder"]).await;
    let none = talk.reply(Command::Snooze(Target::It, None)).await;
    assert_eq!(none, "“no reminder” has no reminder that could come later.");
    let run = talk.task("run").await;
    sqlx::query(
        "insert into reminder (reminder_id, task_id, user_id, status, reminder_time, triggered_at,
             task_version, revision)
         values ($1, $2, $3, 'triggered', now(), now(), 1, 1)",
    )
    .bind(Uuid::new_v4())
    .bind(run.state.task_id.uuid())
    .bind(talk.user_id.uuid())
    .execute(&talk.admin)
    .await
    .expect("a reminder");
    talk.conversation_id = None;
    let why = talk.reply(Command::Why(Target::It)).await;
    assert!(why.starts_with("What happened to “run”:\n- today at "), "{why}");
    talk.end().await;
}

#[tokio::test]
async fn lists_say_what_they_list_and_count() {
    let mut talk = Talk::begin().await;
    let none = talk.reply(Command::List(everything())).await;
    assert_eq!(none, "You have no open tasks.");
    let overdue = NewTask { due: Some(day("2020-06-01T15:00:00Z")), ..new("old") };
    talk.reply(Command::Add(overdue)).await;
    let urgent = NewTask {
        priority: Some(Priority::High),
        tags: vec!["work".to_owned()],
        due: Some(day(FAR)),
        ..new("urgent")
    };
    talk.reply(Command::Add(urgent)).await;
    let query = Query { overdue: true, ..Query::default() };
    let said = talk.reply(Command::List(query.clone())).await;
    assert_eq!(said, "You have 1 overdue task:\n1. old – overdue since Mon 1 Jun 2020 at 17:00");
    let said = talk.reply(Command::List(Query { count: true, ..query })).await;
    assert_eq!(said, "You have 1 overdue task.");
    let tagged = Query { tags: vec!["work".to_owned()], ..high() };
    let said = talk.reply(Command::List(tagged)).await;
    assert_eq!(
        said,
        "You have 1 high-priority task tagged #work:\n1. urgent – due on Mon 1 Jun 2099, high priority, #work"
    );
    let on = Days { from: Some("2099-06-01".parse().expect("a day")), to: None };
    let said = talk.reply(Command::List(Query { due: Some(on), ..Query::default() })).await;
    assert!(said.starts_with("You have 1 task due from Mon 1 Jun 2099 on:\n1. urgent"), "{said}");
    let said =
        talk.reply(Command::List(Query { words: Some("zebra".to_owned()), ..everything() })).await;
    assert_eq!(said, "You have no open tasks with “zebra”.");
    talk.add(&(0..25).map(|_| "many").collect::<Vec<_>>()).await;
    let said = talk.reply(Command::List(everything())).await;
    assert!(
        said.starts_with("You have 27 open tasks:\n1. old") && said.ends_with("\nand 7 more."),
        "{said}"
    );
    let answer = talk.reply(Command::Answer(Answering::These(Target::Places(vec![1])))).await;
    assert_eq!(answer, "What shall I do with “old”?");
    talk.end().await;
}

#[tokio::test]
async fn what_the_domain_refuses_is_told_and_keeps_no_other_back() {
    let mut talk = Talk::begin().await;
    let recurrence = Some(rule("FREQ=DAILY", "2099-06-07"));
    talk.reply(Command::Add(NewTask { recurrence, due: Some(day("2099-06-07")), ..new("a") }))
        .await;
    talk.add(&["b"]).await;
    talk.reply(Command::List(everything())).await;
    let said = talk.reply(Command::Skip(Target::Them)).await;
    assert_eq!(
        said,
        "Skipped “a”, next on Mon 8 Jun 2099. “b” does not repeat, so there is nothing to skip."
    );
    let long = Command::Rename(words("b"), "x".repeat(501));
    assert_eq!(talk.reply(long).await, "That does not work: title has at most 500 characters.");
    assert_eq!(talk.reply(Command::Help).await, super::super::words::talk::HELP);
    talk.end().await;
}
