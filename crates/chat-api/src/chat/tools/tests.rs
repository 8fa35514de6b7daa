//! Tools by their names, as a language model or another program calls them.

use events::TaskId;
use serde_json::{Value, json};

use super::*;
use crate::chat::tests::Talk;

/// Calls a tool in a transaction of its own, as the last thing of a message.
async fn call(talk: &mut Talk, name: &str, arguments: Value) -> Result<Value, CallError> {
    if talk.conversation_id.is_none() {
        talk.reply(intent::Command::Help).await;
    }
    let id = talk.conversation_id.expect("a conversation");
    let user_id = talk.user_id;
    let call = Call { user_id, correlation_id: events::CorrelationId::random() };
    let mut tx = store::begin_for(&talk.context.pool, user_id).await.expect("begun");
    let locked = store::conversations::lock(&mut tx, user_id, id).await.expect("locked");
    let mut locked = locked.expect("a conversation");
    let mut tools = Toolbox::open(&mut tx, &talk.context, call, id).await.expect("tools");
    let outcome = match Use::read(name, arguments) {
        Ok(use_of) => tools.run(&mut tx, &use_of).await,
        Err(refused) => Err(refused),
    };
    locked.messages += 1;
    store::conversations::save(&mut tx, user_id, &locked).await.expect("saved");
    tools.keep(&mut tx, locked.messages).await.expect("kept");
    tx.commit().await.expect("committed");
    outcome.map(|outcome| serde_json::to_value(outcome).expect("JSON"))
}

fn id(result: &Value) -> Value {
    result["tasks"][0]["id"].clone()
}

#[test]
fn every_tool_has_a_name_a_description_and_a_schema_of_an_object_without_references() {
    let specs = specs();
    assert_eq!(specs.len(), 12);
    for Spec { name, description, arguments, .. } in specs {
        assert!(description.len() > 20 && description.ends_with('.'), "{name}: {description}");
        assert_eq!(arguments["type"], "object", "{name}");
        assert_eq!(arguments["additionalProperties"], false, "{name}: {arguments}");
        assert!(!arguments.to_string().contains("$ref"), "{name}: {arguments}");
        assert!(arguments["properties"].is_object(), "{name}");
        let named = serde_json::to_value(Tool::ALL.iter().find(|tool| tool.name() == name));
        assert_eq!(named.expect("JSON"), name, "as it is written in actions");
    }
    let destroys: Vec<&str> = Tool::ALL
        .iter()
        .filter(|tool| tool.effect() == Effect::Destroys)
        .map(|tool| tool.name())
        .collect();
    assert_eq!(destroys, ["delete_tasks"]);
}

#[test]
fn arguments_of_another_shape_are_refused_by_name() {
    let one = TaskId::random();
    for (name, arguments) in [
        ("add_task", json!({})),
        ("add_task", json!({"title": ""})),
        ("add_task", json!({"title": "x", "other": 1})),
        ("add_task", json!({"title": "x", "due_date": "tomorrow"})),
        ("add_task", json!({"title": "x", "due_date": "1900-01-01"})),
        ("add_task", json!({"title": "x", "tags": ["#x"]})),
        (
            "add_task",
            json!({"title": "x", "recurrence": {"rrule": "FREQ=SECONDLY",
            "dtstart": "2026-11-29T18:00:00", "time_zone": "UTC"}}),
        ),
        ("add_task", json!({"title": "a\u{0}b"})),
        ("add_task", json!({"title": "x".repeat(501)})),
        ("complete_tasks", json!({"task_ids": []})),
        ("complete_tasks", json!({"task_ids": [one, one]})),
        ("complete_tasks", json!({"task_ids": vec![one; 201]})),
        ("complete_tasks", json!({"task_ids": ["x"]})),
        ("complete_tasks", json!({"task_ids": [one], "confirmed": true})),
        ("delete_tasks", json!(null)),
        ("reschedule_tasks", json!({"task_ids": [one]})),
        (
            "reschedule_tasks",
            json!({"task_ids": [one], "when": {"to": {"due_date": "1900-01-01"}}}),
        ),
        ("update_task", json!({"task_ids": [one]})),
        ("update_task", json!({"task_ids": [one], "title": " "})),
        ("update_task", json!({"task_ids": [one], "status": "DONE"})),
        ("list_tasks", json!({"limit": 51})),
        ("list_tasks", json!({"words": "\u{0}"})),
        ("list_tasks", json!({"user_id": one})),
        ("snooze", json!({"task_ids": [one], "until": "2300-01-01T00:00:00Z"})),
        ("undo", json!({"all": true})),
        ("why", json!({})),
    ] {
        let read = Use::read(name, arguments.clone());
        let Err(CallError::Arguments { tool, .. }) = read else {
            panic!("{name} {arguments}: {read:?}")
        };
        assert_eq!(tool.name(), name);
    }
    for name in ["", "delete_everything", "AddTask"] {
        assert!(matches!(Use::read(name, json!({})), Err(CallError::UnknownTool(_))), "{name}");
    }
}

#[test]
fn what_is_left_out_of_an_update_stays_and_null_removes() {
    let one = TaskId::random();
    let read = |arguments: Value| match Use::read("update_task", arguments).expect("a call") {
        Use::UpdateTask(update) => update,
        other => panic!("{other:?}"),
    };
    let update = read(json!({"task_ids": [one], "description": null, "recurrence": null}));
    assert_eq!((update.description, update.recurrence), (Some(None), Some(None)));
    let update = read(json!({"task_ids": [one], "priority": "HIGH"}));
    assert_eq!((update.description, update.recurrence, update.reminders), (None, None, None));
}

#[tokio::test]
async fn tools_work_by_name_from_adding_to_undoing() {
    let mut talk = Talk::begin().await;
    let new = json!({"title": "run", "due_date": "2099-06-01T15:00:00Z", "tags": ["x"]});
    let added = call(&mut talk, "add_task", new).await.expect("added");
    assert_eq!((&added["outcome"], &added["tasks"][0]["changed"]), (&json!("done"), &json!(true)));
    let task = id(&added);
    let ids = json!([task]);
    let shown = call(&mut talk, "get_task", json!({"task_id": task})).await.expect("shown");
    assert_eq!(shown["task"]["reminders"], json!([{"offset": "PT0S"}]));
    let when = json!({"by": {"days": 1}});
    let moved = json!({"task_ids": ids, "when": when});
    let moved = call(&mut talk, "reschedule_tasks", moved).await.expect("moved");
    assert_eq!(moved["tasks"][0]["due_date"], "2099-06-02T15:00:00Z");
    let update = json!({"task_ids": ids, "title": "walk", "add_tags": ["y"], "remove_tags": ["x"],
        "note": "slowly", "add_reminders": [{"offset": "-PT1H"}]});
    let updated = call(&mut talk, "update_task", update).await.expect("updated");
    assert_eq!(updated["tasks"][0]["tags"], json!(["y"]));
    let shown = call(&mut talk, "get_task", json!({"task_id": task})).await.expect("shown");
    assert_eq!(shown["task"]["description"], "slowly");
    assert_eq!(shown["task"]["reminders"], json!([{"offset": "PT0S"}, {"offset": "-PT1H"}]));
    call(&mut talk, "complete_tasks", json!({"task_ids": ids})).await.expect("done");
    let listed = call(&mut talk, "list_tasks", json!({"status": "DONE"})).await.expect("listed");
    assert_eq!((&listed["total"], &listed["tasks"][0]["title"]), (&json!(1), &json!("walk")));
    let why = call(&mut talk, "why", json!({"task_id": task})).await.expect("told");
    assert_eq!(why["lines"].as_array().map(Vec::len), Some(4));
    for title in ["walk", "run", "run", "run"] {
        let undone = call(&mut talk, "undo", json!({})).await.expect("undone");
        assert_eq!(undone["tasks"][0]["title"], title, "{undone}");
    }
    let nothing = call(&mut talk, "undo", json!({})).await.expect("an outcome");
    assert_eq!(nothing["outcome"], "nothing_to_undo");
    assert!(talk.tasks().await.is_empty());
    talk.end().await;
}

#[tokio::test]
async fn no_call_deletes_two_tasks_or_changes_eleven() {
    let mut talk = Talk::begin().await;
    let mut ids = vec![];
    for number in 0..11 {
        let new = json!({"title": format!("t{number}")});
        ids.push(id(&call(&mut talk, "add_task", new).await.expect("added")));
    }
    for (name, count) in
        [("delete_tasks", 2), ("complete_tasks", 11), ("reopen_tasks", 11), ("snooze", 11)]
    {
        let arguments = json!({"task_ids": ids[..count]});
        let asked = call(&mut talk, name, arguments).await.expect("an outcome");
        assert_eq!(asked["outcome"], "needs_confirmation", "{name}");
        assert_eq!(asked["tasks"].as_array().map(Vec::len), Some(count), "{name}");
        assert_eq!(asked["would"], name);
    }
    assert_eq!(talk.open().await.len(), 11);
    let one = json!({"task_ids": ids[..1]});
    call(&mut talk, "delete_tasks", one).await.expect("deleted");
    assert_eq!(talk.open().await.len(), 10);
    talk.end().await;
}

#[tokio::test]
async fn another_persons_task_is_not_there_for_any_tool() {
    let mut talk = Talk::begin().await;
    let theirs = call(&mut talk, "add_task", json!({"title": "secret"})).await.expect("added");
    let task = id(&theirs);
    (talk.user_id, talk.conversation_id) = (talk.other().await, None);
    for (name, rest) in [
        ("complete_tasks", json!({})),
        ("reopen_tasks", json!({})),
        ("delete_tasks", json!({})),
        ("snooze", json!({})),
        ("skip_occurrence", json!({})),
        ("reschedule_tasks", json!({"when": {"never": {}}})),
        ("update_task", json!({"title": "mine"})),
    ] {
        let mut arguments = rest;
        arguments["task_ids"] = json!([task]);
        let refused = call(&mut talk, name, arguments).await.expect("an outcome");
        assert_eq!(refused["refused"][0]["reason"], "is not there", "{name}: {refused}");
        assert!(!refused.to_string().contains("secret"), "{name}");
    }
    for name in ["get_task", "why"] {
        let refused = call(&mut talk, name, json!({"task_id": task})).await;
        assert!(matches!(refused, Err(CallError::Failed(Failure::NotFound))), "{name}");
    }
    talk.end().await;
}
