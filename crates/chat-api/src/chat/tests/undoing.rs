//! Taking back what was done, of each kind, and backwards.

use intent::{Answer as Answering, Move, Said};

use super::*;

#[tokio::test]
async fn every_kind_of_act_is_taken_back() {
    let mut talk = Talk::begin().await;
    let recurrence = Some(rule("FREQ=DAILY", "2099-06-07T18:00:00"));
    let due = Some(day("2099-06-07T16:00:00Z"));
    talk.reply(Command::Add(NewTask { recurrence, due, ..new("water") })).await;
    let plain = NewTask { due: Some(day("2020-06-01T15:00:00Z")), ..new("plain") };
    talk.reply(Command::Add(plain)).await;
    talk.reply(Command::Complete(words("plain"))).await;
    let to = || Move::To { due: day("2099-06-02"), said: Said::Day };
    let acts = [
        (Command::Reopen(words("plain")), "“plain” is done again"),
        (Command::Complete(words("water")), "“water” is due on Sun 7 Jun 2099 at 18:00 again"),
        (Command::Skip(words("water")), "“water” is due on Sun 7 Jun 2099 at 18:00 again"),
        (
            Command::Reschedule(words("water"), to()),
            "“water” is due on Sun 7 Jun 2099 at 18:00 again",
        ),
        (Command::Reschedule(words("water"), Move::NoRepeat), "“water” is as it was"),
        (Command::Rename(words("water"), "x".to_owned()), "“water” is as it was"),
        (Command::SetPriority(words("water"), Priority::High), "“water” is as it was"),
        (Command::Describe(words("water"), "x".to_owned()), "“water” is as it was"),
        (Command::Delete(words("water")), "“water” is back"),
        (Command::Add(new("new")), "“new” is gone again"),
    ];
    for (act, undone) in acts {
        let before = talk.tasks().await;
        talk.reply(act.clone()).await;
        assert_ne!(said(&talk.tasks().await), said(&before), "{act:?}");
        assert_eq!(talk.reply(Command::Undo).await, format!("Undone: {undone}."), "{act:?}");
        assert_eq!(said(&talk.tasks().await), said(&before), "{act:?}");
    }
    talk.end().await;
}

/// Tasks without what every change makes anew.
fn said(tasks: &[Task]) -> Vec<events::TaskState> {
    let said = |task: &Task| events::TaskState {
        version: 0.into(),
        schedule_since: None,
        ..task.state.clone()
    };
    tasks.iter().map(said).collect()
}

#[tokio::test]
async fn acts_are_taken_back_one_by_one_also_where_they_were_on_the_same_task() {
    let mut talk = Talk::begin().await;
    talk.add(&["a"]).await;
    for title in ["b", "c"] {
        talk.reply(Command::Rename(Target::It, title.to_owned())).await;
    }
    talk.reply(Command::Complete(Target::It)).await;
    for expected in [Some("c"), Some("b"), Some("a"), None] {
        talk.reply(Command::Undo).await;
        let titles = talk.open().await;
        assert_eq!(titles.first().map(String::as_str), expected);
    }
    let nothing = talk.reply(Command::Undo).await;
    assert_eq!(nothing, "There is nothing left to undo in this conversation.");
    talk.end().await;
}

#[tokio::test]
async fn all_that_a_message_did_is_taken_back_together_the_last_first() {
    let mut talk = Talk::begin().await;
    talk.add(&["a", "b"]).await;
    let commands = [
        Command::Complete(words("a")),
        Command::Rename(words("b"), "c".to_owned()),
        Command::SetPriority(words("c"), Priority::High),
    ];
    talk.try_say("…", &commands).await.expect("an answer");
    let undone = talk.reply(Command::Undo).await;
    assert_eq!(undone, "Undone: “a” is open again; “b” is as it was.");
    let b = talk.task("b").await;
    assert_eq!((b.state.priority, talk.open().await.len()), (Priority::Medium, 2));
    talk.end().await;
}

#[tokio::test]
async fn what_has_changed_since_is_not_taken_back_and_named() {
    let mut talk = Talk::begin().await;
    talk.add(&["a", "b"]).await;
    talk.reply(Command::SetPriority(Target::Those(everything()), Priority::Low)).await;
    let conversation = talk.conversation_id.take();
    talk.reply(Command::Rename(words("a"), "c".to_owned())).await;
    talk.conversation_id = conversation;
    let undone = talk.reply(Command::Undo).await;
    assert_eq!(undone, "Undone: “b” is as it was. “a” has changed since, so I left it as it is.");
    let priority = async |title| talk.task(title).await.state.priority;
    assert_eq!((priority("b").await, priority("c").await), (Priority::Medium, Priority::Low));
    talk.end().await;
}

#[tokio::test]
async fn what_is_gone_for_good_is_said_to_be() {
    let mut talk = Talk::begin().await;
    talk.add(&["a"]).await;
    talk.reply(Command::Delete(Target::It)).await;
    sqlx::query("delete from task").execute(&talk.admin).await.expect("purged");
    let undone = talk.reply(Command::Undo).await;
    assert_eq!(undone, "That could not be undone. “a” is not there any more.");
    talk.end().await;
}

#[tokio::test]
async fn a_conversation_takes_back_only_its_own_acts_and_the_last_fifty() {
    let mut talk = Talk::begin().await;
    talk.add(&["a"]).await;
    talk.conversation_id = None;
    let nothing = talk.reply(Command::Undo).await;
    assert_eq!(nothing, "There is nothing left to undo in this conversation.");
    for number in 0..55 {
        talk.add(&[&format!("t{number}")]).await;
    }
    assert_eq!(talk.count("select count(*) from conversation_act").await, 1 + 50);
    talk.end().await;
}

#[tokio::test]
async fn what_is_taken_back_is_told_as_an_ordinary_change_with_the_whole_state() {
    let mut talk = Talk::begin().await;
    let recurrence = Some(rule("FREQ=DAILY", "2099-06-07T18:00:00"));
    let due = Some(day("2099-06-07T16:00:00Z"));
    talk.reply(Command::Add(NewTask { recurrence, due, ..new("water") })).await;
    talk.reply(Command::Complete(Target::It)).await;
    talk.reply(Command::Undo).await;
    let events = talk.events().await;
    let types: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(types, ["task-created", "task-completed", "task-updated"]);
    let (_, told) = &events[2];
    assert_eq!(told["task"]["occurrence"], "2099-06-07T18:00:00");
    assert_eq!(told["task"]["due_date"], "2099-06-07T16:00:00Z");
    assert_eq!(told["task"]["schedule_since"], told["updated_at"]);
    assert!(told["version"].as_i64() > events[1].1["version"].as_i64());
    talk.end().await;
}

#[tokio::test]
async fn a_confirmed_act_on_many_is_taken_back_whole() {
    let mut talk = Talk::begin().await;
    talk.add(&["a", "b", "c"]).await;
    talk.reply(Command::Delete(Target::Those(everything()))).await;
    talk.reply(Command::Answer(Answering::Yes)).await;
    assert!(talk.open().await.is_empty());
    let undone = talk.reply(Command::Undo).await;
    assert!(undone.starts_with("Undone: “") && undone.ends_with("” are back."), "{undone}");
    assert_eq!(talk.open().await, ["a", "b", "c"]);
    talk.end().await;
}
