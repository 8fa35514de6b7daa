//! What the tools do when a program calls them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Program, conversation, say};
use crate::stack::Stack;

/// What programs may delete within an hour without the person's yes.
const MAX_DELETED: usize = 20;

#[tokio::test]
async fn a_call_answers_in_words_and_as_data_and_does_what_it_says() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let dentist = json!({"title": "call the dentist", "due_date": "2099-06-01T07:00:00Z"});
    let result = program.call("add_task", dentist).await;
    let content = result["content"].as_array().expect("content");
    assert_eq!(
        content[0]["text"], "Added “call the dentist”, due on Mon 1 Jun 2099 at 09:00.",
        "in the person's zone"
    );
    let data = &result["structuredContent"];
    let text = content[1]["text"].as_str().expect("text");
    assert_eq!(&serde_json::from_str::<Value>(text).expect("JSON"), data);
    let id = data["tasks"][0]["id"].as_str().expect("an id").to_owned();
    let task = ada.get(&format!("/tasks/{id}")).await.body;
    assert_eq!(task["title"], "call the dentist");
    assert_eq!(stack.published(events::Topic::TaskEvents).await.len(), 1);

    let (words, listed) = program.done("list_tasks", json!({"words": "dent"})).await;
    assert!(words.contains("call the dentist"), "{words}");
    assert_eq!(listed["total"], 1);
    let (words, _) = program.done("complete_tasks", json!({"task_ids": [id]})).await;
    assert_eq!(words, "Done: “call the dentist”.");
    let (words, _) = program.done("why", json!({"task_id": id})).await;
    assert!(words.starts_with("What happened to “call the dentist”"), "{words}");
    let (_, found) = program.done("get_task", json!({"task_id": id})).await;
    assert_eq!(found["task"]["status"], "DONE");
    stack.stop().await;
}

#[tokio::test]
async fn what_a_model_can_do_better_is_a_result_that_says_so() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (tool, arguments, code) in [
        ("add_task", json!({}), "invalid"),
        ("add_task", json!({"title": ""}), "invalid"),
        ("add_task", json!({"title": "a\u{0}b"}), "invalid"),
        ("add_task", json!({"title": "x", "colour": "red"}), "invalid"),
        ("add_task", json!("x"), "invalid"),
        ("list_tasks", json!({"limit": 51}), "invalid"),
        ("list_tasks", json!({"words": "a\u{0}b"}), "invalid"),
        ("delete_tasks", json!({"task_ids": []}), "invalid"),
        ("get_task", json!({"task_id": nobody}), "not_found"),
        ("why", json!({"task_id": nobody}), "not_found"),
    ] {
        let (words, data) = program.refused(tool, arguments.clone()).await;
        assert_eq!(data["code"], code, "{tool} {arguments}");
        assert!(!words.is_empty());
    }
    assert_eq!(stack.count("select count(*) from task").await, 0);
    stack.stop().await;
}

#[tokio::test]
async fn the_tasks_are_documents_too() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let id = program.add("call the dentist").await;
    let done = program.add("buy milk").await;
    program.done("complete_tasks", json!({"task_ids": [done]})).await;
    let listed = program.result("resources/list", json!({})).await;
    assert_eq!(listed["resources"][0]["uri"], "tasks://open");
    let templates = program.result("resources/templates/list", json!({})).await;
    assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], "tasks://{task_id}");
    for (uri, pointer) in [("tasks://open", "/tasks/0/id"), (&*format!("tasks://{id}"), "/id")] {
        let read = program.result("resources/read", json!({"uri": uri})).await;
        let content = &read["contents"][0];
        assert_eq!(
            (&content["uri"], &content["mimeType"]),
            (&json!(uri), &json!("application/json"))
        );
        let text = content["text"].as_str().expect("text");
        let data: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(data.pointer(pointer), Some(&json!(id)), "{data}");
        assert!(data["total"].is_null() || data["total"] == 1, "{data}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn the_person_sees_what_programs_have_done_and_either_takes_it_back() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let (program, other) = (Program::of(&stack, &ada).await, Program::of(&stack, &ada).await);
    let (words, _) = program.done("undo", json!({})).await;
    assert_eq!(words, "There is nothing left to undo in this conversation.");
    let id = program.add("call the dentist").await;
    program.done("list_tasks", json!({})).await;
    other.done("update_task", json!({"task_ids": [id], "priority": "HIGH"})).await;
    program.done("delete_tasks", json!({"task_ids": [id]})).await;
    let (words, _) = other.done("undo", json!({})).await;
    assert_eq!(words, "Undone: “call the dentist” is back.");
    assert_eq!(say(&ada, "undo").await, "Undone: “call the dentist” is as it was.");
    assert_eq!(ada.get(&format!("/tasks/{id}")).await.body["priority"], "MEDIUM");
    let conversation = conversation(&ada).await;
    assert_eq!(conversation["title"], "MCP");
    let messages = conversation["items"].as_array().expect("messages");
    let tools: Vec<&Value> = messages.iter().rev().map(|one| &one["actions"][0]["tool"]).collect();
    let nothing = &Value::Null;
    let [first, add, update, delete, undo] =
        ["undo", "add_task", "update_task", "delete_tasks", "undo"].map(Value::from);
    assert_eq!(
        tools,
        [&first, &add, &update, &delete, &undo, nothing, &undo],
        "reading leaves nothing"
    );
    assert!(messages[2]["engine"] == "mcp" && messages[2]["author"] == "assistant");
    stack.stop().await;
}

#[tokio::test]
async fn what_is_for_the_person_to_say_is_not_done_until_the_person_says_yes() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let mut ids = vec![];
    for title in ["call the dentist", "buy milk", "pay rent"] {
        ids.push(program.add(title).await);
    }
    let (words, data) = program.refused("delete_tasks", json!({"task_ids": ids})).await;
    assert!(words.starts_with("That would delete 3 tasks:"), "{words}");
    assert!(words.contains("Nothing was done.") && words.contains("no more than 1 at a time"));
    assert_eq!(data["outcome"], "needs_confirmation");
    assert_eq!(program.done("list_tasks", json!({})).await.1["total"], 3);
    // A program can't answer for the person.
    program.refused("undo", json!({"yes": true})).await;
    assert!(say(&ada, "yes").await.starts_with("Deleted "));
    assert_eq!(program.done("list_tasks", json!({})).await.1["total"], 0);
    stack.stop().await;
}

#[tokio::test]
async fn a_question_is_open_only_while_it_is_the_last_that_the_person_sees() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let ids = [program.add("call the dentist").await, program.add("buy milk").await];
    program.refused("delete_tasks", json!({"task_ids": ids})).await;
    program.add("pay rent").await;
    say(&ada, "yes").await;
    assert_eq!(program.done("list_tasks", json!({})).await.1["total"], 3);
    stack.stop().await;
}

#[tokio::test]
async fn a_loop_of_single_deletions_does_not_empty_the_list() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let programs = [Program::of(&stack, &ada).await, Program::of(&stack, &ada).await];
    let mut ids = vec![];
    for number in 0..MAX_DELETED + 2 {
        let task = ada.make_task(json!({"title": format!("number {number}")})).await;
        ids.push(task["id"].clone());
    }
    for (number, id) in ids[..MAX_DELETED].iter().enumerate() {
        let (words, _) = programs[number % 2].done("delete_tasks", json!({"task_ids": [id]})).await;
        assert!(words.starts_with("Deleted"), "{words}");
    }
    // However much is kept of it: what is refused fills the conversation, whose beginning is then forgotten.
    stack.run("update conversation_message set actions = '[]'").await;
    for program in &programs {
        let call = json!({"task_ids": [ids[MAX_DELETED]]});
        let (words, data) = program.refused("delete_tasks", call).await;
        assert!(words.contains("Programs may delete 20 tasks within an hour"), "{words}");
        assert_eq!(data["outcome"], "needs_confirmation");
    }
    // Nothing else is held up, and it is the person who may go on.
    programs[0].done("complete_tasks", json!({"task_ids": [ids[MAX_DELETED + 1]]})).await;
    programs[1].refused("delete_tasks", json!({"task_ids": [ids[MAX_DELETED]]})).await;
    assert!(say(&ada, "yes").await.starts_with("Deleted"));
    // After an hour it may go on.
    stack
        .run(
            "update conversation set mind = jsonb_set(mind, '{deletions}',
                (select jsonb_agg(to_jsonb(at::timestamptz - interval '61 minutes'))
                 from jsonb_array_elements_text(mind -> 'deletions') at))",
        )
        .await;
    programs[0].done("delete_tasks", json!({"task_ids": [ids[MAX_DELETED + 1]]})).await;
    stack.stop().await;
}

#[tokio::test]
async fn a_call_with_a_key_is_carried_out_once() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let call = |title: &str, key: &str| json!({"name": "add_task", "arguments": {"title": title}, "_meta": {"idempotency_key": key}});
    let first = program.result("tools/call", call("call the dentist", "k")).await;
    let again = program.result("tools/call", call("call the dentist", "k")).await;
    assert_eq!(first, again);
    program.result("tools/call", call("call the dentist", "other")).await;
    assert_eq!(stack.count("select count(*) from task").await, 2);
    let reused = program.result("tools/call", call("buy milk", "k")).await;
    assert_eq!(reused["structuredContent"]["code"], "idempotency_key_reused");
    assert_eq!(stack.count("select count(*) from task").await, 2);
    assert_eq!(conversation(&ada).await["message_count"], 2);
    stack.stop().await;
}

#[tokio::test]
async fn calls_at_once_are_handled_one_after_another() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let adding = (0..8).map(|number| {
        let program = &program;
        async move { program.add(&format!("number {number}")).await }
    });
    futures_util::future::join_all(adding).await;
    let conversation = conversation(&ada).await;
    assert_eq!(
        (&conversation["message_count"], &conversation["title"]),
        (&json!(8), &json!("MCP"))
    );
    assert_eq!(stack.count("select count(*) from conversation").await, 1);
    assert_eq!(stack.count("select count(*) from conversation_act").await, 8);
    stack.stop().await;
}

#[tokio::test]
async fn one_person_s_program_reaches_nothing_of_another_s() {
    for stack in [Stack::start().await, Stack::start_without_second_wall(&[]).await] {
        let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
        let theirs = Program::of(&stack, &ada).await;
        let id = theirs.add("visit the oubliette").await;
        let program = Program::of(&stack, &bob).await;
        for tool in ["get_task", "why"] {
            program.refused(tool, json!({"task_id": id})).await;
        }
        for tool in ["complete_tasks", "reopen_tasks", "delete_tasks", "skip_occurrence", "snooze"]
        {
            let result = program.call(tool, json!({"task_ids": [id]})).await;
            let refused = &result["structuredContent"]["refused"][0];
            assert_eq!(
                (&refused["title"], &refused["reason"]),
                (&Value::Null, &json!("is not there"))
            );
        }
        program.call("update_task", json!({"task_ids": [id], "title": "mine"})).await;
        let never = json!({"task_ids": [id], "when": {"never": {}}});
        program.call("reschedule_tasks", never).await;
        assert_eq!(program.done("undo", json!({})).await.1["outcome"], "nothing_to_undo");
        assert_eq!(program.done("list_tasks", json!({})).await.1["total"], 0);
        for uri in ["tasks://open".to_owned(), format!("tasks://{id}")] {
            let answer = program.ask("resources/read", json!({"uri": uri})).await;
            assert!(!answer.body.to_string().contains("oubliette"), "{answer:?}");
        }
        let task = ada.get(&format!("/tasks/{id}")).await.body;
        assert_eq!(
            (&task["title"], &task["status"]),
            (&json!("visit the oubliette"), &json!("TODO"))
        );
        assert_eq!(conversation(&ada).await["message_count"], 1);
        let key = json!({"name": "add_task", "arguments": {"title": "x"}, "_meta": {"idempotency_key": "k"}});
        for program in [&theirs, &program] {
            assert_eq!(program.ask("tools/call", key.clone()).await.status, StatusCode::OK);
        }
        assert_eq!(
            program.done("list_tasks", json!({})).await.1["total"],
            1,
            "keys are each one's own"
        );
        stack.stop().await;
    }
}

#[tokio::test]
async fn a_conversation_without_an_end_forgets_its_beginning() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let program = Program::of(&stack, &ada).await;
    let first = program.add("call the dentist").await;
    program.done("update_task", json!({"task_ids": [first], "priority": "HIGH"})).await;
    // As if there had been much before.
    stack.run("update conversation_message set place = place + 899 where place = 2").await;
    stack.run("update conversation_act set place = place + 899 where place = 2").await;
    stack.run("update conversation set messages = 901").await;
    program.add("buy milk").await;
    let conversation = conversation(&ada).await;
    assert_eq!(conversation["message_count"], 451);
    assert_eq!(conversation["items"].as_array().expect("messages").len(), 2);
    for said in ["“buy milk” is gone again.", "“call the dentist” is as it was."] {
        let (words, _) = program.done("undo", json!({})).await;
        assert_eq!(words, format!("Undone: {said}"));
    }
    let (_, data) = program.done("undo", json!({})).await;
    assert_eq!(data["outcome"], "nothing_to_undo", "it is forgotten");
    stack.stop().await;
}
