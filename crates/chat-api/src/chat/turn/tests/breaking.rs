//! What is left when somebody or something goes away in the middle.

use testing::eventually;

use super::*;

/// A model that has called a tool and then thinks for ever.
async fn stuck() -> Chat {
    let script = |number, _: &_| if number == 0 { add("buy milk") } else { Reply::silence() };
    let chat = Chat::with(FakeModel::by(script).await).await;
    let mut talk = chat.talk;
    talk.context.talker = Some(patient(&chat.model));
    Chat { talk, model: chat.model }
}

/// Waits longer than a test does.
fn patient(model: &FakeModel) -> Talker {
    let settings = ModelSettings::at(model.base_url().parse().expect("a URL"), "stand-in");
    Talker::new(Model::new(&settings).expect("a client"), PLENTY, Handle::current())
}

/// Begins a message, and returns when its tool has run.
async fn in_the_middle(chat: &Chat, once: Option<&Once>) -> Answering {
    let answering = chat.begin_to_say(VAGUE, once).await;
    eventually("the model to think about what the tool answered", || async {
        (chat.model.requests().len() == 2).then_some(())
    })
    .await;
    answering
}

async fn conversation(chat: &Chat) -> uuid::Uuid {
    let only = "select conversation_id from conversation";
    sqlx::query_scalar(only).fetch_one(&chat.talk.admin).await.expect("a conversation")
}

#[tokio::test]
async fn a_second_message_meanwhile_is_turned_away() {
    let mut chat = stuck().await;
    let answering = in_the_middle(&chat, None).await;
    chat.talk.conversation_id = Some(conversation(&chat).await);
    for text in [VAGUE_TOO, "buy oats"] {
        let refused = chat.try_say(text, None).await.expect_err("refused");
        assert!(matches!(refused, Failure::StillAnswering), "{refused:?}");
    }
    // Another conversation is another one.
    let here = chat.talk.conversation_id.take();
    assert_eq!(chat.say("buy oats").await.engine, "grammar");
    chat.talk.conversation_id = here;
    chat.talk.context.stop.cancel();
    answering.whole().await.expect("closed");
    assert_eq!(chat.say("undo").await.engine, "grammar");
    chat.end().await;
}

#[tokio::test]
async fn a_process_that_stops_closes_its_turns() {
    let chat = stuck().await;
    let answering = in_the_middle(&chat, None).await;
    chat.talk.context.stop.cancel();
    let answer = answering.whole().await.expect("an answer");
    assert!(answer.reply.contains("This is done"), "{answer:?}");
    assert_eq!(tools_of(&answer), ["add_task"]);
    assert_eq!(chat.messages().await.len(), 2);
    let Some(talker) = &chat.talk.context.talker else { panic!("there is one") };
    talker.closed().await;
    chat.end().await;
}

#[tokio::test]
async fn a_crash_in_the_middle_leaves_what_was_done_and_a_message_that_says_so() {
    let mut chat = stuck().await;
    let answering = in_the_middle(&chat, None).await;
    answering.answer.abort();
    chat.talk.conversation_id = Some(conversation(&chat).await);
    assert_eq!(chat.messages().await.len(), 1, "no answer");
    assert_eq!(chat.talk.open().await, ["buy milk"], "what was done is done");
    assert_eq!(chat.talk.count("select count(*) from timeline").await, 1);
    let refused = chat.try_say("undo", None).await.expect_err("while the lease holds");
    assert!(matches!(refused, Failure::StillAnswering), "{refused:?}");
    chat.let_the_lease_run_out().await;
    let undone = chat.say("undo").await;
    assert!(undone.reply.contains("buy milk"), "{undone:?}");
    assert!(chat.talk.open().await.is_empty());
    let messages = chat.messages().await;
    assert_eq!(messages.len(), 4);
    assert!(messages[1].1.starts_with("My answer to this was lost."), "{messages:?}");
    assert!(messages[1].1.ends_with("Added “buy milk”."), "{messages:?}");
    let one_request =
        "select count(distinct correlation_id) from conversation_message where place <= 2";
    assert_eq!(chat.talk.count(one_request).await, 1);
    chat.end().await;
}

#[tokio::test]
async fn a_crash_before_anything_was_done_says_so() {
    let mut chat = Chat::with(FakeModel::by(|_, _| Reply::silence()).await).await;
    chat.talk.context.talker = Some(patient(&chat.model));
    let answering = chat.begin_to_say(VAGUE, None).await;
    answering.answer.abort();
    chat.talk.conversation_id = Some(conversation(&chat).await);
    chat.let_the_lease_run_out().await;
    chat.say("buy oats").await;
    let messages = chat.messages().await;
    assert!(messages[1].1.contains("nothing was changed"), "{messages:?}");
    assert_eq!(chat.talk.open().await, ["buy oats"]);
    chat.end().await;
}

#[tokio::test]
async fn a_request_with_a_key_is_answered_once_also_where_it_crashed() {
    let chat = stuck().await;
    let once = Once::new("key", b"body").expect("a key");
    let answering = in_the_middle(&chat, Some(&once)).await;
    let again = chat.try_say(VAGUE, Some(&once)).await.expect_err("still at it");
    assert!(matches!(again, Failure::StillAnswering), "{again:?}");
    answering.answer.abort();
    chat.let_the_lease_run_out().await;
    let mut answers = vec![];
    for _ in 0..2 {
        let again = chat.try_say(VAGUE, Some(&once)).await.expect("an answer");
        answers.push(again.whole().await.expect("an answer"));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].reply.starts_with("My answer to this was lost."), "{answers:?}");
    assert_eq!(chat.talk.open().await, ["buy milk"], "once");
    assert_eq!(chat.messages().await.len(), 2);
    chat.end().await;
}

#[tokio::test]
async fn an_answer_is_given_again_to_the_same_key() {
    let chat = Chat::begin([add("buy milk"), words("Added.")]).await;
    let once = Once::new("key", b"body").expect("a key");
    let mut answers = vec![];
    for _ in 0..2 {
        let said = chat.try_say(VAGUE, Some(&once)).await.expect("taken");
        answers.push(said.whole().await.expect("an answer"));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(chat.talk.open().await, ["buy milk"]);
    chat.end().await;
}

#[tokio::test]
async fn who_goes_away_finds_the_answer_in_the_conversation() {
    let slow = words("Added.").in_pieces_of(8).pausing_ms(20);
    let chat = Chat::begin([add("buy milk"), slow]).await;
    drop(chat.begin_to_say(VAGUE, None).await);
    eventually("the answer to be kept", || async {
        (chat.messages().await.len() == 2).then_some(())
    })
    .await;
    assert_eq!(chat.messages().await[1].1, "Added.");
    assert_eq!(chat.talk.open().await, ["buy milk"]);
    chat.end().await;
}

#[tokio::test]
async fn who_lost_the_lease_writes_nothing_more() {
    let chat = stuck().await;
    let answering = in_the_middle(&chat, None).await;
    chat.let_the_lease_run_out().await;
    chat.talk.context.stop.cancel();
    let failure = answering.whole().await.expect_err("the lease is gone");
    assert!(matches!(failure, Failure::Busy), "{failure:?}");
    assert_eq!(chat.messages().await.len(), 1);
    chat.end().await;
}
