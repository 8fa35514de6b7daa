//! What the model answers, and what it is asked.

use std::slice;

use super::*;

/// What the rules and the tools may cost each message, in bytes of its first request.
const MAX_FIRST_REQUEST_BYTES: usize = 24 * 1024;

#[tokio::test]
async fn what_the_grammar_understands_makes_no_request() {
    let mut chat = Chat::begin([]).await;
    let added = chat.say("buy milk tomorrow at 5pm").await;
    assert_eq!(added.engine, "grammar");
    chat.say("pay the milk bill").await;
    // A question, and its answers.
    assert!(chat.say("complete milk").await.reply.starts_with("Which one"));
    assert_eq!(chat.say("the second one").await.engine, "grammar");
    assert_eq!(chat.say("undo").await.engine, "grammar");
    assert!(chat.model.requests().is_empty());
    chat.end().await;
}

#[tokio::test]
async fn what_it_does_not_is_answered_by_the_model_with_the_same_tools() {
    let mut chat = Chat::begin([add("buy milk"), words("Milk is on your list.")]).await;
    let answer = chat.say(VAGUE).await;
    assert_eq!(
        (answer.engine.as_str(), answer.reply.as_str()),
        ("model:stand-in", "Milk is on your list.")
    );
    assert_eq!(tools_of(&answer), ["add_task"]);
    assert_eq!(answer.actions[0].result["tasks"][0]["title"], "buy milk");
    assert_eq!(chat.talk.open().await, ["buy milk"]);
    // As any other act: it is told, and kept to be taken back, under one correlation id.
    let told = "select count(*) from timeline t join conversation_message m using (correlation_id)
        where m.author = 'assistant'";
    assert_eq!(chat.talk.count(told).await, 1);
    assert_eq!(chat.talk.events().await.len(), 1);
    let requests = chat.model.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].tool_names().len(), 12);
    let bytes = requests[0].body.to_string().len();
    assert!(bytes < MAX_FIRST_REQUEST_BYTES, "{bytes}");
    assert!(requests[1].tool_results()[0].contains("\"outcome\":\"done\""));
    let messages = chat.messages().await;
    assert_eq!(messages[0], ("person".to_owned(), VAGUE.to_owned(), None));
    assert_eq!(messages[1].2.as_deref(), Some("model:stand-in"));
    let turns =
        "select count(*) from conversation where turn is not null or turn_token is not null";
    assert_eq!(chat.talk.count(turns).await, 0);
    chat.end().await;
}

#[tokio::test]
async fn what_several_rounds_have_done_is_it_and_is_taken_back_at_once() {
    let replies = [add("buy milk"), add("buy oats"), words("Both are there."), words("Yes.")];
    let mut chat = Chat::begin(replies).await;
    let answer = chat.say(VAGUE).await;
    assert_eq!(tools_of(&answer), ["add_task", "add_task"]);
    let them = chat.say("make them high priority").await;
    assert_eq!(them.engine, "grammar");
    assert_eq!(them.actions[0].result["tasks"].as_array().map(Vec::len), Some(2), "{them:?}");
    chat.say("undo").await;
    let undone = chat.say("undo").await;
    assert!(undone.reply.contains("buy milk") && undone.reply.contains("buy oats"), "{undone:?}");
    assert!(chat.talk.open().await.is_empty());
    chat.end().await;
}

#[tokio::test]
async fn the_model_can_take_back_what_was_done_before() {
    let mut chat =
        Chat::begin([call("undo", json!({})), call("undo", json!({})), words("Gone.")]).await;
    chat.say("buy milk").await;
    chat.say("buy oats").await;
    let answer = chat.say(VAGUE).await;
    assert_eq!(tools_of(&answer), ["undo"], "once a message");
    assert_eq!(chat.talk.open().await, ["buy milk"]);
    chat.end().await;
}

#[tokio::test]
async fn it_is_told_who_asks_when_and_what_was_said_but_not_what_tasks_say() {
    let mut chat = Chat::begin([words("First."), words("Second.")]).await;
    chat.say("buy milk").await;
    chat.say("what's on my list?").await;
    chat.say(VAGUE).await;
    chat.say(VAGUE_TOO).await;
    let id = chat.id("buy milk").await.to_string();
    let requests = chat.model.requests();
    let prompt = requests[1].messages();
    let system = prompt[0]["content"].as_str().expect("words");
    for part in ["Europe/Berlin", "“It” or “them” is", &id] {
        assert!(system.contains(part), "{part}: {system}");
    }
    let said: Vec<(&str, &str)> = prompt[1..]
        .iter()
        .map(|message| {
            (message["role"].as_str().expect("a role"), message["content"].as_str().expect("words"))
        })
        .collect();
    assert_eq!(said.len(), 7);
    assert_eq!(said[0], ("user", "buy milk"));
    assert!(said[1].1.starts_with("(add_task: done") && said[1].1.contains(&id), "{said:?}");
    assert_eq!(
        (said[4], said[5], said[6]),
        (("user", VAGUE), ("assistant", "First."), ("user", VAGUE_TOO))
    );
    let body = requests[1].body["messages"].to_string();
    assert_eq!(body.matches("buy milk").count(), 1, "only where the person says it: {body}");
    chat.end().await;
}

#[tokio::test]
async fn words_and_acts_are_heard_as_they_come_and_are_the_answer_together() {
    let replies = [
        ModelAnswer::saying(&["Let me ", "see. "])
            .and_calling("add_task", json!({"title": "buy milk"}))
            .reply(),
        ModelAnswer::saying(&["Added", "."]).reply(),
    ];
    let chat = Chat::begin(replies).await;
    let (all, answer) = heard(chat.begin_to_say(VAGUE, None).await).await;
    let mut text = String::new();
    let mut kinds = vec![];
    for heard in &all {
        match heard {
            Heard::Words(words) => {
                text.push_str(words);
                kinds.push("words");
            }
            Heard::Action(action) => {
                assert_eq!(slice::from_ref(action), answer.actions);
                kinds.push("action");
            }
        }
    }
    assert_eq!(text, answer.reply);
    assert_eq!(answer.reply, "Let me see. \n\nAdded.");
    assert_eq!(kinds, ["words", "words", "action", "words", "words", "words"]);
    chat.end().await;
}

#[tokio::test]
async fn a_model_that_acts_and_says_nothing_is_spoken_for() {
    let mut chat = Chat::begin([add("buy milk"), ModelAnswer::saying(&[]).reply()]).await;
    let answer = chat.say(VAGUE).await;
    assert_eq!(answer.reply, "Added “buy milk”.");
    chat.end().await;
}

#[tokio::test]
async fn a_yes_to_what_the_model_asked_is_for_the_model() {
    let mut chat =
        Chat::begin([words("Shall I add milk?"), add("buy milk"), words("Added.")]).await;
    chat.say(VAGUE).await;
    let answer = chat.say("yes").await;
    assert_eq!(answer.engine, "model:stand-in");
    assert_eq!(chat.talk.open().await, ["buy milk"]);
    chat.end().await;
}

#[tokio::test]
async fn arguments_that_are_wrong_and_tasks_of_others_are_refused() {
    let mut chat = Chat::begin([]).await;
    let other = chat.talk.other().await;
    let mine = std::mem::replace(&mut chat.talk.user_id, other);
    chat.say("buy milk").await;
    let id = chat.id("buy milk").await;
    (chat.talk.user_id, chat.talk.conversation_id) = (mine, None);
    let replies = [
        call("add_task", json!({"title": ""})),
        call("add_task", json!({"name": "x"})),
        call("drop_tables", json!({})),
        call("get_task", json!({"task_id": id})),
        call("complete_tasks", json!({"task_ids": [id]})),
        words("I can't."),
    ];
    chat.model = FakeModel::start(replies).await;
    chat.spending_at_most(PLENTY);
    let answer = chat.say(VAGUE).await;
    assert_eq!(tools_of(&answer), ["complete_tasks"]);
    assert_eq!(answer.actions[0].result["refused"][0]["reason"], "is not there");
    let requests = chat.model.requests();
    let results = requests.last().expect("the last").tool_results();
    assert!(results[..4].iter().all(|result| result.starts_with("{\"error\"")), "{results:?}");
    chat.talk.user_id = other;
    assert_eq!(chat.talk.open().await, ["buy milk"]);
    chat.end().await;
}
