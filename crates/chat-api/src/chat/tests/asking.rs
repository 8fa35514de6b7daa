//! Questions back, their answers, and the yes before much is done.

use intent::Answer as Answering;

use super::*;

const YES: Command = Command::Answer(Answering::Yes);
const NO: Command = Command::Answer(Answering::No);

fn these(target: Target) -> Command {
    Command::Answer(Answering::These(target))
}

#[tokio::test]
async fn where_two_match_it_is_asked_which_and_the_answer_is_taken() {
    let mut talk = Talk::begin().await;
    talk.add(&["call the dentist", "pay the dentist"]).await;
    let asked = talk.reply(Command::Complete(words("dentist"))).await;
    assert_eq!(asked.lines().next(), Some("Which one do you mean?"));
    assert_eq!(talk.open().await.len(), 2);
    let second = asked.lines().nth(2).expect("two lines").trim_start_matches("2. ").to_owned();
    let done = talk.reply(these(Target::Places(vec![2]))).await;
    assert_eq!(done, format!("Done: “{second}”."));
    talk.end().await;
}

#[tokio::test]
async fn a_question_is_answered_by_both_all_none_and_words() {
    let mut talk = Talk::begin().await;
    talk.add(&["call the dentist", "pay the dentist"]).await;
    let ask = || Command::SetPriority(words("dentist"), Priority::Low);
    talk.reply(ask()).await;
    assert_eq!(talk.reply(NO).await, "All right, nothing has changed.");
    talk.reply(ask()).await;
    let again = talk.reply(these(Target::Places(vec![3]))).await;
    assert!(again.starts_with("There is no number 3: I showed 2 tasks.\nWhich one"), "{again}");
    let done = talk.say("the pay one", Command::Add(new("the pay one"))).await.reply;
    assert_eq!(done, "“pay the dentist” has low priority now.");
    talk.reply(ask()).await;
    let none = talk.reply(these(words("zebra"))).await;
    assert!(none.starts_with("None of them has “zebra”.\nWhich one do you mean?"), "{none}");
    let one = talk.reply(these(words("call"))).await;
    assert_eq!(one, "“call the dentist” has low priority now.");
    talk.reply(Command::Undo).await;
    talk.reply(ask()).await;
    let many = talk.say("all of them", YES).await.reply;
    assert_eq!(many.matches("low priority").count(), 1, "{many}");
    talk.reply(Command::Undo).await;
    for both in [Target::Both, Target::Them] {
        talk.reply(ask()).await;
        talk.reply(these(both)).await;
    }
    let low = talk.tasks().await.into_iter().filter(|task| task.state.priority == Priority::Low);
    assert_eq!(low.count(), 2);
    talk.end().await;
}

#[tokio::test]
async fn a_new_command_drops_the_question() {
    let mut talk = Talk::begin().await;
    talk.add(&["call the dentist", "pay the dentist"]).await;
    talk.reply(Command::Complete(words("dentist"))).await;
    let added = talk.say("buy milk", Command::Add(new("buy milk"))).await.reply;
    assert_eq!(added, "Added “buy milk”.");
    let stray = talk.reply(YES).await;
    assert!(stray.starts_with("I have not asked anything."), "{stray}");
    assert_eq!(talk.open().await.len(), 3);
    talk.end().await;
}

#[tokio::test]
async fn a_new_task_with_a_time_is_no_answer() {
    let mut talk = Talk::begin().await;
    talk.add(&["call the dentist", "pay the dentist"]).await;
    talk.reply(Command::Complete(words("dentist"))).await;
    let new = NewTask { due: Some(day(FAR)), ..new("pay the dentist") };
    let added = talk.say("pay the dentist in June", Command::Add(new)).await.reply;
    assert!(added.starts_with("Added “pay the dentist”"), "{added}");
    talk.end().await;
}

#[tokio::test]
async fn an_exact_title_is_meant_and_what_is_only_alike_is_asked_about() {
    let mut talk = Talk::begin().await;
    talk.add(&["dentist", "dentist bill", "water the plants"]).await;
    assert_eq!(talk.reply(Command::Complete(words("Dentist"))).await, "Done: “dentist”.");
    let like = talk.reply(Command::Delete(words("water the flowers"))).await;
    assert_eq!(like, "I found no task “water the flowers”.\nDo you mean “water the plants”?");
    assert_eq!(talk.open().await.len(), 2);
    let gone = talk.reply(YES).await;
    assert_eq!(gone, "Deleted “water the plants”. Say “undo” to bring it back.");
    let done = talk.reply(Command::Complete(words("dentist"))).await;
    assert_eq!(done, "Done: “dentist bill”.");
    let again = talk.reply(Command::Complete(words("dentist bill"))).await;
    assert_eq!(again, "“dentist bill” is done already.");
    talk.end().await;
}

#[tokio::test]
async fn what_is_not_there_may_be_added() {
    let mut talk = Talk::begin().await;
    let to = intent::Move::To { due: day(FAR), said: intent::Said::Day };
    let asked = talk.reply(Command::Reschedule(words("buy milk"), to)).await;
    assert_eq!(
        asked,
        "I found no open task with “buy milk”. Shall I add it, due on Mon 1 Jun 2099?"
    );
    assert!(talk.tasks().await.is_empty());
    assert_eq!(talk.reply(YES).await, "Added “buy milk”, due on Mon 1 Jun 2099.");
    let nothing = talk.reply(Command::Delete(words("zebra"))).await;
    assert_eq!(nothing, "I found no task with “zebra”.");
    talk.end().await;
}

#[tokio::test]
async fn a_task_without_a_title_is_asked_for_one() {
    let mut talk = Talk::begin().await;
    let untitled = NewTask { due: Some(day(FAR)), ..new("") };
    assert_eq!(talk.reply(Command::Add(untitled)).await, "What is to be done then?");
    let added = talk.reply(Command::Add(new("buy milk"))).await;
    assert_eq!(added, "Added “buy milk”, due on Mon 1 Jun 2099.");
    talk.end().await;
}

#[tokio::test]
async fn deleting_more_than_one_waits_for_a_yes() {
    let mut talk = Talk::begin().await;
    talk.add(&["a", "b", "c"]).await;
    let delete = || Command::Delete(Target::Those(everything()));
    let asked = talk.say("delete all", delete()).await;
    assert!(asked.reply.starts_with("That would delete 3 tasks:\n1. "), "{}", asked.reply);
    assert!(asked.reply.ends_with("\nShall I? (yes or no)"), "{}", asked.reply);
    assert_eq!(asked.actions[0].result["outcome"], "needs_confirmation");
    assert_eq!(talk.open().await.len(), 3);
    assert_eq!(talk.reply(NO).await, "All right, nothing has changed.");
    assert_eq!(talk.open().await.len(), 3);
    talk.reply(delete()).await;
    let deleted = talk.reply(YES).await;
    assert!(deleted.starts_with("Deleted “"), "{deleted}");
    assert!(talk.open().await.is_empty());
    talk.end().await;
}

#[tokio::test]
async fn what_says_yes_to_a_question_is_a_command_where_there_is_none() {
    let mut talk = Talk::begin().await;
    talk.add(&["a", "b"]).await;
    talk.reply(Command::List(everything())).await;
    let delete = || Command::Delete(Target::Them);
    let asked = talk.say("Delete them all!", delete()).await.reply;
    assert!(asked.starts_with("That would delete 2 tasks:"), "{asked}");
    let deleted = talk.say("delete them", delete()).await.reply;
    assert!(deleted.starts_with("Deleted “"), "{deleted}");
    assert!(talk.open().await.is_empty());
    assert!(talk.say("ok", YES).await.reply.starts_with("I have not asked"));
    talk.end().await;
}

#[tokio::test]
async fn a_yes_is_for_exactly_the_tasks_that_were_asked_about_as_they_were() {
    let mut talk = Talk::begin().await;
    talk.add(&["a", "b", "c"]).await;
    talk.reply(Command::Delete(Target::Those(everything()))).await;
    let asked = talk.conversation_id;
    // In another conversation one of them changes, and another task is made.
    talk.conversation_id = None;
    talk.reply(Command::SetPriority(words("b"), Priority::High)).await;
    talk.add(&["d"]).await;
    talk.conversation_id = asked;
    let deleted = talk.reply(YES).await;
    assert!(deleted.ends_with("“b” has changed since, so I left it as it is."), "{deleted}");
    assert_eq!(talk.open().await, ["b", "d"]);
    talk.end().await;
}

#[tokio::test]
async fn a_part_of_what_was_asked_about_may_be_chosen() {
    let mut talk = Talk::begin().await;
    talk.add(&["a", "b", "c"]).await;
    let asked = talk.say("delete all", Command::Delete(Target::Those(everything()))).await;
    let first = ids(&asked)[0];
    talk.reply(these(Target::Places(vec![1]))).await;
    let left: Vec<TaskId> = talk.tasks().await.iter().map(|task| task.state.task_id).collect();
    assert!(left.len() == 2 && !left.contains(&first));
    talk.end().await;
}

#[tokio::test]
async fn completing_and_moving_many_waits_for_a_yes_and_some_do_not() {
    let mut talk = Talk::begin().await;
    let titles: Vec<String> = (0..11).map(|number| format!("t{number:02}")).collect();
    talk.add(&titles[..10].iter().map(String::as_str).collect::<Vec<_>>()).await;
    let complete = || Command::Complete(Target::Those(everything()));
    assert_eq!(talk.reply(complete()).await, "Done: 10 tasks.");
    talk.reply(Command::Undo).await;
    talk.add(&[&titles[10]]).await;
    let asked = talk.reply(complete()).await;
    assert!(asked.starts_with("That would complete 11 tasks:"), "{asked}");
    assert_eq!(talk.open().await.len(), 11);
    assert_eq!(talk.reply(YES).await, "Done: 11 tasks.");
    let undone = talk.reply(Command::Undo).await;
    assert_eq!(undone, "Undone: 11 tasks are open again.");
    talk.end().await;
}

#[tokio::test]
async fn more_than_can_be_changed_at_once_is_said_and_all_of_them_are_all() {
    let mut talk = Talk::begin().await;
    talk.add(&["x"]).await;
    sqlx::query(
        "insert into task (task_id, user_id, title, priority, status, time_zone, reminders, tags,
             schedule_since, created_at, updated_at, version, refresh_minute, list_id)
         select gen_random_uuid(), user_id, 't' || n, priority, status, time_zone, reminders, tags,
             schedule_since, created_at, updated_at, version, refresh_minute, list_id
         from task, generate_series(1, 200) n",
    )
    .execute(&talk.admin)
    .await
    .expect("many tasks");
    let many = talk.reply(Command::Delete(Target::Those(everything()))).await;
    assert_eq!(many, "That would be 201 tasks; I change at most 200 at once.");
    sqlx::query("delete from task where title = 't1'")
        .execute(&talk.admin)
        .await
        .expect("one less");
    talk.reply(Command::List(everything())).await;
    let all = talk.reply(Command::Delete(Target::Them)).await;
    assert!(
        all.starts_with("That would delete 200 tasks:") && all.contains("and 180 more."),
        "{all}"
    );
    assert!(talk.reply(YES).await.starts_with("Deleted 200 tasks."));
    assert!(talk.open().await.is_empty());
    talk.end().await;
}
