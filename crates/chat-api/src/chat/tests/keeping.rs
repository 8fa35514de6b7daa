//! What is kept, for whom, and that it is all or nothing.

use super::*;

#[tokio::test]
async fn what_is_said_answered_and_done_is_kept_together() {
    let mut talk = Talk::begin().await;
    let answer = talk.say("  buy milk\nand bread", Command::Add(new("buy milk"))).await;
    let rows: Vec<(i32, String, String, Value, Option<String>)> = sqlx::query_as(
        "select place, author, body, actions, engine from conversation_message order by place",
    )
    .fetch_all(&talk.admin)
    .await
    .expect("messages");
    assert_eq!(rows[0].1, "person");
    assert_eq!((rows[0].2.as_str(), &rows[0].4), ("  buy milk\nand bread", &None));
    assert_eq!(
        (rows[1].2.as_str(), rows[1].4.as_deref()),
        (answer.reply.as_str(), Some("grammar"))
    );
    assert_eq!(rows[1].3[0]["tool"], "add_task");
    assert_eq!(rows[1].3[0]["arguments"], serde_json::json!({"title": "buy milk"}));
    let title: String = sqlx::query_scalar("select title from conversation")
        .fetch_one(&talk.admin)
        .await
        .expect("one");
    assert_eq!(title, "buy milk");
    talk.end().await;
}

#[tokio::test]
async fn where_the_end_fails_nothing_was_done() {
    let mut talk = Talk::begin().await;
    talk.add(&["a"]).await;
    // The last that a message writes.
    sqlx::query("alter table feed add constraint full_ check (seq < 2)")
        .execute(&talk.admin)
        .await
        .expect("a constraint");
    let failed = talk.try_say("b", &[Command::Add(new("b"))]).await;
    assert!(matches!(failed, Err(Failure::Internal(_))), "{failed:?}");
    assert_eq!(talk.open().await, ["a"]);
    assert_eq!(talk.count("select count(*) from conversation_message").await, 2);
    assert_eq!(talk.count("select count(*) from conversation_act").await, 1);
    talk.end().await;
}

#[tokio::test]
async fn messages_of_one_conversation_are_handled_one_after_another() {
    let mut talk = Talk::begin().await;
    talk.add(&["a"]).await;
    let commands: Vec<Vec<Command>> =
        (0..8).map(|number| vec![Command::Add(new(&format!("t{number}")))]).collect();
    let saying = commands.iter().map(|command| talk.try_say("…", command));
    for answer in futures_util::future::join_all(saying).await {
        answer.expect("an answer");
    }
    let places = "select count(distinct place) from conversation_message";
    assert_eq!(talk.count(places).await, 18);
    assert_eq!(talk.open().await.len(), 9);
    for _ in 0..9 {
        talk.reply(Command::Undo).await;
    }
    assert!(talk.open().await.is_empty());
    talk.end().await;
}

/// Two messages of a person's in two conversations, both under way before either has a task of theirs.
async fn said_at_once(
    titles: [&str; 2],
    one: [Command; 2],
    other: [Command; 2],
) -> (Talk, [Result<Answer, Failure>; 2]) {
    let mut talk = Talk::begin().await;
    talk.add(&titles).await;
    let first = talk.conversation_id.take();
    talk.reply(Command::Help).await;
    let elsewhere = Talk { conversation_id: first, ..talk.clone() };
    let mut holding = talk.admin.begin().await.expect("a transaction");
    sqlx::query("select from task for update").execute(&mut *holding).await.expect("locked");
    let letting_go = async {
        testing::eventually("both to wait", || async {
            let waiting = "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'";
            (talk.count(waiting).await == 2).then_some(())
        })
        .await;
        holding.commit().await.expect("let go");
    };
    let (one, other, ()) =
        tokio::join!(talk.try_say("…", &one), elsewhere.try_say("…", &other), letting_go);
    drop(elsewhere);
    (talk, [one, other])
}

fn complete(text: &str) -> Command {
    Command::Complete(words(text))
}

#[tokio::test]
async fn what_a_message_is_about_is_locked_in_one_order_whatever_order_it_is_said_in() {
    let there = [complete("a"), complete("b")];
    let back = [complete("b"), complete("a")];
    let (talk, answers) = said_at_once(["a", "b"], there, back).await;
    let mut replies = answers.map(|answer| answer.expect("an answer").reply);
    replies.sort();
    assert!(
        replies[0].starts_with("Done: “") && replies[1].contains("done already"),
        "{replies:?}"
    );
    assert_eq!(talk.events().await.len(), 4, "each is done once");
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(talk.count(deadlocks).await, 0);
    talk.end().await;
}

/// Each has one task and then wants the other's, which only its first act makes the only one with such a
/// word.
#[tokio::test]
async fn of_two_messages_that_wait_for_each_others_tasks_one_begins_anew() {
    let there = [complete("call a"), complete("call")];
    let back = [complete("call b"), complete("call")];
    let (talk, answers) = said_at_once(["call a", "call b"], there, back).await;
    for answer in answers {
        answer.expect("an answer");
    }
    assert!(talk.open().await.is_empty());
    assert_eq!(talk.events().await.len(), 4, "each is done once");
    talk.end().await;
}

#[tokio::test]
async fn another_persons_words_find_nothing_and_another_persons_conversation_is_none() {
    let mut talk = Talk::begin().await;
    talk.add(&["secret plan"]).await;
    let own = talk.user_id;
    let conversation = talk.conversation_id;
    talk.user_id = talk.other().await;
    let refused = talk.try_say("x", &[Command::Undo]).await;
    assert!(matches!(refused, Err(Failure::Invalid(_))), "{refused:?}");
    talk.conversation_id = None;
    let found = talk.reply(Command::Delete(words("secret plan"))).await;
    assert_eq!(found, "I found no task with “secret plan”.");
    assert_eq!(talk.reply(Command::List(everything())).await, "You have no open tasks.");
    (talk.user_id, talk.conversation_id) = (own, conversation);
    assert_eq!(talk.open().await, ["secret plan"]);
    talk.end().await;
}

#[tokio::test]
async fn a_conversation_has_so_many_messages_and_a_person_so_many_conversations() {
    let mut talk = Talk::begin().await;
    talk.add(&["a"]).await;
    sqlx::query("update conversation set messages = 998").execute(&talk.admin).await.expect("full");
    sqlx::query("update conversation_message set place = place + 996")
        .execute(&talk.admin)
        .await
        .expect("full");
    talk.add(&["b"]).await;
    let full = talk.try_say("c", &[Command::Add(new("c"))]).await;
    assert!(matches!(full, Err(Failure::TooMany { limit: 1_000, .. })), "{full:?}");
    sqlx::query(
        "insert into conversation (conversation_id, user_id, title, created_at, updated_at)
         select gen_random_uuid(), user_id, title, now(), now()
         from conversation, generate_series(1, 499)",
    )
    .execute(&talk.admin)
    .await
    .expect("many");
    talk.conversation_id = None;
    let many = talk.try_say("c", &[Command::Add(new("c"))]).await;
    assert!(matches!(many, Err(Failure::TooMany { limit: 500, .. })), "{many:?}");
    assert_eq!(talk.open().await, ["a", "b"]);
    talk.end().await;
}

#[tokio::test]
async fn all_that_follows_from_a_message_has_its_correlation_id() {
    let mut talk = Talk::begin().await;
    talk.add(&["a"]).await;
    let same = "select count(*) from conversation_message m join timeline t using (correlation_id)";
    assert_eq!(talk.count(same).await, 2, "the message, its answer and what came of it");
    talk.end().await;
}
