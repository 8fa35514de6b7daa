//! Models that fail, and what answers in their place.

use testing::fake_model::DeafEndpoint;

use super::*;
use crate::chat::turn::Talker;

const AWAY: &str = "I could not reach the language model";

/// What the grammar alone answers to the same.
async fn answered_without_a_model() -> Answer {
    let mut chat = Chat::begin([]).await;
    chat.talk.context.talker = None;
    let answer = chat.say(VAGUE).await;
    chat.end().await;
    answer
}

#[tokio::test]
async fn whatever_the_model_fails_by_the_grammar_answers_and_says_so() {
    let alone = answered_without_a_model().await;
    let once = |reply: Reply| vec![reply];
    let long = "x".repeat(64 * 1024 + 1);
    for (replies, starts) in [
        (once(Reply::error(500, None)), AWAY),
        (vec![Reply::error(503, None), Reply::error(503, None)], AWAY),
        (once(Reply::error(429, Some("insufficient_quota"))), AWAY),
        (once(Reply::error(401, None)), AWAY),
        (once(Reply::html(200)), AWAY),
        (once(Reply::silence()), AWAY),
        (once(words("Milk").cut_after(20)), AWAY),
        (once(words("Milk").hang_after(1)), AWAY),
        (once(words(&long)), AWAY),
    ] {
        let mut chat = Chat::begin(replies).await;
        let answer = chat.say(VAGUE).await;
        assert_eq!(answer.engine, "grammar");
        let reply = answer.reply.trim_start_matches('x').trim_start();
        assert!(reply.starts_with(starts), "{reply}");
        assert!(reply.ends_with(&alone.reply), "{reply}");
        assert_eq!(tools_of(&answer), tools_of(&alone));
        // The conversation goes on.
        assert_eq!(chat.say("undo").await.engine, "grammar");
        chat.end().await;
    }
}

#[tokio::test]
async fn an_address_where_nobody_answers_is_no_reason_not_to() {
    let alone = answered_without_a_model().await;
    let mut chat = Chat::begin([]).await;
    let deaf = DeafEndpoint::start().await;
    for base_url in [deaf.base_url(), "http://127.0.0.1:9/v1".to_owned()] {
        chat.talk.context.talker = Some(talker(&base_url, PLENTY));
        let answer = chat.say(VAGUE).await;
        assert!(
            answer.reply.starts_with(AWAY) && answer.reply.ends_with(&alone.reply),
            "{answer:?}"
        );
    }
    chat.end().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_after_a_tool_ran_leaves_what_was_done_and_does_nothing_twice() {
    let mut chat =
        Chat::begin([add("buy milk"), words("Milk is on your list.").cut_after(40)]).await;
    let answer = chat.say(VAGUE).await;
    assert!(
        answer.reply.contains("I could not reach the language model any further"),
        "{answer:?}"
    );
    assert!(answer.reply.ends_with("Added “buy milk”."), "{answer:?}");
    assert_eq!(tools_of(&answer), ["add_task"]);
    assert_eq!(answer.engine, "model:stand-in");
    assert_eq!(chat.talk.open().await, ["buy milk"]);
    chat.say("undo").await;
    assert!(chat.talk.open().await.is_empty());
    chat.end().await;
}

#[tokio::test]
async fn what_was_put_off_is_not_done_where_the_model_breaks_off() {
    let mut chat = Chat::begin([]).await;
    chat.say("buy milk").await;
    let id = chat.id("buy milk").await;
    let delete = call("delete_tasks", json!({"task_ids": [id]}));
    chat.model = FakeModel::start([delete, words("Gone.").cut_after(10)]).await;
    chat.spending_at_most(PLENTY);
    let answer = chat.say(VAGUE).await;
    assert!(!tools_of(&answer).contains(&"delete_tasks"), "{answer:?}");
    assert!(chat.talk.open().await.contains(&"buy milk".to_owned()));
    chat.end().await;
}

#[tokio::test]
async fn a_model_without_an_end_is_ended() {
    let looping = FakeModel::by(|_, _| call("list_tasks", json!({}))).await;
    let mut chat = Chat::with(looping).await;
    let answer = chat.say(VAGUE).await;
    assert!(answer.reply.contains("The language model came to no end with it"), "{answer:?}");
    assert_eq!(answer.engine, "grammar");
    assert_eq!(chat.model.requests().len(), model::MAX_ROUNDS as usize);
    chat.end().await;
}

#[tokio::test]
async fn a_model_that_is_too_slow_in_all_is_ended() {
    let mut chat =
        Chat::begin([words("Milk is on your list.").in_pieces_of(1).pausing_ms(50)]).await;
    let talker: Talker = talker(&chat.model.base_url(), PLENTY);
    let limits = model::Limits { turn_ms: 300, ..talker.limits };
    chat.talk.context.talker = Some(Talker { limits, ..talker });
    let answer = chat.say(VAGUE).await;
    assert!(answer.reply.contains(AWAY), "{answer:?}");
    chat.end().await;
}

#[tokio::test]
async fn a_day_has_a_budget_for_each_person() {
    let answer = ModelAnswer::saying(&["Well."]).spending(30_000, 10_000);
    let mut chat = Chat::begin([answer.reply(), answer.reply(), answer.reply()]).await;
    chat.spending_at_most(40_000);
    assert_eq!(chat.say(VAGUE).await.reply, "Well.");
    assert_eq!(chat.talk.count("select tokens from model_use").await, 40_000);
    let over = chat.say(VAGUE_TOO).await;
    assert!(over.reply.starts_with("Today's budget for the language model is used up"), "{over:?}");
    assert_eq!(chat.model.requests().len(), 1);
    assert_eq!(chat.talk.count("select tokens from model_use").await, 40_000);
    // Another person has one of their own, and the next day begins anew.
    let other = chat.talk.other().await;
    let mine = std::mem::replace(&mut chat.talk.user_id, other);
    chat.talk.conversation_id = None;
    assert_eq!(chat.say(VAGUE).await.reply, "Well.");
    (chat.talk.user_id, chat.talk.conversation_id) = (mine, None);
    chat.run("update model_use set day = day - 1").await;
    assert_eq!(chat.say(VAGUE).await.reply, "Well.");
    let today = "select tokens from model_use order by day desc limit 1";
    assert_eq!(chat.talk.count(today).await, 40_000);
    chat.end().await;
}
